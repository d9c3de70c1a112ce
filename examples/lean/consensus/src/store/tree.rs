//! The tree of known blocks, in the order in which they came: parents before their children.

use std::sync::Arc;

use indexmap::IndexMap;

use crate::block::Block;
use crate::checkpoint::Checkpoint;
use crate::root::Root;
use crate::slot::Slot;

/// All known blocks: an anchor and its descendants. They are never forgotten.
#[derive(Clone, Debug)]
pub(super) struct BlockTree {
    nodes: IndexMap<Root, Node>,
}

/// A block's place in the tree. Other blocks are named by their places in the order, which are smaller for ancestors.
#[derive(Clone, Debug)]
pub(super) struct Node {
    block: Arc<Block>,
    /// The anchor is its own parent.
    parent: usize,
    /// An ancestor further back, so that a far one is found in few steps.
    jump: usize,
    /// How many blocks are between this one and the anchor, which has 0.
    height: usize,
    /// The highest slot of this block and all that came before it.
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

    /// Adds a block whose parent is here.
    pub(super) fn insert(&mut self, root: Root, block: Arc<Block>) {
        if self.nodes.contains_key(&root) {
            return;
        }
        let parent = self.place(&block.parent_root).expect("a block is added after its parent");
        let newest_slot = self.newest_slot().max(block.slot);
        let (jump, height) = (self.jump_over(parent), self.nodes[parent].height + 1);
        self.nodes.insert(root, Node { block, parent, jump, height, newest_slot });
    }

    /// Chooses how far a child of `parent` jumps. The lengths of jumps along a chain are such that any ancestor is found
    /// in a number of steps that grows with the logarithm of its distance (a skew-binary list).
    fn jump_over(&self, parent: usize) -> usize {
        let height = |place: usize| self.nodes[place].height;
        let once = self.nodes[parent].jump;
        let twice = self.nodes[once].jump;
        if height(parent) - height(once) == height(once) - height(twice) { twice } else { parent }
    }

    /// Forgets a block that has a parent here and no children. Says whether it is gone.
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
            (node.parent, node.jump, node.newest_slot) = (moved(node.parent), moved(node.jump), newest_slot);
        }
        true
    }

    pub(super) fn block(&self, root: &Root) -> Option<&Arc<Block>> {
        self.nodes.get(root).map(Node::block)
    }

    /// Walks all blocks in the order in which they came.
    pub(super) fn blocks(&self) -> impl ExactSizeIterator<Item = (&Root, &Arc<Block>)> {
        self.nodes.iter().map(|(root, node)| (root, &node.block))
    }

    pub(super) fn newest_slot(&self) -> Slot {
        self.nodes.last().map_or(0, |(_, node)| node.newest_slot)
    }

    /// Returns where a block stands in the order.
    pub(super) fn place(&self, root: &Root) -> Option<usize> {
        self.nodes.get_index_of(root)
    }

    /// Returns the blocks from a place on, in their order.
    pub(super) fn since(&self, place: usize) -> &indexmap::map::Slice<Root, Node> {
        self.nodes.get_range(place..).expect("a place is within the order, or is its end")
    }

    /// Returns the place before which no block is after `slot`.
    pub(super) fn first_after(&self, slot: Slot) -> usize {
        self.nodes.partition_point(|_, node| node.newest_slot <= slot)
    }

    fn after(&self, place: usize) -> impl Iterator<Item = &Node> {
        self.since(place + 1).values()
    }

    /// Walks a block and its ancestors, as far as they are known.
    pub(super) fn chain(&self, root: Root) -> impl Iterator<Item = (Root, &Arc<Block>)> {
        std::iter::successors(self.place(&root), |place| (*place > 0).then(|| self.nodes[*place].parent)).map(|place| {
            let (root, node) = self.nodes.get_index(place).expect("a place is within the order");
            (*root, &node.block)
        })
    }

    /// Finds the newest block that is not after `slot` among a block and its ancestors.
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
        self.nodes.get_index(place).map(|(root, node)| Checkpoint { root: *root, slot: node.block.slot })
    }

    /// Says whether one checkpoint lies on the other's chain (`checkpoint_is_ancestor`).
    pub(super) fn is_ancestor(&self, ancestor: Checkpoint, descendant: Checkpoint) -> bool {
        // The chain's blocks only become older, so the first that is not after the ancestor's slot decides.
        ancestor.slot <= descendant.slot && self.ancestor_at(descendant.root, ancestor.slot) == Some(ancestor)
    }
}
