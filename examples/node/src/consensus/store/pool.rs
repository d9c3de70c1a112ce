//! The pools of votes: signatures to be aggregated, proofs to be counted, proofs that count.

use std::collections::BTreeMap;
use std::sync::Arc;

use indexmap::IndexMap;

use crate::consensus::attestation::{AggregationBits, SingleMessageAggregate, validator_indices};
use crate::consensus::checkpoint::AttestationData;
use crate::consensus::coverage::Proofs;
use crate::consensus::slot::ValidatorIndex;
use crate::xmss::Signature;

/// How many different votes a pool holds. Validators that vote for many things at once must not fill the memory.
const MOST_VOTES: usize = 1_024;

/// How many proofs a pool holds for one vote.
const MOST_PROOFS: usize = 128;

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
pub(super) type ProofPool = Pool<Proofs>;

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
        let mut rest = std::mem::take(&mut self.entries);
        for data in votes {
            let entry = rest.shift_remove(&data).unwrap_or_default();
            self.entries.entry(data).or_insert(entry);
        }
        self.entries.extend(rest);
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
        self.get(data).map_or(&[], Vec::as_slice)
    }

    /// Adds a proof unless it is there already, or the vote has as many as a pool holds. Says whether it was added.
    pub(super) fn add(&mut self, data: AttestationData, proof: Arc<SingleMessageAggregate>) -> bool {
        let proofs = self.entry(data);
        let room = proofs.len() < MOST_PROOFS && !proofs.contains(&proof);
        if room {
            proofs.push(proof);
        }
        room
    }

    /// Takes over all of another pool's proofs.
    pub(super) fn absorb(&mut self, other: &mut Self) {
        for (data, proofs) in std::mem::take(&mut other.entries) {
            // A vote without proofs still takes its place in the order.
            self.entry(data);
            for proof in proofs {
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
        let rest = std::mem::replace(&mut self.entries, proofs.map(|(data, proof)| (data, vec![proof])).collect());
        for (data, proofs) in rest {
            for proof in proofs {
                self.add(data, proof);
            }
        }
    }

    /// Drops these proofs of a vote, and the vote if it then has none.
    pub(super) fn remove_proofs(&mut self, data: &AttestationData, proofs: &[Arc<SingleMessageAggregate>]) {
        let Some(held) = self.entries.get_mut(data) else { return };
        held.retain(|proof| !proofs.contains(proof));
        if held.is_empty() {
            self.remove(data);
        }
    }
}
