//! The actor with the secret keys.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use actor_lanes::{Actor, Context, ExitReason, Recipient};

use crate::signer::message::{NotSigned, Signed, SignerMessage};
use consensus::{
    AttestationData, ProducedBlock, ProofScheme, Root, SignedAttestation, SignedBlock, Slot,
    ValidatorIndex,
};
use keys::signing_history::{NotReserved, SigningHistory};
use keys::{KeyRole, ValidatorKeys};

/// The pause from a slot's first signature to the second copy of the history. It lets the slot's
/// other signatures leave first.
const COPY_PAUSE: Duration = Duration::from_millis(100);

/// Owns the keys of this node's validators, and the history of their signatures.
pub struct Keeper {
    keys: HashMap<ValidatorIndex, ValidatorKeys>,
    history: SigningHistory,
    proofs: Arc<dyn ProofScheme>,
    results: Recipient<Signed>,
    /// Whether the timer for the second copy of the history is armed.
    copies_soon: bool,
    /// The newest slot with an error line about the history. A slot has one line, not one for each
    /// validator.
    complained: Option<Slot>,
}

impl fmt::Debug for Keeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keeper").field("validators", &self.keys.len()).finish_non_exhaustive()
    }
}

impl Keeper {
    /// Creates the owner of `keys`. It signs what `history` permits, and sends its results to
    /// `results`.
    pub fn new(
        keys: Vec<ValidatorKeys>,
        history: SigningHistory,
        proofs: Arc<dyn ProofScheme>,
        results: Recipient<Signed>,
    ) -> Self {
        let keys = keys.into_iter().map(|keys| (keys.index, keys)).collect();
        Self { keys, history, proofs, results, copies_soon: false, complained: None }
    }

    fn sign_vote(
        &mut self,
        validator_index: ValidatorIndex,
        data: AttestationData,
    ) -> Result<SignedAttestation, NotSigned> {
        let keys = self.keys.get_mut(&validator_index).ok_or(NotSigned::NoKey)?;
        let root = Root::of(&data);
        // A slot outside of the key needs no reservation. With a clock once far ahead, such a
        // reservation would silence the key for ever.
        keys.attestation.check_active(data.slot)?;
        // From here on the slot counts as used, even if the signature never leaves.
        self.history.reserve(validator_index, KeyRole::Attestation, data.slot)?;
        let signature = keys.attestation.sign(data.slot, root.as_bytes())?;
        tracing::debug!(validator = validator_index, slot = data.slot, %root, "signed a vote");
        Ok(SignedAttestation { validator_index, data, signature })
    }

    fn sign_block(&mut self, produced: &ProducedBlock) -> Result<SignedBlock, NotSigned> {
        let block = produced.block();
        let (validator, slot) = (block.proposer_index, block.slot);
        let keys = self.keys.get_mut(&validator).ok_or(NotSigned::NoKey)?;
        keys.proposal.check_active(slot)?;
        self.history.reserve(validator, KeyRole::Proposal, slot)?;
        let signature = keys.proposal.sign(slot, produced.root().as_bytes())?;
        tracing::debug!(validator, slot, root = %produced.root(), "signed a block");
        Ok(produced.sign(signature, &*self.proofs)?)
    }

    fn report(&self, signed: Signed) {
        if self.results.try_tell(signed).is_err() {
            // The chain's lane counts the refusal. The duty is missed, as if the signature had come
            // too late.
            tracing::warn!("the chain's lane for our own duties refused a message");
        }
    }

    fn not_signed(&mut self, validator: ValidatorIndex, slot: Slot, error: NotSigned) -> Signed {
        if let NotSigned::History(NotReserved::NotWritten(why)) = &error {
            if self.complained != Some(slot) {
                self.complained = Some(slot);
                tracing::error!(
                    slot,
                    "NOTHING IS SIGNED: the signing history cannot be written: {why}"
                );
            }
        } else {
            tracing::warn!(validator, slot, %error, "nothing was signed");
        }
        Signed::NotSigned(validator, slot, error)
    }

    fn copy_later(&mut self, cx: &mut Context<SignerMessage>) {
        if !self.copies_soon {
            self.copies_soon = true;
            cx.after(COPY_PAUSE, SignerMessage::CopyHistory);
        }
    }

    fn copy_history(&mut self) {
        self.copies_soon = false;
        if let Err(error) = self.history.copy() {
            // The first copy is intact, and the next slot's write reports a lasting fault.
            tracing::error!(%error, "the second copy of the signing history was not written");
        }
    }
}

impl Actor for Keeper {
    type Message = SignerMessage;

    async fn handle(&mut self, message: SignerMessage, cx: &mut Context<SignerMessage>) {
        let signed = match message {
            SignerMessage::SignVote(validator, data) => match self.sign_vote(validator, *data) {
                Ok(vote) => Signed::OwnVote(Box::new(vote)),
                Err(error) => self.not_signed(validator, data.slot, error),
            },
            SignerMessage::SignBlock(produced) => match self.sign_block(&produced) {
                Ok(block) => Signed::OwnBlock(Box::new(block)),
                Err(error) => {
                    let (validator, slot) =
                        (produced.block().proposer_index, produced.block().slot);
                    self.not_signed(validator, slot, error)
                }
            },
            SignerMessage::CopyHistory => return self.copy_history(),
        };
        self.report(signed);
        self.copy_later(cx);
    }

    async fn stopped(&mut self, _reason: &ExitReason) {
        self.copy_history();
    }
}
