//! Events about the chain: fork choice, votes, and the last slots.

use serde::{Deserialize, Serialize};

use consensus::{Root, Slot};

/// The blocks of fork choice, from the finalized one on. A block follows its parent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Forks {
    /// At most [`MOST_BLOCKS`](crate::events::MOST_BLOCKS) blocks.
    pub blocks: Vec<ForkBlock>,
    /// The number of blocks left out.
    pub left_out: u64,
    /// The number of validators: the largest weight.
    pub validators: u64,
    /// The place of the head in `blocks`.
    pub head: Option<usize>,
    /// The place of the latest justified block.
    pub justified: Option<usize>,
    /// The place of the latest finalized block.
    pub finalized: Option<usize>,
    /// The place of the safe target.
    pub safe_target: Option<usize>,
}

/// One block of fork choice.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ForkBlock {
    /// The block's root.
    pub root: Root,
    /// The block's slot.
    pub slot: Slot,
    /// The place of its nearest ancestor among the blocks.
    pub parent: Option<usize>,
    /// The number of blocks left out between that ancestor and this block.
    pub skipped: u64,
    /// Its proposer.
    pub proposer: u64,
    /// The number of validators with their latest counted vote for it or a descendant.
    pub weight: u64,
}

/// Votes and aggregates. The counts are since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Votes {
    /// Votes received from peers.
    pub received: u64,
    /// The same, since the last record of the history.
    pub received_now: u64,
    /// Aggregates received from peers.
    pub aggregates: u64,
    /// Valid votes.
    pub valid: u64,
    /// Votes rejected by a rule.
    pub invalid: u64,
    /// Signatures that wait to be aggregated.
    pub signatures: u64,
    /// Aggregates not counted by fork choice yet.
    pub uncounted: u64,
    /// Aggregates counted by fork choice.
    pub counted: u64,
}

/// The last slots, the oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct History {
    /// At most [`MOST_SLOTS`](crate::events::MOST_SLOTS) records.
    pub slots: Vec<SlotRecord>,
}

/// The chain in the last interval of one slot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SlotRecord {
    /// The slot by the node's clock.
    pub slot: Slot,
    /// The slot of the head.
    pub head: Slot,
    /// The slot of the latest justified block.
    pub justified: Slot,
    /// The slot of the latest finalized block.
    pub finalized: Slot,
    /// Votes received from peers since the record before.
    pub votes: u64,
    /// Messages lost since the record before, and attacks.
    pub losses: u64,
    /// Connected peers.
    pub peers: u64,
}
