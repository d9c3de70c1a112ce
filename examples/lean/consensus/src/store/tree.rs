//! The tree of known blocks, in order of arrival: parents before their children.

use std::sync::Arc;

use indexmap::IndexMap;

use crate::block::Block;
use crate::checkpoint::Checkpoint;
use crate::root::Root;
use crate::slot::Slot;

/// All known blocks: an anchor and its descendants. Blocks are never pruned.
///
/// Invariants: the anchor is at place 0. Every other block stands after its parent. Only a block
/// without children can be removed.
#[derive(Clone, Debug)]
pub struct BlockTree {
    nodes: IndexMap<Root, Node>,
}

/// A block's entry in the tree. It refers to other blocks by their places in the order. An
/// ancestor's place is smaller than its descendant's.
#[derive(Clone, Debug)]
pub(super) struct Node {
    block: Arc<Block>,
    /// The anchor is its own parent.
    parent: usize,
    /// An ancestor further back, to find a distant ancestor in few steps.
    jump: usize,
    /// The number of blocks between this block and the anchor. The anchor has 0.
    height: usize,
    /// The highest slot of this block and all blocks before it in the order.
    newest_slot: Slot,
}

impl Node {
    pub(super) fn block(&self) -> &Arc<Block> {
        &self.block
    }

    pub(super) fn parent(&self) -> usize {
        self.parent
    }
}

impl BlockTree {
    pub(super) fn new(root: Root, anchor: Arc<Block>) -> Self {
        let newest_slot = anchor.slot;
        let node = Node { block: anchor, parent: 0, jump: 0, height: 0, newest_slot };
        Self { nodes: IndexMap::from([(root, node)]) }
    }

    /// Adds a block. Its parent must be in the tree. A known block changes nothing.
    pub(super) fn insert(&mut self, root: Root, block: Arc<Block>) {
        if self.nodes.contains_key(&root) {
            return;
        }
        let parent = self.place(&block.parent_root).expect("a block is added after its parent");
        let newest_slot = self.newest_slot().max(block.slot);
        let (jump, height) = (self.jump_over(parent), self.nodes[parent].height + 1);
        self.nodes.insert(root, Node { block, parent, jump, height, newest_slot });
    }

    /// Chooses the jump of a child of `parent`. The lengths of the jumps along a chain form a
    /// skew-binary list: the steps to an ancestor grow with the logarithm of its distance.
    fn jump_over(&self, parent: usize) -> usize {
        let height = |place: usize| self.nodes[place].height;
        let once = self.nodes[parent].jump;
        let twice = self.nodes[once].jump;
        if height(parent) - height(once) == height(once) - height(twice) { twice } else { parent }
    }

    /// Removes a block without children, unless it is the anchor. Returns whether it was removed.
    pub(super) fn remove_leaf(&mut self, root: &Root) -> bool {
        let Some(removed) = self.place(root).filter(|place| *place > 0) else { return false };
        if self.after(removed).any(|node| node.parent == removed) {
            return false;
        }
        self.nodes.shift_remove_index(removed);
        let moved = |place: usize| if place > removed { place - 1 } else { place };
        for place in removed..self.nodes.len() {
            let newest_slot = self.nodes[place - 1].newest_slot.max(self.nodes[place].block.slot);
            let node = &mut self.nodes[place];
            (node.parent, node.jump, node.newest_slot) =
                (moved(node.parent), moved(node.jump), newest_slot);
        }
        true
    }

    pub(super) fn block(&self, root: &Root) -> Option<&Arc<Block>> {
        self.nodes.get(root).map(Node::block)
    }

    pub(super) fn contains(&self, root: &Root) -> bool {
        self.nodes.contains_key(root)
    }

    pub(super) fn slot_of(&self, root: &Root) -> Option<Slot> {
        self.block(root).map(|block| block.slot)
    }

    /// Returns all blocks in order of arrival.
    pub fn blocks(&self) -> impl ExactSizeIterator<Item = (&Root, &Arc<Block>)> {
        self.nodes.iter().map(|(root, node)| (root, &node.block))
    }

    /// Returns the highest slot of any known block.
    pub fn newest_slot(&self) -> Slot {
        self.nodes.last().map_or(0, |(_, node)| node.newest_slot)
    }

    /// Returns a block's place in the order.
    pub(super) fn place(&self, root: &Root) -> Option<usize> {
        self.nodes.get_index_of(root)
    }

    /// Returns the blocks from a place on, in order.
    pub(super) fn since(&self, place: usize) -> &indexmap::map::Slice<Root, Node> {
        self.nodes.get_range(place..).expect("a place is within the order, or is its end")
    }

    /// Returns the place of the first block later than `slot`, or the end of the order.
    pub(super) fn first_after(&self, slot: Slot) -> usize {
        self.nodes.partition_point(|_, node| node.newest_slot <= slot)
    }

    fn after(&self, place: usize) -> impl Iterator<Item = &Node> {
        self.since(place + 1).values()
    }

    /// Returns a block and its known ancestors, newest first. Returns nothing if the block is
    /// unknown.
    #[expect(clippy::missing_panics_doc, reason = "the message says why this cannot fail")]
    pub fn chain(&self, root: Root) -> impl Iterator<Item = (Root, &Arc<Block>)> {
        std::iter::successors(self.place(&root), |place| {
            (*place > 0).then(|| self.nodes[*place].parent)
        })
        .map(|place| {
            let (root, node) = self.nodes.get_index(place).expect("a place is within the order");
            (*root, &node.block)
        })
    }

    /// Returns the newest block at or before `slot` among a block and its ancestors.
    pub(super) fn ancestor_at(&self, root: Root, slot: Slot) -> Option<Checkpoint> {
        let mut place = self.place(&root)?;
        let is_after = |place: usize| self.nodes[place].block.slot > slot;
        while is_after(place) {
            if place == 0 {
                return None;
            }
            let Node { parent, jump, .. } = self.nodes[place];
            place = if is_after(jump) { jump } else { parent };
        }
        self.nodes
            .get_index(place)
            .map(|(root, node)| Checkpoint { root: *root, slot: node.block.slot })
    }

    /// Returns whether one checkpoint lies on the other's chain (`checkpoint_is_ancestor`).
    pub(super) fn is_ancestor(&self, ancestor: Checkpoint, descendant: Checkpoint) -> bool {
        // Slots decrease along the walk, so the first block at or before the ancestor's slot
        // decides.
        ancestor.slot <= descendant.slot
            && self.ancestor_at(descendant.root, ancestor.slot) == Some(ancestor)
    }

    /// Returns the number of blocks on `old`'s chain and not on `new`'s: the depth of the
    /// reorganisation from `old` to `new`. Returns 0 if `old` is an ancestor of `new`, or if one of
    /// them is unknown.
    pub fn reorganisation_depth(&self, old: Root, new: Root) -> u64 {
        let (mut old_chain, mut new_chain) =
            (self.chain(old).peekable(), self.chain(new).peekable());
        let mut depth = 0;
        while let (Some((old, old_block)), Some((new, new_block))) =
            (old_chain.peek(), new_chain.peek())
        {
            if old == new {
                break;
            }
            // The chain with the later block steps back. Two blocks of one slot both step back.
            let (old_slot, new_slot) = (old_block.slot, new_block.slot);
            if old_slot >= new_slot {
                depth += 1;
                old_chain.next();
            }
            if new_slot >= old_slot {
                new_chain.next();
            }
        }
        depth
    }
}
