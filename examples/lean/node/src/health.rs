//! Whether the node is alive: read by the API, by the reporter and by a service manager's watchdog.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use crate::exit_code::{DISK_FAILED, PART_ENDED};
use actor_lanes::ExitReason;
use actor_lanes::view::View;
use chain::Snapshot;
use chain::wall_clock::WallClock;
use consensus::{Interval, SlotClock};
use storage::StorageError;

/// The lag of the chain's time behind the clock, in intervals, above which its owner is reported as
/// stuck. The same patience ends a verification without a result.
const STUCK_AFTER: Interval = 25;

/// The name of the part that owns the store on disk.
pub(crate) const STORAGE: &str = "storage";

/// The abnormal end of one part of the node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The part: an actor's or a thread's name.
    pub part: String,
    /// The reason, in one line.
    pub reason: String,
    /// Whether the disk of the chain is the cause: it is full, or fails.
    pub is_of_disk: bool,
}

/// The phases of the node's life: running, stopping, or failed. Cheap to clone.
///
/// `Relaxed` suffices for the flag: it orders nothing else.
#[derive(Clone, Debug, Default)]
pub struct Lifecycle {
    phase: Arc<Phase>,
}

#[derive(Debug, Default)]
struct Phase {
    is_stopping: AtomicBool,
    failure: OnceLock<Failure>,
}

/// The condition of the node at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// All parts run, and the chain's owner keeps up with the clock.
    Healthy,
    /// The chain's owner is this many intervals behind the clock.
    Stuck(Interval),
    /// The node stops in order.
    Stopping,
    /// A part has ended abnormally. The node stops.
    Failed(Failure),
}

/// Reads the condition of a running node. Cheap to clone; reads published data only.
#[derive(Clone, Debug)]
pub struct HealthView {
    pub(crate) lifecycle: Lifecycle,
    pub(crate) published: View<Snapshot>,
    pub(crate) clock: SlotClock,
    pub(crate) wall: WallClock,
}

impl Failure {
    /// Creates a failure. Line breaks in the reason become `; `.
    pub(crate) fn new(part: impl Into<String>, reason: &str) -> Self {
        let lines: Vec<_> = reason.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        Self { part: part.into(), reason: lines.join("; "), is_of_disk: false }
    }

    /// Returns the failure of an actor.
    pub(crate) fn of_actor(name: &str, exit: &ExitReason) -> Self {
        let is_of_disk = match exit {
            ExitReason::Failed(error) => {
                error.downcast_ref::<StorageError>().is_some_and(StorageError::is_of_disk)
            }
            _ => false,
        };
        Self { is_of_disk, ..Self::new(name, &exit.to_string()) }
    }

    /// Returns the program's exit code after this failure.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        if self.is_of_disk { DISK_FAILED } else { PART_ENDED }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.part, self.reason)
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Healthy => f.write_str("healthy"),
            Self::Stuck(behind) => {
                write!(f, "the chain's owner is {behind} intervals behind the clock")
            }
            Self::Stopping => f.write_str("the node is stopping"),
            Self::Failed(failure) => {
                write!(f, "a part has ended, and the node stops: {failure}")
            }
        }
    }
}

impl Lifecycle {
    /// Marks the node as stopping in order. A part that ends from now on is no failure.
    pub(crate) fn stop(&self) {
        self.phase.is_stopping.store(true, Ordering::Relaxed);
    }

    /// Records the first failure. Returns whether this was it, and the node was not stopping.
    pub(crate) fn fail(&self, failure: Failure) -> bool {
        !self.is_stopping() && self.phase.failure.set(failure).is_ok()
    }

    /// Returns the first failure, if there was one.
    pub(crate) fn failure(&self) -> Option<&Failure> {
        self.phase.failure.get()
    }

    fn is_stopping(&self) -> bool {
        self.phase.is_stopping.load(Ordering::Relaxed)
    }

    /// Returns the condition of a node with this snapshot, at this interval of the clock. Before
    /// its first publication, the owner is starting and not stuck.
    pub(crate) fn condition(&self, chain: &Snapshot, now: Interval) -> Condition {
        let behind = now.saturating_sub(chain.time);
        match self.failure() {
            Some(failure) => Condition::Failed(failure.clone()),
            None if self.is_stopping() => Condition::Stopping,
            None if chain.finalized_state.is_some() && behind > STUCK_AFTER => {
                Condition::Stuck(behind)
            }
            None => Condition::Healthy,
        }
    }
}

impl HealthView {
    /// Returns the condition of the node now.
    #[must_use]
    pub fn condition(&self) -> Condition {
        let now = self.clock.total_intervals(self.wall.now());
        self.lifecycle.condition(&self.published.get(), now)
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::path::PathBuf;

    use super::*;
    use consensus::{Checkpoint, Root, State};

    fn published(time: Interval) -> Snapshot {
        let finalized_state = Some(Arc::new(State::default()));
        Snapshot { time, finalized_state, ..Snapshot::default() }
    }

    #[test]
    fn a_failure_is_reported_also_while_the_node_stops() {
        let life = Lifecycle::default();
        assert_eq!(life.condition(&published(0), 0), Condition::Healthy);
        let failure = Failure::new("chain", "panicked: a\n  b\n");
        assert_eq!(failure.reason, "panicked: a; b");
        assert!(life.fail(failure.clone()));
        assert!(!life.fail(Failure::new("signer", "panicked")), "the first failure is kept");
        life.stop();
        assert_eq!(life.condition(&published(0), 0), Condition::Failed(failure));
    }

    #[test]
    fn only_a_fault_of_the_disk_has_the_exit_code_of_the_disk() {
        let code = |exit: ExitReason| Failure::of_actor("storage", &exit).exit_code();
        let failed = |error: StorageError| ExitReason::Failed(Arc::new(error));
        let (path, doing) = (PathBuf::from("chain.redb"), "write");
        let full = StorageError::Full {
            doing,
            path: path.clone(),
            error: io::ErrorKind::StorageFull.into(),
        };
        let broken =
            StorageError::Failed { doing, path: path.clone(), error: io::Error::other("I/O") };
        let damaged = StorageError::Damaged { path, what: "a page".to_owned() };
        for error in [full, broken, damaged] {
            assert_eq!(code(failed(error)), DISK_FAILED);
        }
        let (stored, new) = (Checkpoint::default(), Checkpoint::default());
        assert_eq!(code(failed(StorageError::Contradiction { stored, new })), PART_ENDED);
        assert_eq!(code(failed(StorageError::UnknownBlock { root: Root::ZERO })), PART_ENDED);
        assert_eq!(
            code(ExitReason::Failed(Arc::from(Box::<dyn std::error::Error + Send + Sync>::from(
                "another error"
            )))),
            PART_ENDED
        );
        assert_eq!(Failure::new("storage", "panicked").exit_code(), PART_ENDED);
    }

    #[test]
    fn the_end_of_a_part_is_no_failure_while_the_node_stops() {
        let life = Lifecycle::default();
        life.stop();
        assert!(!life.fail(Failure::new("chain", "stopped")));
        assert_eq!(life.condition(&published(0), 0), Condition::Stopping);
    }

    #[test]
    fn an_owner_far_behind_the_clock_is_stuck_once_it_has_begun() {
        let life = Lifecycle::default();
        assert_eq!(life.condition(&published(10), 35), Condition::Healthy);
        assert_eq!(life.condition(&published(10), 36), Condition::Stuck(26));
        assert_eq!(life.condition(&Snapshot::default(), 1000), Condition::Healthy);
    }
}
