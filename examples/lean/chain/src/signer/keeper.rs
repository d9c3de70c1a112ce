//! The actor that owns the secret keys.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use actor_lanes::{Actor, Context};

use crate::Chain;
use crate::signer::SignerMessage;
use consensus::{
    AttestationData, ProducedBlock, ProofError, ProofScheme, Root, SignedAttestation, SignedBlock, Slot, ValidatorIndex,
};
use keys::ValidatorKeys;
use xmss::SignError;

/// Owns the keys of this node's validators.
pub struct Keeper {
    keys: HashMap<ValidatorIndex, ValidatorKeys>,
    proofs: Arc<dyn ProofScheme>,
    chain: Chain,
}

impl fmt::Debug for Keeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keeper").field("validators", &self.keys.len()).finish_non_exhaustive()
    }
}

/// Why nothing was signed.
#[derive(Debug, thiserror::Error)]
enum NotSigned {
    #[error("this node does not hold the validator's keys")]
    NoKey,
    #[error(transparent)]
    Sign(#[from] SignError),
    #[error("the block's proof could not be made: {0}")]
    Proof(#[from] ProofError),
}

impl Keeper {
    /// Makes the owner of `keys`, which sends what it signs to `chain`.
    pub fn new(keys: Vec<ValidatorKeys>, proofs: Arc<dyn ProofScheme>, chain: Chain) -> Self {
        let keys = keys.into_iter().map(|keys| (keys.index, keys)).collect();
        Self { keys, proofs, chain }
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

    fn report(&self, validator: ValidatorIndex, slot: Slot, error: &NotSigned) {
        tracing::warn!(validator, slot, %error, "nothing was signed");
        self.deliver(self.chain.not_signed(validator, slot, error.to_string()).is_ok());
    }

    fn deliver(&self, is_taken: bool) {
        if !is_taken {
            // Counted by the chain's lane as refused. The duty is missed, as if the signature had come too late.
            tracing::warn!("the chain's lane for our own duties refused a message");
        }
    }
}

impl Actor for Keeper {
    type Message = SignerMessage;

    async fn handle(&mut self, message: SignerMessage, _cx: &mut Context<SignerMessage>) {
        match message {
            SignerMessage::Vote(validator, data) => match self.sign_vote(validator, *data) {
                Ok(vote) => self.deliver(self.chain.own_vote(vote).is_ok()),
                Err(error) => self.report(validator, data.slot, &error),
            },
            SignerMessage::Block(produced) => match self.sign_block(&produced) {
                Ok(block) => self.deliver(self.chain.own_block(block).is_ok()),
                Err(error) => self.report(produced.block().proposer_index, produced.block().slot, &error),
            },
        }
    }
}
