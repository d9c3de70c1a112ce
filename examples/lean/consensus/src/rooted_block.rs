//! A signed block with its root, computed only once.

use std::sync::Arc;

use crate::block::{Block, BlockHeader, SignedBlock};
use crate::root::Root;

/// A signed block together with its root and the root of its body.
///
/// Every use of a block starts with its root, and its transition needs the root of its body. Create
/// this type from a [`SignedBlock`] on a thread with time to spare, not on the owner of a store.
/// Functions taking `impl Into<RootedBlock>` also accept a block without precomputed roots.
///
/// # Examples
///
/// ```
/// use consensus::{Root, RootedBlock, SignedBlock};
///
/// let block = SignedBlock::default();
/// let rooted = RootedBlock::from(&block);
/// assert_eq!(rooted.root(), Root::of(&block.block));
/// ```
#[derive(Clone, Debug)]
pub struct RootedBlock {
    root: Root,
    body_root: Root,
    signed: Arc<SignedBlock>,
}

impl RootedBlock {
    /// Creates a rooted block by hashing a signed block.
    pub fn new(signed: Arc<SignedBlock>) -> Self {
        let Block { slot, proposer_index, parent_root, state_root, body } = &signed.block;
        let body_root = Root::of(body);
        // A block's root equals its header's root, so the body need not be hashed twice.
        let header = BlockHeader {
            slot: *slot,
            proposer_index: *proposer_index,
            parent_root: *parent_root,
            state_root: *state_root,
            body_root,
        };
        Self { root: Root::of(&header), body_root, signed }
    }

    /// Returns the block's root.
    pub fn root(&self) -> Root {
        self.root
    }

    /// Returns the root of the block's body.
    pub fn body_root(&self) -> Root {
        self.body_root
    }

    /// Returns the block without its proof.
    pub fn block(&self) -> &Block {
        &self.signed.block
    }

    /// Returns the signed block.
    pub fn signed(&self) -> &Arc<SignedBlock> {
        &self.signed
    }
}

impl From<Arc<SignedBlock>> for RootedBlock {
    fn from(signed: Arc<SignedBlock>) -> Self {
        Self::new(signed)
    }
}

impl From<&Arc<SignedBlock>> for RootedBlock {
    fn from(signed: &Arc<SignedBlock>) -> Self {
        Self::new(Arc::clone(signed))
    }
}

impl From<&SignedBlock> for RootedBlock {
    fn from(signed: &SignedBlock) -> Self {
        Self::new(Arc::new(signed.clone()))
    }
}

impl From<&Self> for RootedBlock {
    fn from(rooted: &Self) -> Self {
        rooted.clone()
    }
}
