//! The seam for aggregation proofs: what a proof claims, and what a prover and verifier must be able to do.

use std::error::Error;
use std::fmt;

use crate::attestation::{
    AggregationBits, MultiMessageAggregate, SingleMessageAggregate, aggregation_bits, validator_indices,
};
use crate::root::Root;
use crate::slot::{Slot, ValidatorIndex};
use xmss::{PublicKey, Signature};

/// What a proof over one message claims: the holders of these keys have signed this message in this slot.
///
/// A proof holds none of it. Whoever checks one puts the statement together from what it already trusts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// The signers' keys, in the order of the participants.
    pub public_keys: Vec<PublicKey>,
    /// What they have signed.
    pub message: Root,
    /// The epoch that they have signed in.
    pub slot: Slot,
}

/// A signature that goes into an aggregate.
#[derive(Clone, Debug)]
pub struct RawSignature {
    /// Who has signed.
    pub validator_index: ValidatorIndex,
    /// The signer's key.
    pub public_key: PublicKey,
    /// The signature.
    pub signature: Signature,
}

/// A proof that goes into an aggregate, with its signers' keys in the order of its participants.
#[derive(Clone, Debug)]
pub struct ChildProof<'a> {
    /// The proof.
    pub proof: &'a SingleMessageAggregate,
    /// Its signers' keys.
    pub public_keys: Vec<PublicKey>,
}

/// Makes and checks aggregation proofs.
///
/// Proving takes a CPU for seconds with the real scheme, so nothing here needs the store: take what the call needs,
/// and run it wherever there is time.
pub trait ProofScheme: fmt::Debug + Send + Sync {
    /// Folds signatures and proofs over one message into one proof of all their signers.
    ///
    /// # Errors
    ///
    /// [`ProofError`] when there is nothing to fold, the keys do not match the participants, or an input is not valid.
    fn aggregate(
        &self,
        children: &[ChildProof<'_>],
        signatures: &[RawSignature],
        message: Root,
        slot: Slot,
    ) -> Result<SingleMessageAggregate, ProofError>;

    /// Checks a proof over one message.
    ///
    /// # Errors
    ///
    /// [`ProofError`] when the proof does not show the statement.
    fn verify(&self, proof: &SingleMessageAggregate, statement: &Statement) -> Result<(), ProofError>;

    /// Merges proofs over different messages, each with its statement, into one.
    ///
    /// # Errors
    ///
    /// [`ProofError`] when there is nothing to merge, or a proof does not show its statement.
    fn merge(&self, parts: &[(&SingleMessageAggregate, Statement)]) -> Result<MultiMessageAggregate, ProofError>;

    /// Checks a proof over several messages, whose statements are in the order in which they were merged.
    ///
    /// # Errors
    ///
    /// [`ProofError`] when the proof does not show the statements.
    fn verify_merged(&self, proof: &MultiMessageAggregate, statements: &[Statement]) -> Result<(), ProofError>;

    /// Takes the proof of the statement at `index` out of a merged proof.
    ///
    /// # Errors
    ///
    /// [`ProofError`] when the proof does not show the statements, there is none at `index`, or its keys are not as
    /// many as the participants.
    fn split(
        &self,
        proof: &MultiMessageAggregate,
        statements: &[Statement],
        index: usize,
        participants: AggregationBits,
    ) -> Result<SingleMessageAggregate, ProofError>;
}

/// Says why a proof was not made, or does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProofError {
    /// There is nothing to aggregate, to merge or to split off.
    Empty,
    /// There are not as many keys as participants.
    KeyCountMismatch,
    /// The proof, or a signature that was to go into it, does not show what it should.
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
        keys.extend(validator_indices(&child.proof.participants).zip(child.public_keys.iter().copied()));
    }
    keys.extend(signatures.iter().map(|raw| (raw.validator_index, raw.public_key)));
    let participants = aggregation_bits(keys.keys().copied()).ok_or(ProofError::Empty)?;
    Ok((participants, keys.into_values().collect()))
}

pub(crate) fn check_key_count(proof: &SingleMessageAggregate, keys: &[PublicKey]) -> Result<(), ProofError> {
    if proof.participants.count_ones() == keys.len() { Ok(()) } else { Err(ProofError::KeyCountMismatch) }
}
