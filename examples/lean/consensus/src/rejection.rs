//! Why an input is refused, in the specification's names.

use std::error::Error;
use std::fmt;

/// The specification's reasons for refusing an input (`RejectionReason`), and this node's one of its own.
///
/// It is displayed as its name, such as `UNKNOWN_PARENT_BLOCK`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Rejection {
    /// The block's slot is not after the slot of the state.
    BlockSlotNotInFuture,
    /// The block's slot is not after the newest header's.
    BlockOlderThanLatestHeader,
    /// The block's slot is not the one that the state was advanced to.
    BlockSlotMismatch,
    /// The block's parent is not the newest header.
    ParentRootMismatch,
    /// The block's state root is not that of the state after it.
    StateRootMismatch,
    /// The block's parent is not known, or its state is not kept any more.
    UnknownParentBlock,
    /// The block's proposer is no validator.
    ProposerIndexOutOfRange,
    /// There are no validators, so nobody can propose.
    EmptyValidatorRegistry,
    /// The block's proposer is not the one whose turn it is.
    WrongProposer,
    /// The block has more distinct attestation data than are allowed.
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
    /// The vote's source has another slot than the block that it names.
    SourceSlotMismatch,
    /// The vote's target has another slot than the block that it names.
    TargetSlotMismatch,
    /// The vote's head has another slot than the block that it names.
    HeadSlotMismatch,
    /// The vote's source is not on its target's chain.
    SourceNotAncestorOfTarget,
    /// The vote's target is not on its head's chain.
    TargetNotAncestorOfHead,
    /// The vote's slot has not begun.
    AttestationTooFarInFuture,
    /// The vote's slot is before its head's.
    AttestationSlotBeforeHead,
    /// A voter is not in the registry of the target's state.
    ValidatorNotInState,
    /// A voter in a block is not in the registry.
    ValidatorIndexOutOfRange,
    /// A vote names a slot past those that the state tracks.
    JustifiedSlotOutOfRange,
    /// A vote's signature, or an aggregate's proof, is not valid.
    InvalidSignature,
    /// A block's proof is not valid.
    InvalidBlockProof,
    /// The anchor block names another state than the anchor state.
    AnchorStateRootMismatch,
    /// The bytes are not an encoding of what they should be.
    DecodeError,
    /// The block is so far ahead that a state cannot hold the slots in between (`HISTORICAL_ROOTS_LIMIT`).
    ///
    /// The specification has no name for it: there such a block fails when its state is built. Here it is refused
    /// before a peer can make the node fill its memory with empty slots.
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
            Self::AttestationTooFarInFuture => "ATTESTATION_TOO_FAR_IN_FUTURE",
            Self::AttestationSlotBeforeHead => "ATTESTATION_SLOT_BEFORE_HEAD",
            Self::ValidatorNotInState => "VALIDATOR_NOT_IN_STATE",
            Self::ValidatorIndexOutOfRange => "VALIDATOR_INDEX_OUT_OF_RANGE",
            Self::JustifiedSlotOutOfRange => "JUSTIFIED_SLOT_OUT_OF_RANGE",
            Self::InvalidSignature => "INVALID_SIGNATURE",
            Self::InvalidBlockProof => "INVALID_BLOCK_PROOF",
            Self::AnchorStateRootMismatch => "ANCHOR_STATE_ROOT_MISMATCH",
            Self::DecodeError => "DECODE_ERROR",
            Self::HistoricalRootsLimitExceeded => "HISTORICAL_ROOTS_LIMIT_EXCEEDED",
        }
    }

    /// Says whether the sender of the input must have broken a rule, rather than be ahead of this node or behind it.
    ///
    /// Nobody is at fault for naming a block that this node does not know yet, or a slot that its clock has not
    /// reached. An anchor is not sent by anybody. Everything else is wrong wherever and whenever it is looked at.
    pub const fn is_sender_at_fault(self) -> bool {
        match self {
            Self::UnknownParentBlock
            | Self::UnknownSourceBlock
            | Self::UnknownTargetBlock
            | Self::UnknownHeadBlock
            | Self::AttestationTooFarInFuture
            | Self::AnchorStateRootMismatch => false,
            Self::BlockSlotNotInFuture
            | Self::BlockOlderThanLatestHeader
            | Self::BlockSlotMismatch
            | Self::ParentRootMismatch
            | Self::StateRootMismatch
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
