//! Blocks.

use libssz_derive::{HashTreeRoot, SszDecode, SszEncode};
use libssz_types::SszList;

use crate::attestation::{AggregatedAttestation, MultiMessageAggregate};
use crate::constants::VALIDATOR_REGISTRY_LIMIT;
use crate::root::Root;
use crate::slot::{Slot, ValidatorIndex};

/// The votes of a block, in the order of its proof's components.
pub type AggregatedAttestations = SszList<AggregatedAttestation, VALIDATOR_REGISTRY_LIMIT>;

/// What a block carries.
#[derive(Clone, Debug, Default, PartialEq, Eq, SszEncode, SszDecode, HashTreeRoot)]
pub struct BlockBody {
    /// The votes.
    pub attestations: AggregatedAttestations,
}

/// A block without its body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, SszEncode, SszDecode, HashTreeRoot)]
pub struct BlockHeader {
    /// The slot that the block was proposed in.
    pub slot: Slot,
    /// Who proposed it.
    pub proposer_index: ValidatorIndex,
    /// The root of the block before it.
    pub parent_root: Root,
    /// The root of the state after it; zero in a state's newest header until the next slot begins.
    pub state_root: Root,
    /// The root of its body.
    pub body_root: Root,
}

/// A block; its hash tree root equals that of its header.
#[derive(Clone, Debug, Default, PartialEq, Eq, SszEncode, SszDecode, HashTreeRoot)]
pub struct Block {
    /// The slot that the block is proposed in.
    pub slot: Slot,
    /// Who proposes it.
    pub proposer_index: ValidatorIndex,
    /// The root of the block before it.
    pub parent_root: Root,
    /// The root of the state after it.
    pub state_root: Root,
    /// What it carries.
    pub body: BlockBody,
}

/// A block and the one proof of all its signatures: each vote's, and last the proposer's over the block's root.
#[derive(Clone, Debug, Default, PartialEq, Eq, SszEncode, SszDecode, HashTreeRoot)]
pub struct SignedBlock {
    /// The block.
    pub block: Block,
    /// The proof.
    pub proof: MultiMessageAggregate,
}
