//! The seam to an async runtime: three small object-safe traits, and nothing else.
//!
//! It is crossed when an executor starts, when an actor is spawned, when a timer is armed and when blocking work is
//! handed off. It is not crossed when a message is sent: waking goes through [`std::task::Waker`].

pub mod adapter;
pub(crate) mod alarm;
mod thread;

pub use thread::{ThreadConfig, ThreadEnd};

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

/// Makes a future on the thread that will run it. The maker crosses threads; its future does not, and need not be `Send`.
pub type Maker = Box<dyn FnOnce() -> Pin<Box<dyn Future<Output = ()>>> + Send>;

/// Starts executors. A value, so that several runtimes live in one process and a library never chooses one.
///
/// What an implementation must do is a program: `conformance::run` (feature `conformance`).
pub trait Runtime: fmt::Debug + Send + Sync + 'static {
    /// Tells the runtime's name, for people to read: `"tokio"`, `"smol"`, `"thread"`.
    fn name(&self) -> &'static str;

    /// Starts an executor on a thread of its own, with the given name and, if asked for, on the given CPU core.
    ///
    /// # Errors
    ///
    /// Fails if the thread cannot be started, or with [`io::ErrorKind::InvalidInput`] if there is no such core.
    fn start_executor(&self, config: ThreadConfig) -> io::Result<Arc<dyn Executor>>;
}

/// One thread that runs actors, and the clock they go by.
///
/// Its thread ends once it has been stopped, or nobody holds the executor any more, and its last future has ended.
/// An actor holds the executor it runs on.
///
/// Everything here may be called from any thread, also from the drop of a thread-local of a thread that is ending, unless
/// it says otherwise.
pub trait Executor: fmt::Debug + Send + Sync + 'static {
    /// Calls the maker on the executor's thread and runs its future there. May be called from any thread, also from one
    /// that is ending.
    ///
    /// The maker is never called inside this call, not even on the executor's own thread. Makers are called in the order
    /// of their spawns, where one spawn comes before the other: on one thread, or by whatever orders two threads.
    ///
    /// A panic in a maker or its future ends that future only, also a panic in the drop of either, or in the drop of
    /// what another panic was raised with.
    ///
    /// # Errors
    ///
    /// Fails if the executor has been stopped; the error returns the maker.
    fn spawn(&self, maker: Maker) -> Result<(), ExecutorStopped>;

    /// Makes a timer that goes by this executor's clock, not yet armed. Arm and poll it on this executor: tokio's timers
    /// need their runtime's context, which a thread that is ending may have lost.
    fn timer(&self) -> Box<dyn Timer>;

    /// Tells the time of this executor's clock, which never runs backwards.
    fn now(&self) -> Instant;

    /// Tells whether this executor's thread looks around for a while before it sleeps. Actors on it then look at their empty
    /// mailboxes for half a microsecond more before they announce sleep, which spares their senders a wake.
    fn spins(&self) -> bool {
        false
    }

    /// Has the task that is being polled polled again, after the executor's other tasks, its due timers and what other
    /// threads have sent have had their turn. Called in that task's poll, which then returns `Pending`.
    ///
    /// Without this, a task that wakes itself is polled again before long, but a runtime may look at its timers only once
    /// in so many polls.
    fn give_way(&self, cx: &mut Context<'_>) {
        cx.waker().wake_by_ref();
    }

    /// Runs work that blocks or computes for long on some other thread. May be called from any thread.
    ///
    /// Each executor has threads of its own for this, [512](ThreadConfig::BLOCKING_THREADS) at most unless
    /// [`ThreadConfig::blocking_threads`] states another limit. They are started when they are needed. Work beyond the
    /// limit waits in a queue without a bound. So work that waits for other work of the same executor can fill all
    /// threads and then waits for ever, but it does not hold up another executor's.
    ///
    /// This neither waits nor panics. Work that cannot be run is dropped, and its owner sees the drop: if the operating
    /// system starts no thread and the executor has none for blocking work, the work is dropped unrun, inside this call.
    ///
    /// The executor's thread does not wait for it when it ends. Work that has not begun by then may be left out.
    fn run_blocking(&self, work: Box<dyn FnOnce() + Send>);

    /// Takes no new futures from now on. Those it has go on to their end; then the thread ends.
    fn stop(&self);

    /// Waits, parking the calling thread, until the executor's thread has ended. Tells whether it did in time.
    fn join(&self, timeout: Duration) -> bool;
}

/// Wakes a task at a time. Re-armed without a new allocation.
///
/// It is never early. How late it may be is the runtime's: tokio's timers have a tick of 1 ms and round up, so that a time
/// shorter than that takes 1 to 2 ms there.
pub trait Timer: Send {
    /// Arms the timer for the given time, whatever it was armed for. The past is as good as now.
    fn arm(&mut self, at: Instant);

    /// Is ready once the armed time has come, and then on every poll until it is armed anew. Never ready if it was
    /// never armed.
    fn poll_expired(&mut self, cx: &mut Context<'_>) -> Poll<()>;
}

/// The executor takes no new futures, because it was stopped or its thread has ended. Holds the maker that was refused.
pub struct ExecutorStopped(pub Maker);

impl ExecutorStopped {
    /// Returns the maker that was refused.
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
