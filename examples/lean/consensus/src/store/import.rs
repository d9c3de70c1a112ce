//! The handlers of blocks: check, verify, import, recover the votes, forget.

use std::sync::Arc;

use crate::attestation::SignedAggregatedAttestation;
use crate::block::{Block, SignedBlock};
use crate::checkpoint::{AttestationData, Checkpoint};
use crate::proof::ProofScheme;
use crate::rejection::Rejection;
use crate::root::Root;
use crate::rooted_block::RootedBlock;
use crate::slot::Slot;
use crate::state::State;
use crate::store::Store;
use crate::store::candidate::{BlockCheck, VerifiedBlock};
use crate::store::fork_choice::{ForkChoice, HeadChange};
use crate::store::recovery::{RecoveredVotes, RecoveryPlan};

/// The changes made by an import.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockImport {
    /// The block's root.
    pub root: Root,
    /// Whether the block was new. A known block changes nothing.
    pub is_new: bool,
    /// How the head has moved, if it has.
    pub head: Option<HeadChange>,
    /// The store's new justified checkpoint, if it has advanced.
    pub justified: Option<Checkpoint>,
    /// The store's new finalized checkpoint, if it has advanced.
    pub finalized: Option<Checkpoint>,
}

impl Store {
    /// Handles a block: checks it, verifies it, and imports it (`on_block`).
    ///
    /// # Errors
    ///
    /// The first [`Rejection`] of [`check_block`](Self::check_block) or [`BlockCandidate::verify`].
    ///
    /// [`BlockCandidate::verify`]: crate::BlockCandidate::verify
    pub fn on_block(
        &mut self,
        block: impl Into<RootedBlock>,
        proofs: &dyn ProofScheme,
    ) -> Result<BlockImport, Rejection> {
        match self.check_block(block)? {
            BlockCheck::Known(root) => Ok(unchanged(root)),
            BlockCheck::New(candidate) => Ok(self.import_block(candidate.verify(proofs)?)),
        }
    }

    /// Checks that a block is new, its parent known, its slot not too far away, and its votes
    /// distinct. Cheap.
    ///
    /// # Errors
    ///
    /// The first one of [`Rejection::UnknownParentBlock`], [`Rejection::BlockSlotGapTooLarge`],
    /// [`Rejection::BlockTooFarInFuture`] and [`Rejection::DuplicateAttestationData`].
    pub fn check_block(&self, block: impl Into<RootedBlock>) -> Result<BlockCheck, Rejection> {
        self.check_block_before(block, self.newest_slot_for_blocks())
    }

    /// Does the same as [`check_block`](Self::check_block) with another newest slot for blocks than
    /// the one after the current slot.
    ///
    /// # Errors
    ///
    /// Those of [`check_block`](Self::check_block).
    pub fn check_block_before(
        &self,
        block: impl Into<RootedBlock>,
        newest_slot: Slot,
    ) -> Result<BlockCheck, Rejection> {
        BlockCheck::new(block.into(), &self.tree, &self.states, newest_slot)
    }

    /// Returns the newest slot of an acceptable block: one slot after the current one. A block with
    /// a later slot is [`Rejection::BlockTooFarInFuture`].
    pub fn newest_slot_for_blocks(&self) -> Slot {
        self.time.newest_slot_for_blocks()
    }

    /// Imports a verified block, and selects the head.
    ///
    /// Changes nothing if the block has become known since its check, or if its parent was
    /// [withdrawn](Self::withdraw_block).
    pub fn import_block(&mut self, verified: VerifiedBlock) -> BlockImport {
        let VerifiedBlock { root, block, state } = verified;
        if self.contains_block(&root) || !self.contains_block(&block.parent_root) {
            return unchanged(root);
        }
        let before = self.fork_choice;
        // The block's votes have no weight yet: their proofs arrive by gossip.
        self.pools.known.note(block.body.attestations.iter().map(|attestation| attestation.data));
        self.adopt(root, block, state);
        self.update_head();
        if self.latest_finalized().slot > before.latest_finalized().slot {
            self.prune_stale_attestation_data();
        }
        self.changes_since(root, &before)
    }

    /// Adds a verified block and its state, and advances the justified checkpoint to the state's.
    pub(super) fn adopt(&mut self, root: Root, block: Arc<Block>, state: Arc<State>) {
        let justified = state.latest_justified;
        self.tree.insert(root, block);
        self.states.insert(&self.tree, root, state, &self.fork_choice.pinned());
        self.fork_choice.advance_justified(justified, &self.tree, &mut self.states);
    }

    fn changes_since(&self, root: Root, before: &ForkChoice) -> BlockImport {
        let after = &self.fork_choice;
        let advanced = |new: Checkpoint, old: Checkpoint| (new.slot > old.slot).then_some(new);
        BlockImport {
            root,
            is_new: true,
            head: after.head_change(before, &self.tree),
            justified: advanced(after.latest_justified(), before.latest_justified()),
            finalized: advanced(after.latest_finalized(), before.latest_finalized()),
        }
    }

    /// Drops the votes without influence on fork choice: their head is not above the finalized
    /// block (`prune_stale_attestation_data`).
    ///
    /// An import calls this when it advances finality. This node's own blocks and newly counted
    /// votes can also advance finality. The specification then waits for the next import with new
    /// finality. A node may call this function instead.
    pub fn prune_stale_attestation_data(&mut self) {
        self.pools.retain(|data| self.fork_choice.is_above_finalized(data, &self.tree));
    }

    /// Returns whether a vote's head is above the finalized block, so that pruning keeps the vote.
    pub fn is_above_finalized(&self, data: &AttestationData) -> bool {
        self.fork_choice.is_above_finalized(data, &self.tree)
    }

    /// Forgets the states of blocks more than `slots` below the finalized slot. Returns their
    /// number.
    ///
    /// The specification keeps every state. The store keeps the states of the newest 64 blocks, of
    /// the head, the safe target and the two checkpoints, and of one block in 32 slots of each
    /// chain, 512 at most. Any other state is recomputed from few blocks. A block is rejected with
    /// [`Rejection::UnknownParentBlock`] if its parent's state was forgotten here, or takes more
    /// than 1,024 blocks to recompute.
    pub fn forget_states(&mut self, slots: u64) -> usize {
        let before = self.latest_finalized().slot.saturating_sub(slots);
        self.states.forget(&self.tree, before, &self.fork_choice.pinned())
    }

    /// Withdraws a block of this node that was never signed, unless other blocks build on it.
    /// Returns whether it was removed.
    ///
    /// The specification keeps such a block, and so can have a head unknown to all other nodes.
    pub fn withdraw_block(&mut self, root: &Root) -> bool {
        if self.fork_choice.is_checkpoint(root) || !self.tree.remove_leaf(root) {
            return false;
        }
        self.states.remove(root);
        self.fork_choice.leave(root);
        self.update_head();
        true
    }

    /// Recovers the votes of an imported block from its proof, if they add voters to the uncounted
    /// proofs. Folds each vote with its uncounted proofs and puts the result in their place.
    /// Returns the recovered votes, for the node to publish.
    ///
    /// Skips votes with a target already justified, and votes refused by the proof scheme. Returns
    /// nothing if the block or its parent's state is unknown.
    pub fn recover_votes(
        &mut self,
        block: impl Into<RootedBlock>,
        proofs: &dyn ProofScheme,
    ) -> Vec<SignedAggregatedAttestation> {
        let block = block.into();
        match self.plan_recovery(block.root(), block.signed()) {
            Some(plan) => self.finish_recovery(plan.prove(proofs)),
            None => Vec::new(),
        }
    }

    /// Chooses the votes of an imported block to recover. Their targets are after the justified
    /// slot, and they add voters to the uncounted proofs. Returns `None` if there are none.
    pub fn plan_recovery(
        &self,
        block_root: Root,
        block: &Arc<SignedBlock>,
    ) -> Option<RecoveryPlan> {
        let (tree, states, new) = (&self.tree, &self.states, &self.pools.new);
        RecoveryPlan::new(block_root, block, tree, states, new, &self.fork_choice)
    }

    /// Puts recovered votes into the pool of uncounted proofs, each in the place of the proofs
    /// folded into it. Returns the votes still useful, for the node to publish.
    ///
    /// A vote can become useless during its recovery away from the store: its target may be at or
    /// before the justified slot by then, or newer proofs may have all of its voters.
    pub fn finish_recovery(
        &mut self,
        recovered: RecoveredVotes,
    ) -> Vec<SignedAggregatedAttestation> {
        recovered.finish(&mut self.pools.new, &self.fork_choice, &self.tree)
    }
}

pub(super) fn unchanged(root: Root) -> BlockImport {
    BlockImport { root, is_new: false, head: None, justified: None, finalized: None }
}
