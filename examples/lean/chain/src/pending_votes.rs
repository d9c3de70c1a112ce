//! Votes held for a missing block.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use libssz::SszEncode as _;
use network::PeerId;

use crate::sender::Sender;
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
/// peer with the most votes loses its oldest one, so a flood evicts only the votes of its sender.
#[derive(Debug)]
pub(super) struct PendingVotes {
    capacity: usize,
    most_bytes: usize,
    /// The total encoded size of the votes.
    bytes: usize,
    /// Each vote by its number, the oldest first.
    votes: BTreeMap<u64, Held>,
    last_number: u64,
    /// The numbers of each peer's votes, the oldest first.
    of_peer: HashMap<PeerId, VecDeque<u64>>,
    /// Each peer with the number of its votes.
    largest: BTreeSet<(usize, PeerId)>,
    evicted: u64,
}

/// A held vote.
#[derive(Debug)]
struct Held {
    missing: Root,
    vote: HeldVote,
    sender: Sender,
}

impl PendingVotes {
    pub(super) fn new(capacity: usize, most_bytes: usize) -> Self {
        Self {
            capacity,
            most_bytes,
            bytes: 0,
            votes: BTreeMap::new(),
            last_number: 0,
            of_peer: HashMap::new(),
            largest: BTreeSet::new(),
            evicted: 0,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.votes.len()
    }

    /// Returns the number of votes evicted for lack of room.
    pub(super) fn evicted(&self) -> u64 {
        self.evicted
    }

    pub(super) fn hold(&mut self, missing: Root, vote: HeldVote, sender: Sender) {
        self.bytes += vote.encoded_len();
        self.last_number += 1;
        self.votes.insert(self.last_number, Held { missing, vote, sender });
        let number = self.last_number;
        self.change(sender.peer, |numbers| numbers.push_back(number));
        while self.votes.len() > self.capacity || self.bytes > self.most_bytes {
            let Some(number) = self.least_fair() else { break };
            self.remove(number);
            self.evicted += 1;
        }
    }

    /// Removes the votes waiting for this block, the oldest first.
    pub(super) fn take(&mut self, imported: Root) -> Vec<(HeldVote, Sender)> {
        let meant = self.votes.iter().filter(|(_, held)| held.missing == imported);
        let numbers: Vec<_> = meant.map(|(number, _)| *number).collect();
        numbers.into_iter().filter_map(|number| self.remove(number)).collect()
    }

    /// Returns the vote to evict: the oldest one of the peer with the most votes, or the oldest of
    /// all if no peer has two.
    fn least_fair(&self) -> Option<u64> {
        match self.largest.last() {
            Some((2.., peer)) => self.of_peer.get(peer)?.front().copied(),
            _ => self.votes.keys().next().copied(),
        }
    }

    fn remove(&mut self, number: u64) -> Option<(HeldVote, Sender)> {
        let Held { vote, sender, .. } = self.votes.remove(&number)?;
        self.bytes -= vote.encoded_len();
        self.change(sender.peer, |numbers| {
            // Mostly the oldest one.
            if numbers.front() == Some(&number) {
                numbers.pop_front();
            } else {
                numbers.retain(|other| *other != number);
            }
        });
        Some((vote, sender))
    }

    fn change(&mut self, peer: PeerId, change: impl FnOnce(&mut VecDeque<u64>)) {
        let numbers = self.of_peer.entry(peer).or_default();
        self.largest.remove(&(numbers.len(), peer));
        change(numbers);
        if numbers.is_empty() {
            self.of_peer.remove(&peer);
        } else {
            self.largest.insert((numbers.len(), peer));
        }
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

    fn slots(votes: &[(HeldVote, Sender)]) -> Vec<u64> {
        votes.iter().map(|(vote, _)| vote.data().slot).collect()
    }

    fn sender() -> Sender {
        Sender { peer: PeerId::random(), is_configured: false }
    }

    #[test]
    fn a_flood_of_votes_evicts_only_those_of_its_sender() {
        let (missing, flooder, honest) = (Root::from([1; 32]), sender(), sender());
        let mut pool = PendingVotes::new(8, BYTES);
        (1..=3).for_each(|slot| pool.hold(missing, vote(slot), honest));
        (10..100).for_each(|slot| pool.hold(missing, vote(slot), flooder));
        (0..2).for_each(|_| pool.hold(missing, vote(200), sender()));
        assert_eq!(slots(&pool.take(missing)), [1, 2, 3, 97, 98, 99, 200, 200]);
        assert!(pool.of_peer.is_empty() && pool.largest.is_empty() && pool.bytes == 0);
    }

    #[test]
    fn votes_are_released_with_their_block_and_the_others_stay() {
        let [one, two] = [1, 2].map(|byte| Root::from([byte; 32]));
        let mut pool = PendingVotes::new(8, BYTES);
        for (slot, missing) in [(1, one), (2, two), (3, one)] {
            pool.hold(missing, vote(slot), sender());
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
            pool.hold(missing, vote(slot), sender());
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
            pool.hold(missing, vote(slot), sender());
        }
        assert_eq!(slots(&pool.take(missing)), [2, 3]);
        pool.hold(missing, vote(4), sender());
        pool.hold(missing, vote(5), sender());
        assert_eq!((pool.len(), pool.evicted()), (2, 1), "a released vote no longer counts");
    }
}
