//! The runtime as a value.

use std::io;
use std::sync::Arc;

use actor_core::{Executor, Runtime, ThreadConfig};

use crate::executor::SmolExecutor;

/// Starts executors on smol. Handlers may use everything of smol's that works in a local task.
///
/// # Blocking work
///
/// A handler that blocks keeps the thread from all other actors on it. Use
/// [`Context::offload`](actor_core::Context::offload) or [`Executor::run_blocking`], which have threads of their own: for
/// each executor [512](ThreadConfig::BLOCKING_THREADS) at most, or as
/// [`ThreadConfig::blocking_threads`] states. `blocking::unblock` and `smol::unblock` share
/// one pool among all threads of the process instead.
///
/// # Time
///
/// The executor's clock is the system's. Timers go by smol's reactor, which has no tick: they are late by what the operating
/// system takes to wake a thread, some ten to a hundred microseconds.
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
