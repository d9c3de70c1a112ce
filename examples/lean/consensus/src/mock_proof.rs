//! Mock proofs without any security, in place of a proof system not published as a crate.

use std::fmt;

use sha2::{Digest, Sha256};

use crate::attestation::{
    AggregationBits, MultiMessageAggregate, ProofBytes, SingleMessageAggregate,
};
use crate::proof::{
    ChildProof, ProofError, ProofScheme, RawSignature, Statement, check_key_count, signers,
};
use crate::root::Root;
use crate::slot::Slot;

/// The prefix of each mock proof, the same as in the specification's generator of test vectors.
const MARKER: &[u8; 26] = b"\x00MOCKED-AGGREGATION-PROOF\x00";

/// A substitute for aggregation proofs. **It proves nothing**: anyone can create such a proof
/// without any signature.
///
/// A proof is a marker and 32 bytes. The real proof system (leanMultisig) is not available as a
/// crate. With this substitute, a network of nodes that trust each other exchanges messages of the
/// real format. Such a network rejects every invalid message except forgeries.
///
/// The specification's own mock fills the 32 bytes with a hash of the prover's inputs, including
/// the signatures. A verifier knows only the statement and cannot recompute the hash, so the
/// specification's mock accepts every proof with the marker. A node using it accepts the proofs
/// created here, and [`MockProofs::Marked`] accepts the proofs of such a node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MockProofs {
    /// The 32 bytes are a hash of the statement, so a proof is valid only for its own statement.
    ///
    /// Aggregation verifies the signatures, as a real prover would.
    #[default]
    Bound,
    /// Every proof with the marker is accepted, and aggregation does not check the signatures.
    ///
    /// This is for the specification's test vectors (`proofSetting` 0). The hashes in their proofs
    /// cannot be recomputed.
    Marked,
}

impl fmt::Display for MockProofs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bound => "mocks that name what they claim, as this program makes them",
            Self::Marked => "every mock, as other clients' mocked mode does",
        })
    }
}

impl MockProofs {
    fn check(
        self,
        proof: &ProofBytes,
        expected: impl FnOnce() -> [u8; 32],
    ) -> Result<(), ProofError> {
        let bound = proof.strip_prefix(MARKER).ok_or(ProofError::Invalid)?;
        match self {
            Self::Bound if bound != expected() => Err(ProofError::Invalid),
            Self::Bound | Self::Marked => Ok(()),
        }
    }
}

impl ProofScheme for MockProofs {
    fn aggregate(
        &self,
        children: &[ChildProof<'_>],
        signatures: &[RawSignature],
        message: Root,
        slot: Slot,
    ) -> Result<SingleMessageAggregate, ProofError> {
        let (participants, public_keys) = signers(children, signatures)?;
        for child in children {
            let statement = Statement { public_keys: child.public_keys.clone(), message, slot };
            self.verify(child.proof, &statement)?;
        }
        if *self == Self::Bound {
            for raw in signatures {
                let scheme = raw.signature.scheme();
                xmss::verify(scheme, &raw.public_key, slot, message.as_bytes(), &raw.signature)
                    .map_err(|_| ProofError::Invalid)?;
            }
        }
        let statement = Statement { public_keys, message, slot };
        Ok(SingleMessageAggregate { participants, proof: marked(one(&statement)) })
    }

    fn verify(
        &self,
        proof: &SingleMessageAggregate,
        statement: &Statement,
    ) -> Result<(), ProofError> {
        check_key_count(proof, &statement.public_keys)?;
        self.check(&proof.proof, || one(statement))
    }

    fn merge(
        &self,
        parts: &[(&SingleMessageAggregate, Statement)],
    ) -> Result<MultiMessageAggregate, ProofError> {
        if parts.is_empty() {
            return Err(ProofError::Empty);
        }
        for (proof, statement) in parts {
            self.verify(proof, statement)?;
        }
        Ok(MultiMessageAggregate {
            proof: marked(many(parts.iter().map(|(_, statement)| statement))),
        })
    }

    fn verify_merged(
        &self,
        proof: &MultiMessageAggregate,
        statements: &[Statement],
    ) -> Result<(), ProofError> {
        self.check(&proof.proof, || many(statements.iter()))
    }

    fn split(
        &self,
        proof: &MultiMessageAggregate,
        statements: &[Statement],
        index: usize,
        participants: AggregationBits,
    ) -> Result<SingleMessageAggregate, ProofError> {
        self.verify_merged(proof, statements)?;
        let statement = statements.get(index).ok_or(ProofError::Empty)?;
        let single = SingleMessageAggregate { participants, proof: marked(one(statement)) };
        check_key_count(&single, &statement.public_keys)?;
        Ok(single)
    }
}

fn marked(bound: [u8; 32]) -> ProofBytes {
    let bytes = [MARKER.as_slice(), &bound].concat();
    ProofBytes::try_from(bytes).expect("58 bytes are below the limit of 512 KiB")
}

/// Returns the hash of one statement.
fn one(statement: &Statement) -> [u8; 32] {
    let mut hasher = Sha256::new();
    hasher.update(b"one message");
    hasher.update(statement.message.as_bytes());
    hasher.update(statement.slot.to_le_bytes());
    hasher.update((statement.public_keys.len() as u64).to_le_bytes());
    statement.public_keys.iter().for_each(|key| hasher.update(key.as_bytes()));
    hasher.finalize().into()
}

/// Returns the hash of several statements in order.
fn many<'a>(statements: impl ExactSizeIterator<Item = &'a Statement>) -> [u8; 32] {
    let mut hasher = Sha256::new();
    hasher.update(b"many messages");
    hasher.update((statements.len() as u64).to_le_bytes());
    statements.for_each(|statement| hasher.update(one(statement)));
    hasher.finalize().into()
}
