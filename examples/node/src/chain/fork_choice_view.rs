//! What fork choice looks like from outside: the blocks that it chooses between, and what each weighs.

use crate::consensus::{Root, Slot, Store, ValidatorIndex};

/// One block that fork choice may still choose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ForkChoiceNode {
    /// The block's root.
    pub root: Root,
    /// The block's slot.
    pub slot: Slot,
    /// The root of the block before it.
    pub parent_root: Root,
    /// Who proposed it.
    pub proposer_index: ValidatorIndex,
    /// How many validators' latest votes that count are for it or a descendant.
    pub weight: u64,
}

/// The blocks from the finalized slot on, in the order in which they were imported.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ForkChoiceView {
    /// The blocks.
    pub nodes: Vec<ForkChoiceNode>,
}

impl ForkChoiceView {
    /// Copies what the store's fork choice has come to.
    #[must_use]
    pub fn of(store: &Store) -> Self {
        let finalized = store.latest_finalized().slot;
        let weights = store.block_weights();
        let nodes = store
            .blocks()
            .filter(|(_, block)| block.slot >= finalized)
            .map(|(root, block)| ForkChoiceNode {
                root: *root,
                slot: block.slot,
                parent_root: block.parent_root,
                proposer_index: block.proposer_index,
                weight: weights.get(root).copied().unwrap_or_default(),
            })
            .collect();
        Self { nodes }
    }
}
