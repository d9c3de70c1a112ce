//! The pools of votes: signatures to be aggregated, proofs to be counted, proofs that count.

use std::collections::BTreeMap;
use std::sync::Arc;

use indexmap::IndexMap;

use crate::attestation::{AggregationBits, SingleMessageAggregate, validator_indices};
use crate::checkpoint::AttestationData;
use crate::coverage::Proofs;
use crate::slot::ValidatorIndex;
use crate::voters::Voters;
use xmss::Signature;

/// How many different votes a pool holds. Validators that vote for many things at once must not fill the memory.
const MOST_VOTES: usize = 1_024;

/// How many proofs a pool holds for one vote.
const MOST_PROOFS: usize = 128;

/// How many bytes the proofs of a pool come to. One may have half a megabyte.
const MOST_PROOF_BYTES: usize = 256 << 20;

/// One validator's signature of a vote; the first one that came.
///
/// The specification keeps every signature, but a validator can make any number of them for one vote.
pub(super) type Signatures = BTreeMap<ValidatorIndex, Signature>;

/// The three pools.
#[derive(Clone, Debug, Default)]
pub(super) struct Pools {
    pub(super) signatures: Pool<Signatures>,
    pub(super) new: ProofPool,
    pub(super) known: ProofPool,
}

impl Pools {
    /// Drops the votes that do not pass, from all pools.
    pub(super) fn retain(&mut self, keep: impl Fn(&AttestationData) -> bool) {
        self.signatures.entries.retain(|data, _| keep(data));
        self.new.entries.retain(|data, _| keep(data));
        self.known.entries.retain(|data, _| keep(data));
    }

    /// Drops a vote's signatures by those who take part in a proof of it.
    pub(super) fn drop_signatures(&mut self, data: &AttestationData, participants: &AggregationBits) {
        let Some(signatures) = self.signatures.entries.get_mut(data) else { return };
        for voter in validator_indices(participants) {
            signatures.remove(&voter);
        }
        if signatures.is_empty() {
            self.signatures.remove(data);
        }
    }
}

/// What is held for each vote, in the order in which the votes came, on which ties in fork choice depend.
#[derive(Clone, Debug)]
pub(super) struct Pool<E> {
    entries: IndexMap<AttestationData, E>,
}

/// A pool of proofs.
pub(super) type ProofPool = Pool<Gathered>;

/// The proofs of a vote, and all their voters, so that fork choice need not look at each proof.
#[derive(Clone, Debug, Default)]
pub(super) struct Gathered {
    proofs: Proofs,
    voters: Voters,
    bytes: usize,
}

impl Gathered {
    fn add(&mut self, proof: Arc<SingleMessageAggregate>) {
        self.voters.join(&Voters::of(&proof.participants));
        self.bytes += proof.proof.len();
        self.proofs.push(proof);
    }
}

impl<E> Default for Pool<E> {
    fn default() -> Self {
        Self { entries: IndexMap::new() }
    }
}

impl<E: Default> Pool<E> {
    pub(super) fn get(&self, data: &AttestationData) -> Option<&E> {
        self.entries.get(data)
    }

    pub(super) fn iter(&self) -> indexmap::map::Iter<'_, AttestationData, E> {
        self.entries.iter()
    }

    pub(super) fn remove(&mut self, data: &AttestationData) {
        self.entries.shift_remove(data);
    }

    /// Finds or makes the entry of a vote; a full pool gives up the vote with the lowest slot for a new one.
    pub(super) fn entry(&mut self, data: AttestationData) -> &mut E {
        if !self.entries.contains_key(&data) {
            self.make_room(MOST_VOTES - 1);
        }
        self.entries.entry(data).or_default()
    }

    /// Puts entries for the given votes before all others; a vote that has an entry takes it along.
    pub(super) fn bring_to_front(&mut self, votes: impl Iterator<Item = AttestationData>) {
        let mut front = 0;
        for data in votes {
            match self.entries.get_index_of(&data) {
                Some(place) if place < front => {}
                Some(place) => self.entries.move_index(place, front),
                None => drop(self.entries.shift_insert(front, data, E::default())),
            }
            front = self.entries.get_index_of(&data).map_or(front, |place| front.max(place + 1));
        }
        self.make_room(MOST_VOTES);
    }

    /// Gives up the votes with the lowest slots until there are no more than `most`.
    fn make_room(&mut self, most: usize) {
        while self.entries.len() > most {
            let oldest =
                (0..self.entries.len()).min_by_key(|place| self.entries.get_index(*place).map(|(data, _)| data.slot));
            oldest.map(|place| self.entries.shift_remove_index(place));
        }
    }
}

impl ProofPool {
    /// Returns the proofs of a vote.
    pub(super) fn proofs(&self, data: &AttestationData) -> &[Arc<SingleMessageAggregate>] {
        self.get(data).map_or(&[], |gathered| &gathered.proofs)
    }

    /// Walks the votes and their proofs.
    pub(super) fn all_proofs(&self) -> impl Iterator<Item = (&AttestationData, &Proofs)> {
        self.iter().map(|(data, gathered)| (data, &gathered.proofs))
    }

    /// Walks the votes and everyone who has voted so.
    pub(super) fn voters(&self) -> impl Iterator<Item = (&AttestationData, &Voters)> {
        self.iter().map(|(data, gathered)| (data, &gathered.voters))
    }

    /// Adds a proof unless it is there already, or the vote has as many as a pool holds. Says whether it was added.
    pub(super) fn add(&mut self, data: AttestationData, proof: Arc<SingleMessageAggregate>) -> bool {
        let gathered = self.entry(data);
        let room = gathered.proofs.len() < MOST_PROOFS && !gathered.proofs.contains(&proof);
        if room {
            gathered.add(proof);
            self.bound_bytes(MOST_PROOF_BYTES);
        }
        room
    }

    /// Replaces the proofs of one vote with a single one.
    pub(super) fn set(&mut self, data: AttestationData, proof: Arc<SingleMessageAggregate>) {
        *self.entry(data) = Gathered::default();
        self.add(data, proof);
    }

    /// Takes over all of another pool's proofs.
    pub(super) fn absorb(&mut self, other: &mut Self) {
        for (data, gathered) in std::mem::take(&mut other.entries) {
            // A vote without proofs still takes its place in the order.
            self.entry(data);
            for proof in gathered.proofs {
                self.add(data, proof);
            }
        }
    }

    /// Puts one proof for each of the given votes before everything else, in place of the proofs of `old`.
    pub(super) fn replace(
        &mut self,
        old: &[(AttestationData, Proofs)],
        proofs: impl Iterator<Item = (AttestationData, Arc<SingleMessageAggregate>)>,
    ) {
        for (data, proofs) in old {
            self.remove_proofs(data, proofs);
        }
        let rest = std::mem::take(&mut self.entries);
        for (data, proof) in proofs {
            self.set(data, proof);
        }
        for (data, gathered) in rest {
            for proof in gathered.proofs {
                self.add(data, proof);
            }
        }
    }

    /// Drops these proofs of a vote, and the vote if it then has none.
    pub(super) fn remove_proofs(&mut self, data: &AttestationData, proofs: &[Arc<SingleMessageAggregate>]) {
        let Some(gathered) = self.entries.get_mut(data) else { return };
        for proof in std::mem::take(gathered).proofs {
            if !proofs.contains(&proof) {
                gathered.add(proof);
            }
        }
        if gathered.proofs.is_empty() {
            self.remove(data);
        }
    }

    /// Gives up the votes with the lowest slots until the proofs of the others come to no more than `most` bytes.
    fn bound_bytes(&mut self, most: usize) {
        while self.entries.values().map(|gathered| gathered.bytes).sum::<usize>() > most {
            self.make_room(self.entries.len() - 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Arc, AttestationData, ProofPool, SingleMessageAggregate};
    use crate::attestation::{ProofBytes, aggregation_bits};
    use crate::slot::Slot;

    fn vote(slot: Slot) -> AttestationData {
        AttestationData { slot, ..AttestationData::default() }
    }

    fn proof(voter: u64, bytes: usize) -> Arc<SingleMessageAggregate> {
        let participants = aggregation_bits([voter]).expect("a voter");
        Arc::new(SingleMessageAggregate { participants, proof: ProofBytes::try_from(vec![0; bytes]).expect("short") })
    }

    fn slots(pool: &ProofPool) -> Vec<Slot> {
        pool.iter().map(|(data, _)| data.slot).collect()
    }

    #[test]
    fn votes_are_brought_to_the_front_in_their_order_with_what_they_have() {
        let mut pool = ProofPool::default();
        for slot in 1..=4 {
            pool.add(vote(slot), proof(slot, 1));
        }
        pool.bring_to_front([vote(3), vote(9), vote(3), vote(1)].into_iter());
        assert_eq!(slots(&pool), [3, 9, 1, 2, 4]);
        assert_eq!(pool.proofs(&vote(3)), [proof(3, 1)]);
        assert!(pool.proofs(&vote(9)).is_empty());
    }

    #[test]
    fn proofs_come_to_so_many_bytes_only_and_the_oldest_votes_go_first() {
        let mut pool = ProofPool::default();
        for slot in [5, 4, 6] {
            pool.add(vote(slot), proof(slot, 100));
        }
        pool.add(vote(6), proof(7, 100));
        pool.bound_bytes(300);
        assert_eq!(slots(&pool), [5, 6]);
        pool.bound_bytes(299);
        assert_eq!(slots(&pool), [6]);
        pool.set(vote(6), proof(8, 10));
        pool.bound_bytes(10);
        assert_eq!(pool.proofs(&vote(6)), [proof(8, 10)]);
    }
}
