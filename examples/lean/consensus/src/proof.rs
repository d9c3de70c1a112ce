//! The interface for aggregation proofs: the statement of a proof, and the operations of a prover
//! and verifier.

use std::error::Error;
use std::fmt;

use crate::attestation::{
    AggregationBits, MultiMessageAggregate, SingleMessageAggregate, aggregation_bits,
    validator_indices,
};
use crate::root::Root;
use crate::slot::{Slot, ValidatorIndex};
use xmss::{PublicKey, Signature};

/// The claim of a proof over one message: the holders of these keys have signed this message in
/// this slot.
///
/// A proof does not include its statement. A verifier builds it from data trusted already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// The signers' public keys, in the order of the participants.
    pub public_keys: Vec<PublicKey>,
    /// The signed message.
    pub message: Root,
    /// The epoch of the signatures.
    pub slot: Slot,
}

/// A signature to be aggregated.
#[derive(Clone, Debug)]
pub struct RawSignature {
    /// The signer.
    pub validator_index: ValidatorIndex,
    /// The signer's public key.
    pub public_key: PublicKey,
    /// The signature.
    pub signature: Signature,
}

/// A proof to be aggregated, with its signers' public keys in the order of its participants.
#[derive(Clone, Debug)]
pub struct ChildProof<'a> {
    /// The proof.
    pub proof: &'a SingleMessageAggregate,
    /// The signers' public keys.
    pub public_keys: Vec<PublicKey>,
}

/// Creates and verifies aggregation proofs.
///
/// With the real scheme, proving occupies a CPU for seconds. The methods therefore do not take the
/// store: collect the inputs of a call first, then make the call on a thread with time to spare.
pub trait ProofScheme: fmt::Debug + Send + Sync {
    /// Returns one proof of all signers, folded from signatures and proofs over one message.
    ///
    /// # Errors
    ///
    /// Returns [`ProofError`] if there is nothing to fold, the keys do not match the participants,
    /// or an input is not valid.
    fn aggregate(
        &self,
        children: &[ChildProof<'_>],
        signatures: &[RawSignature],
        message: Root,
        slot: Slot,
    ) -> Result<SingleMessageAggregate, ProofError>;

    /// Verifies a proof over one message.
    ///
    /// # Errors
    ///
    /// Returns [`ProofError`] if the proof does not prove the statement.
    fn verify(
        &self,
        proof: &SingleMessageAggregate,
        statement: &Statement,
    ) -> Result<(), ProofError>;

    /// Returns one proof merged from proofs over different messages, each with its statement.
    ///
    /// # Errors
    ///
    /// Returns [`ProofError`] if there is nothing to merge or a proof is invalid for its statement.
    fn merge(
        &self,
        parts: &[(&SingleMessageAggregate, Statement)],
    ) -> Result<MultiMessageAggregate, ProofError>;

    /// Verifies a merged proof over several messages. The statements must be in merge order.
    ///
    /// # Errors
    ///
    /// Returns [`ProofError`] if the proof does not prove the statements.
    fn verify_merged(
        &self,
        proof: &MultiMessageAggregate,
        statements: &[Statement],
    ) -> Result<(), ProofError>;

    /// Returns the proof of the statement at `index`, split off from a merged proof.
    ///
    /// # Errors
    ///
    /// Returns [`ProofError`] if the proof does not prove the statements, there is no statement at
    /// `index`, or the number of its keys differs from the number of participants.
    fn split(
        &self,
        proof: &MultiMessageAggregate,
        statements: &[Statement],
        index: usize,
        participants: AggregationBits,
    ) -> Result<SingleMessageAggregate, ProofError>;
}

/// The reason why a proof was not created or is not valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProofError {
    /// There is nothing to aggregate, merge or split off.
    Empty,
    /// The number of keys differs from the number of participants.
    KeyCountMismatch,
    /// The proof, or a signature to be aggregated, does not prove its statement.
    Invalid,
}

impl fmt::Display for ProofError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "there is nothing to prove",
            Self::KeyCountMismatch => "there are not as many public keys as participants",
            Self::Invalid => "the proof or a signature is not valid",
        })
    }
}

impl Error for ProofError {}

/// Pairs each signer of an aggregate's inputs with its key, in the order of the participants.
pub(crate) fn signers(
    children: &[ChildProof<'_>],
    signatures: &[RawSignature],
) -> Result<(AggregationBits, Vec<PublicKey>), ProofError> {
    let mut keys = std::collections::BTreeMap::new();
    for child in children {
        check_key_count(child.proof, &child.public_keys)?;
        keys.extend(
            validator_indices(&child.proof.participants).zip(child.public_keys.iter().copied()),
        );
    }
    keys.extend(signatures.iter().map(|raw| (raw.validator_index, raw.public_key)));
    let participants = aggregation_bits(keys.keys().copied()).ok_or(ProofError::Empty)?;
    Ok((participants, keys.into_values().collect()))
}

pub(crate) fn check_key_count(
    proof: &SingleMessageAggregate,
    keys: &[PublicKey],
) -> Result<(), ProofError> {
    if proof.participants.count_ones() == keys.len() {
        Ok(())
    } else {
        Err(ProofError::KeyCountMismatch)
    }
}
