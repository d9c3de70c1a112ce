//! What other threads may know of the chain: a copy that its owner publishes, read without waiting.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;

use crate::Meters;
use consensus::{Block, Checkpoint, ForkChoiceView, Interval, Root, Slot, State};

/// The chain as it stood when its owner last published it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// The store's time, in intervals since genesis.
    pub time: Interval,
    /// The head block.
    pub head: Checkpoint,
    /// The store's latest justified checkpoint.
    pub justified: Checkpoint,
    /// The store's latest finalized checkpoint.
    pub finalized: Checkpoint,
    /// The block that is safe to vote for.
    pub safe_target: Root,
    /// The slot of the block that is safe to vote for.
    pub safe_target_slot: Slot,
    /// The state after the finalized block, shared with the store; none before the owner has published.
    pub finalized_state: Option<Arc<State>>,
    /// The finalized block, shared with the store; none before the owner has published.
    pub finalized_block: Option<Arc<Block>>,
    /// The blocks that fork choice chooses between, shared with the snapshots before while they are the same.
    pub fork_choice: Arc<ForkChoiceView>,
    /// How many validators the head's state knows.
    pub validator_count: usize,
    /// How many validators this node signs for.
    pub own_validators: usize,
    /// Whether this node aggregates votes.
    pub is_aggregator: bool,
    /// Peers that are connected.
    pub peers: usize,
    /// Blocks imported since the start.
    pub blocks_imported: u64,
    /// Blocks that wait for their parent.
    pub pending_blocks: usize,
    /// Votes that wait for a block.
    pub pending_votes: usize,
    /// What was dropped inside the chain, by reason: the specification's rejections and the node's own.
    pub dropped: BTreeMap<&'static str, u64>,
    /// How late the last tick was.
    pub tick_lateness: Duration,
    /// How late the latest of all ticks was.
    pub worst_tick_lateness: Duration,
    /// Intervals that were left out because the node was too late for them.
    pub missed_intervals: u64,
    /// What a person should know, newest last; at most [`NOTES`].
    pub notes: Vec<String>,
    /// What the owner counts and times.
    pub meters: Meters,
}

/// The most notes that a snapshot keeps.
pub const NOTES: usize = 16;

/// Where the chain's owner publishes, and everyone else reads. Cloned freely; neither side ever waits.
#[derive(Clone, Debug, Default)]
pub struct Published {
    latest: Arc<ArcSwap<Snapshot>>,
}

impl Published {
    /// Gives the latest snapshot.
    #[must_use]
    pub fn latest(&self) -> Arc<Snapshot> {
        self.latest.load_full()
    }

    pub(crate) fn publish(&self, snapshot: Snapshot) {
        self.latest.store(Arc::new(snapshot));
    }
}
