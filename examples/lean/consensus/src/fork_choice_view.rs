//! What fork choice looks like from outside: the blocks that it chooses between, and what each weighs.

use std::sync::Arc;

use crate::{Root, Slot, Store, ValidatorIndex};

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

/// Makes views of a store's fork choice. A view costs what there is between the finalized block and the newest, and
/// nothing when nothing has moved; what is final is not looked at again.
#[derive(Debug, Default)]
pub struct ForkChoiceViewer {
    /// How many of the store's blocks have been looked at.
    looked_at: usize,
    /// The slot from which on blocks are shown.
    finalized: Slot,
    nodes: Vec<ForkChoiceNode>,
    /// The last view, while nothing has moved since.
    latest: Option<Arc<ForkChoiceView>>,
}

impl ForkChoiceViewer {
    /// Says that blocks have come, or the votes that count may have changed.
    pub fn moved(&mut self) {
        self.latest = None;
    }

    /// Says that a block was taken out of the store, so that the others are not where they were.
    pub fn withdrawn(&mut self) {
        *self = Self::default();
    }

    /// Returns what the store's fork choice has come to.
    pub fn view(&mut self, store: &Store) -> Arc<ForkChoiceView> {
        if let Some(latest) = &self.latest {
            return Arc::clone(latest);
        }
        let finalized = store.latest_finalized().slot;
        if finalized < self.finalized {
            // A reorganisation has lowered it, so blocks that were left out are to be shown again.
            *self = Self::default();
        }
        if finalized > self.finalized {
            self.nodes.retain(|node| node.slot >= finalized);
        }
        self.finalized = finalized;
        let new = store.tree().blocks().skip(self.looked_at).filter(|(_, block)| block.slot >= finalized);
        self.nodes.extend(new.map(|(root, block)| ForkChoiceNode {
            root: *root,
            slot: block.slot,
            parent_root: block.parent_root,
            proposer_index: block.proposer_index,
            weight: 0,
        }));
        self.looked_at = store.tree().blocks().len();
        let weights = store.block_weights();
        for node in &mut self.nodes {
            node.weight = weights.get(&node.root).copied().unwrap_or_default();
        }
        let view = Arc::new(ForkChoiceView { nodes: self.nodes.clone() });
        self.latest = Some(Arc::clone(&view));
        view
    }
}
