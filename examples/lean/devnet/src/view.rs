//! What is known of a node from outside.

use lean_node::report::StatusLine;

/// What is known of one node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeView {
    /// Its name.
    pub name: String,
    /// Whether it runs.
    pub condition: Condition,
    /// What it last reported since it started.
    pub status: Option<StatusLine>,
}

/// Whether a node runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// Its process has been started and does not listen yet.
    Starting,
    /// It listens and takes part.
    Running,
    /// It was killed and not restarted.
    Killed,
    /// It has stopped in order.
    Stopped,
}

impl NodeView {
    /// Says in words how far the node has come.
    pub(super) fn progress(&self) -> String {
        let name = &self.name;
        match (self.condition, &self.status) {
            (Condition::Starting, _) => format!("{name} is starting"),
            (Condition::Killed, _) => format!("{name} was killed"),
            (Condition::Stopped, _) => format!("{name} has stopped"),
            (Condition::Running, None) => format!("{name} has not reported"),
            (Condition::Running, Some(status)) => {
                let StatusLine { slot, head_slot, finalized_slot, peers, .. } = status;
                format!("{name} is in slot {slot} with head {head_slot}, finalized {finalized_slot} and {peers} peers")
            }
        }
    }
}
