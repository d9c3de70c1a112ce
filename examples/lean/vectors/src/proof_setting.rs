//! The kind of proofs in a vector (`proofSetting`).

use std::collections::BTreeSet;

use libssz::SszEncode as _;
use sha2::{Digest as _, Sha256};

use crate::field::{Field, Malformed};
use consensus::{
    AggregationBits, ChildProof, MockProofs, MultiMessageAggregate, ProofBytes, ProofError,
    ProofScheme, RawSignature, Root, SingleMessageAggregate, Slot, Statement, ValidatorIndex,
    aggregation_bits, validator_indices,
};

/// The prefix of every placeholder for a proof.
const PLACEHOLDER: &[u8] = b"\x00MOCKED-AGGREGATION-PROOF\x00";

/// The reason for skipping vectors with proofs of the real system.
pub(super) const UNVERIFIABLE: &str =
    "the proof is of the real proof system (leanMultisig), which is not published as a crate";

/// The kind of proofs in a vector, and their verification in this runner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ProofSetting {
    /// Placeholders. They are accepted without verification. Other proofs are rejected.
    Mocked,
    /// Proofs of the real system. This build has no verifier for them, so each is trusted.
    Real,
}

impl ProofSetting {
    /// Reads the setting of a vector.
    pub(super) fn of(vector: &Field<'_>) -> Result<Self, Malformed> {
        let setting = vector.maybe("proofSetting");
        match setting.as_ref().map_or(Ok(0), Field::uint)? {
            0 => Ok(Self::Mocked),
            1 | 2 => Ok(Self::Real),
            _ => Err(vector.malformed("no such proofSetting is known here")),
        }
    }
}

/// Creates a placeholder with 32 bytes to distinguish it from others. Returns `None` for an empty
/// set of voters.
pub(super) fn placeholder(
    voters: impl IntoIterator<Item = ValidatorIndex>,
    distinct: [u8; 32],
) -> Option<SingleMessageAggregate> {
    let proof = ProofBytes::try_from([PLACEHOLDER, &distinct].concat()).ok()?;
    Some(SingleMessageAggregate { participants: aggregation_bits(voters)?, proof })
}

impl ProofScheme for ProofSetting {
    fn aggregate(
        &self,
        children: &[ChildProof<'_>],
        signatures: &[RawSignature],
        message: Root,
        slot: Slot,
    ) -> Result<SingleMessageAggregate, ProofError> {
        let voters: BTreeSet<ValidatorIndex> = children
            .iter()
            .flat_map(|child| validator_indices(&child.proof.participants))
            .chain(signatures.iter().map(|raw| raw.validator_index))
            .collect();
        // Proofs must be equal only if made from equal parts. A pool keeps different proofs side by
        // side, even if their participants are equal.
        let mut hasher = Sha256::new_with_prefix(message.as_bytes());
        hasher.update(slot.to_le_bytes());
        for child in children {
            hasher.update(child.proof.to_ssz());
        }
        for raw in signatures {
            hasher.update(raw.validator_index.to_le_bytes());
            hasher.update(raw.signature.as_bytes());
        }
        placeholder(voters, hasher.finalize().into()).ok_or(ProofError::Empty)
    }

    fn verify(
        &self,
        proof: &SingleMessageAggregate,
        statement: &Statement,
    ) -> Result<(), ProofError> {
        match self {
            Self::Mocked => MockProofs::Marked.verify(proof, statement),
            Self::Real => Ok(()),
        }
    }

    fn merge(
        &self,
        parts: &[(&SingleMessageAggregate, Statement)],
    ) -> Result<MultiMessageAggregate, ProofError> {
        MockProofs::Marked.merge(parts)
    }

    fn verify_merged(
        &self,
        proof: &MultiMessageAggregate,
        statements: &[Statement],
    ) -> Result<(), ProofError> {
        match self {
            Self::Mocked => MockProofs::Marked.verify_merged(proof, statements),
            Self::Real => Ok(()),
        }
    }

    fn split(
        &self,
        proof: &MultiMessageAggregate,
        statements: &[Statement],
        index: usize,
        participants: AggregationBits,
    ) -> Result<SingleMessageAggregate, ProofError> {
        MockProofs::Marked.split(proof, statements, index, participants)
    }
}

#[cfg(test)]
mod tests {
    use super::{ChildProof, ProofScheme as _, ProofSetting, Root, placeholder};

    #[test]
    fn proofs_of_different_parts_differ_and_those_of_the_same_do_not() {
        let child = |voters: &[u64], distinct| {
            placeholder(voters.iter().copied(), [distinct; 32]).expect("some voters")
        };
        let fold = |parts: &[(&[u64], u8)]| {
            let held: Vec<_> =
                parts.iter().map(|(voters, distinct)| child(voters, *distinct)).collect();
            let children: Vec<_> =
                held.iter().map(|proof| ChildProof { proof, public_keys: Vec::new() }).collect();
            ProofSetting::Mocked
                .aggregate(&children, &[], Root::ZERO, 1)
                .expect("there is something to fold")
        };
        let one = fold(&[(&[0, 1], 1), (&[2], 1)]);
        assert_eq!(one, fold(&[(&[0, 1], 1), (&[2], 1)]));
        let other = fold(&[(&[0, 1], 1), (&[2], 2)]);
        assert_eq!(one.participants, other.participants);
        assert_ne!(one, other);
        assert_ne!(one, fold(&[(&[0], 1), (&[1, 2], 1)]));
    }
}
