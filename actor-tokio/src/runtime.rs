//! The runtime as a value.

use std::io;
use std::sync::Arc;

use actor_core::{Executor, Runtime, ThreadConfig};

use crate::executor::TokioExecutor;

/// Starts executors on tokio. Handlers may use everything offered by tokio's current-thread
/// runtime.
///
/// # Blocking work
///
/// A blocking handler keeps the thread from all other actors on it. Use
/// [`Context::offload`](actor_core::Context::offload) or [`Executor::run_blocking`] instead. Each
/// executor has its own threads for this work: at most [512](ThreadConfig::BLOCKING_THREADS), or
/// the limit set by [`ThreadConfig::blocking_threads`]. Work of `run_blocking` runs inside the
/// runtime's context, so it may call `Handle::current`.
///
/// `tokio::task::block_in_place` panics in a handler, as on every current-thread runtime.
/// `tokio::task::spawn_blocking` works, with a second set of threads of the same number.
///
/// # Time
///
/// The executor's clock is tokio's. A test may pause it in a handler (`tokio::time::pause`). This
/// pauses the clock for all actors of that executor, and their timers follow it. tokio advances a
/// paused clock when its tasks are idle, even while work of `run_blocking` runs on another thread.
///
/// tokio's timers have a resolution of 1 ms, and round up: a timer for 10 µs is due after 1 to 2
/// ms. The other runtimes have no such tick.
///
/// # Examples
///
/// ```
/// use actor_core::{Runtime, ThreadConfig};
/// use actor_tokio::TokioRuntime;
///
/// let executor = TokioRuntime::new().start_executor(ThreadConfig::named("chain"))?;
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
pub struct TokioRuntime {
    _private: (),
}

impl TokioRuntime {
    /// Creates the runtime. No thread runs until an executor is started.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::Runtime;
    /// use actor_tokio::TokioRuntime;
    ///
    /// assert_eq!(TokioRuntime::new().name(), "tokio");
    /// ```
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
