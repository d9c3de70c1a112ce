//! A bounded pool of votes: signatures or proofs, by the data of their vote.

use std::collections::BTreeMap;
use std::sync::Arc;

use indexmap::IndexMap;

use crate::attestation::{
    AggregationBits, SignedAttestation, SingleMessageAggregate, validator_indices,
};
use crate::checkpoint::AttestationData;
use crate::coverage::Proofs;
use crate::slot::ValidatorIndex;
use crate::voters::Voters;
use xmss::Signature;

/// The largest number of distinct votes in a pool. It bounds the memory used by validators with
/// many votes at once.
const MOST_VOTES: usize = 1_024;

/// The largest number of proofs for one vote.
const MOST_PROOFS: usize = 128;

/// The largest size of all proofs in a pool, in bytes. One proof can have half a megabyte.
const MOST_PROOF_BYTES: usize = 256 << 20;

/// The signatures of one vote: the first one of each validator.
///
/// The specification keeps every signature. But a validator can make any number of them for one
/// vote.
pub(super) type Signatures = BTreeMap<ValidatorIndex, Signature>;

/// Entries by vote, in order of arrival. The votes of an imported block move to the front. Ties in
/// fork choice depend on this order.
///
/// Invariant: a pool has at most 1,024 votes. In a full pool, a new vote replaces the vote with the
/// lowest slot.
#[derive(Clone, Debug)]
pub(super) struct Pool<E> {
    entries: IndexMap<AttestationData, E>,
}

/// A pool of signatures.
pub(super) type SignaturePool = Pool<Signatures>;

/// A pool of proofs.
///
/// Invariants: a vote has at most 128 proofs, no proof twice. All proofs together have at most 256
/// MiB: the votes with the lowest slots are dropped first.
pub(super) type ProofPool = Pool<Gathered>;

/// The proofs of a vote, and the union of their voters. Fork choice reads the union, not each
/// proof.
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

    fn remove(&mut self, data: &AttestationData) {
        self.entries.shift_remove(data);
    }

    /// Keeps only the votes accepted by `keep`.
    pub(super) fn retain(&mut self, keep: impl Fn(&AttestationData) -> bool) {
        self.entries.retain(|data, _| keep(data));
    }

    /// Returns the entry of a vote. Creates it if necessary, in a full pool by dropping the vote
    /// with the lowest slot.
    fn entry(&mut self, data: AttestationData) -> &mut E {
        if !self.entries.contains_key(&data) {
            self.make_room(MOST_VOTES - 1);
        }
        self.entries.entry(data).or_default()
    }

    /// Moves the entries of these votes to the front, in this order. Creates missing entries.
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

    /// Drops the votes with the lowest slots until at most `most` are left.
    fn make_room(&mut self, most: usize) {
        while self.entries.len() > most {
            let oldest = (0..self.entries.len())
                .min_by_key(|place| self.entries.get_index(*place).map(|(data, _)| data.slot));
            oldest.map(|place| self.entries.shift_remove_index(place));
        }
    }
}

impl SignaturePool {
    /// Adds a signature if it is the first of its validator for its vote. Returns whether it was
    /// added.
    pub(super) fn insert(&mut self, attestation: &SignedAttestation) -> bool {
        let signatures = self.entry(attestation.data);
        let first = !signatures.contains_key(&attestation.validator_index);
        if first {
            signatures.insert(attestation.validator_index, attestation.signature.clone());
        }
        first
    }

    pub(super) fn contains(&self, data: &AttestationData, validator_index: ValidatorIndex) -> bool {
        self.get(data).is_some_and(|signatures| signatures.contains_key(&validator_index))
    }

    /// Drops the signatures of a proof's participants.
    pub(super) fn remove_participants(
        &mut self,
        data: &AttestationData,
        participants: &AggregationBits,
    ) {
        let Some(signatures) = self.entries.get_mut(data) else { return };
        for voter in validator_indices(participants) {
            signatures.remove(&voter);
        }
        if signatures.is_empty() {
            self.remove(data);
        }
    }
}

impl ProofPool {
    /// Returns the proofs of a vote.
    pub(super) fn proofs(&self, data: &AttestationData) -> &[Arc<SingleMessageAggregate>] {
        self.get(data).map_or(&[], |gathered| &gathered.proofs)
    }

    /// Returns the votes and their proofs.
    pub(super) fn all_proofs(&self) -> impl Iterator<Item = (&AttestationData, &Proofs)> {
        self.iter().map(|(data, gathered)| (data, &gathered.proofs))
    }

    /// Returns the votes and their voters.
    pub(super) fn voters(&self) -> impl Iterator<Item = (&AttestationData, &Voters)> {
        self.iter().map(|(data, gathered)| (data, &gathered.voters))
    }

    /// Adds a proof, unless the vote has this proof or 128 others already. Returns whether it was
    /// added.
    pub(super) fn add(
        &mut self,
        data: AttestationData,
        proof: Arc<SingleMessageAggregate>,
    ) -> bool {
        let gathered = self.entry(data);
        let room = gathered.proofs.len() < MOST_PROOFS && !gathered.proofs.contains(&proof);
        if room {
            gathered.add(proof);
            self.bound_bytes(MOST_PROOF_BYTES);
        }
        room
    }

    /// Replaces the proofs of one vote with a single one.
    fn set(&mut self, data: AttestationData, proof: Arc<SingleMessageAggregate>) {
        *self.entry(data) = Gathered::default();
        self.add(data, proof);
    }

    /// Moves all proofs of another pool to this one.
    pub(super) fn absorb(&mut self, other: &mut Self) {
        for (data, gathered) in std::mem::take(&mut other.entries) {
            // A vote without proofs also takes its place in the order.
            self.entry(data);
            for proof in gathered.proofs {
                self.add(data, proof);
            }
        }
    }

    /// Removes the proofs of `old`, and puts one proof for each of the new votes in front of the
    /// others.
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

    /// Drops these proofs of a vote, and the vote if no proof is left.
    pub(super) fn remove_proofs(
        &mut self,
        data: &AttestationData,
        proofs: &[Arc<SingleMessageAggregate>],
    ) {
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

    /// Drops the votes with the lowest slots until the proofs have at most `most` bytes.
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
        Arc::new(SingleMessageAggregate {
            participants,
            proof: ProofBytes::try_from(vec![0; bytes]).expect("short"),
        })
    }

    fn slots(pool: &ProofPool) -> Vec<Slot> {
        pool.iter().map(|(data, _)| data.slot).collect()
    }

    #[test]
    fn votes_move_to_the_front_in_their_order_with_their_proofs() {
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
    fn proofs_stay_below_a_number_of_bytes_and_the_oldest_votes_are_dropped_first() {
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
