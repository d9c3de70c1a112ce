//! The signed blocks, kept to serve them to peers.

use std::collections::HashMap;
use std::sync::Arc;

use consensus::{INTERVALS_PER_SLOT, Root, SignedBlock, Slot, Store};
use network::SlotRange;
use wire::MIN_SLOTS_FOR_BLOCK_REQUESTS;

/// The blocks of the store with their signatures. The anchor is not among them, because it has no
/// signature.
#[derive(Debug)]
pub(super) struct History {
    /// The first slot with a block to serve: the one after the anchor's.
    from: Slot,
    pub(super) blocks: HashMap<Root, Arc<SignedBlock>>,
}

impl History {
    pub(super) fn new(store: &Store) -> Self {
        Self { from: store.latest_finalized().slot + 1, blocks: HashMap::new() }
    }

    pub(super) fn insert(&mut self, root: Root, block: &Arc<SignedBlock>) {
        self.blocks.insert(root, Arc::clone(block));
    }

    /// Drops the blocks too old for the duty to serve them (`MIN_SLOTS_FOR_BLOCK_REQUESTS`).
    ///
    /// Most of their size is proofs. Fork choice keeps its own copies, without proofs.
    pub(super) fn forget_unservable(&mut self, now: Slot) {
        let oldest = now.saturating_sub(MIN_SLOTS_FOR_BLOCK_REQUESTS);
        self.blocks.retain(|_, block| block.block.slot >= oldest);
    }

    /// Returns blocks by root, in the order of the request. Unknown roots are skipped.
    pub(super) fn by_roots<'a>(
        &'a self,
        roots: &'a [Root],
    ) -> impl Iterator<Item = &'a Arc<SignedBlock>> {
        roots.iter().filter_map(|root| self.blocks.get(root))
    }

    /// Returns the blocks of the head's chain in these slots, in ascending order.
    ///
    /// # Errors
    ///
    /// The range begins before the window to be served (`MIN_SLOTS_FOR_BLOCK_REQUESTS`), or ends
    /// before this node's anchor.
    pub(super) fn by_range(
        &self,
        range: SlotRange,
        store: &Store,
    ) -> Result<Vec<Arc<SignedBlock>>, &'static str> {
        let now = store.time() / INTERVALS_PER_SLOT;
        if range.start_slot < now.saturating_sub(MIN_SLOTS_FOR_BLOCK_REQUESTS) {
            return Err("the requested slots are before the history window");
        }
        if range.slots().all(|slot| slot < self.from) {
            return Err("the requested slots are before this node's history");
        }
        let to_head = range.slots().take_while(|slot| *slot <= store.head_slot());
        let roots = to_head.filter_map(|slot| canonical_root(store, slot));
        Ok(roots.filter_map(|root| self.blocks.get(&root)).map(Arc::clone).collect())
    }
}

/// Returns the root of the block in this slot on the head's chain, or `None` for an empty slot.
pub(super) fn canonical_root(store: &Store, slot: Slot) -> Option<Root> {
    if slot == store.head_slot() {
        return Some(store.head());
    }
    // The head's state has a root for each slot before its own, zero for empty slots.
    let place = usize::try_from(slot).ok()?;
    store.head_state().historical_block_hashes.get(place).filter(|root| !root.is_zero()).copied()
}
