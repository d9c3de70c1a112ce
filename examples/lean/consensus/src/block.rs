//! Blocks, their headers and their bodies.

use libssz_derive::{HashTreeRoot, SszDecode, SszEncode};
use libssz_types::SszList;

use crate::attestation::{AggregatedAttestation, MultiMessageAggregate};
use crate::constants::VALIDATOR_REGISTRY_LIMIT;
use crate::root::Root;
use crate::slot::{Slot, ValidatorIndex};

/// The votes of a block, in the order of the components of its proof.
pub type AggregatedAttestations = SszList<AggregatedAttestation, VALIDATOR_REGISTRY_LIMIT>;

/// The content of a block.
#[derive(Clone, Debug, Default, PartialEq, Eq, SszEncode, SszDecode, HashTreeRoot)]
pub struct BlockBody {
    /// The votes.
    pub attestations: AggregatedAttestations,
}

/// A block without its body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, SszEncode, SszDecode, HashTreeRoot)]
pub struct BlockHeader {
    /// The slot of the block.
    pub slot: Slot,
    /// The proposer.
    pub proposer_index: ValidatorIndex,
    /// The root of the parent block.
    pub parent_root: Root,
    /// The root of the state after the block. In a state's newest header, it is zero until the next
    /// slot begins.
    pub state_root: Root,
    /// The root of the block's body.
    pub body_root: Root,
}

/// A block. Its hash tree root equals the root of its header.
#[derive(Clone, Debug, Default, PartialEq, Eq, SszEncode, SszDecode, HashTreeRoot)]
pub struct Block {
    /// The slot of the block.
    pub slot: Slot,
    /// The proposer.
    pub proposer_index: ValidatorIndex,
    /// The root of the parent block.
    pub parent_root: Root,
    /// The root of the state after the block.
    pub state_root: Root,
    /// The content of the block.
    pub body: BlockBody,
}

/// A block, and one proof of all its signatures: one signature per vote, then the proposer's
/// signature over the block's root.
#[derive(Clone, Debug, Default, PartialEq, Eq, SszEncode, SszDecode, HashTreeRoot)]
pub struct SignedBlock {
    /// The block.
    pub block: Block,
    /// The proof.
    pub proof: MultiMessageAggregate,
}
