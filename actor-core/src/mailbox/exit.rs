//! How an actor ended.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use crate::mailbox::lane::LaneStats;

/// Says why an actor ended.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ExitReason {
    /// It was asked to stop, or stopped itself.
    Stopped,
    /// It was asked to stop by a deadline, which passed while messages were queued, a handler waited, or offloaded work was
    /// in flight.
    DeadlinePassed,
    /// It was [killed](crate::Running::kill).
    Killed,
    /// No handle was left, nothing was queued and no timer was armed: nothing could ever have reached it again.
    Unreachable,
    /// It gave up, with an error of its own.
    Failed(Arc<dyn Error + Send + Sync>),
    /// Its code panicked, with this message.
    Panicked(String),
    /// Its executor went away under it.
    Abandoned,
}

/// Tells how an actor ended, and what became of its messages.
#[derive(Clone, Debug)]
pub struct Exit {
    /// Why it ended.
    pub reason: ExitReason,
    /// The figures of its mailbox, lane by lane. Final, but for what threads that were in the middle of a send at its end have
    /// yet to count, and take back.
    pub lanes: Vec<LaneStats>,
    /// Offloaded work whose result the actor did not get: what was in flight at its end, and what made no message because
    /// the function that makes one panicked. A result that came back in time and was not handled is not among it: it
    /// counts as undelivered in its message's lane.
    pub lost_work: u64,
}

impl ExitReason {
    /// Tells whether the actor ended as it was meant to: it stopped or became unreachable.
    #[must_use]
    pub fn is_normal(&self) -> bool {
        matches!(self, Self::Stopped | Self::Unreachable)
    }
}

impl Exit {
    /// Counts the messages that were accepted and still queued when the actor ended.
    #[must_use]
    pub fn undelivered(&self) -> u64 {
        self.lanes.iter().map(|lane| lane.undelivered).sum()
    }
}

impl fmt::Display for ExitReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stopped => f.write_str("stopped"),
            Self::DeadlinePassed => f.write_str("stopped by the deadline, before it was done"),
            Self::Killed => f.write_str("stopped at once"),
            Self::Unreachable => f.write_str("no handle and no timer was left"),
            Self::Failed(error) => write!(f, "failed: {error}"),
            Self::Panicked(message) => write!(f, "panicked: {message}"),
            Self::Abandoned => f.write_str("its executor went away"),
        }
    }
}
