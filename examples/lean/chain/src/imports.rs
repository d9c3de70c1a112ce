//! The results of blocks: an import with its consequences, or a refusal.

use std::sync::Arc;

use crate::base::Base;
use crate::blocks::{Blocks, Source, UnverifiedBlock};
use crate::refusal::Refusal;
use crate::state::ChainState;
use crate::sync::Sync;
use consensus::{Rejection, Root, SignedBlock, VerifiedBlock};
use network::Verdict;

/// States further below the finalized slot than this are dropped. Their blocks stay.
const STATES_KEPT: u64 = 64;

impl ChainState {
    /// Processes the result of a block's verification.
    pub(super) fn block_result(
        &mut self,
        mut block: UnverifiedBlock,
        result: Result<VerifiedBlock, Refusal>,
    ) {
        let Self { blocks, sync, base, .. } = self;
        if matches!(result, Err(Refusal::VerificationLost)) && !block.is_second_try {
            block.is_second_try = true;
            return blocks.verify(block, sync, base);
        }
        match result.and_then(|verified| blocks.check_again(&block, sync, base).map(|()| verified))
        {
            Ok(verified) => {
                let UnverifiedBlock { root, block, source, .. } = block;
                blocks.records.valid(source.sender(), base.current_slot());
                source.report(Ok(()), base);
                blocks.drop_copies(&root, base);
                self.import(root, &block, verified);
            }
            Err(refusal) => blocks.refuse(block, refusal, sync, base),
        }
        self.blocks.start(&mut self.sync, &mut self.base);
        self.continue_sync();
    }

    /// Imports a verified block into the store. Then votes, recovers the block's votes, and
    /// processes the votes and blocks waiting for it.
    fn import(&mut self, root: Root, block: &Arc<SignedBlock>, verified: VerifiedBlock) {
        let store = &mut self.base.store;
        let parent_slot = store.block(&block.block.parent_root).map(|parent| parent.slot);
        let import = store.import_block(verified);
        self.base.counters.meters.transition(&block.block, parent_slot);
        self.base.fork_choice_moved();
        let slot = block.block.slot;
        self.sync.imported(&root, self.base.now());
        self.keep(root, block);
        if import.finalized.is_some() {
            self.base.counters.meters.finalizations += 1;
            self.forget_finalized();
        }
        self.duties.vote_if_waiting(slot, &mut self.base);
        self.proving.recover(root, block, &mut self.base);
        self.votes.replay(root, &mut self.base);
        self.blocks.release(root, &mut self.sync, &mut self.base);
        self.base.effects.publish_snapshot();
    }

    /// Keeps a block of the store to serve it to peers, and counts it.
    pub(super) fn keep(&mut self, root: Root, block: &Arc<SignedBlock>) {
        self.base.counters.blocks_imported += 1;
        self.history.insert(root, block);
        self.keeping.block(root, block);
        self.blocks.imported(block.block.slot);
    }

    /// Drops everything settled by finality.
    pub(super) fn forget_finalized(&mut self) {
        self.blocks.forget_finalized(self.base.store.latest_finalized().slot);
        self.base.store.forget_states(STATES_KEPT);
    }
}

impl Blocks {
    /// Repeats the checks with an outcome that may have changed during the verification.
    fn check_again(
        &mut self,
        block: &UnverifiedBlock,
        sync: &Sync,
        base: &Base,
    ) -> Result<(), Refusal> {
        self.check(&block.root, block.block.block.slot, block.is_extra, sync, base)?;
        if !base.store.contains_block(&block.block.block.parent_root) {
            // The parent was our own block, withdrawn unsigned.
            return Err(Rejection::UnknownParentBlock.into());
        }
        Ok(())
    }

    /// Refuses a block.
    ///
    /// | reason | other copies | blocks waiting for it | the block itself |
    /// |---|---|---|---|
    /// | missing parent | wait for it as well | wait | held |
    /// | bad proof | are verified | wait | fetched, if needed and no copy is left |
    /// | verification lost, late | are verified | wait | fetched, if needed |
    /// | another broken rule | are refused in their turn | dropped: `INVALID_ANCESTOR` | dropped |
    /// | anything else | are verified | wait | dropped |
    pub(super) fn refuse(
        &mut self,
        block: UnverifiedBlock,
        refusal: Refusal,
        sync: &mut Sync,
        base: &mut Base,
    ) {
        if refusal == Refusal::Rejected(Rejection::UnknownParentBlock)
            && !base.store.contains_block(&block.block.block.parent_root)
        {
            return self.hold(block, sync, base);
        }
        let UnverifiedBlock { root, source, rank, is_needed, block, .. } = block;
        let now = base.now();
        let (sender, slot) = (source.sender(), block.block.slot);
        let is_requested = matches!(source, Source::Requested(_));
        let is_needed = is_needed || matches!(source, Source::Held(_));
        source.report(Err(refusal), base);
        match refusal {
            Refusal::Rejected(Rejection::InvalidBlockProof) => {
                self.records.false_proof(sender, slot, base.current_slot());
                if is_requested {
                    sync.rejected(&root, now);
                }
                if is_needed && !self.mark_needed(&root, |_| true) {
                    // Its root does not cover its proof, so another peer may have it with a valid
                    // one.
                    sync.want(root, None, rank);
                }
            }
            Refusal::VerificationLost | Refusal::VerificationLate => {
                if is_requested {
                    sync.lost(&root, now);
                }
                if is_needed && !self.mark_needed(&root, |_| true) {
                    sync.want(root, None, rank);
                }
            }
            _ if base.store.contains_block(&root) => sync.imported(&root, now),
            _ if refusal.verdict() == Verdict::Reject => {
                // No other proof makes it valid.
                if is_requested {
                    sync.rejected(&root, now);
                }
                sync.forget(&root);
                self.drop_descendants(root, base);
            }
            _ if is_requested => sync.ignored(&root, now),
            _ => {}
        }
        base.effects.publish_snapshot();
    }

    /// Drops the held descendants of a rejected block.
    fn drop_descendants(&mut self, root: Root, base: &mut Base) {
        let mut open = vec![root];
        while let Some(parent) = open.pop() {
            for child in self.pending.take_children(parent) {
                base.counters.drop_for(Refusal::InvalidAncestor.name());
                open.push(child.root);
            }
        }
    }
}
