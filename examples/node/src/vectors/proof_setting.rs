//! What the proofs of a vector are worth (`proofSetting`).

use crate::consensus::{
    AggregationBits, ChildProof, MockProofs, MultiMessageAggregate, ProofBytes, ProofError, ProofScheme, RawSignature,
    Root, SingleMessageAggregate, Slot, Statement, ValidatorIndex, aggregation_bits, validator_indices,
};
use crate::vectors::field::{Field, Malformed};

/// What every placeholder for a proof begins with.
const PLACEHOLDER: &[u8] = b"\x00MOCKED-AGGREGATION-PROOF\x00";

/// Why nothing can be said about a proof of the real system.
pub(super) const UNVERIFIABLE: &str =
    "the proof is of the real proof system (leanMultisig), which is not published as a crate";

/// What the proofs of a vector are, and how they are verified here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ProofSetting {
    /// Placeholders, which are accepted unseen; what is no placeholder is refused.
    Mocked,
    /// Proofs of the real system. Nobody here can verify one, so each is taken on trust.
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

/// Makes a proof that nobody verifies; of no voters there is none.
pub(super) fn placeholder(voters: impl IntoIterator<Item = ValidatorIndex>) -> Option<SingleMessageAggregate> {
    let proof = ProofBytes::try_from([PLACEHOLDER, &[0; 32]].concat()).ok()?;
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
        // The result is a placeholder in any case, so its parts may be as well.
        let held = children.iter().map(|child| placeholder(validator_indices(&child.proof.participants)));
        let held: Vec<_> = held.collect::<Option<_>>().ok_or(ProofError::Empty)?;
        let children: Vec<_> = held
            .iter()
            .zip(children)
            .map(|(proof, child)| ChildProof { proof, public_keys: child.public_keys.clone() })
            .collect();
        MockProofs::Marked.aggregate(&children, signatures, message, slot)
    }

    fn verify(&self, proof: &SingleMessageAggregate, statement: &Statement) -> Result<(), ProofError> {
        match self {
            Self::Mocked => MockProofs::Marked.verify(proof, statement),
            Self::Real => Ok(()),
        }
    }

    fn merge(&self, parts: &[(&SingleMessageAggregate, Statement)]) -> Result<MultiMessageAggregate, ProofError> {
        MockProofs::Marked.merge(parts)
    }

    fn verify_merged(&self, proof: &MultiMessageAggregate, statements: &[Statement]) -> Result<(), ProofError> {
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
