//! The states after blocks: some are kept, the others are recomputed on demand.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use crate::block::Block;
use crate::rejection::Rejection;
use crate::root::Root;
use crate::slot::Slot;
use crate::state::State;
use crate::store::tree::BlockTree;
use crate::transition::replay;

/// The number of newest states to keep, whichever chain they belong to.
const RECENT: usize = 64;

/// The number of slots in a span. The state after a chain's first block in each span is kept.
const SPAN: Slot = 32;

/// The largest number of bases. Each block on an old parent can add one.
const MOST_BASES: usize = 512;

/// The largest number of blocks to replay for the parent of a block from the network.
const MOST_REPLAYED: usize = 1_024;

/// States, by the root of their block.
///
/// Three kinds of states are kept: the newest ones, the *pinned* ones (fork choice points at their
/// blocks), and one *base* for each 32 slots of each chain. Any other state is recomputed from the
/// nearest kept state below it. That takes at most 32 blocks, or more where old bases were dropped.
/// A replay checks neither signatures nor state roots.
///
/// Invariants: every kept state belongs to a block of the tree, and its root is in exactly one of
/// the two queues. Only `remove` drops a pinned state.
#[derive(Clone, Debug, Default)]
pub(super) struct States {
    kept: HashMap<Root, Kept>,
    /// The roots of states other than bases, oldest first.
    recent: VecDeque<Root>,
    /// The roots of bases, oldest first.
    bases: VecDeque<Root>,
    /// States of blocks before this slot are forgotten for good.
    forgotten_before: Slot,
}

#[derive(Clone, Debug)]
struct Kept {
    state: Arc<State>,
    is_base: bool,
}

/// A kept state, and the blocks to apply to it to compute another state.
#[derive(Clone, Debug)]
pub(super) struct Replay {
    state: Arc<State>,
    /// The root of `state`.
    state_root: Root,
    blocks: Vec<Arc<Block>>,
}

impl Replay {
    /// Returns the state at the start. Its registry is the registry of every state of the chain.
    pub(super) fn base(&self) -> &Arc<State> {
        &self.state
    }

    /// Returns the slot of the computed state.
    pub(super) fn slot(&self) -> Slot {
        self.blocks.last().map_or(self.state.slot, |block| block.slot)
    }

    /// Computes the state, and returns it with its root.
    ///
    /// # Errors
    ///
    /// None for blocks applied before.
    pub(super) fn run(&self) -> Result<(Arc<State>, Root), Rejection> {
        let first = (Arc::clone(&self.state), self.state_root);
        self.blocks.iter().try_fold(first, |(state, state_root), block| {
            Ok((Arc::new(replay(&state, state_root, block)?), block.state_root))
        })
    }
}

impl States {
    /// Keeps the state after a block of the tree. Drops the oldest unpinned state if there are too
    /// many.
    pub(super) fn insert(
        &mut self,
        tree: &BlockTree,
        root: Root,
        state: Arc<State>,
        pinned: &[Root],
    ) {
        let is_base = is_first_of_span(tree, &root);
        if self.kept.insert(root, Kept { state, is_base }).is_some() {
            return;
        }
        if is_base {
            self.bases.push_back(root);
            self.drop_a_base(tree, pinned);
        } else {
            self.recent.push_back(root);
            self.drop_a_recent(pinned);
        }
    }

    fn drop_a_recent(&mut self, pinned: &[Root]) {
        // Pinned states go to the end of the queue, to be dropped once their pin has moved.
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

    /// Drops a base if there are too many: the oldest one outside the chains of the pinned blocks,
    /// or else the oldest one.
    fn drop_a_base(&mut self, tree: &BlockTree, pinned: &[Root]) {
        if self.bases.len() <= MOST_BASES {
            return;
        }
        // The newest base stays: the next block builds on it.
        let older = || {
            self.bases
                .iter()
                .enumerate()
                .take(MOST_BASES)
                .filter(|(_, root)| !pinned.contains(root))
        };
        let is_off_chain = |root: &Root| {
            tree.block(root).is_some_and(|block| {
                let is_under = |tip: &Root| {
                    tree.ancestor_at(*tip, block.slot).is_some_and(|found| found.root == *root)
                };
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

    /// Returns the replay for the state after a known block, the parent of a new one. Returns
    /// `None` if the state is forgotten for good, or more than 1,024 blocks away from a kept state.
    pub(super) fn find(&self, tree: &BlockTree, root: &Root) -> Option<Replay> {
        self.find_within(tree, root, MOST_REPLAYED)
    }

    fn find_within(&self, tree: &BlockTree, root: &Root, most: usize) -> Option<Replay> {
        let mut blocks = Vec::new();
        for (ancestor, block) in tree.chain(*root) {
            if let Some(state) = self.get(&ancestor) {
                blocks.reverse();
                return Some(Replay {
                    state: Arc::clone(state),
                    state_root: block.state_root,
                    blocks,
                });
            }
            if block.slot < self.forgotten_before || blocks.len() == most {
                break;
            }
            blocks.push(Arc::clone(block));
        }
        None
    }

    /// Returns the state after a known block. Recomputes and keeps the state if necessary.
    ///
    /// Returns `None` if the state is forgotten for good.
    pub(super) fn restore(
        &mut self,
        tree: &BlockTree,
        root: Root,
        pinned: &[Root],
    ) -> Option<&Arc<State>> {
        if !self.kept.contains_key(&root) {
            let (state, _) = self.find_within(tree, &root, usize::MAX)?.run().ok()?;
            self.insert(tree, root, state, pinned);
        }
        self.get(&root)
    }

    /// Makes the state after a known block a base, if it can be computed.
    fn make_base(&mut self, tree: &BlockTree, root: Root) {
        let is_base = self.kept.get(&root).is_some_and(|kept| kept.is_base);
        let found = if is_base {
            None
        } else {
            self.find(tree, &root).and_then(|replay| replay.run().ok())
        };
        if let Some((state, _)) = found {
            self.kept.insert(root, Kept { state, is_base: true });
            self.bases.push_back(root);
        }
    }

    /// Forgets the states of blocks before a slot, except pinned ones. Returns their number.
    pub(super) fn forget(&mut self, tree: &BlockTree, before: Slot, pinned: &[Root]) -> usize {
        let Some(last) = before.checked_sub(1) else { return 0 };
        // Later states must not depend on a forgotten one. So the state of each chain's first block
        // at or after `before` becomes a base.
        for (root, node) in tree.since(tree.first_after(last)) {
            let parent_slot = tree.slot_of(&node.block().parent_root);
            if node.block().slot >= before && parent_slot.is_some_and(|slot| slot < before) {
                self.make_base(tree, *root);
            }
        }
        let count = self.kept.len();
        self.kept.retain(|root, _| {
            pinned.contains(root) || tree.slot_of(root).is_some_and(|slot| slot >= before)
        });
        self.recent.retain(|root| self.kept.get(root).is_some_and(|kept| !kept.is_base));
        self.bases.retain(|root| self.kept.contains_key(root));
        self.forgotten_before = self.forgotten_before.max(before);
        count - self.kept.len()
    }
}

/// Returns whether a block is the first of its chain in a span of slots. The anchor is.
fn is_first_of_span(tree: &BlockTree, root: &Root) -> bool {
    let slot = |root| tree.slot_of(root).map(|slot| slot / SPAN);
    tree.block(root).is_none_or(|block| slot(root) != slot(&block.parent_root))
}
