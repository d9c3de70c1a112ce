//! The conformance suite, on this runtime.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use actor_core::{Executor, Runtime, ThreadConfig};
use actor_thread::ThreadRuntime;

#[test]
fn threads_that_spin_pass_the_conformance_suite() {
    actor_core::conformance::run(&ThreadRuntime::new());
}

#[test]
fn threads_that_park_immediately_pass_the_conformance_suite() {
    actor_core::conformance::run(&ThreadRuntime::new().spin(Duration::ZERO));
}

#[test]
fn threads_that_spin_for_long_pass_the_conformance_suite() {
    actor_core::conformance::run(&ThreadRuntime::new().spin(Duration::from_millis(5)));
}

#[test]
fn threads_on_one_core_pass_the_conformance_suite() {
    actor_core::conformance::run(&OnTheFirstCore(ThreadRuntime::new()));
}

/// Pins every executor to the first core, unless the configuration names a non-existent core.
#[derive(Debug)]
struct OnTheFirstCore(ThreadRuntime);

impl Runtime for OnTheFirstCore {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn start_executor(&self, config: ThreadConfig) -> io::Result<Arc<dyn Executor>> {
        // A configuration does not reveal its core, but starting with it shows whether the core
        // exists.
        self.0.start_executor(config.clone())?;
        self.0.start_executor(config.on_core(0))
    }
}
