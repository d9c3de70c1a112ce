//! The owner of the validators' secret keys. It signs what the chain decides, on its own thread.
//!
//! Keys are one-time: a second message in the same epoch would reveal the key. One owner with one
//! queue prevent this, and the chain's actor never waits for a signature. Results go to a
//! [`Recipient`](actor_lanes::Recipient) of [`Signed`], so this module does not depend on the
//! chain.

mod keeper;

use actor_lanes::{Handle, Lane, Message, TryTellError};

use consensus::{AttestationData, ProducedBlock, SignedAttestation, SignedBlock, Slot, ValidatorIndex};

pub use keeper::Keeper;

/// A message to the owner of the keys.
#[derive(Debug)]
pub enum SignerMessage {
    /// From the chain: sign a vote with a validator's attestation key.
    SignVote(ValidatorIndex, Box<AttestationData>),
    /// From the chain: sign a block with its proposer's proposal key.
    SignBlock(Box<ProducedBlock>),
}

/// The result of signing.
#[derive(Debug)]
pub enum Signed {
    /// The vote of one of our validators.
    OwnVote(Box<SignedAttestation>),
    /// Our block.
    OwnBlock(Box<SignedBlock>),
    /// A validator without a signature in this slot, and the reason.
    NotSigned(ValidatorIndex, Slot, String),
}

impl Message for SignerMessage {
    // One vote per validator and slot, and a block: the duties of a full registry fit.
    const LANES: &'static [Lane] = &[Lane::fifo("duties", 8192)];

    fn lane(&self) -> usize {
        match self {
            Self::SignVote(..) | Self::SignBlock(..) => 0,
        }
    }
}

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

    pub(crate) fn sign_block(&self, block: Box<ProducedBlock>) -> Result<(), TryTellError<SignerMessage>> {
        self.handle.try_tell(SignerMessage::SignBlock(block))
    }
}
