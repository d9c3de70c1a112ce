//! The spawner's side of an actor: its stop and its end.

use std::fmt;
use std::pin::pin;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use event_listener::listener;

use crate::mailbox::Closeable;
use crate::mailbox::exit::{Exit, ExitReason};
use crate::notice::Notice;
use crate::park::block_on_for;
use crate::quiet::quietly;
use crate::runtime::Executor;
use crate::sync::{AtomicUsize, Ordering};

/// The right to stop an actor and the means to wait for its end, held by whoever spawned it.
///
/// Senders do not have it. Dropping it detaches the actor, which then ends when nothing can reach it any more.
#[must_use = "whoever spawns an actor decides when it stops; `drop` it to let the actor run on"]
#[derive(Clone)]
pub struct Running {
    mailbox: Arc<dyn Closeable>,
    /// Whose clock a deadline is counted by.
    executor: Arc<dyn Executor>,
}

/// What an actor's task and its spawner share.
pub(crate) struct Life {
    /// [`DEADLINE`], [`KILLED`] and [`ENDING`]: what was asked for so far, never cleared; and [`STARTED`].
    asked: AtomicUsize,
    /// Set once by the first `stop`, before `DEADLINE`.
    deadline: OnceLock<Instant>,
    /// Set once, as the last thing in the actor's life.
    reason: OnceLock<ExitReason>,
    /// Notified when the actor has started, and when it has ended.
    on_change: Notice,
}

/// Says why an actor that was waited for has not started.
///
/// # Examples
///
/// See [`Context::fail`](crate::Context::fail).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum NotStarted {
    /// It ended before its first message: its maker or its `started` panicked, `started` ended it, or it was stopped.
    Ended(Exit),
    /// It has neither started nor ended until the timeout.
    Timeout,
}

const DEADLINE: usize = 1;
const KILLED: usize = 1 << 1;
/// Asked for by the actor itself, for after the message in hand; its loop knows why.
const ENDING: usize = 1 << 2;
/// Not asked for, but said: the actor's `started` has returned, and has not ended it.
const STARTED: usize = 1 << 3;

impl Running {
    pub(crate) fn new(mailbox: Arc<dyn Closeable>, executor: Arc<dyn Executor>) -> Self {
        Self { mailbox, executor }
    }

    /// Asks the actor to stop: it takes nothing new, handles what is queued for at most `patience`, and ends.
    ///
    /// Work that it has [offloaded](crate::Context::offload) is part of what it handles: the actor waits for each result,
    /// and may offload more meanwhile. Timers are not waited for. What has not come back at the deadline is counted in
    /// [`Exit::lost_work`].
    ///
    /// Senders get their messages back from this moment on. What is still queued at the deadline is counted as
    /// undelivered and given to the hook. The first call sets the deadline, and later ones do not move it. A patience
    /// past the end of the clock, such as [`Duration::MAX`], sets none. Returns at once; see [`join`](Self::join).
    pub fn stop(&self, patience: Duration) {
        // Closed first: an actor that sees the deadline also sees that nothing more comes.
        self.mailbox.close();
        // A deadline past the end of the clock is none.
        if let Some(deadline) = self.executor.now().checked_add(patience) {
            self.life().deadline.get_or_init(|| deadline);
            self.life().ask(DEADLINE);
        }
        // Last, because it runs the task's waker, and also if this is not the first stop: that one's wake may have failed.
        self.mailbox.interrupt();
    }

    /// Kills the actor: nothing more is handled. A waiting handler is dropped at its wait, and a computing handler is
    /// allowed to finish. Returns immediately; see [`join`](Self::join).
    pub fn kill(&self) {
        self.life().ask(KILLED);
        self.mailbox.close();
        self.mailbox.interrupt();
    }

    #[deprecated(note = "renamed to `kill`")]
    #[doc(hidden)]
    pub fn stop_now(&self) {
        self.kill();
    }

    /// Waits until the actor has started: until [`Actor::started`](crate::Actor::started) has returned.
    ///
    /// # Errors
    ///
    /// Returns the exit of an actor that ended before that: its maker or its `started` panicked, `started` ended it, or
    /// it was stopped.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future has no effect.
    pub async fn started(&self) -> Result<(), Exit> {
        loop {
            if let Some(started) = self.has_started() {
                return started;
            }
            listener!(self.life().on_change.event() => starting);
            // Look again: it may have started before the listener was there to be told.
            if let Some(started) = self.has_started() {
                return started;
            }
            quietly(starting).await;
        }
    }

    /// Waits until the actor has started, parking the thread for up to `timeout`.
    ///
    /// # Errors
    ///
    /// As [`started`](Self::started), and [`NotStarted::Timeout`].
    pub fn started_blocking(&self, timeout: Duration) -> Result<(), NotStarted> {
        let started = block_on_for(pin!(self.started()), timeout);
        started.ok_or(NotStarted::Timeout)?.map_err(NotStarted::Ended)
    }

    fn has_started(&self) -> Option<Result<(), Exit>> {
        if self.life().asked.load(Ordering::SeqCst) & STARTED != 0 {
            return Some(Ok(()));
        }
        self.exit().map(Err)
    }

    /// Waits for the actor's end and tells how it came.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future has no effect.
    pub async fn join(&self) -> Exit {
        loop {
            if let Some(exit) = self.exit() {
                return exit;
            }
            listener!(self.life().on_change.event() => ending);
            // Look again: the exit may have come before the listener was there to be told.
            if let Some(exit) = self.exit() {
                return exit;
            }
            quietly(ending).await;
        }
    }

    /// Waits for the actor's end, parking the thread. `None` if it has not come after `timeout`.
    #[must_use]
    pub fn join_blocking(&self, timeout: Duration) -> Option<Exit> {
        block_on_for(pin!(self.join()), timeout)
    }

    /// Tells how the actor ended, if it has.
    #[must_use]
    pub fn exit(&self) -> Option<Exit> {
        let reason = self.life().reason.get()?;
        Some(Exit { reason: reason.clone(), lanes: self.mailbox.stats(), lost_work: self.mailbox.lost_work() })
    }

    fn life(&self) -> &Life {
        self.mailbox.life()
    }
}

impl Life {
    pub(crate) fn new() -> Self {
        let asked = AtomicUsize::new(0);
        Self { asked, deadline: OnceLock::new(), reason: OnceLock::new(), on_change: Notice::new() }
    }

    /// Asks for something. The caller interrupts the task after that.
    fn ask(&self, what: usize) {
        // SeqCst, before the signal is looked at: a task that has announced that it waits sees it, or is seen.
        self.asked.fetch_or(what, Ordering::SeqCst);
    }

    /// Tells whether the actor was asked to stop, at once or by a deadline.
    #[inline]
    pub(crate) fn is_asked(&self) -> bool {
        self.asked.load(Ordering::SeqCst) & !STARTED != 0
    }

    pub(crate) fn is_killed(&self) -> bool {
        self.asked.load(Ordering::SeqCst) & KILLED != 0
    }

    /// Says that the actor ends after the message in hand.
    pub(crate) fn end_after_this(&self) {
        self.asked.fetch_or(ENDING, Ordering::Relaxed);
    }

    /// Tells whether nothing more is to be handled.
    pub(crate) fn takes_no_more(&self) -> bool {
        self.asked.load(Ordering::SeqCst) & (KILLED | ENDING) != 0
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        (self.asked.load(Ordering::SeqCst) & DEADLINE != 0).then(|| self.deadline.get().copied()).flatten()
    }

    /// Says that the actor has started.
    pub(crate) fn start(&self) {
        self.asked.fetch_or(STARTED, Ordering::SeqCst);
        self.on_change.notify();
    }

    pub(crate) fn end(&self, reason: ExitReason) {
        if self.reason.set(reason).is_ok() {
            self.on_change.notify();
        }
    }
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Running").field("lanes", &self.mailbox.stats()).field("exit", &self.exit()).finish()
    }
}

impl fmt::Display for NotStarted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ended(exit) => write!(f, "the actor ended before its first message: {}", exit.reason),
            Self::Timeout => f.write_str("the actor did not start in time"),
        }
    }
}

impl std::error::Error for NotStarted {}
