//! The signer's input and output.

use actor_lanes::{Lane, Message};
use consensus::{
    AttestationData, ProducedBlock, SignedAttestation, SignedBlock, Slot, ValidatorIndex,
};

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
