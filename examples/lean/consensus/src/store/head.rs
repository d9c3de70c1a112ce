//! Fork choice: the head, the safe target, and when new votes begin to count.

use std::collections::BTreeMap;

use crate::root::Root;
use crate::store::Store;
use crate::store::votes::{latest_votes, lmd_ghost_head, weights};

impl Store {
    /// Weighs each known block by the latest votes for it and its descendants (`compute_block_weights`).
    ///
    /// Blocks without votes are left out, and so is everything up to the finalized slot.
    pub fn block_weights(&self) -> BTreeMap<Root, u64> {
        let finalized = self.view.latest_finalized.slot;
        weights(&self.tree, &latest_votes(&self.pools.known, finalized), finalized)
    }

    /// Selects the head anew from the votes that count, and the finalized checkpoint from the head (`update_head`).
    pub fn update_head(&mut self) {
        let votes = latest_votes(&self.pools.known, self.view.latest_finalized.slot);
        let head = lmd_ghost_head(&self.tree, self.view.latest_justified.root, &votes, 0);
        if !self.restore_state(head) {
            // A branch so old that nothing is kept of it. Only with a third of the validators against the rules can it
            // become the head; without its state, nothing could be built on it.
            return;
        }
        self.view.head = head;

        // The head's state names a finalized slot; its block there is the checkpoint. A store that was started from a
        // later anchor has no such block, and keeps the checkpoint that it trusts.
        let slot = self.head_state().latest_finalized.slot;
        if let Some(finalized) = self.tree.ancestor_at(head, slot).filter(|ancestor| ancestor.slot == slot) {
            self.view.latest_finalized = finalized;
            self.restore_state(finalized.root);
        }
    }

    /// Begins to count the proofs that have been waiting, and selects the head anew (`accept_new_attestations`).
    pub fn accept_new_attestations(&mut self) {
        self.pools.known.absorb(&mut self.pools.new);
        self.update_head();
    }

    /// Finds the deepest block that two thirds of this slot's voters back (`update_safe_target`).
    ///
    /// Only proofs that wait to be counted are looked at: those are this slot's.
    pub fn update_safe_target(&mut self) {
        let validators = self.head_state().validators.len() as u64;
        let least = (2 * validators).div_ceil(3);
        let votes = latest_votes(&self.pools.new, self.view.latest_finalized.slot);
        self.view.safe_target = lmd_ghost_head(&self.tree, self.view.latest_justified.root, &votes, least);
    }
}
