//! Fork choice: the head, the safe target, and the two checkpoints.

use std::collections::BTreeMap;

use crate::checkpoint::{AttestationData, Checkpoint};
use crate::root::Root;
use crate::store::latest_votes::LatestVotes;
use crate::store::lmd_ghost::{lmd_ghost_head, weights};
use crate::store::states::States;
use crate::store::tree::BlockTree;

/// The result of fork choice: four pointers into the block tree.
///
/// Invariants: each pointer is a block of the tree. The head's state is kept.
#[derive(Clone, Copy, Debug)]
pub(super) struct ForkChoice {
    head: Root,
    safe_target: Root,
    /// The highest justified checkpoint of any block's state.
    latest_justified: Checkpoint,
    /// The finalized checkpoint of the head's state. A reorganisation can lower it.
    latest_finalized: Checkpoint,
}

/// How the head has moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeadChange {
    /// The head before.
    pub old: Root,
    /// The head now.
    pub new: Root,
    /// Whether the old head is not an ancestor of the new one.
    pub is_reorganisation: bool,
}

impl ForkChoice {
    /// Points at the anchor.
    pub(super) fn new(anchor: Checkpoint) -> Self {
        Self {
            head: anchor.root,
            safe_target: anchor.root,
            latest_justified: anchor,
            latest_finalized: anchor,
        }
    }

    pub(super) fn head(&self) -> Root {
        self.head
    }

    pub(super) fn safe_target(&self) -> Root {
        self.safe_target
    }

    pub(super) fn latest_justified(&self) -> Checkpoint {
        self.latest_justified
    }

    pub(super) fn latest_finalized(&self) -> Checkpoint {
        self.latest_finalized
    }

    /// Returns the blocks whose states must not be dropped.
    pub(super) fn pinned(&self) -> [Root; 4] {
        [self.head, self.safe_target, self.latest_justified.root, self.latest_finalized.root]
    }

    /// Advances the justified checkpoint to the one of a new block's state, if it is later.
    pub(super) fn advance_justified(
        &mut self,
        of_state: Checkpoint,
        tree: &BlockTree,
        states: &mut States,
    ) {
        let justified = self.latest_justified.advance_to(of_state);
        // The descent to the head starts at this block, so it must be in the tree. It is, unless
        // the anchor's state is forged.
        if tree.contains(&justified.root) {
            self.latest_justified = justified;
            states.restore(tree, justified.root, &self.pinned());
        }
    }

    /// Selects the head from the counted votes, and the finalized checkpoint from the head's state
    /// (`update_head`).
    pub(super) fn update_head(
        &mut self,
        tree: &BlockTree,
        states: &mut States,
        known: &LatestVotes,
    ) {
        let votes = known.heads(self.latest_finalized.slot);
        let head = lmd_ghost_head(tree, self.latest_justified.root, &votes, 0);
        let Some(state) = states.restore(tree, head, &self.pinned()) else {
            // The branch is so old that its states are forgotten. Such a branch wins only if a
            // third of the validators break the rules. Without its state, no block could be built
            // on it.
            return;
        };
        self.head = head;

        // The state names a finalized slot; the head's ancestor there is the checkpoint. A store
        // started from a later anchor has no such block, and keeps its trusted checkpoint.
        let slot = state.latest_finalized.slot;
        if let Some(finalized) =
            tree.ancestor_at(head, slot).filter(|ancestor| ancestor.slot == slot)
        {
            self.latest_finalized = finalized;
            states.restore(tree, finalized.root, &self.pinned());
        }
    }

    /// Selects the deepest block with votes of two thirds of the validators (`update_safe_target`).
    ///
    /// Uses only uncounted proofs: those are this slot's.
    pub(super) fn update_safe_target(
        &mut self,
        tree: &BlockTree,
        validator_count: usize,
        new: &LatestVotes,
    ) {
        let least = (2 * validator_count as u64).div_ceil(3);
        let votes = new.heads(self.latest_finalized.slot);
        self.safe_target = lmd_ghost_head(tree, self.latest_justified.root, &votes, least);
    }

    /// Returns the weight of each block after the finalized slot, without blocks of weight 0
    /// (`compute_block_weights`).
    pub(super) fn block_weights(
        &self,
        tree: &BlockTree,
        known: &LatestVotes,
    ) -> BTreeMap<Root, u64> {
        let finalized = self.latest_finalized.slot;
        weights(tree, &known.heads(finalized), finalized)
    }

    /// Returns whether a vote's head is the finalized block or a descendant of it.
    pub(super) fn descends_from_finalized(&self, data: &AttestationData, tree: &BlockTree) -> bool {
        tree.is_ancestor(self.latest_finalized, data.head)
    }

    /// Returns whether a vote's head is above the finalized block.
    pub(super) fn is_above_finalized(&self, data: &AttestationData, tree: &BlockTree) -> bool {
        data.head.slot > self.latest_finalized.slot
            && tree.is_ancestor(self.latest_finalized, data.head)
    }

    /// Returns whether a block is the justified or the finalized checkpoint.
    pub(super) fn is_checkpoint(&self, root: &Root) -> bool {
        self.latest_justified.root == *root || self.latest_finalized.root == *root
    }

    /// Moves the head and the safe target away from a removed block, to the justified block.
    pub(super) fn leave(&mut self, removed: &Root) {
        for pointer in [&mut self.head, &mut self.safe_target] {
            if *pointer == *removed {
                *pointer = self.latest_justified.root;
            }
        }
    }

    /// Returns how the head has moved since `before`, if it has.
    pub(super) fn head_change(&self, before: &Self, tree: &BlockTree) -> Option<HeadChange> {
        let checkpoint = |root| Checkpoint { root, slot: tree.slot_of(&root).unwrap_or(0) };
        (self.head != before.head).then(|| HeadChange {
            old: before.head,
            new: self.head,
            is_reorganisation: !tree.is_ancestor(checkpoint(before.head), checkpoint(self.head)),
        })
    }
}
