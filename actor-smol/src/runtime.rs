//! The runtime as a value.

use std::io;
use std::sync::Arc;

use actor_core::{Executor, Runtime, ThreadConfig};

use crate::executor::SmolExecutor;

/// Starts executors on smol. Handlers may use every part of smol that works in a local task.
///
/// # Blocking work
///
/// A blocking handler keeps the thread from all other actors on it. Use
/// [`Context::offload`](actor_core::Context::offload) or [`Executor::run_blocking`] instead. Each
/// executor has its own threads for this work: at most [512](ThreadConfig::BLOCKING_THREADS), or
/// the limit set by [`ThreadConfig::blocking_threads`]. In contrast, `blocking::unblock` and
/// `smol::unblock` share one pool among all threads of the process.
///
/// # Time
///
/// The executor's clock is the system's. Timers use smol's reactor, and it has no tick. They are as
/// late as the operating system is in waking a thread: some ten to a hundred microseconds.
///
/// # Examples
///
/// ```
/// use actor_core::{Runtime, ThreadConfig};
/// use actor_smol::SmolRuntime;
///
/// let executor = SmolRuntime::new().start_executor(ThreadConfig::named("chain"))?;
/// let (sender, receiver) = std::sync::mpsc::sync_channel(1);
/// executor
///     .spawn(Box::new(move || {
///         Box::pin(async move {
///             let name = std::thread::current().name().map(str::to_owned);
///             sender.send(name).expect("the receiver waits");
///         })
///     }))
///     .expect("the executor runs");
/// assert_eq!(receiver.recv().expect("the future ran").as_deref(), Some("chain"));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct SmolRuntime {
    _private: (),
}

impl SmolRuntime {
    /// Creates the runtime. No thread runs until an executor is started.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::Runtime;
    /// use actor_smol::SmolRuntime;
    ///
    /// assert_eq!(SmolRuntime::new().name(), "smol");
    /// ```
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
