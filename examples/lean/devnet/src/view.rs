//! The state of a node, as observed from outside.

use std::process::ExitStatus;
use std::time::Duration;

use lean_node::report::StatusLine;

/// The observed state of one node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeView {
    /// The name of the node.
    pub name: String,
    /// The state of its process.
    pub condition: Condition,
    /// The time from the last start of its process until it listened, or `None` before that.
    pub started_in: Option<Duration>,
    /// Its last report since its start.
    pub status: Option<StatusLine>,
}

/// The state of a node's process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// The process is started but does not listen yet.
    Starting,
    /// The node listens.
    Running,
    /// The process was killed and not restarted.
    Killed,
    /// The process stopped cleanly.
    Stopped,
    /// The process ended by itself or was killed by another one, and the devnet goes on without it.
    Ended(ExitStatus),
}

impl NodeView {
    /// Describes the node's progress in words.
    #[must_use]
    pub fn progress(&self) -> String {
        let name = &self.name;
        match (self.condition, &self.status) {
            (Condition::Starting, _) => format!("{name} is starting"),
            (Condition::Killed, _) => format!("{name} was killed"),
            (Condition::Ended(status), _) => format!("{name} has ended ({status})"),
            (Condition::Stopped, _) => format!("{name} has stopped"),
            (Condition::Running, None) => format!("{name} has not reported"),
            (Condition::Running, Some(status)) => {
                let StatusLine { slot, head_slot, finalized_slot, peers, .. } = status;
                format!(
                    "{name} is in slot {slot} with head {head_slot}, finalized {finalized_slot} and {peers} peers"
                )
            }
        }
    }
}
