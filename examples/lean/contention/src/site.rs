//! The places at which the network thread calls into the node.

use serde::{Deserialize, Serialize};

/// A kind of call that the network thread makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Site {
    /// A gossiped block.
    GossipBlock,
    /// A gossiped vote.
    GossipVote,
    /// A gossiped aggregate.
    GossipAggregate,
    /// A peer asks for blocks.
    BlocksByRootRequest,
    /// A peer tells its status and asks for ours.
    StatusRequest,
    /// A block has come that this node asked for.
    BlocksByRootResponse,
}

impl Site {
    /// Returns the name for people to read.
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
