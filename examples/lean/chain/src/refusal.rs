//! Why the chain does not take a block or a vote, and what the network is told then.
//!
//! | what is refused | verdict | why this verdict |
//! |---|---|---|
//! | nothing: it is taken, or was taken before this copy was judged | accept | peers need it as we did |
//! | `UNKNOWN_PARENT_BLOCK`, `UNKNOWN_SOURCE_BLOCK`, `UNKNOWN_TARGET_BLOCK`, `UNKNOWN_HEAD_BLOCK` | ignore | this node may be behind its sender; the block or vote is held until the block comes |
//! | `ATTESTATION_TOO_FAR_IN_FUTURE`, `BLOCK_TOO_FAR_IN_FUTURE` | ignore | this node's clock may be behind its sender's |
//! | `DUPLICATE_BLOCK`, `DUPLICATE_VOTE` | ignore | it is known, and was passed on then |
//! | `BLOCK_NOT_ABOVE_FINALIZED`, `TOO_MANY_BLOCKS_IN_SLOT`, `VOTE_OVERTAKEN_BY_FINALITY` | ignore | of no use here any more; its sender may be behind |
//! | `VERIFICATION_FULL`, `VERIFICATION_LOST`, `VERIFICATION_PANICKED`, `VERIFICATION_LATE` | ignore | this node does not know; the fault is its own |
//! | `ANCHOR_STATE_ROOT_MISMATCH` | ignore | nothing that is gossiped is refused for it |
//! | `INVALID_ANCESTOR` | reject | it builds on a block that is against the rules |
//! | every other [`Rejection`] | reject | no state of this node makes it valid: its sender broke a rule |
//!
//! A verdict is given once for each gossip message: at once where a look at the store decides, and with the outcome of
//! the verification where that does. A block or vote that is held has been ignored; what becomes of it is counted.

use consensus::Rejection;
use network::Verdict;

/// Says why a block or a vote was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// It is against a rule of the specification, or cannot be judged by it yet.
    Rejected(Rejection),
    /// The block is in the store, or is being verified.
    DuplicateBlock,
    /// The same validator's signature of the same vote waits to be aggregated.
    DuplicateVote,
    /// The block's slot has not begun.
    BlockTooFarInFuture,
    /// The block's slot is final.
    BlockNotAboveFinalized,
    /// As many blocks of its slot are known as may be.
    TooManyBlocksInSlot,
    /// Finality went past the vote's head while it was verified.
    VoteOvertakenByFinality,
    /// The block that it builds on is against the rules.
    InvalidAncestor,
    /// As many as may be are being verified.
    VerificationFull,
    /// Whoever was to verify it ended, or did not take it.
    VerificationLost,
    /// Its verification panicked.
    VerificationPanicked,
    /// Its verification did not come to an end in time.
    VerificationLate,
}

impl Refusal {
    /// Returns the name that it is counted by: the specification's, or one like those.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Rejected(rejection) => rejection.name(),
            Self::DuplicateBlock => "DUPLICATE_BLOCK",
            Self::DuplicateVote => "DUPLICATE_VOTE",
            Self::BlockTooFarInFuture => "BLOCK_TOO_FAR_IN_FUTURE",
            Self::BlockNotAboveFinalized => "BLOCK_NOT_ABOVE_FINALIZED",
            Self::TooManyBlocksInSlot => "TOO_MANY_BLOCKS_IN_SLOT",
            Self::VoteOvertakenByFinality => "VOTE_OVERTAKEN_BY_FINALITY",
            Self::InvalidAncestor => "INVALID_ANCESTOR",
            Self::VerificationFull => "VERIFICATION_FULL",
            Self::VerificationLost => "VERIFICATION_LOST",
            Self::VerificationPanicked => "VERIFICATION_PANICKED",
            Self::VerificationLate => "VERIFICATION_LATE",
        }
    }

    /// Returns what the network is told of a gossip message that is refused so. This is the one place that decides it.
    pub(super) const fn verdict(self) -> Verdict {
        match self {
            Self::Rejected(rejection) if rejection.is_sender_at_fault() => Verdict::Reject,
            Self::InvalidAncestor => Verdict::Reject,
            Self::Rejected(_)
            | Self::DuplicateBlock
            | Self::DuplicateVote
            | Self::BlockTooFarInFuture
            | Self::BlockNotAboveFinalized
            | Self::TooManyBlocksInSlot
            | Self::VoteOvertakenByFinality
            | Self::VerificationFull
            | Self::VerificationLost
            | Self::VerificationPanicked
            | Self::VerificationLate => Verdict::Ignore,
        }
    }
}

impl From<Rejection> for Refusal {
    fn from(rejection: Rejection) -> Self {
        Self::Rejected(rejection)
    }
}

/// Returns what the network is told of a gossip message.
pub(super) fn verdict<T>(taken: &Result<T, Refusal>) -> Verdict {
    taken.as_ref().map_or_else(|refusal| refusal.verdict(), |_| Verdict::Accept)
}
