//! Synchronization's view of the chain.

use consensus::{Root, Slot, Store};

/// The facts about the chain needed by synchronization.
pub(crate) trait ChainView {
    /// Returns whether a block is in the store.
    fn contains(&self, root: &Root) -> bool;
    fn head_slot(&self) -> Slot;
    fn finalized_slot(&self) -> Slot;
    fn finalized_root(&self) -> Root;
}

impl ChainView for Store {
    fn contains(&self, root: &Root) -> bool {
        self.contains_block(root)
    }

    fn head_slot(&self) -> Slot {
        Self::head_slot(self)
    }

    fn finalized_slot(&self) -> Slot {
        self.latest_finalized().slot
    }

    fn finalized_root(&self) -> Root {
        self.latest_finalized().root
    }
}
