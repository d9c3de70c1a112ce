//! The seam to an async runtime: three small object-safe traits, and nothing else.
//!
//! Four operations cross the seam: starting an executor, spawning an actor, arming a timer, and
//! handing off blocking work. Sending a message does not cross it, because waking goes through
//! [`std::task::Waker`].

pub mod adapter;
pub(crate) mod alarm;
mod current;
mod end;
pub(crate) mod patience;
mod thread;
mod wall;

#[doc(hidden)]
pub use alarm::Alarm;
pub use current::current;
pub use end::ThreadEnd;
pub use thread::ThreadConfig;

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant, SystemTime};

/// Creates a future on the thread that will run it. The maker crosses threads. Its future does not,
/// and need not be `Send`.
///
/// # Examples
///
/// ```
/// use std::rc::Rc;
/// use std::sync::mpsc::sync_channel;
///
/// use actor_core::runtime::Maker;
///
/// let (sender, receiver) = sync_channel(1);
/// let maker: Maker = Box::new(move || {
///     Box::pin(async move {
///         // An `Rc` held across an await: this future is not `Send`.
///         let shared = Rc::new(7);
///         std::future::ready(()).await;
///         sender.send(*shared).expect("the receiver waits");
///     })
/// });
/// # use actor_core::{Runtime, ThreadConfig};
/// # let executor = actor_smol::SmolRuntime::new().start_executor(ThreadConfig::named("doc"))?;
/// executor.spawn(maker).expect("the executor runs");
/// assert_eq!(receiver.recv(), Ok(7));
/// # Ok::<(), std::io::Error>(())
/// ```
pub type Maker = Box<dyn FnOnce() -> Pin<Box<dyn Future<Output = ()>>> + Send>;

/// Starts executors.
///
/// A runtime is a value, not a global. Several runtimes can live in one process, and a library
/// never has to choose one.
///
/// The rules for an implementation are a program: `conformance::run` (feature `conformance`).
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use actor_core::{Runtime, ThreadConfig};
///
/// fn start_and_stop(runtime: &dyn Runtime) -> std::io::Result<bool> {
///     let executor = runtime.start_executor(ThreadConfig::named("chain"))?;
///     executor.stop();
///     Ok(executor.join(Duration::from_secs(5)))
/// }
/// # let runtime = actor_smol::SmolRuntime::new();
/// assert_eq!(runtime.name(), "smol");
/// assert!(start_and_stop(&runtime)?);
/// # Ok::<(), std::io::Error>(())
/// ```
pub trait Runtime: fmt::Debug + Send + Sync + 'static {
    /// Returns the runtime's name for display: `"tokio"`, `"smol"`, `"thread"`.
    fn name(&self) -> &'static str;

    /// Starts an executor on a thread of its own, with the configured name and, if configured, on
    /// one CPU core.
    ///
    /// # Errors
    ///
    /// Returns an error if the thread cannot be started, and [`io::ErrorKind::InvalidInput`] if
    /// there is no such core.
    fn start_executor(&self, config: ThreadConfig) -> io::Result<Arc<dyn Executor>>;
}

/// A runtime selected while the program runs.
impl Runtime for Arc<dyn Runtime> {
    fn name(&self) -> &'static str {
        (**self).name()
    }

    fn start_executor(&self, config: ThreadConfig) -> io::Result<Arc<dyn Executor>> {
        (**self).start_executor(config)
    }
}

/// One thread running actors, and their clock.
///
/// The thread ends after its last future has ended, provided that the executor was stopped or all
/// its owners dropped it. An actor owns a reference to its executor.
///
/// An executor that wraps another one forwards the methods with a default too: the default
/// [`wall_now`](Self::wall_now) is not the clock of a simulation. Code in its futures finds the
/// inner executor with [`current`].
///
/// Unless stated otherwise, every method may be called from any thread. This includes a call in the
/// drop of a thread-local while its thread is ending.
///
/// # Examples
///
/// ```
/// use std::sync::mpsc::sync_channel;
/// use std::time::Duration;
///
/// # use actor_core::{Runtime, ThreadConfig};
/// # let executor = actor_smol::SmolRuntime::new().start_executor(ThreadConfig::named("doc"))?;
/// let (sender, receiver) = sync_channel(1);
/// executor
///     .spawn(Box::new(|| Box::pin(async move { sender.send("ran").expect("it waits") })))
///     .expect("the executor runs");
/// assert_eq!(receiver.recv(), Ok("ran"));
///
/// executor.stop();
/// assert!(executor.spawn(Box::new(|| Box::pin(async {}))).is_err());
/// assert!(executor.join(Duration::from_secs(5)));
/// # Ok::<(), std::io::Error>(())
/// ```
pub trait Executor: fmt::Debug + Send + Sync + 'static {
    /// Calls the maker on the executor's thread and runs its future there. May be called from any
    /// thread, even from a thread that is ending.
    ///
    /// The maker is never called inside this call, not even on the executor's own thread. Makers
    /// are called in the order of their spawns, as far as that order is defined: by one thread's
    /// program order, or by synchronisation between threads.
    ///
    /// A panic in a maker or in its future ends that future only. The same holds for a panic in the
    /// drop of either, and in the drop of a panic's payload.
    ///
    /// # Errors
    ///
    /// Returns [`ExecutorStopped`] if the executor was stopped. The error holds the maker.
    fn spawn(&self, maker: Maker) -> Result<(), ExecutorStopped>;

    /// Creates a timer on this executor's clock, not yet armed.
    ///
    /// Arm and poll it on this executor: tokio's timers need their runtime's context, and an ending
    /// thread may have lost it.
    fn timer(&self) -> Box<dyn Timer>;

    /// Returns the time of this executor's clock. The clock never runs backwards.
    fn now(&self) -> Instant;

    /// Returns the time of this executor's wall clock. It may jump, in both directions. The default
    /// is the system's.
    fn wall_now(&self) -> SystemTime {
        wall::system_wall_now()
    }

    /// Returns whether this executor's thread polls for a while before it sleeps.
    ///
    /// Actors on such an executor check an empty mailbox for another half microsecond before they
    /// announce sleep. This spares their senders a wake.
    fn spins(&self) -> bool {
        false
    }

    /// Returns the time for an actor's check of its turn, or `None` if each turn ends after one
    /// message or batch. For executors that run actors step by step.
    #[doc(hidden)]
    fn turn_time(&self) -> Option<Instant> {
        Some(self.now())
    }

    /// Schedules another poll of the current task, after a turn for the executor's other tasks, its
    /// due timers, and wakes and spawns from other threads.
    ///
    /// Call it in the poll of that task, and then return `Pending`.
    ///
    /// A task can wake itself without this method and is soon polled again. But a runtime may check
    /// its timers only once in many polls.
    fn give_way(&self, cx: &mut Context<'_>) {
        cx.waker().wake_by_ref();
    }

    /// Runs work that blocks or computes for long, on another thread. May be called from any
    /// thread.
    ///
    /// Each executor has its own threads for this work: at most
    /// [512](ThreadConfig::BLOCKING_THREADS), unless [`ThreadConfig::blocking_threads`] sets
    /// another limit. They are started on demand. Work beyond the limit waits in an unbounded
    /// queue. Work waiting for other work of the same executor can therefore occupy all threads and
    /// wait for ever. It cannot delay the work of another executor.
    ///
    /// This call neither blocks nor panics. Work that cannot be run is dropped, and its owner can
    /// observe the drop. If the operating system starts no thread and the executor has no thread
    /// for blocking work, the work is dropped inside this call without being run.
    ///
    /// The executor's thread does not wait for this work when it ends. Work not begun by then may
    /// be skipped.
    fn run_blocking(&self, work: Box<dyn FnOnce() + Send>);

    /// Stops accepting new futures. The existing futures run to their end; then the thread ends.
    fn stop(&self);

    /// Blocks the calling thread until the executor's thread has ended. Returns `false` after the
    /// timeout.
    fn join(&self, timeout: Duration) -> bool;
}

/// Wakes a task at a given time. It can be armed again without a new allocation.
///
/// A timer is never early. Its lateness depends on the runtime: tokio's timers have a tick of 1 ms
/// and round up, so a shorter time takes 1 to 2 ms there.
///
/// # Examples
///
/// ```
/// use std::future::poll_fn;
/// use std::sync::mpsc::sync_channel;
/// use std::time::Duration;
///
/// # use std::sync::Arc;
/// # use actor_core::{Runtime, ThreadConfig};
/// # let executor = actor_smol::SmolRuntime::new().start_executor(ThreadConfig::named("doc"))?;
/// let (sender, receiver) = sync_channel(1);
/// let clock = Arc::clone(&executor);
/// let maker = move || -> std::pin::Pin<Box<dyn Future<Output = ()>>> {
///     Box::pin(async move {
///         let due = clock.now() + Duration::from_millis(1);
///         let mut timer = clock.timer();
///         timer.arm(due);
///         poll_fn(|cx| timer.poll_expired(cx)).await;
///         sender.send(clock.now() >= due).expect("the receiver waits");
///     })
/// };
/// executor.spawn(Box::new(maker)).expect("the executor runs");
/// assert_eq!(receiver.recv(), Ok(true));
/// # Ok::<(), std::io::Error>(())
/// ```
pub trait Timer: Send {
    /// Arms the timer for the given time and replaces any earlier time. A time in the past is
    /// already due.
    fn arm(&mut self, at: Instant);

    /// Returns `Ready` once the armed time has been reached, and on every further poll until the
    /// timer is armed again. A timer that was never armed always returns `Pending`.
    fn poll_expired(&mut self, cx: &mut Context<'_>) -> Poll<()>;
}

/// The executor accepts no new futures: it was stopped, or its thread has ended. Holds the refused
/// maker.
///
/// # Examples
///
/// ```
/// use std::future::Future;
/// use std::pin::pin;
/// use std::task::{Context, Poll, Waker};
///
/// # use actor_core::{Runtime, ThreadConfig};
/// # let executor = actor_smol::SmolRuntime::new().start_executor(ThreadConfig::named("doc"))?;
/// executor.stop();
/// let refused = executor.spawn(Box::new(|| Box::pin(async {}))).expect_err("it was stopped");
/// assert_eq!(refused.to_string(), "the executor has been stopped");
///
/// // The caller has the maker back, and may run it elsewhere.
/// let future = pin!(refused.into_maker()());
/// assert_eq!(future.poll(&mut Context::from_waker(Waker::noop())), Poll::Ready(()));
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct ExecutorStopped(pub Maker);

impl ExecutorStopped {
    /// Returns the refused maker.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::sync::mpsc::sync_channel;
    /// # use actor_core::{Runtime, ThreadConfig, runtime::Maker};
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// # let first = runtime.start_executor(ThreadConfig::named("first"))?;
    /// # let spare = runtime.start_executor(ThreadConfig::named("spare"))?;
    /// let (sender, receiver) = sync_channel(1);
    /// let send = move || sender.send("ran").expect("the receiver waits");
    /// let maker: Maker = Box::new(|| Box::pin(async move { send() }));
    /// first.stop();
    /// let refused = first.spawn(maker).expect_err("the executor was stopped");
    /// spare.spawn(refused.into_maker()).expect("the spare executor runs");
    /// assert_eq!(receiver.recv(), Ok("ran"));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn into_maker(self) -> Maker {
        self.0
    }
}

impl fmt::Debug for ExecutorStopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ExecutorStopped(..)")
    }
}

impl fmt::Display for ExecutorStopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the executor has been stopped")
    }
}

impl std::error::Error for ExecutorStopped {}
