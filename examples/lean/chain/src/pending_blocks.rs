//! Blocks held for a missing parent.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use libssz::SszEncode as _;
use network::PeerId;

use consensus::{Root, SignedBlock, Slot};

/// Holds blocks until their parent is imported.
///
/// The blocks are unverified, so their number and their total size are bounded. When it is full,
/// the peer with the largest share loses its block of the highest slot. So a flood evicts only the
/// blocks of its sender. The blocks nearest to the known chain stay, because the others depend on
/// them. An evicted block is fetched again.
#[derive(Debug)]
pub(super) struct PendingBlocks {
    capacity: usize,
    most_bytes: usize,
    /// The total encoded size of the blocks.
    bytes: usize,
    blocks: HashMap<Root, Held>,
    children: HashMap<Root, BTreeSet<(Slot, Root)>>,
    by_slot: BTreeSet<(Slot, Root)>,
    /// The held blocks of each peer.
    shares: HashMap<Option<PeerId>, Share>,
    evicted: u64,
}

#[derive(Debug)]
struct Held {
    block: Arc<SignedBlock>,
    size: usize,
    source: Option<PeerId>,
    /// The length of the longest row of blocks held from this one up when it was added, itself
    /// included.
    depth: usize,
}

#[derive(Debug, Default)]
struct Share {
    bytes: usize,
    by_slot: BTreeSet<(Slot, Root)>,
}

impl PendingBlocks {
    pub(super) fn new(capacity: usize, most_bytes: usize) -> Self {
        Self {
            capacity,
            most_bytes,
            bytes: 0,
            blocks: HashMap::new(),
            children: HashMap::new(),
            by_slot: BTreeSet::new(),
            shares: HashMap::new(),
            evicted: 0,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.blocks.len()
    }

    /// Returns the number of blocks evicted for lack of room.
    pub(super) fn evicted(&self) -> u64 {
        self.evicted
    }

    /// Holds a block sent by `source`. Returns whether the block is newly held.
    pub(super) fn hold(
        &mut self,
        root: Root,
        block: Arc<SignedBlock>,
        source: Option<PeerId>,
    ) -> bool {
        if self.blocks.contains_key(&root) {
            return false;
        }
        let (slot, parent, size) = (block.block.slot, block.block.parent_root, block.encoded_len());
        self.by_slot.insert((slot, root));
        self.children.entry(parent).or_default().insert((slot, root));
        let share = self.shares.entry(source).or_default();
        share.by_slot.insert((slot, root));
        share.bytes += size;
        self.bytes += size;
        let depth = self.depth_above(&root) + 1;
        self.blocks.insert(root, Held { block, size, source, depth });
        while self.blocks.len() > self.capacity || self.bytes > self.most_bytes {
            let is_by_number = self.blocks.len() > self.capacity;
            let taken =
                |share: &Share| if is_by_number { share.by_slot.len() } else { share.bytes };
            let largest = self.shares.values().max_by_key(|share| taken(share));
            let highest = largest
                .and_then(|share| share.by_slot.last())
                .expect("it holds more than its capacity")
                .1;
            self.remove(highest);
            self.evicted += 1;
        }
        self.blocks.contains_key(&root)
    }

    /// Follows parents from `root` through the held blocks, and returns the first missing one: the
    /// block to fetch. Also returns the number of blocks held in a row above it.
    pub(super) fn first_missing(&self, mut root: Root) -> (Root, usize) {
        // Hashes cannot form a cycle, so the loop ends.
        while let Some(held) = self.blocks.get(&root) {
            root = held.block.block.parent_root;
        }
        (root, self.depth_above(&root))
    }

    /// Returns the missing parents, each once.
    pub(super) fn missing_parents(&self) -> Vec<Root> {
        self.children.keys().filter(|parent| !self.blocks.contains_key(parent)).copied().collect()
    }

    /// Removes the children of `parent`, the lowest slot first.
    pub(super) fn take_children(&mut self, parent: Root) -> Vec<Arc<SignedBlock>> {
        let children = self.children.get(&parent).cloned().unwrap_or_default();
        children.into_iter().filter_map(|(_, root)| self.remove(root)).collect()
    }

    /// Drops the blocks at or below the finalized slot, because they can never be imported.
    pub(super) fn prune(&mut self, finalized: Slot) {
        while let Some(&(slot, root)) = self.by_slot.first()
            && slot <= finalized
        {
            self.remove(root);
        }
    }

    fn depth_above(&self, root: &Root) -> usize {
        let children = self.children.get(root).into_iter().flatten();
        children
            .filter_map(|(_, child)| Some(self.blocks.get(child)?.depth))
            .max()
            .unwrap_or_default()
    }

    fn remove(&mut self, root: Root) -> Option<Arc<SignedBlock>> {
        let Held { block, size, source, .. } = self.blocks.remove(&root)?;
        self.bytes -= size;
        let (slot, parent) = (block.block.slot, block.block.parent_root);
        self.by_slot.remove(&(slot, root));
        if let Some(share) = self.shares.get_mut(&source) {
            share.bytes -= size;
            share.by_slot.remove(&(slot, root));
            if share.by_slot.is_empty() {
                self.shares.remove(&source);
            }
        }
        if let Some(siblings) = self.children.get_mut(&parent) {
            siblings.remove(&(slot, root));
            if siblings.is_empty() {
                self.children.remove(&parent);
            }
        }
        Some(block)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use consensus::{Block, BlockBody, MultiMessageAggregate};

    const BYTES: usize = 1 << 20;

    fn block(slot: Slot, parent_root: Root) -> (Root, Arc<SignedBlock>) {
        let block = Block {
            slot,
            proposer_index: 0,
            parent_root,
            state_root: Root::default(),
            body: BlockBody::default(),
        };
        (Root::of(&block), Arc::new(SignedBlock { block, proof: MultiMessageAggregate::default() }))
    }

    #[test]
    fn children_wait_for_their_parent_and_are_returned_by_slot() {
        let mut pool = PendingBlocks::new(8, BYTES);
        let parent = Root::from([1; 32]);
        let (late, late_block) = block(9, parent);
        let (early, early_block) = block(7, parent);
        assert!(pool.hold(late, late_block.clone(), None));
        assert!(!pool.hold(late, late_block, None));
        assert!(pool.hold(early, early_block, None));
        assert_eq!(pool.first_missing(late), (parent, 1));
        assert_eq!(pool.missing_parents(), [parent]);
        let slots: Vec<_> =
            pool.take_children(parent).iter().map(|block| block.block.slot).collect();
        assert_eq!(slots, [7, 9]);
        assert_eq!(pool.len(), 0);
    }

    #[test]
    fn a_full_pool_evicts_the_highest_slot() {
        let mut pool = PendingBlocks::new(2, BYTES);
        let blocks: Vec<_> = [5, 9, 3].map(|slot| block(slot, Root::from([slot as u8; 32]))).into();
        let held: Vec<_> =
            blocks.iter().map(|(root, block)| pool.hold(*root, block.clone(), None)).collect();
        assert_eq!(held, [true, true, true]);
        assert_eq!((pool.len(), pool.evicted()), (2, 1));
        let (higher, higher_block) = block(20, Root::from([20; 32]));
        assert!(!pool.hold(higher, higher_block, None), "the newcomer itself may be the highest");
    }

    #[test]
    fn large_blocks_are_bounded_by_their_total_size() {
        let (root, small) = block(1, Root::from([1; 32]));
        let mut pool = PendingBlocks::new(8, 2 * small.encoded_len());
        assert!(pool.hold(root, small.clone(), None));
        let proof = MultiMessageAggregate {
            proof: vec![0; small.encoded_len()].try_into().expect("it is short"),
        };
        let large =
            Arc::new(SignedBlock { block: Block { slot: 2, ..small.block.clone() }, proof });
        assert!(
            !pool.hold(Root::of(&large.block), large, None),
            "the two exceed the bound on bytes"
        );
        let (next, next_block) = block(3, Root::from([3; 32]));
        assert!(pool.hold(next, next_block, None), "an evicted block no longer counts");
        assert_eq!((pool.len(), pool.evicted()), (2, 1));
    }

    #[test]
    fn blocks_at_or_below_the_finalized_slot_are_dropped() {
        let mut pool = PendingBlocks::new(8, BYTES);
        for slot in [3, 4, 5] {
            let (root, block) = block(slot, Root::from([slot as u8; 32]));
            pool.hold(root, block, None);
        }
        pool.prune(4);
        assert_eq!(pool.len(), 1);
    }

    #[test]
    fn a_flood_of_blocks_evicts_only_those_of_its_sender() {
        let [flooder, honest] = [Some(PeerId::random()), Some(PeerId::random())];
        let mut pool = PendingBlocks::new(16, BYTES);
        for slot in 1..100 {
            let (root, block) = block(slot, Root::from([slot as u8; 32]));
            pool.hold(root, block, flooder);
        }
        // These are far above the flood, and still held.
        for slot in 200..208 {
            let (root, block) = block(slot, Root::from([slot as u8; 32]));
            assert!(pool.hold(root, block, honest), "slot {slot}");
        }
        let (root, late) = block(3, Root::from([3; 32]));
        assert!(!pool.hold(root, late, flooder), "it is there already");
        assert_eq!((pool.len(), pool.evicted()), (16, 99 + 8 - 16));
        assert_eq!(pool.shares[&honest].by_slot.len(), 8);

        let (mut by_bytes, size) =
            (PendingBlocks::new(64, 0), block(1, Root::ZERO).1.encoded_len());
        by_bytes.most_bytes = 4 * size;
        for (slot, source) in [(1, flooder), (2, flooder), (3, flooder), (4, flooder), (9, honest)]
        {
            let (root, block) = block(slot, Root::from([slot as u8; 32]));
            by_bytes.hold(root, block, source);
        }
        assert_eq!(by_bytes.shares[&honest].by_slot.len(), 1);
    }
}
