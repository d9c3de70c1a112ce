//! The runtime as a value.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use actor_core::runtime::adapter::Spin;
use actor_core::{Executor, Runtime, ThreadConfig};

use crate::drive;

/// Starts executors on plain threads, without any async runtime.
///
/// Handlers may await every future that is woken from elsewhere: asks, channels, and other
/// executors' timers and sockets by messages. There is no reactor, so tokio's sockets and timers do
/// not work in handlers.
///
/// # Blocking work
///
/// A blocking handler blocks every other actor of the thread. Use
/// [`Context::offload`](actor_core::Context::offload) or [`Executor::run_blocking`]. Both have
/// threads of their own, at most [512](ThreadConfig::BLOCKING_THREADS) for each executor, or the
/// number set by [`ThreadConfig::blocking_threads`].
///
/// # Time
///
/// The executor's clock is the system's. Timers have no tick. They are late by the latency of the
/// operating system's wake, 10 to 100 microseconds, and by less while the thread spins.
///
/// # Examples
///
/// ```
/// use actor_core::{Runtime, ThreadConfig};
/// use actor_thread::ThreadRuntime;
///
/// let config = ThreadConfig::named("chain");
/// let executor = ThreadRuntime::new().start_executor(config).expect("a thread");
/// let (told, tells) = std::sync::mpsc::sync_channel(1);
/// executor
///     .spawn(Box::new(move || {
///         Box::pin(async move {
///             let name = std::thread::current().name().map(str::to_owned);
///             told.send(name).expect("the test waits");
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
    /// The default duration of spinning before a park: 25 microseconds.
    ///
    /// It is about the latency of a parked thread's wake. For a longer wait, parking costs less
    /// than spinning; for a shorter one, spinning does.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::runtime::adapter::Spin;
    /// use actor_core::{Runtime, ThreadConfig};
    /// use actor_thread::ThreadRuntime;
    ///
    /// // For pauses of up to 100 microseconds between messages.
    /// let patient = ThreadRuntime::new().spin(4 * ThreadRuntime::SPIN);
    /// let executor = patient.start_executor(ThreadConfig::named("chain"))?;
    /// assert_eq!(executor.spins(), Spin::helps(), "on a single core it never spins");
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub const SPIN: Duration = Duration::from_micros(25);

    /// Creates the runtime. Its threads spin for [`SPIN`](Self::SPIN). Nothing runs until an
    /// executor is started.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::Runtime;
    /// use actor_thread::ThreadRuntime;
    ///
    /// assert_eq!(ThreadRuntime::new().name(), "thread");
    /// ```
    #[must_use]
    pub fn new() -> Self {
        // Counts the cores here at the latest: the thread starting an executor may be pinned to
        // one.
        _ = Spin::helps();
        Self { spin: Self::SPIN }
    }

    /// Sets the duration of spinning, before a thread without work parks.
    ///
    /// The gain: a message arriving meanwhile costs its sender no system call (10 to 15
    /// microseconds for a parked thread), and is handled without the latency of a wake. The cost:
    /// up to this much time of a core whenever the thread runs out of work. [`Duration::ZERO`]
    /// parks immediately and costs nothing. Every length is allowed: a thread spinning for a second
    /// keeps a core busy if a message arrives every second. A thread idle for longer is parked, and
    /// costs nothing.
    ///
    /// Spinning helps only if the senders have a core of their own. So no thread spins in a program
    /// with one core. The cores are counted once, on the thread creating the first `ThreadRuntime`.
    /// Use zero for an executor on the same core as its senders, and on a machine with more busy
    /// threads than cores. There the operating system may run the woken thread in place of its
    /// waker, which then waits for the end of the spinning.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use actor_core::{Runtime, ThreadConfig};
    /// use actor_thread::ThreadRuntime;
    ///
    /// let frugal = ThreadRuntime::new().spin(Duration::ZERO);
    /// let executor = frugal.start_executor(ThreadConfig::named("frugal"))?;
    /// assert!(!executor.spins());
    /// # Ok::<(), std::io::Error>(())
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
        let spin = if Spin::helps() { self.spin } else { Duration::ZERO };
        drive::start(config, spin)
    }
}
