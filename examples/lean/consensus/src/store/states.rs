//! The states after blocks: some are kept, and others made again when they are asked for.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use crate::block::Block;
use crate::rejection::Rejection;
use crate::root::Root;
use crate::slot::Slot;
use crate::state::State;
use crate::store::tree::BlockTree;
use crate::transition::replay;

/// How many of the newest states are kept, whatever they are of.
const RECENT: usize = 64;

/// Of each chain, the state after its first block in so many slots is kept.
const SPAN: Slot = 32;

/// How many such states are kept. Those who build on old blocks may make one with every block.
const MOST_BASES: usize = 512;

/// How many blocks a state may be away from one that is kept, for a block from elsewhere that builds on it.
const MOST_REPLAYED: usize = 1_024;

/// States by the root of their block.
///
/// Kept are those that were made last, those that the store points at (the *pinned* ones), and one for each 32 slots of
/// each chain (a *base*). Any other is made again from the nearest base below it, by applying at most 32 blocks without
/// looking at signatures or state roots; by more only where there were too many bases.
#[derive(Clone, Debug, Default)]
pub(super) struct States {
    kept: HashMap<Root, Kept>,
    /// The roots of states that are not bases, oldest first.
    recent: VecDeque<Root>,
    /// The roots of bases, oldest first.
    bases: VecDeque<Root>,
    /// States of blocks before this slot were forgotten for good.
    forgotten_before: Slot,
}

#[derive(Clone, Debug)]
struct Kept {
    state: Arc<State>,
    is_base: bool,
}

/// A state that is kept, and the blocks that lead from it to another state.
#[derive(Clone, Debug)]
pub(super) struct Replay {
    state: Arc<State>,
    /// The root of `state`.
    state_root: Root,
    blocks: Vec<Arc<Block>>,
}

impl Replay {
    /// Returns the state that all begins from, whose registry is that of every state of the chain.
    pub(super) fn base(&self) -> &Arc<State> {
        &self.state
    }

    /// Makes the state, with its root.
    ///
    /// # Errors
    ///
    /// None for blocks that were applied before.
    pub(super) fn run(&self) -> Result<(Arc<State>, Root), Rejection> {
        let first = (Arc::clone(&self.state), self.state_root);
        self.blocks.iter().try_fold(first, |(state, state_root), block| {
            Ok((Arc::new(replay(&state, state_root, block)?), block.state_root))
        })
    }
}

impl States {
    /// Keeps the state after a block of the tree, and lets go of an older one, but not of those that are pinned.
    pub(super) fn insert(&mut self, tree: &BlockTree, root: Root, state: Arc<State>, pinned: &[Root]) {
        let is_base = is_first_of_span(tree, &root);
        if self.kept.insert(root, Kept { state, is_base }).is_some() {
            return;
        }
        if is_base {
            self.bases.push_back(root);
            self.let_a_base_go(tree, pinned);
        } else {
            self.recent.push_back(root);
            self.let_one_go(pinned);
        }
    }

    fn let_one_go(&mut self, pinned: &[Root]) {
        // Pinned ones go to the end of the queue, to be let go of when they are not pinned any more.
        for _ in 0..=pinned.len() {
            if self.recent.len() <= RECENT {
                return;
            }
            let Some(oldest) = self.recent.pop_front() else { return };
            if pinned.contains(&oldest) {
                self.recent.push_back(oldest);
            } else {
                self.kept.remove(&oldest);
                return;
            }
        }
    }

    /// Lets go of a base if there are too many: the oldest on no chain that the store points at, or else the oldest.
    fn let_a_base_go(&mut self, tree: &BlockTree, pinned: &[Root]) {
        if self.bases.len() <= MOST_BASES {
            return;
        }
        // The newest is what the next block builds on.
        let older = || self.bases.iter().enumerate().take(MOST_BASES).filter(|(_, root)| !pinned.contains(root));
        let is_off_chain = |root: &Root| {
            tree.block(root).is_some_and(|block| {
                let is_under = |tip: &Root| tree.ancestor_at(*tip, block.slot).is_some_and(|found| found.root == *root);
                !pinned.iter().any(is_under)
            })
        };
        let oldest = older().find(|(_, root)| is_off_chain(root)).or_else(|| older().next());
        let place = oldest.map(|(place, _)| place);
        if let Some(root) = place.and_then(|place| self.bases.remove(place)) {
            self.kept.remove(&root);
        }
    }

    pub(super) fn get(&self, root: &Root) -> Option<&Arc<State>> {
        self.kept.get(root).map(|kept| &kept.state)
    }

    pub(super) fn len(&self) -> usize {
        self.kept.len()
    }

    pub(super) fn remove(&mut self, root: &Root) {
        self.kept.remove(root);
        self.recent.retain(|recent| recent != root);
        self.bases.retain(|base| base != root);
    }

    /// Says how to make the state after a known block for one that builds on it; nothing if it was forgotten for good, or
    /// is too far from what is kept.
    pub(super) fn find(&self, tree: &BlockTree, root: &Root) -> Option<Replay> {
        self.find_within(tree, root, MOST_REPLAYED)
    }

    fn find_within(&self, tree: &BlockTree, root: &Root, most: usize) -> Option<Replay> {
        let mut blocks = Vec::new();
        for (ancestor, block) in tree.chain(*root) {
            if let Some(state) = self.get(&ancestor) {
                blocks.reverse();
                return Some(Replay { state: Arc::clone(state), state_root: block.state_root, blocks });
            }
            if block.slot < self.forgotten_before || blocks.len() == most {
                break;
            }
            blocks.push(Arc::clone(block));
        }
        None
    }

    /// Makes sure that the state after a known block is kept, and says whether it is: not if it was forgotten for good.
    pub(super) fn restore(&mut self, tree: &BlockTree, root: Root, pinned: &[Root]) -> bool {
        if self.kept.contains_key(&root) {
            return true;
        }
        let restored = self.find_within(tree, &root, usize::MAX).and_then(|replay| replay.run().ok());
        if let Some((state, _)) = restored {
            self.insert(tree, root, state, pinned);
        }
        self.kept.contains_key(&root)
    }

    /// Makes sure that the state after a known block is kept until it is forgotten.
    fn make_base(&mut self, tree: &BlockTree, root: Root) {
        let is_base = self.kept.get(&root).is_some_and(|kept| kept.is_base);
        let found = if is_base { None } else { self.find(tree, &root).and_then(|replay| replay.run().ok()) };
        if let Some((state, _)) = found {
            self.kept.insert(root, Kept { state, is_base: true });
            self.bases.push_back(root);
        }
    }

    /// Forgets the states of blocks before a slot, but not those that are pinned. Says how many those were.
    pub(super) fn forget(&mut self, tree: &BlockTree, before: Slot, pinned: &[Root]) -> usize {
        let Some(last) = before.checked_sub(1) else { return 0 };
        // What stays must not need what goes: the first block of each chain that stays becomes a base.
        for (root, node) in tree.since(tree.first_after(last)) {
            let parent_slot = tree.block(&node.block().parent_root).map(|parent| parent.slot);
            if node.block().slot >= before && parent_slot.is_some_and(|slot| slot < before) {
                self.make_base(tree, *root);
            }
        }
        let count = self.kept.len();
        self.kept.retain(|root, _| pinned.contains(root) || tree.block(root).is_some_and(|block| block.slot >= before));
        self.recent.retain(|root| self.kept.get(root).is_some_and(|kept| !kept.is_base));
        self.bases.retain(|root| self.kept.contains_key(root));
        self.forgotten_before = self.forgotten_before.max(before);
        count - self.kept.len()
    }
}

/// Says whether a block is the first of its chain in a span of slots. The anchor is.
fn is_first_of_span(tree: &BlockTree, root: &Root) -> bool {
    let slot = |root| tree.block(root).map(|block| block.slot / SPAN);
    tree.block(root).is_none_or(|block| slot(root) != slot(&block.parent_root))
}
