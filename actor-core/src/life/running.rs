//! The spawner's side of an actor: its stop and its end.

use std::fmt;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use event_listener::listener;

use crate::mailbox::exit::Exit;
use crate::mailbox::{Closeable, Life};
use crate::park::block_on_for;
use crate::quiet::quietly;
use crate::runtime::Executor;

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
            self.life().stop(deadline);
        }
        // Last, because it runs the task's waker, and also if this is not the first stop: that one's wake may have failed.
        self.mailbox.interrupt();
    }

    /// Kills the actor: nothing more is handled. A waiting handler is dropped at its wait, and a computing handler is
    /// allowed to finish. Returns immediately; see [`join`](Self::join).
    pub fn kill(&self) {
        self.life().kill();
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
            listener!(self.life().on_change().event() => starting);
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
        if self.life().has_started() {
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
            listener!(self.life().on_change().event() => ending);
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
        let reason = self.life().reason()?;
        Some(Exit { reason: reason.clone(), lanes: self.mailbox.stats(), lost_work: self.mailbox.lost_work() })
    }

    fn life(&self) -> &Life {
        self.mailbox.life()
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
