//! A block with its root, which is computed once and travels with it.

use std::sync::Arc;

use crate::block::{Block, BlockHeader, SignedBlock};
use crate::root::Root;

/// A signed block that has been hashed.
///
/// Whoever handles a block asks for its root first, and its transition needs the root of its body. Made from a
/// [`SignedBlock`] wherever there is time for it, off the owner of a store; whatever takes one, takes a block that has
/// not been hashed as well.
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
    /// Hashes a block.
    pub fn new(signed: Arc<SignedBlock>) -> Self {
        let Block { slot, proposer_index, parent_root, state_root, body } = &signed.block;
        let body_root = Root::of(body);
        // A block's root is that of its header, and its body need not be hashed for it again.
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

    /// Returns the block as it was signed.
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
