//! Votes held for a missing block.

use std::sync::Arc;

use actor_lanes::actor::Parked;
use libssz::SszEncode as _;

use crate::sender::{Sender, source_of};
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

/// Votes held until their missing block is imported, with their senders.
///
/// The votes are unverified, so their number and their total encoded size are bounded. When it is
/// full, the sender with the most votes (or bytes) loses its oldest one, so a flood evicts only the
/// votes of its sender.
pub(super) type PendingVotes = Parked<Root, (HeldVote, Sender)>;

pub(super) fn pending_votes(most: usize, most_bytes: usize) -> PendingVotes {
    Parked::new(most)
        .per_source(usize::MAX, |(_, sender): &(HeldVote, Sender)| Some(source_of(&sender.peer)))
        .weighing(most_bytes, |(vote, _)| vote.encoded_len())
}

/// Returns the number of votes without a place.
pub(super) fn evicted(votes: &PendingVotes) -> u64 {
    let stats = votes.stats();
    stats.evicted + stats.refused
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
    use network::PeerId;

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

    fn hold(pool: &mut PendingVotes, slot: u64, missing: Root, sender: Sender) {
        pool.park(missing, (vote(slot), sender));
    }

    fn slots(pool: &mut PendingVotes, imported: Root) -> Vec<u64> {
        pool.release(&imported).map(|(vote, _)| vote.data().slot).collect()
    }

    fn sender() -> Sender {
        Sender { peer: PeerId::random(), is_configured: false }
    }

    #[test]
    fn a_flood_of_votes_evicts_only_those_of_its_sender() {
        let (missing, flooder, honest) = (Root::from([1; 32]), sender(), sender());
        let mut pool = pending_votes(8, BYTES);
        (1..=3).for_each(|slot| hold(&mut pool, slot, missing, honest));
        (10..100).for_each(|slot| hold(&mut pool, slot, missing, flooder));
        (0..2).for_each(|_| hold(&mut pool, 200, missing, sender()));
        assert_eq!(slots(&mut pool, missing), [1, 2, 3, 97, 98, 99, 200, 200]);
        assert_eq!(pool.stats().weight, 0);
    }

    #[test]
    fn votes_are_released_with_their_block_and_the_others_stay() {
        let [one, two] = [1, 2].map(|byte| Root::from([byte; 32]));
        let mut pool = pending_votes(8, BYTES);
        for (slot, missing) in [(1, one), (2, two), (3, one)] {
            hold(&mut pool, slot, missing, sender());
        }
        assert_eq!(slots(&mut pool, one), [1, 3]);
        assert_eq!(pool.len(), 1);
        assert_eq!(slots(&mut pool, two), [2]);
    }

    #[test]
    fn a_full_pool_evicts_the_oldest_vote() {
        let missing = Root::from([1; 32]);
        let mut pool = pending_votes(2, BYTES);
        for slot in [1, 2, 3] {
            hold(&mut pool, slot, missing, sender());
        }
        assert_eq!(evicted(&pool), 1);
        assert_eq!(slots(&mut pool, missing), [2, 3]);
    }

    #[test]
    fn large_votes_are_bounded_by_their_total_size() {
        let missing = Root::from([1; 32]);
        let size = vote(1).encoded_len();
        let mut pool = pending_votes(8, 2 * size);
        for slot in [1, 2, 3] {
            hold(&mut pool, slot, missing, sender());
        }
        assert_eq!(slots(&mut pool, missing), [2, 3]);
        hold(&mut pool, 4, missing, sender());
        hold(&mut pool, 5, missing, sender());
        assert_eq!((pool.len(), evicted(&pool)), (2, 1), "a released vote no longer counts");
    }
}
