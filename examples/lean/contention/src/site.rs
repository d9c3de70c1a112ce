//! The call sites of the network thread.

use serde::{Deserialize, Serialize};

/// A kind of call from the network thread into the node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Site {
    /// A gossiped block.
    GossipBlock,
    /// A gossiped vote.
    GossipVote,
    /// A gossiped aggregate.
    GossipAggregate,
    /// A peer's request for blocks.
    BlocksByRootRequest,
    /// A peer's status, with a request for ours.
    StatusRequest,
    /// A block requested by this node.
    BlocksByRootResponse,
}

impl Site {
    /// Returns the name for the table.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::GossipBlock => "gossip block",
            Self::GossipVote => "gossip vote",
            Self::GossipAggregate => "gossip aggregate",
            Self::BlocksByRootRequest => "blocks_by_root request",
            Self::StatusRequest => "status request",
            Self::BlocksByRootResponse => "blocks_by_root response",
        }
    }
}
