//! The validator registry.

use std::ops::Deref;
use std::sync::Arc;

use libssz::{DecodeError, SszDecode, SszEncode, decode_list_with_max};
use libssz_derive::{HashTreeRoot, SszDecode, SszEncode};
use libssz_merkle::{HashTreeRoot, Node, Sha2Hasher, Sha256Hasher, merkleize, mix_in_length};

use crate::attestation::{AggregationBits, validator_indices};
use crate::constants::VALIDATOR_REGISTRY_LIMIT;
use crate::slot::ValidatorIndex;
use xmss::PublicKey;

/// A validator's two keys.
///
/// There are two because a one-time signature can be made once in a slot, and a proposer also votes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, SszEncode, SszDecode, HashTreeRoot)]
pub struct Validator {
    /// Verifies its votes.
    pub attestation_public_key: PublicKey,
    /// Verifies the blocks that it proposes.
    pub proposal_public_key: PublicKey,
    /// Its place in the registry.
    pub index: ValidatorIndex,
}

/// All validators, each at the place that it names; at most [`VALIDATOR_REGISTRY_LIMIT`] of them.
///
/// No rule changes a registry after genesis, so all states of a chain share one, which is hashed when it is made: a clone
/// costs nothing, and neither does its root.
#[derive(Clone, Debug)]
pub struct Validators(Arc<Registry>);

#[derive(Debug)]
struct Registry {
    validators: Box<[Validator]>,
    root: Node,
}

impl Validators {
    /// Makes a registry of (attestation key, proposal key) pairs, numbered in order.
    ///
    /// Gives back nothing when there are more than [`VALIDATOR_REGISTRY_LIMIT`].
    pub fn new(keys: impl IntoIterator<Item = (PublicKey, PublicKey)>) -> Option<Self> {
        let validators: Box<[Validator]> = (0..)
            .zip(keys)
            .map(|(index, (attestation_public_key, proposal_public_key))| Validator {
                attestation_public_key,
                proposal_public_key,
                index,
            })
            .collect();
        (validators.len() <= VALIDATOR_REGISTRY_LIMIT).then(|| Self::hashed(validators))
    }

    fn hashed(validators: Box<[Validator]>) -> Self {
        let roots: Vec<Node> = validators.iter().map(|validator| validator.hash_tree_root(&Sha2Hasher)).collect();
        let root = merkleize(&Sha2Hasher, &roots, Some(VALIDATOR_REGISTRY_LIMIT));
        let root = mix_in_length(&Sha2Hasher, &root, validators.len());
        Self(Arc::new(Registry { validators, root }))
    }

    /// Finds a validator by its index.
    pub fn at(&self, index: ValidatorIndex) -> Option<&Validator> {
        self.get(usize::try_from(index).ok()?)
    }

    /// Collects the attestation keys of the validators whose bits are set; nothing when one is not in the registry.
    pub fn attestation_keys(&self, bits: &AggregationBits) -> Option<Vec<PublicKey>> {
        let key = |index| self.at(index).map(|validator| validator.attestation_public_key);
        validator_indices(bits).map(key).collect()
    }
}

impl Deref for Validators {
    type Target = [Validator];

    fn deref(&self) -> &Self::Target {
        &self.0.validators
    }
}

impl Default for Validators {
    fn default() -> Self {
        Self::hashed(Box::default())
    }
}

impl PartialEq for Validators {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self[..] == other[..]
    }
}

impl Eq for Validators {}

impl SszEncode for Validators {
    fn is_fixed_size() -> bool {
        false
    }

    fn fixed_size() -> usize {
        0
    }

    fn encoded_len(&self) -> usize {
        self.len() * <Validator as SszEncode>::fixed_size()
    }

    fn ssz_append(&self, buf: &mut Vec<u8>) {
        Validator::ssz_append_fixed_slice(self, buf);
    }
}

impl SszDecode for Validators {
    fn is_fixed_size() -> bool {
        false
    }

    fn fixed_size() -> usize {
        0
    }

    fn from_ssz_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        let validators: Vec<Validator> = decode_list_with_max(bytes, VALIDATOR_REGISTRY_LIMIT)?;
        match validators.iter().zip(0u64..).find(|(validator, place)| validator.index != *place) {
            // The decoder's errors have none for a wrong value; this one names what was expected and what came.
            Some((validator, place)) => Err(DecodeError::InvalidFixedLength {
                expected: place as usize,
                got: usize::try_from(validator.index).unwrap_or(usize::MAX),
            }),
            None => Ok(Self::hashed(validators.into())),
        }
    }
}

impl HashTreeRoot for Validators {
    /// Returns what was computed when the registry was made, by SHA-256 whatever the hasher is.
    fn hash_tree_root(&self, _hasher: &impl Sha256Hasher) -> Node {
        self.0.root
    }
}
