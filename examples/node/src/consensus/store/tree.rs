//! The tree of known blocks, with the state after each.

use std::collections::HashMap;
use std::sync::Arc;

use indexmap::IndexMap;

use crate::consensus::block::Block;
use crate::consensus::checkpoint::Checkpoint;
use crate::consensus::root::Root;
use crate::consensus::slot::Slot;
use crate::consensus::state::State;

/// All known blocks. They are never forgotten; their states may be.
#[derive(Clone, Debug)]
pub(super) struct BlockTree {
    blocks: IndexMap<Root, Arc<Block>>,
    states: HashMap<Root, Arc<State>>,
    /// Kept so that fork choice does not look at every block to find a block's children.
    children: HashMap<Root, Vec<Root>>,
    newest_slot: Slot,
}

impl BlockTree {
    pub(super) fn new(root: Root, anchor: Block, state: State) -> Self {
        let mut tree =
            Self { blocks: IndexMap::new(), states: HashMap::new(), children: HashMap::new(), newest_slot: 0 };
        tree.insert(root, Arc::new(anchor), Arc::new(state));
        tree
    }

    pub(super) fn insert(&mut self, root: Root, block: Arc<Block>, state: Arc<State>) {
        self.newest_slot = self.newest_slot.max(block.slot);
        self.states.insert(root, state);
        let parent = block.parent_root;
        if self.blocks.insert(root, block).is_none() {
            self.children.entry(parent).or_default().push(root);
        }
    }

    /// Forgets a block that has a parent here and no children. Says whether it is gone.
    pub(super) fn remove_leaf(&mut self, root: &Root) -> bool {
        let Some(parent) = self.blocks.get(root).map(|block| block.parent_root) else { return false };
        if !self.blocks.contains_key(&parent) || !self.children(root).is_empty() {
            return false;
        }
        self.blocks.shift_remove(root);
        self.states.remove(root);
        if let Some(siblings) = self.children.get_mut(&parent) {
            siblings.retain(|child| child != root);
        }
        self.newest_slot = self.blocks.values().map(|block| block.slot).max().unwrap_or_default();
        true
    }

    pub(super) fn block(&self, root: &Root) -> Option<&Arc<Block>> {
        self.blocks.get(root)
    }

    pub(super) fn state(&self, root: &Root) -> Option<&Arc<State>> {
        self.states.get(root)
    }

    pub(super) fn blocks(&self) -> indexmap::map::Iter<'_, Root, Arc<Block>> {
        self.blocks.iter()
    }

    pub(super) fn newest_slot(&self) -> Slot {
        self.newest_slot
    }

    pub(super) fn children(&self, root: &Root) -> &[Root] {
        self.children.get(root).map_or(&[], Vec::as_slice)
    }

    /// Walks a block and its ancestors, as far as they are known.
    pub(super) fn chain(&self, root: Root) -> impl Iterator<Item = (Root, &Arc<Block>)> {
        let first = self.blocks.get(&root).map(|block| (root, block));
        std::iter::successors(first, |(_, block)| {
            self.blocks.get(&block.parent_root).map(|parent| (block.parent_root, parent))
        })
    }

    /// Says whether one checkpoint lies on the other's chain (`checkpoint_is_ancestor`).
    pub(super) fn is_ancestor(&self, ancestor: Checkpoint, descendant: Checkpoint) -> bool {
        if ancestor.slot > descendant.slot {
            return false;
        }
        // The chain's blocks only become older, so the first that is not after the ancestor's slot decides.
        self.chain(descendant.root)
            .find(|(_, block)| block.slot <= ancestor.slot)
            .is_some_and(|(root, block)| block.slot == ancestor.slot && root == ancestor.root)
    }

    pub(super) fn forget_states(&mut self, before: Slot, kept: &[Root]) -> usize {
        let count = self.states.len();
        let blocks = &self.blocks;
        self.states.retain(|root, _| kept.contains(root) || blocks.get(root).is_some_and(|block| block.slot >= before));
        count - self.states.len()
    }
}
