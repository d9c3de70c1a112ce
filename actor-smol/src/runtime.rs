//! The runtime as a value.

use std::io;
use std::sync::Arc;

use actor_core::{Executor, Runtime, ThreadConfig};

use crate::executor::SmolExecutor;

/// Starts executors on smol. Handlers may use everything of smol's that works in a local task.
///
/// # Examples
///
/// ```
/// use actor_core::{Runtime, ThreadConfig};
/// use actor_smol::SmolRuntime;
///
/// let executor = SmolRuntime::new().start_executor(ThreadConfig::named("chain")).expect("a thread");
/// let (told, tells) = std::sync::mpsc::sync_channel(1);
/// executor
///     .spawn(Box::new(move || {
///         Box::pin(async move {
///             told.send(std::thread::current().name().map(str::to_owned)).expect("the test waits");
///         })
///     }))
///     .expect("the executor runs");
/// assert_eq!(tells.recv().expect("it ran").as_deref(), Some("chain"));
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct SmolRuntime {
    _private: (),
}

impl SmolRuntime {
    /// Makes the runtime. Nothing runs until an executor is started.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl Runtime for SmolRuntime {
    fn name(&self) -> &'static str {
        "smol"
    }

    fn start_executor(&self, config: ThreadConfig) -> io::Result<Arc<dyn Executor>> {
        SmolExecutor::start(config)
    }
}
