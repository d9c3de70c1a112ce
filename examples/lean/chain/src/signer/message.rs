//! The signer's input and output.

use actor_lanes::Message;
use consensus::{
    AttestationData, ProducedBlock, ProofError, SignedAttestation, SignedBlock, Slot,
    ValidatorIndex,
};
use keys::signing_history::NotReserved;
use xmss::SignError;

/// A message to the owner of the keys. One vote per validator and slot, and a block: the duties of
/// a full registry fit.
#[derive(Debug, Message)]
#[lane(fifo = "duties", 8192)]
pub enum SignerMessage {
    /// From the chain: sign a vote with a validator's attestation key.
    SignVote(ValidatorIndex, Box<AttestationData>),
    /// From the chain: sign a block with its proposer's proposal key.
    SignBlock(Box<ProducedBlock>),
    /// From its own timer: the signatures have left, so write the second copy of the history.
    CopyHistory,
}

/// The reason for a missing signature.
#[derive(Debug, thiserror::Error)]
pub enum NotSigned {
    /// This node does not hold the keys.
    #[error("this node does not hold the validator's keys")]
    NoKey,
    /// The signing history does not permit a signature.
    #[error(transparent)]
    History(#[from] NotReserved),
    /// The key does not sign.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// The block's proof was not made.
    #[error("the block's proof could not be made: {0}")]
    Proof(#[from] ProofError),
}

impl NotSigned {
    /// The names of all reasons among the counted drops.
    pub const NAMES: [&str; 3] =
        ["SIGNING_HISTORY_NOT_WRITTEN", "SIGNING_HISTORY_REFUSED", "NOT_SIGNED"];

    /// Returns the name of the reason among the counted drops.
    pub fn name(&self) -> &'static str {
        match self {
            Self::History(NotReserved::NotWritten(_)) => Self::NAMES[0],
            Self::History(NotReserved::NotNewer { .. }) => Self::NAMES[1],
            Self::History(NotReserved::UnknownKey)
            | Self::NoKey
            | Self::Sign(_)
            | Self::Proof(_) => Self::NAMES[2],
        }
    }
}

/// The result of signing.
#[derive(Debug)]
pub enum Signed {
    /// The vote of one of our validators.
    OwnVote(Box<SignedAttestation>),
    /// Our block.
    OwnBlock(Box<SignedBlock>),
    /// A validator without a signature in this slot, and the reason.
    NotSigned(ValidatorIndex, Slot, NotSigned),
}
