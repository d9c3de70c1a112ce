//! The signed blocks, kept to serve them to peers.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use consensus::{
    Block, Checkpoint, INTERVALS_PER_SLOT, MultiMessageAggregate, Root, SignedBlock, Slot, Store,
};
use network::SlotRange;
use wire::MIN_SLOTS_FOR_BLOCK_REQUESTS;

/// The blocks of the store with their proofs.
///
/// The anchor has an empty proof, as in the API: genesis has no signature, and checkpoint sync
/// returns the block without its proof. It is served by its root. By range it is served if it is
/// genesis, which every peer has. A later anchor is left out, because a peer that catches up by
/// range verifies the proof of each block.
#[derive(Debug)]
pub(super) struct History {
    /// The first slot with a block to serve by range.
    from: Slot,
    anchor: Root,
    pub(super) blocks: HashMap<Root, Arc<SignedBlock>>,
}

impl History {
    pub(super) fn new(store: &Store) -> Self {
        Self::from_anchor(store.latest_finalized(), store)
    }

    /// Creates a history that begins after a block of the store.
    pub(super) fn from_anchor(anchor: Checkpoint, store: &Store) -> Self {
        let Checkpoint { root: anchor, slot } = anchor;
        let block = store.block(&anchor).expect("the anchor is a block of the store");
        let proof = MultiMessageAggregate::default();
        let signed = Arc::new(SignedBlock { block: Block::clone(block), proof });
        let from = if slot == 0 { 0 } else { slot + 1 };
        Self { from, anchor, blocks: HashMap::from([(anchor, signed)]) }
    }

    pub(super) fn insert(&mut self, root: Root, block: &Arc<SignedBlock>) {
        self.blocks.insert(root, Arc::clone(block));
    }

    /// Drops the blocks too old for the duty to serve them (`MIN_SLOTS_FOR_BLOCK_REQUESTS`).
    ///
    /// Most of their size is proofs. Fork choice keeps its own copies, without proofs.
    pub(super) fn forget_unservable(&mut self, now: Slot) {
        let oldest = now.saturating_sub(MIN_SLOTS_FOR_BLOCK_REQUESTS);
        self.blocks.retain(|root, block| *root == self.anchor || block.block.slot >= oldest);
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
        check_window(range, store)?;
        let last = range.start_slot.saturating_add(range.count.saturating_sub(1));
        if last < self.from {
            return Err("the requested slots are before this node's history");
        }
        let to_head = range.slots().take_while(|slot| *slot <= store.head_slot());
        let is_served = |slot: &Slot| *slot >= self.from;
        let roots = to_head.filter(is_served).filter_map(|slot| canonical_root(store, slot));
        Ok(roots.filter_map(|root| self.blocks.get(&root)).map(Arc::clone).collect())
    }
}

impl History {
    /// Returns the slots of a range before this node's anchor, and the blocks of the rest. The
    /// former may be on the disk.
    ///
    /// # Errors
    ///
    /// The range begins before the window to be served (`MIN_SLOTS_FOR_BLOCK_REQUESTS`).
    pub(super) fn by_range_from_disk(
        &self,
        range: SlotRange,
        store: &Store,
    ) -> Result<(Range<Slot>, Vec<Arc<SignedBlock>>), &'static str> {
        let start = range.start_slot;
        let end = start.saturating_add(range.count);
        let on_disk = start..end.min(self.from);
        check_window(range, store)?;
        let is_all_on_disk = !on_disk.is_empty() && end <= self.from;
        let blocks = if is_all_on_disk { Vec::new() } else { self.by_range(range, store)? };
        Ok((on_disk, blocks))
    }
}

fn check_window(range: SlotRange, store: &Store) -> Result<(), &'static str> {
    let now = store.time() / INTERVALS_PER_SLOT;
    if range.start_slot < now.saturating_sub(MIN_SLOTS_FOR_BLOCK_REQUESTS) {
        return Err("the requested slots are before the history window");
    }
    Ok(())
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
