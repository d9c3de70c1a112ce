//! The runtime as a value.

use std::io;
use std::sync::{Arc, LazyLock};
use std::thread::available_parallelism;
use std::time::Duration;

use actor_core::{Executor, Runtime, ThreadConfig};

use crate::executor::ThreadExecutor;

/// Starts executors on plain threads, without any async runtime.
///
/// Handlers may wait for anything that wakes its waker by itself: asks, channels, other executors' timers and sockets
/// by way of messages. There is no reactor here, so tokio's sockets and timers do not work in them.
///
/// # Blocking work
///
/// A handler that blocks keeps the thread from all other actors on it. Use
/// [`Context::offload`](actor_core::Context::offload) or [`Executor::run_blocking`], which have threads of their own: for
/// each executor [512](ThreadConfig::BLOCKING_THREADS) at most, or as
/// [`ThreadConfig::blocking_threads`] states.
///
/// # Time
///
/// The executor's clock is the system's. Timers have no tick: they are late by what the operating system takes to wake a
/// thread, some ten to a hundred microseconds, and by less while the thread spins.
///
/// # Examples
///
/// ```
/// use actor_core::{Runtime, ThreadConfig};
/// use actor_thread::ThreadRuntime;
///
/// let executor = ThreadRuntime::new().start_executor(ThreadConfig::named("chain")).expect("a thread");
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
#[derive(Clone, Copy, Debug)]
pub struct ThreadRuntime {
    spin: Duration,
}

impl ThreadRuntime {
    /// How long a thread spins before it parks, unless [`spin`](Self::spin) says otherwise: 25 microseconds.
    ///
    /// About what it takes until a thread that was parked runs again. Whoever waits longer than that for the next
    /// message loses less by parking than by spinning on; whoever waits shorter should not have parked.
    pub const SPIN: Duration = Duration::from_micros(25);

    /// Makes the runtime, with threads that spin for [`SPIN`](Self::SPIN). Nothing runs until an executor is started.
    #[must_use]
    pub fn new() -> Self {
        // Counted no later than here, where a program makes it: the thread that starts an executor may be on one core.
        LazyLock::force(&SEVERAL_CORES);
        Self { spin: Self::SPIN }
    }

    /// Sets for how long a thread that has nothing to do looks around before it parks.
    ///
    /// What it buys: a message that comes meanwhile costs its sender no system call (10 to 15 microseconds for a thread
    /// that is parked), and is taken up at once rather than a wake later. What it costs: up to that much of a core
    /// every time the thread runs out of work. [`Duration::ZERO`] parks at once and burns nothing; any length is allowed,
    /// and a thread that spins for a second keeps a core busy as long as something comes every second. A thread
    /// that has nothing to do for longer than this is parked, and costs nothing.
    ///
    /// It pays only where the senders have a core of their own. So no thread spins in a program that has one core, counted
    /// once, on the thread that first makes a `ThreadRuntime`. It should be zero for executors that are kept on the core
    /// of those who send to them, and where more threads are busy than there are cores: there the operating system
    /// may let a thread that is woken run in place of the one that woke it, which then waits for the spinning to end.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use actor_thread::ThreadRuntime;
    ///
    /// let frugal = ThreadRuntime::new().spin(Duration::ZERO);
    /// let eager = ThreadRuntime::new().spin(4 * ThreadRuntime::SPIN);
    /// # drop((frugal, eager));
    /// ```
    #[must_use]
    pub const fn spin(mut self, longest: Duration) -> Self {
        self.spin = longest;
        self
    }
}

impl Default for ThreadRuntime {
    fn default() -> Self {
        Self::new()
    }
}

impl Runtime for ThreadRuntime {
    fn name(&self) -> &'static str {
        "thread"
    }

    fn start_executor(&self, config: ThreadConfig) -> io::Result<Arc<dyn Executor>> {
        let spin = if *SEVERAL_CORES { self.spin } else { Duration::ZERO };
        ThreadExecutor::start(config, spin)
    }
}

/// Whether the program has several cores. On one, who spins only keeps the core from those whom it waits for.
static SEVERAL_CORES: LazyLock<bool> = LazyLock::new(|| available_parallelism().is_ok_and(|cores| cores.get() > 1));
