//! Blocks whose parent has not come yet.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use libssz::SszEncode as _;

use crate::consensus::{Root, SignedBlock, Slot};

/// Holds blocks until their parent is known. Bounded in number and in bytes, for nobody has verified them: when it is
/// full, the blocks of the highest slots go first, since those nearest to the known chain are the ones that unlock the
/// others, and what went is fetched again.
#[derive(Debug)]
pub(super) struct PendingBlocks {
    capacity: usize,
    most_bytes: usize,
    /// What the blocks come to, encoded.
    bytes: usize,
    blocks: HashMap<Root, Arc<SignedBlock>>,
    children: HashMap<Root, BTreeSet<(Slot, Root)>>,
    by_slot: BTreeSet<(Slot, Root)>,
    evicted: u64,
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
            evicted: 0,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.blocks.len()
    }

    /// Counts the blocks that went because there was no room.
    pub(super) fn evicted(&self) -> u64 {
        self.evicted
    }

    /// Holds a block. Tells whether it is held, and was not before.
    pub(super) fn hold(&mut self, root: Root, block: Arc<SignedBlock>) -> bool {
        if self.blocks.contains_key(&root) {
            return false;
        }
        let (slot, parent) = (block.block.slot, block.block.parent_root);
        self.by_slot.insert((slot, root));
        self.children.entry(parent).or_default().insert((slot, root));
        self.bytes += block.encoded_len();
        self.blocks.insert(root, block);
        while self.blocks.len() > self.capacity || self.bytes > self.most_bytes {
            let &(_, highest) = self.by_slot.last().expect("it holds more than its capacity");
            self.remove(highest);
            self.evicted += 1;
        }
        self.blocks.contains_key(&root)
    }

    /// Follows parents from `root` through what is held, to the first that is not: the one to fetch.
    pub(super) fn first_missing(&self, mut root: Root) -> Root {
        // Hashes cannot form a circle, so this ends.
        while let Some(block) = self.blocks.get(&root) {
            root = block.block.parent_root;
        }
        root
    }

    /// Takes the blocks whose parent is `parent`, lowest slot first.
    pub(super) fn take_children(&mut self, parent: Root) -> Vec<Arc<SignedBlock>> {
        let children = self.children.get(&parent).cloned().unwrap_or_default();
        children.into_iter().filter_map(|(_, root)| self.remove(root)).collect()
    }

    /// Drops what can never be imported: blocks at or below the finalized slot. Gives their roots' parents no more thought.
    pub(super) fn prune(&mut self, finalized: Slot) {
        while let Some(&(slot, root)) = self.by_slot.first()
            && slot <= finalized
        {
            self.remove(root);
        }
    }

    fn remove(&mut self, root: Root) -> Option<Arc<SignedBlock>> {
        let block = self.blocks.remove(&root)?;
        self.bytes -= block.encoded_len();
        let (slot, parent) = (block.block.slot, block.block.parent_root);
        self.by_slot.remove(&(slot, root));
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
    use crate::consensus::{Block, BlockBody, MultiMessageAggregate};

    const BYTES: usize = 1 << 20;

    fn block(slot: Slot, parent_root: Root) -> (Root, Arc<SignedBlock>) {
        let block =
            Block { slot, proposer_index: 0, parent_root, state_root: Root::default(), body: BlockBody::default() };
        (Root::of(&block), Arc::new(SignedBlock { block, proof: MultiMessageAggregate::default() }))
    }

    #[test]
    fn children_wait_for_their_parent_and_come_in_order_of_slot() {
        let mut pool = PendingBlocks::new(8, BYTES);
        let parent = Root::from([1; 32]);
        let (late, late_block) = block(9, parent);
        let (early, early_block) = block(7, parent);
        assert!(pool.hold(late, late_block.clone()));
        assert!(!pool.hold(late, late_block));
        assert!(pool.hold(early, early_block));
        assert_eq!(pool.first_missing(late), parent);
        let slots: Vec<_> = pool.take_children(parent).iter().map(|block| block.block.slot).collect();
        assert_eq!(slots, [7, 9]);
        assert_eq!(pool.len(), 0);
    }

    #[test]
    fn a_full_pool_lets_the_highest_slot_go() {
        let mut pool = PendingBlocks::new(2, BYTES);
        let blocks: Vec<_> = [5, 9, 3].map(|slot| block(slot, Root::from([slot as u8; 32]))).into();
        let held: Vec<_> = blocks.iter().map(|(root, block)| pool.hold(*root, block.clone())).collect();
        assert_eq!(held, [true, true, true]);
        assert_eq!((pool.len(), pool.evicted()), (2, 1));
        let (higher, higher_block) = block(20, Root::from([20; 32]));
        assert!(!pool.hold(higher, higher_block), "the newcomer itself may be the highest");
    }

    #[test]
    fn large_blocks_take_the_place_of_many() {
        let (root, small) = block(1, Root::from([1; 32]));
        let mut pool = PendingBlocks::new(8, 2 * small.encoded_len());
        assert!(pool.hold(root, small.clone()));
        let proof = MultiMessageAggregate { proof: vec![0; small.encoded_len()].try_into().expect("it is short") };
        let large = Arc::new(SignedBlock { block: Block { slot: 2, ..small.block.clone() }, proof });
        assert!(!pool.hold(Root::of(&large.block), large), "the two come to more bytes than it holds");
        let (next, next_block) = block(3, Root::from([3; 32]));
        assert!(pool.hold(next, next_block), "what went no longer counts");
        assert_eq!((pool.len(), pool.evicted()), (2, 1));
    }

    #[test]
    fn blocks_at_or_below_the_finalized_slot_are_dropped() {
        let mut pool = PendingBlocks::new(8, BYTES);
        for slot in [3, 4, 5] {
            let (root, block) = block(slot, Root::from([slot as u8; 32]));
            pool.hold(root, block);
        }
        pool.prune(4);
        assert_eq!(pool.len(), 1);
    }
}
