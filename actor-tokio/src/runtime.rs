//! The runtime as a value.

use std::io;
use std::sync::Arc;

use actor_core::{Executor, Runtime, ThreadConfig};

use crate::executor::TokioExecutor;

/// Starts executors on tokio. Handlers may use everything of tokio's that a current-thread runtime offers.
///
/// # Examples
///
/// ```
/// use actor_core::{Runtime, ThreadConfig};
/// use actor_tokio::TokioRuntime;
///
/// let executor = TokioRuntime::new().start_executor(ThreadConfig::named("chain")).expect("a thread");
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
pub struct TokioRuntime {
    _private: (),
}

impl TokioRuntime {
    /// Makes the runtime. Nothing runs until an executor is started.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl Runtime for TokioRuntime {
    fn name(&self) -> &'static str {
        "tokio"
    }

    fn start_executor(&self, config: ThreadConfig) -> io::Result<Arc<dyn Executor>> {
        TokioExecutor::start(config)
    }
}
