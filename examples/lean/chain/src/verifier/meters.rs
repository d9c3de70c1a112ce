//! The duration of verifications: written by verifiers, read by any thread.

use crate::histogram::{Buckets, SharedHistogram};

/// The duration of each kind of work.
#[derive(Debug)]
pub struct WorkMeters {
    /// Blocks: the proof and the state transition.
    pub blocks: SharedHistogram,
    /// State transitions alone.
    pub transitions: SharedHistogram,
    /// Signatures of votes.
    pub votes: SharedHistogram,
}

impl Default for WorkMeters {
    fn default() -> Self {
        Self {
            blocks: SharedHistogram::new(Buckets::BLOCK_PROCESSING),
            transitions: SharedHistogram::new(Buckets::STATE_TRANSITION),
            votes: SharedHistogram::new(Buckets::VOTE_VALIDATION),
        }
    }
}
