//! The actor with the secret keys.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use actor_lanes::{Actor, Context, Recipient};

use crate::signer::message::{Signed, SignerMessage};
use consensus::{
    AttestationData, ProducedBlock, ProofError, ProofScheme, Root, SignedAttestation, SignedBlock,
    Slot, ValidatorIndex,
};
use keys::ValidatorKeys;
use xmss::SignError;

/// Owns the keys of this node's validators.
pub struct Keeper {
    keys: HashMap<ValidatorIndex, ValidatorKeys>,
    proofs: Arc<dyn ProofScheme>,
    results: Recipient<Signed>,
}

/// The reason for a missing signature.
#[derive(Debug, thiserror::Error)]
enum NotSigned {
    #[error("this node does not hold the validator's keys")]
    NoKey,
    #[error(transparent)]
    Sign(#[from] SignError),
    #[error("the block's proof could not be made: {0}")]
    Proof(#[from] ProofError),
}

impl fmt::Debug for Keeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keeper").field("validators", &self.keys.len()).finish_non_exhaustive()
    }
}

impl Keeper {
    /// Creates the owner of `keys`. It sends its results to `results`.
    pub fn new(
        keys: Vec<ValidatorKeys>,
        proofs: Arc<dyn ProofScheme>,
        results: Recipient<Signed>,
    ) -> Self {
        let keys = keys.into_iter().map(|keys| (keys.index, keys)).collect();
        Self { keys, proofs, results }
    }

    fn sign_vote(
        &mut self,
        validator_index: ValidatorIndex,
        data: AttestationData,
    ) -> Result<SignedAttestation, NotSigned> {
        let keys = self.keys.get_mut(&validator_index).ok_or(NotSigned::NoKey)?;
        let signature = keys.attestation.sign(data.slot, Root::of(&data).as_bytes())?;
        Ok(SignedAttestation { validator_index, data, signature })
    }

    fn sign_block(&mut self, produced: &ProducedBlock) -> Result<SignedBlock, NotSigned> {
        let block = produced.block();
        let keys = self.keys.get_mut(&block.proposer_index).ok_or(NotSigned::NoKey)?;
        let signature = keys.proposal.sign(block.slot, produced.root().as_bytes())?;
        Ok(produced.sign(signature, &*self.proofs)?)
    }

    fn report(&self, signed: Signed) {
        if self.results.try_tell(signed).is_err() {
            // The chain's lane counts the refusal. The duty is missed, as if the signature had come
            // too late.
            tracing::warn!("the chain's lane for our own duties refused a message");
        }
    }
}

fn not_signed(validator: ValidatorIndex, slot: Slot, error: &NotSigned) -> Signed {
    tracing::warn!(validator, slot, %error, "nothing was signed");
    Signed::NotSigned(validator, slot, error.to_string())
}

impl Actor for Keeper {
    type Message = SignerMessage;

    async fn handle(&mut self, message: SignerMessage, _cx: &mut Context<SignerMessage>) {
        let signed = match message {
            SignerMessage::SignVote(validator, data) => match self.sign_vote(validator, *data) {
                Ok(vote) => Signed::OwnVote(Box::new(vote)),
                Err(error) => not_signed(validator, data.slot, &error),
            },
            SignerMessage::SignBlock(produced) => match self.sign_block(&produced) {
                Ok(block) => Signed::OwnBlock(Box::new(block)),
                Err(error) => {
                    not_signed(produced.block().proposer_index, produced.block().slot, &error)
                }
            },
        };
        self.report(signed);
    }
}
