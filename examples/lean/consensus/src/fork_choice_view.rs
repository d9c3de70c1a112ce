//! A view of fork choice for other threads: the blocks considered, and their weights.

use std::sync::Arc;

use crate::{Root, Slot, Store, ValidatorIndex};

/// A block still considered by fork choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ForkChoiceNode {
    /// The block's root.
    pub root: Root,
    /// The block's slot.
    pub slot: Slot,
    /// The root of its parent.
    pub parent_root: Root,
    /// Its proposer.
    pub proposer_index: ValidatorIndex,
    /// The number of validators with their latest counted vote for it or a descendant.
    pub weight: u64,
}

/// The blocks from the finalized slot on, in the order of their import.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ForkChoiceView {
    /// The blocks.
    pub nodes: Vec<ForkChoiceNode>,
}

/// Creates views of a store's fork choice.
///
/// The cost of a view grows with the blocks above the finalized one. Without a change since the
/// last view, it is a clone of an `Arc`. Final blocks are not visited again.
#[derive(Debug, Default)]
pub struct ForkChoiceViewer {
    /// The number of the store's blocks visited so far.
    looked_at: usize,
    /// The first slot in the view.
    finalized: Slot,
    nodes: Vec<ForkChoiceNode>,
    /// The last view, until something changes.
    latest: Option<Arc<ForkChoiceView>>,
}

impl ForkChoiceViewer {
    /// Discards the last view, after new blocks or a change of the counted votes.
    pub fn moved(&mut self) {
        self.latest = None;
    }

    /// Visits all blocks again, after the removal of a block moved the others.
    pub fn withdrawn(&mut self) {
        *self = Self::default();
    }

    /// Returns a view of the store's fork choice.
    pub fn view(&mut self, store: &Store) -> Arc<ForkChoiceView> {
        self.view_from(store, store.latest_finalized().slot)
    }

    /// Returns a view from an announced finalized slot on, if the store's own one is later.
    pub fn view_from(&mut self, store: &Store, announced: Slot) -> Arc<ForkChoiceView> {
        let finalized = announced.min(store.latest_finalized().slot);
        if let Some(latest) = self.latest.as_ref().filter(|_| self.finalized == finalized) {
            return Arc::clone(latest);
        }
        if finalized < self.finalized {
            // A reorganisation lowered it, so the blocks left out must be shown again.
            *self = Self::default();
        }
        if finalized > self.finalized {
            self.nodes.retain(|node| node.slot >= finalized);
        }
        self.finalized = finalized;
        let new =
            store.tree().blocks().skip(self.looked_at).filter(|(_, block)| block.slot >= finalized);
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
