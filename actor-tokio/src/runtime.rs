//! The runtime as a value.

use std::io;
use std::sync::Arc;

use actor_core::{Executor, Runtime, ThreadConfig};

use crate::executor::TokioExecutor;

/// Starts executors on tokio. Handlers may use everything of tokio's that a current-thread runtime offers.
///
/// # Blocking work
///
/// A handler that blocks keeps the thread from all other actors on it. Use
/// [`Context::offload`](actor_core::Context::offload) or [`Executor::run_blocking`], which have threads of their own: for
/// each executor [512](ThreadConfig::BLOCKING_THREADS) at most, or as
/// [`ThreadConfig::blocking_threads`] states. `tokio::task::block_in_place` panics in a
/// handler, as it does on every current-thread runtime. `tokio::task::spawn_blocking` works; it has as many threads again.
/// Work that runs by `run_blocking` is inside the runtime's context, so that it may call `Handle::current`.
///
/// # Time
///
/// The executor's clock is tokio's. A test that pauses it (`tokio::time::pause`) in a handler pauses it for all actors of that
/// executor, and their timers follow it. tokio moves a paused clock on when its tasks have nothing to do, also while work runs
/// on another thread by `run_blocking`.
///
/// tokio's timers have a resolution of 1 ms, and round up: a timer for 10 µs is due after 1 to 2 ms. The other runtimes
/// have no such tick.
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
