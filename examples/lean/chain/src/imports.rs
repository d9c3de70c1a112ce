//! What was found of blocks: they are imported, with all that follows from it, or refused.

use std::sync::Arc;

use crate::blocks::{BlockUnderWay, Source};
use crate::effect::Effect;
use crate::refusal::{Refusal, verdict};
use crate::state::ChainState;
use consensus::{Rejection, Root, SignedBlock, Slot, VerifiedBlock};
use network::{Offence, Verdict};
use wire::MIN_SLOTS_FOR_BLOCK_REQUESTS;

/// States further below the finalized slot than this are forgotten; the blocks stay.
const STATES_KEPT: u64 = 64;

impl ChainState {
    /// Acts on what was found of a block.
    pub(super) fn block_found(
        &mut self,
        mut under_way: BlockUnderWay,
        found: Result<VerifiedBlock, Refusal>,
    ) -> Vec<Effect> {
        if matches!(found, Err(Refusal::VerificationLost)) && !under_way.is_second_try {
            under_way.is_second_try = true;
            return self.verify_block(under_way);
        }
        match found.and_then(|verified| self.check_block_again(&under_way).map(|()| verified)) {
            Ok(verified) => {
                let BlockUnderWay { root, block, source, others, .. } = under_way;
                let mut effects = self.answer(&source, Ok(()));
                for (_, source) in others {
                    effects.extend(self.answer(&source, Err(Refusal::DuplicateBlock)));
                }
                effects.extend(self.import(root, &block, verified));
                effects.extend(self.use_room());
                effects.extend(self.fetch());
                effects
            }
            Err(refusal) => {
                let mut effects = self.refuse_block(under_way, refusal);
                effects.extend(self.use_room());
                effects.extend(self.fetch());
                effects
            }
        }
    }

    /// Looks at what may have changed while a block was verified.
    fn check_block_again(&mut self, under_way: &BlockUnderWay) -> Result<(), Refusal> {
        self.look(&under_way.root, under_way.block.block.slot, under_way.is_extra)?;
        if !self.store.contains_block(&under_way.block.block.parent_root) {
            // It was a block of ours that nobody has signed.
            return Err(Rejection::UnknownParentBlock.into());
        }
        Ok(())
    }

    /// Drops a block, and what its refusal takes with it.
    pub(super) fn refuse_block(&mut self, under_way: BlockUnderWay, refusal: Refusal) -> Vec<Effect> {
        if refusal == Refusal::Rejected(Rejection::UnknownParentBlock)
            && !self.store.contains_block(&under_way.block.block.parent_root)
        {
            return self.hold(under_way);
        }
        let BlockUnderWay { root, mut others, is_extra, is_needed, source, .. } = under_way;
        let now = self.store.time();
        let mut effects = self.answer(&source, Err(refusal));
        if refusal == Refusal::Rejected(Rejection::InvalidBlockProof) {
            if let Some((block, source)) = others.pop_front() {
                let is_second_try = false;
                let next = BlockUnderWay { root, block, source, is_extra, is_second_try, others, is_needed };
                effects.extend(self.verify_block(next));
                return effects;
            }
            self.sync.rejected(&root, now);
            if is_needed || matches!(source, Source::Held) {
                // Its root does not cover its proof, so another peer may have it with a valid one.
                self.sync.want(root, None);
            }
        } else {
            for (_, source) in others {
                effects.extend(self.answer(&source, Err(refusal)));
            }
            match refusal {
                Refusal::VerificationLost | Refusal::VerificationLate => {
                    self.sync.lost(&root, now);
                    if is_needed {
                        self.sync.want(root, None);
                    }
                }
                _ if refusal.verdict() == Verdict::Reject => {
                    // No proof makes it valid.
                    self.sync.rejected(&root, now);
                    self.sync.forget(&root);
                    self.drop_descendants(root);
                }
                _ => self.sync.ignored(&root, now),
            }
        }
        effects.push(Effect::Publish);
        effects
    }

    /// Drops all that waits for a block which is against the rules.
    fn drop_descendants(&mut self, root: Root) {
        let mut open = vec![root];
        while let Some(parent) = open.pop() {
            for child in self.pending_blocks.take_children(parent) {
                self.count(Refusal::InvalidAncestor.name());
                open.push(Root::of(&child.block));
            }
        }
    }

    /// Takes a verified block into the store, and goes on with whatever waited for it.
    fn import(&mut self, root: Root, block: &Arc<SignedBlock>, verified: VerifiedBlock) -> Vec<Effect> {
        let import = self.store.import_block(verified);
        self.fork_choice_moved();
        let slot = block.block.slot;
        self.sync.imported(&root, self.store.time());
        self.blocks_imported += 1;
        self.remember(root, block);
        if import.finalized.is_some() {
            self.forget_finalized();
        }
        let mut effects = Vec::new();
        if self.vote_waits_for == Some(slot) {
            effects.extend(self.vote(slot));
        }
        effects.extend(self.recover(root, block));
        effects.extend(self.replay_votes(root));
        for child in self.pending_blocks.take_children(root) {
            effects.extend(self.take_block(child, Source::Held));
        }
        effects.push(Effect::Publish);
        effects
    }

    pub(super) fn remember(&mut self, root: Root, block: &Arc<SignedBlock>) {
        self.signed_blocks.insert(root, Arc::clone(block));
        *self.blocks_in_slot.entry(block.block.slot).or_default() += 1;
    }

    /// Lets go of signed blocks, whose proofs are most of their size, that are too old for a node to have to serve
    /// (`MIN_SLOTS_FOR_BLOCK_REQUESTS`). Fork choice has its own copies, without proofs.
    pub(super) fn forget_unservable(&mut self, now: Slot) {
        let oldest = now.saturating_sub(MIN_SLOTS_FOR_BLOCK_REQUESTS);
        self.signed_blocks.retain(|_, block| block.block.slot >= oldest);
    }

    /// Lets go of what finality has settled.
    pub(super) fn forget_finalized(&mut self) {
        let finalized = self.store.latest_finalized().slot;
        self.blocks_in_slot = self.blocks_in_slot.split_off(&(finalized + 1));
        self.pending_blocks.prune(finalized);
        self.store.forget_states(STATES_KEPT);
    }

    /// Tells whoever a block came from what became of it.
    pub(super) fn answer(&mut self, source: &Source, taken: Result<(), Refusal>) -> Vec<Effect> {
        if let Err(refusal) = taken {
            self.count(refusal.name());
            tracing::debug!(refusal = refusal.name(), "a block was not taken");
        }
        match (source, verdict(&taken)) {
            (Source::Gossip(origin), verdict) => vec![Effect::Report(origin.clone(), verdict)],
            (Source::Peer(peer), Verdict::Reject) => vec![Effect::Charge(*peer, Offence::InvalidBlock)],
            (Source::Peer(_) | Source::Held, _) => Vec::new(),
        }
    }
}
