//! The reasons for a refused block or vote, and the verdict for each.
//!
//! The chain, the decoder, the verifiers and synchronization use these words:
//!
//! | word | meaning | type |
//! |---|---|---|
//! | accept | the block or vote is valid; peers should get it | [`Verdict::Accept`] |
//! | reject | it breaks a rule; its relay's gossip standing falls | [`Verdict::Reject`] |
//! | ignore | not useful here now, or of unknown validity | [`Verdict::Ignore`] |
//! | rejection | a reason of the specification, with its name | [`Rejection`] |
//! | refusal | any reason not to accept: a rejection, or one of our own | [`Refusal`] |
//! | hold | ignore now, and process again when a block arrives | `PendingBlocks`, `PendingVotes` |
//! | drop | not kept; counted by reason | `Counters::dropped` |
//! | lost, panicked, late | a job without a result | `NotDone`, `VERIFICATION_…` |
//! | full, closed | a lane refuses a message | `Refused` |
//! | penalise | lower a peer's score, for what it authored itself | `Offence` |
//!
//! The verdict on each refusal:
//!
//! | refusal | verdict | reason for the verdict |
//! |---|---|---|
//! | none: accepted now, or while this copy was verified | accept | peers need it as we did |
//! | `UNKNOWN_PARENT_BLOCK` | ignore | this node may be behind its sender: the block is held |
//! | `UNKNOWN_SOURCE_BLOCK`, `UNKNOWN_TARGET_BLOCK` | ignore | the same: the vote is held |
//! | `UNKNOWN_HEAD_BLOCK` | ignore | the same: the vote is held |
//! | `ATTESTATION_TOO_FAR_IN_FUTURE` | ignore | our clock may be behind the sender's |
//! | `HEAD_NOT_DESCENDANT_OF_FINALIZED` | ignore | the sender may not know the finalized block |
//! | `BLOCK_TOO_FAR_IN_FUTURE` | ignore | our clock may be behind the sender's |
//! | `DUPLICATE_BLOCK`, `DUPLICATE_VOTE` | ignore | it is known, and was passed on then |
//! | `BLOCK_NOT_ABOVE_FINALIZED` | ignore | not useful any more; the sender may be behind |
//! | `TOO_MANY_BLOCKS_IN_SLOT` | ignore | not useful any more; the sender may be behind |
//! | `VOTE_OVERTAKEN_BY_FINALITY` | ignore | not useful any more; the sender may be behind |
//! | `TOO_MANY_BLOCKS_FROM_SOURCE` | ignore | its validity is unknown; fetched by root if needed |
//! | `SENDER_LEFT` | ignore | its validity is unknown; no peer waits for the verdict |
//! | `VERIFICATION_FULL`, `VERIFICATION_LOST` | ignore | its validity is unknown; our fault |
//! | `VERIFICATION_PANICKED`, `VERIFICATION_LATE` | ignore | its validity is unknown; our fault |
//! | `ANCHOR_STATE_ROOT_MISMATCH` | ignore | cannot happen to a gossip message |
//! | `INVALID_ANCESTOR` | reject | it builds on a rejected block |
//! | every other [`Rejection`] | reject | invalid in every state |
//!
//! Each gossip message has one verdict. It follows from the check against the store, or from the
//! result of the verification. The verdict on a held block or vote is `Ignore`, and its later fate
//! is only counted.

use consensus::Rejection;
use network::Verdict;

/// The reason for a refused block or vote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// It breaks a rule of the specification, or the specification cannot judge it yet.
    Rejected(Rejection),
    /// The block is in the store, or in flight.
    DuplicateBlock,
    /// The store holds the same validator's signature of the same vote.
    DuplicateVote,
    /// The block's slot is final.
    BlockNotAboveFinalized,
    /// The block's slot is full.
    TooManyBlocksInSlot,
    /// Finality passed the vote's head during its verification.
    VoteOvertakenByFinality,
    /// The block builds on a rejected block.
    InvalidAncestor,
    /// The same peer's block of the same slot had a false proof, or has no result yet.
    TooManyFromSource,
    /// The peer left before the block's turn.
    SenderLeft,
    /// No place is left for one more verification.
    VerificationFull,
    /// Its verifier ended, or refused the job.
    VerificationLost,
    /// Its verification panicked.
    VerificationPanicked,
    /// Its verification did not end in time.
    VerificationLate,
}

impl Refusal {
    /// Returns the name for counting: the specification's, or one in its style.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Rejected(rejection) => rejection.name(),
            Self::DuplicateBlock => "DUPLICATE_BLOCK",
            Self::DuplicateVote => "DUPLICATE_VOTE",
            Self::BlockNotAboveFinalized => "BLOCK_NOT_ABOVE_FINALIZED",
            Self::TooManyBlocksInSlot => "TOO_MANY_BLOCKS_IN_SLOT",
            Self::VoteOvertakenByFinality => "VOTE_OVERTAKEN_BY_FINALITY",
            Self::InvalidAncestor => "INVALID_ANCESTOR",
            Self::TooManyFromSource => "TOO_MANY_BLOCKS_FROM_SOURCE",
            Self::SenderLeft => "SENDER_LEFT",
            Self::VerificationFull => "VERIFICATION_FULL",
            Self::VerificationLost => "VERIFICATION_LOST",
            Self::VerificationPanicked => "VERIFICATION_PANICKED",
            Self::VerificationLate => "VERIFICATION_LATE",
        }
    }

    /// Returns the verdict on a gossip message refused for this reason. The table above is decided
    /// here alone.
    pub(super) const fn verdict(self) -> Verdict {
        match self {
            Self::Rejected(rejection) if rejection.is_sender_at_fault() => Verdict::Reject,
            Self::InvalidAncestor => Verdict::Reject,
            Self::Rejected(_)
            | Self::DuplicateBlock
            | Self::DuplicateVote
            | Self::BlockNotAboveFinalized
            | Self::TooManyBlocksInSlot
            | Self::VoteOvertakenByFinality
            | Self::TooManyFromSource
            | Self::SenderLeft
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

/// Returns the verdict on a gossip message.
pub(super) fn verdict<T>(accepted: &Result<T, Refusal>) -> Verdict {
    accepted.as_ref().map_or_else(|refusal| refusal.verdict(), |_| Verdict::Accept)
}
