//! The published snapshot of the chain: the value of a view, which other threads read without
//! waiting.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::meters::Meters;
use consensus::{Block, Checkpoint, ForkChoiceView, Interval, Root, Slot, State};

/// The chain at the time of its last publication.
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
    /// The root of the safe target of votes.
    pub safe_target: Root,
    /// The slot of the safe target of votes.
    pub safe_target_slot: Slot,
    /// The state after the finalized block, shared with the store. `None` before the first
    /// publication.
    pub finalized_state: Option<Arc<State>>,
    /// The finalized block, shared with the store. `None` before the first publication.
    pub finalized_block: Option<Arc<Block>>,
    /// The blocks considered by fork choice. Shared between snapshots while unchanged.
    pub fork_choice: Arc<ForkChoiceView>,
    /// The number of validators in the head's state.
    pub validator_count: usize,
    /// The number of validators of this node.
    pub own_validators: usize,
    /// Whether this node aggregates votes.
    pub is_aggregator: bool,
    /// The latest justified checkpoint in the head's state.
    pub head_justified: Checkpoint,
    /// The latest finalized checkpoint in the head's state.
    pub head_finalized: Checkpoint,
    /// Signatures of votes to aggregate.
    pub signatures: usize,
    /// Proofs not counted by fork choice yet.
    pub uncounted_proofs: usize,
    /// Proofs counted by fork choice.
    pub counted_proofs: usize,
    /// Connected peers.
    pub peers: usize,
    /// Whether blocks of the peers' chains are missing and will be fetched by ranges.
    pub is_syncing: bool,
    /// Blocks imported since the start.
    pub blocks_imported: u64,
    /// Blocks waiting for their parent, their slot or their verification.
    pub pending_blocks: usize,
    /// Votes waiting for a block.
    pub pending_votes: usize,
    /// Blocks, votes and duties dropped by the chain, by reason: the specification's rejections and
    /// this node's own.
    pub dropped: BTreeMap<&'static str, u64>,
    /// The lateness of the last tick.
    pub tick_lateness: Duration,
    /// The largest lateness of a tick.
    pub worst_tick_lateness: Duration,
    /// Intervals left out because a tick was too late.
    pub missed_intervals: u64,
    /// Notes for a person, the newest last; at most [`NOTES`].
    pub notes: Vec<String>,
    /// The actor's counters and times.
    pub meters: Meters,
}

/// The largest number of notes in a snapshot.
pub const NOTES: usize = 16;
