//! The owner of the validators' secret keys: signs what the chain decides, on a thread of its own.
//!
//! Keys are one-time: a second message in one epoch would give the key away. One owner and one queue make sure that
//! there is none, and the chain's owner never waits for a signature.

mod keeper;

use actor_lanes::{Handle, Lane, Message, TryTellError};

use consensus::{AttestationData, ProducedBlock, ValidatorIndex};

pub use keeper::Keeper;

/// What the keys' owner may be sent.
#[derive(Debug)]
pub enum SignerMessage {
    /// From the chain: sign a vote with a validator's attestation key.
    Vote(ValidatorIndex, Box<AttestationData>),
    /// From the chain: sign a block with its proposer's proposal key.
    Block(Box<ProducedBlock>),
}

impl Message for SignerMessage {
    // One vote per validator and slot, and a block: a whole registry's fits.
    const LANES: &'static [Lane] = &[Lane::fifo("duties", 8192)];

    fn lane(&self) -> usize {
        match self {
            Self::Vote(..) | Self::Block(..) => 0,
        }
    }
}

/// The keys' owner as the chain sees it. What it signs comes back to the chain as a message of its own.
#[derive(Clone, Debug)]
pub struct Signer {
    handle: Handle<SignerMessage>,
}

impl Signer {
    /// Makes the front of the owner behind `handle`.
    pub fn new(handle: Handle<SignerMessage>) -> Self {
        Self { handle }
    }

    pub(crate) fn vote(
        &self,
        validator: ValidatorIndex,
        data: AttestationData,
    ) -> Result<(), TryTellError<SignerMessage>> {
        self.handle.try_tell(SignerMessage::Vote(validator, Box::new(data)))
    }

    pub(crate) fn block(&self, block: Box<ProducedBlock>) -> Result<(), TryTellError<SignerMessage>> {
        self.handle.try_tell(SignerMessage::Block(block))
    }
}
