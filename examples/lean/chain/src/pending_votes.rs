//! Votes held for a missing block.

use std::collections::VecDeque;
use std::sync::Arc;

use libssz::SszEncode as _;

use consensus::{AttestationData, Rejection, Root, SignedAggregatedAttestation, SignedAttestation};

/// A vote of one validator, or an aggregate.
#[derive(Clone, Debug)]
pub(super) enum HeldVote {
    Single(Arc<SignedAttestation>),
    Aggregate(Arc<SignedAggregatedAttestation>),
}

impl HeldVote {
    /// Returns the content of the vote.
    pub(super) fn data(&self) -> &AttestationData {
        match self {
            Self::Single(vote) => &vote.data,
            Self::Aggregate(vote) => &vote.data,
        }
    }

    /// Returns its encoded size in bytes.
    pub(super) fn encoded_len(&self) -> usize {
        match self {
            Self::Single(vote) => vote.encoded_len(),
            Self::Aggregate(vote) => vote.encoded_len(),
        }
    }
}

/// Holds votes until their missing block is imported.
///
/// The votes are unverified, so their number and their total size are bounded. When it is full, the
/// oldest vote is evicted.
#[derive(Debug)]
pub(super) struct PendingVotes {
    capacity: usize,
    most_bytes: usize,
    /// The total encoded size of the votes.
    bytes: usize,
    /// Each vote with its missing block, the oldest first.
    votes: VecDeque<(Root, HeldVote)>,
    evicted: u64,
}

impl PendingVotes {
    pub(super) fn new(capacity: usize, most_bytes: usize) -> Self {
        Self { capacity, most_bytes, bytes: 0, votes: VecDeque::new(), evicted: 0 }
    }

    pub(super) fn len(&self) -> usize {
        self.votes.len()
    }

    /// Returns the number of votes evicted for lack of room.
    pub(super) fn evicted(&self) -> u64 {
        self.evicted
    }

    pub(super) fn hold(&mut self, missing: Root, vote: HeldVote) {
        self.bytes += vote.encoded_len();
        self.votes.push_back((missing, vote));
        while self.votes.len() > self.capacity || self.bytes > self.most_bytes {
            let Some((_, oldest)) = self.votes.pop_front() else { break };
            self.bytes -= oldest.encoded_len();
            self.evicted += 1;
        }
    }

    /// Removes the votes waiting for this block, the oldest first.
    pub(super) fn take(&mut self, imported: Root) -> Vec<HeldVote> {
        let mut taken = Vec::new();
        for _ in 0..self.votes.len() {
            let Some((missing, vote)) = self.votes.pop_front() else { break };
            if missing == imported {
                self.bytes -= vote.encoded_len();
                taken.push(vote);
            } else {
                self.votes.push_back((missing, vote));
            }
        }
        taken
    }
}

/// Returns the missing block of a rejected vote, or `None` if the vote was rejected for another
/// reason.
pub(super) fn missing_block(rejection: Rejection, data: &AttestationData) -> Option<Root> {
    match rejection {
        Rejection::UnknownSourceBlock => Some(data.source.root),
        Rejection::UnknownTargetBlock => Some(data.target.root),
        Rejection::UnknownHeadBlock => Some(data.head.root),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use consensus::{AggregationBits, SingleMessageAggregate};

    const BYTES: usize = 1 << 20;

    fn vote(slot: u64) -> HeldVote {
        let data = AttestationData { slot, ..AttestationData::default() };
        let participants =
            AggregationBits::with_length(1).expect("one validator is within the limit");
        let proof = SingleMessageAggregate { participants, proof: Default::default() };
        HeldVote::Aggregate(Arc::new(SignedAggregatedAttestation { data, proof }))
    }

    fn slots(votes: &[HeldVote]) -> Vec<u64> {
        votes.iter().map(|vote| vote.data().slot).collect()
    }

    #[test]
    fn votes_are_released_with_their_block_and_the_others_stay() {
        let [one, two] = [1, 2].map(|byte| Root::from([byte; 32]));
        let mut pool = PendingVotes::new(8, BYTES);
        for (slot, missing) in [(1, one), (2, two), (3, one)] {
            pool.hold(missing, vote(slot));
        }
        assert_eq!(slots(&pool.take(one)), [1, 3]);
        assert_eq!(pool.len(), 1);
        assert_eq!(slots(&pool.take(two)), [2]);
    }

    #[test]
    fn a_full_pool_evicts_the_oldest_vote() {
        let missing = Root::from([1; 32]);
        let mut pool = PendingVotes::new(2, BYTES);
        for slot in [1, 2, 3] {
            pool.hold(missing, vote(slot));
        }
        assert_eq!(pool.evicted(), 1);
        assert_eq!(slots(&pool.take(missing)), [2, 3]);
    }

    #[test]
    fn large_votes_are_bounded_by_their_total_size() {
        let missing = Root::from([1; 32]);
        let size = vote(1).encoded_len();
        let mut pool = PendingVotes::new(8, 2 * size);
        for slot in [1, 2, 3] {
            pool.hold(missing, vote(slot));
        }
        assert_eq!(slots(&pool.take(missing)), [2, 3]);
        pool.hold(missing, vote(4));
        pool.hold(missing, vote(5));
        assert_eq!((pool.len(), pool.evicted()), (2, 1), "a released vote no longer counts");
    }
}
