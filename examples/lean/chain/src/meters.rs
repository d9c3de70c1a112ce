//! What the chain's actor counts and times. The actor alone writes these numbers, and publishes
//! them in its snapshot.

use crate::histogram::{Buckets, Histogram};
use consensus::{Block, Slot};

/// Counters and times of the chain's actor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Meters {
    /// The depth of each reorganisation, in blocks.
    pub reorg_depth: Histogram,
    /// Valid votes.
    pub valid_votes: u64,
    /// Votes rejected by a rule. A vote waiting for a block counts as neither until the block
    /// arrives. Duplicates, and votes refused for lack of room, count as neither.
    pub invalid_votes: u64,
    /// Valid aggregates.
    pub valid_aggregates: u64,
    /// Aggregates rejected by a rule.
    pub invalid_aggregates: u64,
    /// Blocks produced by this node.
    pub blocks_built: u64,
    /// Blocks not produced, because a rule refused it.
    pub blocks_not_built: u64,
    /// The number of aggregates in each block produced.
    pub block_payloads: Histogram,
    /// The time of each production of a block, with the store's ticks before it, in nanoseconds.
    pub block_building: Histogram,
    /// The time of folding proofs in each production of a block, in nanoseconds.
    pub payload_aggregation: Histogram,
    /// The time from the order for a vote of this node to its signature, with the waits in both
    /// mailboxes, in nanoseconds.
    pub own_vote_signing: Histogram,
    /// The time from the beginning of the production of a vote to its signature, in nanoseconds.
    pub own_vote_production: Histogram,
    /// The time between two ticks, in nanoseconds.
    pub tick_interval: Histogram,
    /// The times at which a block's import or a tick finalized another block.
    pub finalizations: u64,
    /// The slots processed by the state transitions of imported blocks.
    pub slots_processed: u64,
    /// The aggregates processed by the state transitions of imported blocks.
    pub attestations_processed: u64,
    /// Rounds of aggregation left out because this node does not aggregate.
    pub rounds_not_aggregator: u64,
    /// Rounds of aggregation left out because the last one was in flight.
    pub rounds_still_busy: u64,
}

impl Default for Meters {
    fn default() -> Self {
        Self {
            reorg_depth: Histogram::new(Buckets::REORG_DEPTH),
            valid_votes: 0,
            invalid_votes: 0,
            valid_aggregates: 0,
            invalid_aggregates: 0,
            blocks_built: 0,
            blocks_not_built: 0,
            block_payloads: Histogram::new(Buckets::BLOCK_PAYLOADS),
            block_building: Histogram::new(Buckets::PRODUCTION),
            payload_aggregation: Histogram::new(Buckets::PAYLOAD_AGGREGATION),
            own_vote_signing: Histogram::new(Buckets::VOTE_VALIDATION),
            own_vote_production: Histogram::new(Buckets::PRODUCTION),
            tick_interval: Histogram::new(Buckets::TICK_INTERVAL),
            finalizations: 0,
            slots_processed: 0,
            attestations_processed: 0,
            rounds_not_aggregator: 0,
            rounds_still_busy: 0,
        }
    }
}

impl Meters {
    /// Counts the state transition of an imported block.
    pub(super) fn transition(&mut self, block: &Block, parent_slot: Option<Slot>) {
        let slots = parent_slot.map_or(0, |parent| block.slot.saturating_sub(parent));
        self.slots_processed += slots;
        self.attestations_processed += block.body.attestations.len() as u64;
    }
}
