//! The owner of the validators' secret keys. It signs what the chain decides, on its own thread.
//!
//! Keys are one-time: a second message in the same epoch would reveal the key. One owner with one
//! queue prevent this within a process. The [`SigningHistory`](keys::signing_history) prevents it
//! across processes: a slot is on disk before its signature leaves. The chain's actor never waits
//! for a signature. Results go to a
//! [`Recipient`](actor_lanes::Recipient) of [`Signed`], so this module does not depend on the
//! chain.

mod keeper;
#[cfg(test)]
mod keeper_tests;
mod message;

use actor_lanes::{Handle, TryTellError};

use consensus::{AttestationData, ProducedBlock, ValidatorIndex};

pub use keeper::Keeper;
pub use message::{NotSigned, Signed, SignerMessage};

/// The owner of the keys, as seen by the chain. A signature returns to the chain as a message of
/// its own.
#[derive(Clone, Debug)]
pub struct Signer {
    handle: Handle<SignerMessage>,
}

impl Signer {
    /// Creates a front for the owner behind `handle`.
    pub fn new(handle: Handle<SignerMessage>) -> Self {
        Self { handle }
    }

    pub(crate) fn sign_vote(
        &self,
        validator: ValidatorIndex,
        data: AttestationData,
    ) -> Result<(), TryTellError<SignerMessage>> {
        self.handle.try_tell(SignerMessage::SignVote(validator, Box::new(data)))
    }

    pub(crate) fn sign_block(
        &self,
        block: Box<ProducedBlock>,
    ) -> Result<(), TryTellError<SignerMessage>> {
        self.handle.try_tell(SignerMessage::SignBlock(block))
    }
}
