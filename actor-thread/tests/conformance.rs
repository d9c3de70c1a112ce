//! What a runtime must do, asked of this one.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use actor_core::{Executor, Runtime, ThreadConfig};
use actor_thread::ThreadRuntime;

#[test]
fn threads_that_spin_do_what_a_runtime_must() {
    actor_core::conformance::run(&ThreadRuntime::new());
}

#[test]
fn threads_that_park_at_once_do_what_a_runtime_must() {
    actor_core::conformance::run(&ThreadRuntime::new().spin(Duration::ZERO));
}

#[test]
fn threads_that_spin_for_long_do_what_a_runtime_must() {
    actor_core::conformance::run(&ThreadRuntime::new().spin(Duration::from_millis(5)));
}

#[test]
fn threads_on_one_core_do_what_a_runtime_must() {
    actor_core::conformance::run(&OnTheFirstCore(ThreadRuntime::new()));
}

/// Keeps every executor on the first core, unless another was asked for that does not exist.
#[derive(Debug)]
struct OnTheFirstCore(ThreadRuntime);

impl Runtime for OnTheFirstCore {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn start_executor(&self, config: ThreadConfig) -> io::Result<Arc<dyn Executor>> {
        // A configuration does not tell its core, but starting on it tells whether there is one.
        self.0.start_executor(config.clone())?;
        self.0.start_executor(config.on_core(0))
    }
}
