//! Blocks come: they are imported, wait for their parent, or are dropped for a stated reason.

use std::collections::VecDeque;
use std::sync::Arc;

use libp2p::PeerId;

use crate::chain::Origin;
use crate::chain::effect::Effect;
use crate::chain::state::ChainState;
use crate::chain::sync::{Claim, Fetched};
use crate::consensus::{INTERVALS_PER_SLOT, MAX_ATTESTATIONS_DATA, Rejection, Root, SignedBlock, Slot};
use crate::network::Verdict;

/// Different blocks of one slot that are imported. An honest proposer makes one; the specification does not say how
/// many of a dishonest one's to take.
const BLOCKS_A_SLOT: u32 = 16;

/// States further below the finalized slot than this are forgotten; the blocks stay.
const STATES_KEPT: u64 = 64;

impl ChainState {
    /// Takes a gossiped block, and says what to tell the network of it.
    pub(crate) fn gossiped_block(&mut self, block: SignedBlock, origin: Origin) -> Vec<Effect> {
        let source = origin.source;
        let (verdict, mut effects) = self.block(Arc::new(block), Some(source));
        effects.push(Effect::Report(origin, verdict));
        effects.extend(self.fetch());
        effects
    }

    /// Takes the outcome of a request for blocks.
    pub(crate) fn fetched(&mut self, request: u64, fetched: Fetched) -> Vec<Effect> {
        self.sync.answered(request, fetched, self.store.time());
        self.fetch()
    }

    /// Takes our own block, which is in the store already, now that it is signed.
    pub(crate) fn own_block(&mut self, block: SignedBlock) -> Vec<Effect> {
        let block = Arc::new(block);
        self.unsigned_block = None;
        self.blocks_imported += 1;
        self.remember(Root::of(&block.block), &block);
        vec![Effect::PublishBlock(block)]
    }

    pub(super) fn block(&mut self, block: Arc<SignedBlock>, source: Option<PeerId>) -> (Verdict, Vec<Effect>) {
        if block.block.body.attestations.len() > MAX_ATTESTATIONS_DATA {
            // More are too many or not distinct, whatever its parent. A body may be so large that merely computing its
            // root keeps the owner busy, and holding it fills the memory.
            self.count(Rejection::TooManyAttestationData.name());
            return (Verdict::Reject, Vec::new());
        }
        let root = Root::of(&block.block);
        let slot = block.block.slot;
        let not_wanted = if self.store.contains_block(&root) {
            Some("DUPLICATE_BLOCK")
        } else if self.is_in_future(slot) {
            Some("BLOCK_TOO_FAR_IN_FUTURE")
        } else if slot <= self.store.latest_finalized().slot {
            Some("BLOCK_NOT_ABOVE_FINALIZED")
        } else if self.is_slot_full(slot) && !self.takes_one_more(&root) {
            Some("TOO_MANY_BLOCKS_IN_SLOT")
        } else {
            None
        };
        if let Some(reason) = not_wanted {
            if self.store.contains_block(&root) {
                self.sync.imported(&root, self.store.time());
            } else {
                self.sync.ignored(&root, self.store.time());
            }
            self.count(reason);
            return (Verdict::Ignore, Vec::new());
        }
        if !self.store.contains_block(&block.block.parent_root) {
            self.hold(root, block, source);
            return (Verdict::Ignore, Vec::new());
        }
        self.import(block)
    }

    fn is_slot_full(&self, slot: Slot) -> bool {
        self.blocks_in_slot.get(&slot).is_some_and(|&blocks| blocks >= BLOCKS_A_SLOT)
    }

    /// Says whether to take a block although its slot is full, and counts on it being taken.
    ///
    /// One that others build on, or that is a peer's head, may be everyone else's chain: a proposer that makes many
    /// blocks and shows this node only the wrong ones must not part it from the network for good. In each slot that
    /// passes only so many are taken, since what makes a block wanted is not verified.
    fn takes_one_more(&mut self, root: &Root) -> bool {
        let now = self.store.time() / INTERVALS_PER_SLOT;
        if self.extra_blocks.0 != now {
            self.extra_blocks = (now, 0);
        }
        let takes = self.sync.wants(root) && self.extra_blocks.1 < BLOCKS_A_SLOT;
        self.extra_blocks.1 += u32::from(takes);
        takes
    }

    /// Keeps a block until its parent comes, and has that fetched.
    fn hold(&mut self, root: Root, block: Arc<SignedBlock>, source: Option<PeerId>) {
        let (parent, slot) = (block.block.parent_root, block.block.slot);
        self.sync.holds(&root);
        self.pending_blocks.hold(root, block, source);
        if let Some(peer) = source {
            self.sync.claims(peer, Claim { root, slot, is_status: false });
        }
        self.want_below(parent, source);
    }

    /// Imports a block whose parent is known, and then whatever waited for it. A block that is fetched stays wanted until
    /// it is imported.
    fn import(&mut self, block: Arc<SignedBlock>) -> (Verdict, Vec<Effect>) {
        let mut effects = Vec::new();
        let mut verdict = None;
        let mut queue = VecDeque::from([block]);
        while let Some(block) = queue.pop_front() {
            let outcome = self.import_one(&block, &mut effects);
            match outcome {
                Ok(root) => queue.extend(self.pending_blocks.take_children(root)),
                Err(rejection) => {
                    self.count(rejection.name());
                    tracing::debug!(slot = block.block.slot, %rejection, "a block was rejected");
                    let root = Root::of(&block.block);
                    if rejection.is_sender_at_fault() {
                        self.sync.rejected(&root, self.store.time());
                    } else {
                        self.sync.ignored(&root, self.store.time());
                    }
                    if rejection == Rejection::InvalidBlockProof && verdict.is_some() {
                        // It waited here unverified. Its root does not cover its proof, so another peer may have it
                        // with a valid one.
                        self.sync.want(root, None);
                    }
                }
            }
            verdict.get_or_insert(match outcome {
                Ok(_) => Verdict::Accept,
                Err(rejection) if rejection.is_sender_at_fault() => Verdict::Reject,
                Err(_) => Verdict::Ignore,
            });
        }
        effects.push(Effect::Publish);
        (verdict.unwrap_or(Verdict::Ignore), effects)
    }

    fn import_one(&mut self, block: &Arc<SignedBlock>, effects: &mut Vec<Effect>) -> Result<Root, Rejection> {
        let import = self.store.on_block(block, &*self.proofs)?;
        let (root, slot) = (import.root, block.block.slot);
        self.sync.imported(&root, self.store.time());
        if import.is_new {
            self.blocks_imported += 1;
            self.remember(root, block);
            let recovered = self.store.recover_votes(block, &*self.proofs);
            if self.role.is_aggregator {
                effects.extend(recovered.into_iter().map(|vote| Effect::PublishAggregate(Box::new(vote))));
            }
        }
        if import.finalized.is_some() {
            self.forget_finalized();
        }
        self.replay_votes(root);
        if self.vote_waits_for == Some(slot) {
            effects.extend(self.vote(slot));
        }
        Ok(root)
    }

    fn remember(&mut self, root: Root, block: &Arc<SignedBlock>) {
        self.signed_blocks.insert(root, Arc::clone(block));
        *self.blocks_in_slot.entry(block.block.slot).or_default() += 1;
    }

    /// Lets go of what finality has settled.
    pub(super) fn forget_finalized(&mut self) {
        let finalized = self.store.latest_finalized().slot;
        self.blocks_in_slot = self.blocks_in_slot.split_off(&(finalized + 1));
        self.pending_blocks.prune(finalized);
        self.store.forget_states(STATES_KEPT);
    }
}
