//! The pool of signatures to aggregate.

use std::collections::BTreeMap;

use crate::attestation::{AggregationBits, SignedAttestation};
use crate::checkpoint::AttestationData;
use crate::slot::ValidatorIndex;
use crate::store::pool::{Held, Pool};
use crate::voters::Voters;
use xmss::Signature;

/// The largest number of signatures of one validator. An honest validator signs one vote a slot,
/// and it is aggregated in the same slot.
const MOST_OF_VALIDATOR: usize = 16;

/// A pool of signatures.
///
/// Invariant: each validator has at most 16 signatures, those of its newest votes. So the
/// signatures of 4,096 validators have at most 166 MB, even if all of them sign without end.
///
/// The specification keeps every signature. But a validator can make any number of them, for one
/// vote or for many.
#[derive(Clone, Debug)]
pub(super) struct SignaturePool(Pool<Signatures>);

/// The signatures of one vote: the first one of each validator.
#[derive(Clone, Debug, Default)]
struct Signatures {
    by_validator: BTreeMap<ValidatorIndex, Signature>,
    voters: Voters,
}

impl Held for Signatures {
    fn voters(&self) -> &Voters {
        &self.voters
    }

    /// Signatures are bounded by their number.
    fn bytes(&self) -> usize {
        0
    }
}

impl Signatures {
    fn insert(&mut self, attestation: &SignedAttestation) -> bool {
        let voter = attestation.validator_index;
        let is_first = !self.by_validator.contains_key(&voter);
        if is_first {
            self.by_validator.insert(voter, attestation.signature.clone());
            self.voters.insert(voter);
        }
        is_first
    }

    fn remove(&mut self, voter: ValidatorIndex) {
        self.by_validator.remove(&voter);
        self.voters.remove_one(voter);
    }
}

impl Default for SignaturePool {
    fn default() -> Self {
        Self(Pool::with_most_bytes(0))
    }
}

impl SignaturePool {
    /// Adds a signature if it is the first of its validator for its vote. Returns whether it was
    /// added. Drops the signature of the validator's oldest vote if the validator has too many.
    pub(super) fn insert(&mut self, attestation: &SignedAttestation) -> bool {
        let (is_first, _) =
            self.0.change(attestation.data, |signatures| signatures.insert(attestation));
        if is_first {
            self.keep_share(attestation.validator_index);
        }
        is_first && self.contains(&attestation.data, attestation.validator_index)
    }

    pub(super) fn contains(&self, data: &AttestationData, voter: ValidatorIndex) -> bool {
        self.0.get(data).is_some_and(|signatures| signatures.by_validator.contains_key(&voter))
    }

    /// Returns the votes, and the signatures of each.
    pub(super) fn iter(
        &self,
    ) -> impl Iterator<Item = (&AttestationData, &BTreeMap<ValidatorIndex, Signature>)> {
        self.0.iter().map(|(data, signatures)| (data, &signatures.by_validator))
    }

    /// Returns the signatures of a vote.
    pub(super) fn of(
        &self,
        data: &AttestationData,
    ) -> impl Iterator<Item = (&ValidatorIndex, &Signature)> {
        self.0.get(data).into_iter().flat_map(|signatures| &signatures.by_validator)
    }

    /// Keeps only the votes accepted by `keep`.
    pub(super) fn retain(&mut self, keep: impl Fn(&AttestationData) -> bool) {
        self.0.retain(keep);
    }

    /// Drops the signatures of a proof's participants.
    pub(super) fn remove_participants(
        &mut self,
        data: &AttestationData,
        participants: &AggregationBits,
    ) {
        for voter in Voters::of(participants).iter() {
            self.remove(data, voter);
        }
    }

    fn remove(&mut self, data: &AttestationData, voter: ValidatorIndex) {
        let Some(signatures) = self.0.get_mut(data) else { return };
        signatures.remove(voter);
        if signatures.by_validator.is_empty() {
            self.0.remove(data);
        }
    }

    fn keep_share(&mut self, voter: ValidatorIndex) {
        let votes = || self.0.ranked().filter(|(.., signatures)| signatures.voters.contains(voter));
        if votes().count() <= MOST_OF_VALIDATOR {
            return;
        }
        let oldest = votes().min_by_key(|(precedence, ..)| *precedence);
        if let Some(data) = oldest.map(|(_, data, _)| *data) {
            self.remove(&data, voter);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{AttestationData, MOST_OF_VALIDATOR, SignaturePool, SignedAttestation};
    use crate::checkpoint::Checkpoint;
    use crate::slot::{Slot, ValidatorIndex};
    use crate::store::pool::MOST_VOTES;
    use xmss::{Scheme, SecretKey, Signature};

    fn signature() -> Signature {
        let mut key = SecretKey::generate(Scheme::TEST, [1; 32], 0, 1).expect("the range fits");
        key.sign(0, &[0; 32]).expect("the slot is not used yet")
    }

    fn vote(slot: Slot, number: u64) -> AttestationData {
        let source = Checkpoint { slot: number, ..Checkpoint::default() };
        AttestationData { slot, source, ..AttestationData::default() }
    }

    fn votes_of(pool: &SignaturePool, voter: ValidatorIndex) -> usize {
        pool.iter().filter(|(_, signatures)| signatures.contains_key(&voter)).count()
    }

    #[test]
    fn a_validator_has_few_signatures_and_displaces_only_its_own() {
        let (mut pool, signature) = (SignaturePool::default(), signature());
        let mut sign = |validator_index, data| {
            pool.insert(&SignedAttestation { validator_index, data, signature: signature.clone() })
        };
        assert!(sign(0, vote(5, 0)));
        assert!(sign(9, vote(5, 0)));
        assert!(!sign(0, vote(5, 0)), "the first one of a validator and vote stays");
        for number in 1..2_000 {
            sign(9, vote(5 + number % 2, number));
        }
        assert!(sign(1, vote(5, 0)), "the vote of others is still there");
        assert_eq!((votes_of(&pool, 0), votes_of(&pool, 1)), (1, 1));
        assert_eq!(votes_of(&pool, 9), MOST_OF_VALIDATOR);
    }

    #[test]
    fn many_validators_with_many_signatures_leave_each_the_newest_vote_of_the_others() {
        let (mut pool, signature) = (SignaturePool::default(), signature());
        let mut sign = |validator_index, data| {
            pool.insert(&SignedAttestation { validator_index, data, signature: signature.clone() })
        };
        sign(0, vote(1, 0));
        for validator in 1..200 {
            for number in 0..20 {
                sign(validator, vote(9, 100 * validator + number));
            }
        }
        assert!(pool.iter().count() <= MOST_VOTES);
        assert!((0..200).all(|validator| votes_of(&pool, validator) > 0));
    }
}
