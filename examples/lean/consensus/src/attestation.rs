//! The containers of votes: the vote of one validator, and the common vote of many validators with
//! one proof.

use libssz::{DecodeError, SszDecode, SszEncode};
use libssz_derive::{HashTreeRoot, SszDecode, SszEncode};
use libssz_types::{SszBitlist, SszList};

use crate::bits::{WORD, words};
use crate::checkpoint::AttestationData;
use crate::constants::{PROOF_BYTES_LIMIT, VALIDATOR_REGISTRY_LIMIT};
use crate::slot::ValidatorIndex;
use xmss::Signature;

/// One bit per validator, set for participants. May be shorter than the registry.
pub type AggregationBits = SszBitlist<VALIDATOR_REGISTRY_LIMIT>;

/// The bytes of an aggregation proof.
pub type ProofBytes = SszList<u8, PROOF_BYTES_LIMIT>;

/// Returns the validators with a set bit, lowest first.
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

/// Returns bits set for exactly the given validators, without trailing zeros.
///
/// Returns `None` if there are no validators, or one is at or above [`VALIDATOR_REGISTRY_LIMIT`].
pub fn aggregation_bits(
    validators: impl IntoIterator<Item = ValidatorIndex>,
) -> Option<AggregationBits> {
    let indices: Vec<usize> =
        validators.into_iter().map(|index| usize::try_from(index).ok()).collect::<Option<_>>()?;
    let mut bits = AggregationBits::with_length(indices.iter().max()?.checked_add(1)?).ok()?;
    for index in indices {
        bits.set(index, true).ok()?;
    }
    Some(bits)
}

/// One validator's vote.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, SszEncode, SszDecode, HashTreeRoot)]
pub struct Attestation {
    /// The voter.
    pub validator_index: ValidatorIndex,
    /// The content of the vote.
    pub data: AttestationData,
}

/// One validator's vote, signed with its attestation key in the epoch of the vote's slot.
///
/// The encoding is the validator index, the data, and the signature without an offset, as if the
/// signature had a fixed size. Its length depends on the signature scheme, so the SSZ traits report
/// a variable size. No container has it as a field.
#[derive(Clone, Debug, PartialEq, Eq, HashTreeRoot)]
pub struct SignedAttestation {
    /// The voter.
    pub validator_index: ValidatorIndex,
    /// The content of the vote.
    pub data: AttestationData,
    /// The signature over the data's hash tree root.
    pub signature: Signature,
}

/// The number of bytes before the signature in a signed attestation.
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

/// The common vote of many validators in a block. The block's proof covers it.
#[derive(Clone, Debug, PartialEq, Eq, SszEncode, SszDecode, HashTreeRoot)]
pub struct AggregatedAttestation {
    /// The voters.
    pub aggregation_bits: AggregationBits,
    /// The content of the vote.
    pub data: AttestationData,
}

/// A proof of its participants' signatures over one message. The proof does not include the
/// message, so its holder must know the message from elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Hash, SszEncode, SszDecode, HashTreeRoot)]
pub struct SingleMessageAggregate {
    /// The signers.
    pub participants: AggregationBits,
    /// The proof, without keys or message.
    pub proof: ProofBytes,
}

/// The common vote of many validators with its proof, as gossiped by aggregators.
#[derive(Clone, Debug, PartialEq, Eq, SszEncode, SszDecode, HashTreeRoot)]
pub struct SignedAggregatedAttestation {
    /// The content of the vote.
    pub data: AttestationData,
    /// The voters and the proof.
    pub proof: SingleMessageAggregate,
}

/// A proof over several messages: the votes in a block, and the block itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, SszEncode, SszDecode, HashTreeRoot)]
pub struct MultiMessageAggregate {
    /// The proof, without keys or messages.
    pub proof: ProofBytes,
}
