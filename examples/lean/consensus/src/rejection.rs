//! The reasons for rejecting an input, with the specification's names.

use std::error::Error;
use std::fmt;

/// The specification's reasons for rejecting an input (`RejectionReason`), and one additional
/// reason of this node.
///
/// It is displayed as its name, such as `UNKNOWN_PARENT_BLOCK`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Rejection {
    /// The block's slot is not after the state's slot.
    BlockSlotNotInFuture,
    /// The block's slot is not after the slot of the newest header.
    BlockOlderThanLatestHeader,
    /// The block's slot differs from the slot of the advanced state.
    BlockSlotMismatch,
    /// The block's parent root is not the root of the newest header.
    ParentRootMismatch,
    /// The block's state root differs from the root of the state after the block.
    StateRootMismatch,
    /// The block's parent is unknown, or its state is no longer kept.
    UnknownParentBlock,
    /// The block's slot is more than 2^18 slots after the slot of its parent's state.
    BlockSlotGapTooLarge,
    /// The block's slot is more than one slot after the current slot.
    BlockTooFarInFuture,
    /// The block's proposer is not a validator.
    ProposerIndexOutOfRange,
    /// There are no validators, so no slot has a proposer.
    EmptyValidatorRegistry,
    /// The block's proposer is not the proposer of its slot.
    WrongProposer,
    /// The block has too many distinct attestation data.
    TooManyAttestationData,
    /// The block has the same attestation data twice.
    DuplicateAttestationData,
    /// An aggregate has no participants.
    EmptyAggregationBits,
    /// The vote's source is not a known block.
    UnknownSourceBlock,
    /// The vote's target is not a known block.
    UnknownTargetBlock,
    /// The vote's head is not a known block.
    UnknownHeadBlock,
    /// The vote's source is after its target.
    SourceAfterTarget,
    /// The vote's head is before its target.
    HeadOlderThanTarget,
    /// The slot of the vote's source differs from the slot of the block with the same root.
    SourceSlotMismatch,
    /// The slot of the vote's target differs from the slot of the block with the same root.
    TargetSlotMismatch,
    /// The slot of the vote's head differs from the slot of the block with the same root.
    HeadSlotMismatch,
    /// The vote's source is not on the chain of its target.
    SourceNotAncestorOfTarget,
    /// The vote's target is not on the chain of its head.
    TargetNotAncestorOfHead,
    /// The vote's head is neither the finalized block nor a descendant of it.
    HeadNotDescendantOfFinalized,
    /// The vote's slot has not begun.
    AttestationTooFarInFuture,
    /// The vote's slot is before the slot of its head.
    AttestationSlotBeforeHead,
    /// A voter is not in the registry of the target's state.
    ValidatorNotInState,
    /// A voter in a block is not in the registry.
    ValidatorIndexOutOfRange,
    /// A vote names a slot past the slots tracked by the state.
    JustifiedSlotOutOfRange,
    /// A candidate root of the state's tallies is the zero hash.
    ZeroHashJustificationRoot,
    /// The state's tallies do not have one bit per candidate root and validator.
    JustificationVotesLengthMismatch,
    /// A vote's signature or an aggregate's proof is not valid.
    InvalidSignature,
    /// A block's proof is not valid.
    InvalidBlockProof,
    /// The state root in the anchor block differs from the root of the anchor state.
    AnchorStateRootMismatch,
    /// The bytes are not an encoding of the expected type.
    DecodeError,
    /// The block is too far ahead for a state to hold the slots in between
    /// (`HISTORICAL_ROOTS_LIMIT`).
    ///
    /// The specification has no name for this reason: there, building the state of such a block
    /// fails. Here the block is rejected earlier, before a peer can make the node fill its memory
    /// with empty slots.
    HistoricalRootsLimitExceeded,
}

impl Rejection {
    /// Returns the reason's name in the specification, such as `UNKNOWN_PARENT_BLOCK`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::BlockSlotNotInFuture => "BLOCK_SLOT_NOT_IN_FUTURE",
            Self::BlockOlderThanLatestHeader => "BLOCK_OLDER_THAN_LATEST_HEADER",
            Self::BlockSlotMismatch => "BLOCK_SLOT_MISMATCH",
            Self::ParentRootMismatch => "PARENT_ROOT_MISMATCH",
            Self::StateRootMismatch => "STATE_ROOT_MISMATCH",
            Self::UnknownParentBlock => "UNKNOWN_PARENT_BLOCK",
            Self::BlockSlotGapTooLarge => "BLOCK_SLOT_GAP_TOO_LARGE",
            Self::BlockTooFarInFuture => "BLOCK_TOO_FAR_IN_FUTURE",
            Self::ProposerIndexOutOfRange => "PROPOSER_INDEX_OUT_OF_RANGE",
            Self::EmptyValidatorRegistry => "EMPTY_VALIDATOR_REGISTRY",
            Self::WrongProposer => "WRONG_PROPOSER",
            Self::TooManyAttestationData => "TOO_MANY_ATTESTATION_DATA",
            Self::DuplicateAttestationData => "DUPLICATE_ATTESTATION_DATA",
            Self::EmptyAggregationBits => "EMPTY_AGGREGATION_BITS",
            Self::UnknownSourceBlock => "UNKNOWN_SOURCE_BLOCK",
            Self::UnknownTargetBlock => "UNKNOWN_TARGET_BLOCK",
            Self::UnknownHeadBlock => "UNKNOWN_HEAD_BLOCK",
            Self::SourceAfterTarget => "SOURCE_AFTER_TARGET",
            Self::HeadOlderThanTarget => "HEAD_OLDER_THAN_TARGET",
            Self::SourceSlotMismatch => "SOURCE_SLOT_MISMATCH",
            Self::TargetSlotMismatch => "TARGET_SLOT_MISMATCH",
            Self::HeadSlotMismatch => "HEAD_SLOT_MISMATCH",
            Self::SourceNotAncestorOfTarget => "SOURCE_NOT_ANCESTOR_OF_TARGET",
            Self::TargetNotAncestorOfHead => "TARGET_NOT_ANCESTOR_OF_HEAD",
            Self::HeadNotDescendantOfFinalized => "HEAD_NOT_DESCENDANT_OF_FINALIZED",
            Self::AttestationTooFarInFuture => "ATTESTATION_TOO_FAR_IN_FUTURE",
            Self::AttestationSlotBeforeHead => "ATTESTATION_SLOT_BEFORE_HEAD",
            Self::ValidatorNotInState => "VALIDATOR_NOT_IN_STATE",
            Self::ValidatorIndexOutOfRange => "VALIDATOR_INDEX_OUT_OF_RANGE",
            Self::JustifiedSlotOutOfRange => "JUSTIFIED_SLOT_OUT_OF_RANGE",
            Self::ZeroHashJustificationRoot => "ZERO_HASH_JUSTIFICATION_ROOT",
            Self::JustificationVotesLengthMismatch => "JUSTIFICATION_VOTES_LENGTH_MISMATCH",
            Self::InvalidSignature => "INVALID_SIGNATURE",
            Self::InvalidBlockProof => "INVALID_BLOCK_PROOF",
            Self::AnchorStateRootMismatch => "ANCHOR_STATE_ROOT_MISMATCH",
            Self::DecodeError => "DECODE_ERROR",
            Self::HistoricalRootsLimitExceeded => "HISTORICAL_ROOTS_LIMIT_EXCEEDED",
        }
    }

    /// Returns whether the sender of the input must have broken a rule.
    ///
    /// An honest sender can name a block not yet known to this node, or a slot not yet reached by
    /// this node's clock. Its finalized block can be earlier than this node's, or on another
    /// branch. An anchor has no sender. All other reasons mean that the input is wrong on every
    /// node and at any time.
    pub const fn is_sender_at_fault(self) -> bool {
        match self {
            Self::UnknownParentBlock
            | Self::UnknownSourceBlock
            | Self::UnknownTargetBlock
            | Self::UnknownHeadBlock
            | Self::BlockTooFarInFuture
            | Self::HeadNotDescendantOfFinalized
            | Self::AttestationTooFarInFuture
            | Self::AnchorStateRootMismatch => false,
            Self::BlockSlotNotInFuture
            | Self::BlockOlderThanLatestHeader
            | Self::BlockSlotMismatch
            | Self::ParentRootMismatch
            | Self::StateRootMismatch
            | Self::BlockSlotGapTooLarge
            | Self::ProposerIndexOutOfRange
            | Self::EmptyValidatorRegistry
            | Self::WrongProposer
            | Self::TooManyAttestationData
            | Self::DuplicateAttestationData
            | Self::EmptyAggregationBits
            | Self::SourceAfterTarget
            | Self::HeadOlderThanTarget
            | Self::SourceSlotMismatch
            | Self::TargetSlotMismatch
            | Self::HeadSlotMismatch
            | Self::SourceNotAncestorOfTarget
            | Self::TargetNotAncestorOfHead
            | Self::AttestationSlotBeforeHead
            | Self::ValidatorNotInState
            | Self::ValidatorIndexOutOfRange
            | Self::JustifiedSlotOutOfRange
            | Self::ZeroHashJustificationRoot
            | Self::JustificationVotesLengthMismatch
            | Self::InvalidSignature
            | Self::InvalidBlockProof
            | Self::DecodeError
            | Self::HistoricalRootsLimitExceeded => true,
        }
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Error for Rejection {}
