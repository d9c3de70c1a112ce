//! What all parts of the chain's state work on.

use std::sync::Arc;

use crate::counters::Counters;
use crate::effect::Effects;
use crate::message::ChainHead;
use crate::role::Role;
use consensus::{
    Checkpoint, ForkChoiceView, ForkChoiceViewer, GOSSIP_DISPARITY_INTERVALS, INTERVALS_PER_SLOT,
    Interval, ProofScheme, Root, Slot, Store,
};

/// The specification's store, this node's role, the counters, and the sink for effects.
///
/// Each part ([`Blocks`](super::blocks::Blocks), [`Votes`](super::votes::Votes), …) owns its own
/// state and borrows this.
pub(super) struct Base {
    pub(super) store: Store,
    pub(super) proofs: Arc<dyn ProofScheme>,
    pub(super) role: Role,
    pub(super) counters: Counters,
    pub(super) effects: Effects,
    fork_choice: ForkChoiceViewer,
    /// The head at the last check for reorganisations.
    seen_head: Root,
}

impl Base {
    pub(super) fn new(store: Store, proofs: Arc<dyn ProofScheme>, role: Role) -> Self {
        Self {
            seen_head: store.head(),
            store,
            proofs,
            role,
            counters: Counters::default(),
            effects: Effects::default(),
            fork_choice: ForkChoiceViewer::default(),
        }
    }

    /// Returns the store's time.
    pub(super) fn now(&self) -> Interval {
        self.store.time()
    }

    pub(super) fn head(&self) -> ChainHead {
        ChainHead {
            head: Checkpoint { root: self.store.head(), slot: self.store.head_slot() },
            justified: self.store.latest_justified(),
            finalized: self.store.latest_finalized(),
        }
    }

    /// Returns the slot of the store's time.
    pub(super) fn current_slot(&self) -> Slot {
        self.store.time() / INTERVALS_PER_SLOT
    }

    /// Returns whether a slot has not begun, within the disparity allowed by the specification.
    pub(super) fn is_in_future(&self, slot: Slot) -> bool {
        slot > (self.store.time() + GOSSIP_DISPARITY_INTERVALS) / INTERVALS_PER_SLOT
    }

    /// Must be called after a change of the blocks or of the counted votes. Discards the last view
    /// of fork choice, and measures a reorganisation.
    pub(super) fn fork_choice_moved(&mut self) {
        self.fork_choice.moved();
        let old = std::mem::replace(&mut self.seen_head, self.store.head());
        let depth = self.store.tree().reorganisation_depth(old, self.seen_head);
        if depth > 0 {
            self.counters.meters.reorg_depth.observe(depth);
        }
    }

    /// Removes a block of ours from the store.
    pub(super) fn withdraw_block(&mut self, root: &Root) {
        self.store.withdraw_block(root);
        self.fork_choice.withdrawn();
        self.fork_choice_moved();
    }

    /// Returns the view of fork choice for other threads.
    pub(super) fn fork_choice_view(&mut self, announced: Slot) -> Arc<ForkChoiceView> {
        self.fork_choice.view_from(&self.store, announced)
    }
}
