//! Votes in their envelopes: one validator's, and many validators' behind one proof.

use libssz::{DecodeError, SszDecode, SszEncode};
use libssz_derive::{HashTreeRoot, SszDecode, SszEncode};
use libssz_types::{SszBitlist, SszList};

use crate::bits::{WORD, words};
use crate::checkpoint::AttestationData;
use crate::constants::{PROOF_BYTES_LIMIT, VALIDATOR_REGISTRY_LIMIT};
use crate::slot::ValidatorIndex;
use xmss::Signature;

/// One bit for each validator, set for those that take part; may be shorter than the registry.
pub type AggregationBits = SszBitlist<VALIDATOR_REGISTRY_LIMIT>;

/// The bytes of an aggregation proof.
pub type ProofBytes = SszList<u8, PROOF_BYTES_LIMIT>;

/// Lists the validators whose bits are set, lowest first.
pub fn validator_indices(bits: &AggregationBits) -> impl Iterator<Item = ValidatorIndex> {
    let of_word = |(place, mut word): (usize, u64)| {
        std::iter::from_fn(move || {
            let lowest = (word != 0).then(|| word.trailing_zeros() as usize)?;
            word &= word - 1;
            Some((place * WORD + lowest) as ValidatorIndex)
        })
    };
    words(bits.as_bytes(), 0, bits.len()).enumerate().flat_map(of_word)
}

/// Sets exactly the bits of the given validators, and is no longer than it must be.
///
/// Gives back nothing when there are no validators, or one is at or above [`VALIDATOR_REGISTRY_LIMIT`].
pub fn aggregation_bits(validators: impl IntoIterator<Item = ValidatorIndex>) -> Option<AggregationBits> {
    let indices: Vec<usize> = validators.into_iter().map(|index| usize::try_from(index).ok()).collect::<Option<_>>()?;
    let mut bits = AggregationBits::with_length(indices.iter().max()?.checked_add(1)?).ok()?;
    for index in indices {
        bits.set(index, true).ok()?;
    }
    Some(bits)
}

/// One validator's vote.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, SszEncode, SszDecode, HashTreeRoot)]
pub struct Attestation {
    /// Who votes.
    pub validator_index: ValidatorIndex,
    /// What for.
    pub data: AttestationData,
}

/// One validator's vote, signed with its attestation key in the epoch of the vote's slot.
///
/// On the wire it is the validator, the data, and the signature without an offset, as if the signature were of fixed
/// size. Its length depends on the signature scheme, so the SSZ traits call it variable; nothing holds it as a field.
#[derive(Clone, Debug, PartialEq, Eq, HashTreeRoot)]
pub struct SignedAttestation {
    /// Who votes.
    pub validator_index: ValidatorIndex,
    /// What for.
    pub data: AttestationData,
    /// Over the data's hash tree root.
    pub signature: Signature,
}

/// How many bytes of a signed attestation come before its signature.
const UNSIGNED_BYTES: usize = 8 + 128;

impl SszEncode for SignedAttestation {
    fn is_fixed_size() -> bool {
        false
    }

    fn fixed_size() -> usize {
        0
    }

    fn encoded_len(&self) -> usize {
        UNSIGNED_BYTES + self.signature.encoded_len()
    }

    fn ssz_append(&self, buf: &mut Vec<u8>) {
        self.validator_index.ssz_append(buf);
        self.data.ssz_append(buf);
        self.signature.ssz_append(buf);
    }
}

impl SszDecode for SignedAttestation {
    fn is_fixed_size() -> bool {
        false
    }

    fn fixed_size() -> usize {
        0
    }

    fn from_ssz_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        let (unsigned, signature) = bytes
            .split_at_checked(UNSIGNED_BYTES)
            .ok_or(DecodeError::InvalidByteLength { expected: UNSIGNED_BYTES, got: bytes.len() })?;
        let Attestation { validator_index, data } = Attestation::from_ssz_bytes(unsigned)?;
        Ok(Self { validator_index, data, signature: Signature::from_ssz_bytes(signature)? })
    }
}

/// Many validators' common vote, as it stands in a block; the block's proof covers it.
#[derive(Clone, Debug, PartialEq, Eq, SszEncode, SszDecode, HashTreeRoot)]
pub struct AggregatedAttestation {
    /// Who votes.
    pub aggregation_bits: AggregationBits,
    /// What for.
    pub data: AttestationData,
}

/// A proof that its participants have signed one message; which message it is, its holder must know.
#[derive(Clone, Debug, PartialEq, Eq, Hash, SszEncode, SszDecode, HashTreeRoot)]
pub struct SingleMessageAggregate {
    /// Who has signed.
    pub participants: AggregationBits,
    /// The proof, which names neither keys nor message.
    pub proof: ProofBytes,
}

/// Many validators' common vote and its proof, as aggregators gossip it.
#[derive(Clone, Debug, PartialEq, Eq, SszEncode, SszDecode, HashTreeRoot)]
pub struct SignedAggregatedAttestation {
    /// What is voted for.
    pub data: AttestationData,
    /// Who votes, and the proof.
    pub proof: SingleMessageAggregate,
}

/// A proof over several messages at once: those of a block's votes, and the block itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, SszEncode, SszDecode, HashTreeRoot)]
pub struct MultiMessageAggregate {
    /// The proof, which names neither keys nor messages.
    pub proof: ProofBytes,
}
