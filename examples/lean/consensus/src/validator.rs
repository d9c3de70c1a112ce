//! The validator registry.

use std::error::Error;
use std::fmt;
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
/// A proposer signs both a block and a vote in one slot, and a one-time key signs only once per
/// slot. Each validator therefore has two keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, SszEncode, SszDecode, HashTreeRoot)]
pub struct Validator {
    /// The key for verifying its votes.
    pub attestation_public_key: PublicKey,
    /// The key for verifying its proposed blocks.
    pub proposal_public_key: PublicKey,
    /// The validator's index in the registry.
    pub index: ValidatorIndex,
}

/// A validator has the same public key for votes and for blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EqualKeys {
    /// The validator's index.
    pub index: ValidatorIndex,
}

impl fmt::Display for EqualKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "validator {} has the same public key for votes and for blocks", self.index)
    }
}

impl Error for EqualKeys {}

/// All validators, in the order of their indices, at most [`VALIDATOR_REGISTRY_LIMIT`].
///
/// No rule changes a registry after genesis. All states of a chain therefore share one registry,
/// hashed when it is created. A clone or a root of the registry costs almost nothing.
#[derive(Clone, Debug)]
pub struct Validators(Arc<Registry>);

#[derive(Debug)]
struct Registry {
    validators: Box<[Validator]>,
    root: Node,
}

impl Validators {
    /// Creates a registry of (attestation key, proposal key) pairs, numbered in order.
    ///
    /// Returns `None` if there are more than [`VALIDATOR_REGISTRY_LIMIT`] pairs.
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
        let roots: Vec<Node> =
            validators.iter().map(|validator| validator.hash_tree_root(&Sha2Hasher)).collect();
        let root = merkleize(&Sha2Hasher, &roots, Some(VALIDATOR_REGISTRY_LIMIT));
        let root = mix_in_length(&Sha2Hasher, &root, validators.len());
        Self(Arc::new(Registry { validators, root }))
    }

    /// Returns the validator with this index, or `None` if the index is not in the registry.
    pub fn at(&self, index: ValidatorIndex) -> Option<&Validator> {
        self.get(usize::try_from(index).ok()?)
    }

    /// Checks that each validator's two public keys differ. Read registries with this check: an
    /// encoding with equal keys is valid.
    ///
    /// A proposer signs a block and a vote in one slot. With one key for both, it would use a
    /// one-time signature twice, and anyone could forge signatures from the two.
    ///
    /// # Errors
    ///
    /// [`EqualKeys`] with the first such validator.
    pub fn check_keys_differ(&self) -> Result<(), EqualKeys> {
        let equal = |entry: &&Validator| entry.attestation_public_key == entry.proposal_public_key;
        match self.iter().find(equal) {
            Some(entry) => Err(EqualKeys { index: entry.index }),
            None => Ok(()),
        }
    }

    /// Returns the attestation keys of the validators with a set bit, or `None` if one of them is
    /// not in the registry.
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
            // The decoder has no error for a wrong value. This one reports the expected index and
            // the actual one.
            Some((validator, place)) => Err(DecodeError::InvalidFixedLength {
                expected: place as usize,
                got: usize::try_from(validator.index).unwrap_or(usize::MAX),
            }),
            None => Ok(Self::hashed(validators.into())),
        }
    }
}

impl HashTreeRoot for Validators {
    /// Returns the root computed at the registry's creation, by SHA-256 regardless of the hasher.
    fn hash_tree_root(&self, _hasher: &impl Sha256Hasher) -> Node {
        self.0.root
    }
}
