//! What the verifiers and the prover count and time: written by them, read by any thread.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::histogram::{Buckets, SharedHistogram};

/// The duration of each kind of work, and its results.
#[derive(Debug)]
pub struct WorkMeters {
    /// Blocks: the proof and the state transition.
    pub blocks: SharedHistogram,
    /// State transitions alone.
    pub transitions: SharedHistogram,
    /// The advance of a state to its block's slot, as a part of a state transition.
    pub slots: SharedHistogram,
    /// The rest of a state transition: a block's header and votes.
    pub block_processing: SharedHistogram,
    /// The votes alone.
    pub attestations: SharedHistogram,
    /// Signatures of votes.
    pub votes: SharedHistogram,
    /// The results of signatures of votes.
    pub vote_results: Results,
    /// Verifications of aggregates.
    pub aggregate_verification: SharedHistogram,
    /// The results of verifications of aggregates.
    pub aggregates: Results,
    /// The making of single aggregates.
    pub aggregate_building: SharedHistogram,
    /// The votes in the aggregates made.
    pub aggregated_votes: Total,
    /// Rounds of aggregation: all aggregates of a slot.
    pub rounds: SharedHistogram,
}

/// The numbers of valid and invalid inputs.
///
/// `Relaxed` suffices because each number is read on its own.
#[derive(Debug, Default)]
pub struct Results {
    valid: AtomicU64,
    invalid: AtomicU64,
}

/// A number that only increases. See [`Results`] for its memory order.
#[derive(Debug, Default)]
pub struct Total(AtomicU64);

impl Results {
    /// Returns the numbers of valid and of invalid inputs.
    pub fn read(&self) -> (u64, u64) {
        (self.valid.load(Ordering::Relaxed), self.invalid.load(Ordering::Relaxed))
    }

    pub(super) fn count(&self, is_valid: bool) {
        let results = if is_valid { &self.valid } else { &self.invalid };
        results.fetch_add(1, Ordering::Relaxed);
    }
}

impl Total {
    /// Returns the number.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    pub(super) fn add(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }
}

impl Default for WorkMeters {
    fn default() -> Self {
        Self {
            blocks: SharedHistogram::new(Buckets::BLOCK_PROCESSING),
            transitions: SharedHistogram::new(Buckets::STATE_TRANSITION),
            slots: SharedHistogram::new(Buckets::VOTE_VALIDATION),
            block_processing: SharedHistogram::new(Buckets::VOTE_VALIDATION),
            attestations: SharedHistogram::new(Buckets::VOTE_VALIDATION),
            votes: SharedHistogram::new(Buckets::VOTE_VALIDATION),
            vote_results: Results::default(),
            aggregate_verification: SharedHistogram::new(Buckets::AGGREGATE),
            aggregates: Results::default(),
            aggregate_building: SharedHistogram::new(Buckets::AGGREGATE),
            aggregated_votes: Total::default(),
            rounds: SharedHistogram::new(Buckets::AGGREGATION_ROUND),
        }
    }
}
