//! Why an input is refused, in the specification's names.

use thiserror::Error;

/// The specification's reasons for refusing an input (`RejectionReason`), and this node's one of its own.
///
/// It is displayed as its name, such as `UNKNOWN_PARENT_BLOCK`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
pub enum Rejection {
    /// The block's slot is not after the slot of the state.
    #[error("BLOCK_SLOT_NOT_IN_FUTURE")]
    BlockSlotNotInFuture,
    /// The block's slot is not after the newest header's.
    #[error("BLOCK_OLDER_THAN_LATEST_HEADER")]
    BlockOlderThanLatestHeader,
    /// The block's slot is not the one that the state was advanced to.
    #[error("BLOCK_SLOT_MISMATCH")]
    BlockSlotMismatch,
    /// The block's parent is not the newest header.
    #[error("PARENT_ROOT_MISMATCH")]
    ParentRootMismatch,
    /// The block's state root is not that of the state after it.
    #[error("STATE_ROOT_MISMATCH")]
    StateRootMismatch,
    /// The block's parent is not known, or its state is not kept any more.
    #[error("UNKNOWN_PARENT_BLOCK")]
    UnknownParentBlock,
    /// The block's proposer is no validator.
    #[error("PROPOSER_INDEX_OUT_OF_RANGE")]
    ProposerIndexOutOfRange,
    /// There are no validators, so nobody can propose.
    #[error("EMPTY_VALIDATOR_REGISTRY")]
    EmptyValidatorRegistry,
    /// The block's proposer is not the one whose turn it is.
    #[error("WRONG_PROPOSER")]
    WrongProposer,
    /// The block has more distinct attestation data than are allowed.
    #[error("TOO_MANY_ATTESTATION_DATA")]
    TooManyAttestationData,
    /// The block has the same attestation data twice.
    #[error("DUPLICATE_ATTESTATION_DATA")]
    DuplicateAttestationData,
    /// An aggregate has no participants.
    #[error("EMPTY_AGGREGATION_BITS")]
    EmptyAggregationBits,
    /// The vote's source is not a known block.
    #[error("UNKNOWN_SOURCE_BLOCK")]
    UnknownSourceBlock,
    /// The vote's target is not a known block.
    #[error("UNKNOWN_TARGET_BLOCK")]
    UnknownTargetBlock,
    /// The vote's head is not a known block.
    #[error("UNKNOWN_HEAD_BLOCK")]
    UnknownHeadBlock,
    /// The vote's source is after its target.
    #[error("SOURCE_AFTER_TARGET")]
    SourceAfterTarget,
    /// The vote's head is before its target.
    #[error("HEAD_OLDER_THAN_TARGET")]
    HeadOlderThanTarget,
    /// The vote's source has another slot than the block that it names.
    #[error("SOURCE_SLOT_MISMATCH")]
    SourceSlotMismatch,
    /// The vote's target has another slot than the block that it names.
    #[error("TARGET_SLOT_MISMATCH")]
    TargetSlotMismatch,
    /// The vote's head has another slot than the block that it names.
    #[error("HEAD_SLOT_MISMATCH")]
    HeadSlotMismatch,
    /// The vote's source is not on its target's chain.
    #[error("SOURCE_NOT_ANCESTOR_OF_TARGET")]
    SourceNotAncestorOfTarget,
    /// The vote's target is not on its head's chain.
    #[error("TARGET_NOT_ANCESTOR_OF_HEAD")]
    TargetNotAncestorOfHead,
    /// The vote's slot has not begun.
    #[error("ATTESTATION_TOO_FAR_IN_FUTURE")]
    AttestationTooFarInFuture,
    /// The vote's slot is before its head's.
    #[error("ATTESTATION_SLOT_BEFORE_HEAD")]
    AttestationSlotBeforeHead,
    /// A voter is not in the registry of the target's state.
    #[error("VALIDATOR_NOT_IN_STATE")]
    ValidatorNotInState,
    /// A voter in a block is not in the registry.
    #[error("VALIDATOR_INDEX_OUT_OF_RANGE")]
    ValidatorIndexOutOfRange,
    /// A vote names a slot past those that the state tracks.
    #[error("JUSTIFIED_SLOT_OUT_OF_RANGE")]
    JustifiedSlotOutOfRange,
    /// A vote's signature, or an aggregate's proof, is not valid.
    #[error("INVALID_SIGNATURE")]
    InvalidSignature,
    /// A block's proof is not valid.
    #[error("INVALID_BLOCK_PROOF")]
    InvalidBlockProof,
    /// The anchor block names another state than the anchor state.
    #[error("ANCHOR_STATE_ROOT_MISMATCH")]
    AnchorStateRootMismatch,
    /// The bytes are not an encoding of what they should be.
    #[error("DECODE_ERROR")]
    DecodeError,
    /// The block is so far ahead that a state cannot hold the slots in between (`HISTORICAL_ROOTS_LIMIT`).
    ///
    /// The specification has no name for it: there such a block fails when its state is built. Here it is refused
    /// before a peer can make the node fill its memory with empty slots.
    #[error("HISTORICAL_ROOTS_LIMIT_EXCEEDED")]
    HistoricalRootsLimitExceeded,
}

impl Rejection {
    /// Says whether the sender of the input must have broken a rule, rather than be ahead of this node or behind it.
    pub fn is_sender_at_fault(self) -> bool {
        !matches!(
            self,
            Self::UnknownParentBlock
                | Self::UnknownSourceBlock
                | Self::UnknownTargetBlock
                | Self::UnknownHeadBlock
                | Self::AttestationTooFarInFuture
        )
    }
}
