//! Blocks: checked and sent to a verifier; or held for their parent, or dropped for a stated
//! reason.
//!
//! The module `imports` processes the results of the verifications.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use libssz::SszEncode as _;
use network::PeerId;

use crate::base::Base;
use crate::decoder::Origin;
use crate::in_flight::InFlight;
use crate::pending_blocks::PendingBlocks;
use crate::refusal::{Refusal, verdict};
use crate::sync::{Claim, MAX_BACKFILL_DEPTH, Sync};
use crate::verifier::{self, Job, JobId};
use consensus::{
    BlockCheck, INTERVALS_PER_SLOT, Interval, MAX_ATTESTATIONS_DATA, Rejection, Root, SignedBlock,
    Slot, VerifiedBlock,
};
use network::{Offence, Verdict};

/// The largest number of different blocks imported for one slot. An honest proposer makes one. The
/// specification sets no bound for a dishonest one.
const BLOCKS_A_SLOT: u32 = 16;

/// The largest number of copies with other proofs than the one in flight, for all blocks together.
const OTHER_COPIES: usize = 16;

/// The largest number of blocks held for their parent.
const PENDING_BLOCKS: usize = 1024;

/// The largest total size of the held blocks. A block has about a kilobyte today, but its proof may
/// have half a megabyte.
const PENDING_BYTES: usize = 64 << 20;

/// The largest total size of the blocks in flight.
const IN_FLIGHT_BYTES: usize = 64 << 20;

/// The origin of a block, which decides the receiver of its verdict.
#[derive(Clone, Debug)]
pub(super) enum Source {
    /// Gossip: the verdict is reported to the network.
    Gossip(Origin),
    /// A request: the peer is penalised for an invalid block.
    Peer(PeerId),
    /// It was held here, and has its verdict.
    Held,
}

/// A block being verified.
#[derive(Debug)]
pub(super) struct BlockInFlight {
    pub(super) root: Root,
    pub(super) block: Arc<SignedBlock>,
    pub(super) source: Source,
    /// Whether it was accepted in addition to a full slot.
    pub(super) is_extra: bool,
    /// Whether its first verification was lost.
    pub(super) is_second_try: bool,
    /// Copies with other proofs, tried if this one's proof is bad.
    pub(super) others: VecDeque<(Arc<SignedBlock>, Source)>,
    /// Whether to fetch it if its proof is bad, because others wait for it or a copy was dropped.
    pub(super) is_needed: bool,
}

/// The blocks held for their parent, and those in flight.
#[derive(Debug)]
pub(super) struct Blocks {
    pub(super) pending: PendingBlocks,
    pub(super) in_flight: InFlight<BlockInFlight, Result<VerifiedBlock, Refusal>>,
    /// Parents in the store, with held children waiting for room in `in_flight`.
    waiting_for_room: BTreeSet<Root>,
    /// The number of known blocks in each slot above the finalized one. Bounds the blocks of one
    /// proposer.
    pub(super) in_slot: BTreeMap<Slot, u32>,
    /// The current slot at the last extra block, and the number of extra blocks accepted in it.
    pub(super) extra: (Slot, u32),
}

impl Blocks {
    pub(super) fn new() -> Self {
        Self {
            pending: PendingBlocks::new(PENDING_BLOCKS, PENDING_BYTES),
            in_flight: InFlight::new(verifier::BLOCKS, IN_FLIGHT_BYTES),
            waiting_for_room: BTreeSet::new(),
            in_slot: BTreeMap::new(),
            extra: (0, 0),
        }
    }

    /// Checks a block and starts its verification, holds it, or refuses it.
    pub(super) fn process(
        &mut self,
        block: Arc<SignedBlock>,
        source: Source,
        sync: &mut Sync,
        base: &mut Base,
    ) {
        if block.block.body.attestations.len() > MAX_ATTESTATIONS_DATA {
            // So many are too many or not distinct, whatever the parent. Such a body may be so
            // large that hashing it keeps the actor busy, and holding it fills the memory.
            return source.report(Err(Rejection::TooManyAttestationData.into()), base);
        }
        let root = Root::of(&block.block);
        if self.in_flight.iter().any(|in_flight| in_flight.root == root) {
            return self.process_copy(root, block, source, base);
        }
        let is_extra = match self.check(&root, block.block.slot, false, sync, base) {
            Ok(is_extra) => is_extra,
            Err(refusal) => {
                if base.store.contains_block(&root) {
                    sync.imported(&root, base.now());
                } else {
                    sync.ignored(&root, base.now());
                }
                return source.report(Err(refusal), base);
            }
        };
        let block = BlockInFlight {
            root,
            block,
            source,
            is_extra,
            is_second_try: false,
            others: VecDeque::new(),
            is_needed: false,
        };
        if base.store.contains_block(&block.block.block.parent_root) {
            self.verify(block, sync, base);
        } else {
            self.hold(block, sync, base);
        }
    }

    /// Processes another copy of a block in flight. It is kept if its proof differs, because the
    /// proof in flight may be bad.
    fn process_copy(
        &mut self,
        root: Root,
        block: Arc<SignedBlock>,
        source: Source,
        base: &mut Base,
    ) {
        let kept: usize = self.in_flight.iter().map(|in_flight| in_flight.others.len()).sum();
        let Some(in_flight) = self.in_flight.iter_mut().find(|in_flight| in_flight.root == root)
        else {
            return;
        };
        let is_same = |other: &Arc<SignedBlock>| other.proof == block.proof;
        let refusal = if is_same(&in_flight.block)
            || in_flight.others.iter().any(|(other, _)| is_same(other))
        {
            Refusal::DuplicateBlock
        } else if kept < OTHER_COPIES {
            in_flight.others.push_back((block, source));
            return;
        } else {
            in_flight.is_needed = true;
            Refusal::VerificationFull
        };
        source.report(Err(refusal), base);
    }

    /// Checks a block's root and slot. Returns whether the block is extra: accepted although its
    /// slot is full. `is_extra` repeats the answer of an earlier check, so that the block is not
    /// counted twice.
    pub(super) fn check(
        &mut self,
        root: &Root,
        slot: Slot,
        is_extra: bool,
        sync: &Sync,
        base: &Base,
    ) -> Result<bool, Refusal> {
        if base.store.contains_block(root) {
            Err(Refusal::DuplicateBlock)
        } else if base.is_in_future(slot) {
            Err(Refusal::BlockTooFarInFuture)
        } else if slot <= base.store.latest_finalized().slot {
            Err(Refusal::BlockNotAboveFinalized)
        } else if !self.is_slot_full(slot) {
            Ok(false)
        } else if is_extra || self.accepts_extra(root, sync, base) {
            Ok(true)
        } else {
            Err(Refusal::TooManyBlocksInSlot)
        }
    }

    fn is_slot_full(&self, slot: Slot) -> bool {
        self.in_slot.get(&slot).is_some_and(|&blocks| blocks >= BLOCKS_A_SLOT)
    }

    /// Returns whether to accept a block for a full slot, and counts it as accepted.
    ///
    /// A wanted block is the parent of a held block, or a peer's head, so it may be on the
    /// network's canonical chain. Without this exception, a proposer of many blocks could show this
    /// node only the wrong ones, and so separate it from the network for good. The number of extra
    /// blocks is bounded for each slot that passes, because the reasons to want a block are
    /// unverified.
    fn accepts_extra(&mut self, root: &Root, sync: &Sync, base: &Base) -> bool {
        let now = base.now() / INTERVALS_PER_SLOT;
        if self.extra.0 != now {
            self.extra = (now, 0);
        }
        let accepts = sync.wants(root) && self.extra.1 < BLOCKS_A_SLOT;
        self.extra.1 += u32::from(accepts);
        accepts
    }

    /// Starts a block's verification, or holds the block until there is room.
    pub(super) fn verify(&mut self, block: BlockInFlight, sync: &mut Sync, base: &mut Base) {
        let candidate = match base.store.check_block(&block.block) {
            Ok(BlockCheck::New(candidate)) => candidate,
            Ok(BlockCheck::Known(_)) => {
                return self.refuse(block, Refusal::DuplicateBlock, sync, base);
            }
            Err(rejection) => return self.refuse(block, rejection.into(), sync, base),
        };
        let bytes = block.block.encoded_len();
        if !self.in_flight.has_room(bytes) {
            self.waiting_for_room.insert(block.block.block.parent_root);
            return self.hold(block, sync, base);
        }
        let number = self.in_flight.begin(block, bytes, base.now());
        base.effects.job(JobId::Block(number), Job::Block(Box::new(candidate)));
    }

    /// Holds a block until its parent is imported, and fetches the parent; or holds it until there
    /// is room.
    pub(super) fn hold(&mut self, block: BlockInFlight, sync: &mut Sync, base: &mut Base) {
        let BlockInFlight { root, block, source, .. } = block;
        let (parent, slot) = (block.block.parent_root, block.block.slot);
        sync.holds(&root);
        self.pending.hold(root, block, source.peer());
        if let Some(peer) = source.peer() {
            sync.claims(peer, Claim { root, slot, is_status: false });
        }
        self.want_below(parent, source.peer(), sync, base);
        if let Source::Gossip(origin) = source {
            base.effects.report(origin, Refusal::Rejected(Rejection::UnknownParentBlock).verdict());
        }
    }

    /// Verifies the blocks held for lack of room, as many as there is room for now.
    pub(super) fn use_room(&mut self, sync: &mut Sync, base: &mut Base) {
        for parent in std::mem::take(&mut self.waiting_for_room) {
            if self.in_flight.has_room(0) {
                self.release(parent, sync, base);
            } else {
                self.waiting_for_room.insert(parent);
            }
        }
    }

    /// Processes the held children of a block.
    pub(super) fn release(&mut self, parent: Root, sync: &mut Sync, base: &mut Base) {
        for block in self.pending.take_children(parent) {
            self.process(block, Source::Held, sync, base);
        }
    }

    /// Requests the first missing block on the way to `root`, unless it is in flight. If ranges are
    /// in progress, they will bring it.
    pub(super) fn want_below(
        &mut self,
        root: Root,
        hint: Option<PeerId>,
        sync: &mut Sync,
        base: &mut Base,
    ) {
        let (missing, depth) = self.pending.first_missing(root);
        if let Some(in_flight) =
            self.in_flight.iter_mut().find(|in_flight| in_flight.root == missing)
        {
            in_flight.is_needed = true;
        } else if base.store.contains_block(&missing) || sync.is_behind(&base.store, base.now()) {
            // There is nothing to request.
        } else if depth >= MAX_BACKFILL_DEPTH {
            base.counters.drop_for("BACKFILL_TOO_DEEP");
        } else {
            sync.want(missing, hint);
        }
    }

    /// Counts an imported block in its slot.
    pub(super) fn imported(&mut self, slot: Slot) {
        *self.in_slot.entry(slot).or_default() += 1;
    }

    /// Drops blocks and counts at or below the finalized slot.
    pub(super) fn forget_finalized(&mut self, finalized: Slot) {
        self.in_slot = self.in_slot.split_off(&(finalized + 1));
        self.pending.prune(finalized);
    }

    /// Returns the jobs started before `oldest` and without a result.
    pub(super) fn overdue(&self, oldest: Interval) -> impl Iterator<Item = JobId> + use<> {
        self.in_flight.overdue(oldest).into_iter().map(JobId::Block)
    }
}

impl Source {
    /// Counts a refusal, and reports the verdict on a block to its origin.
    pub(super) fn report(&self, accepted: Result<(), Refusal>, base: &mut Base) {
        if let Err(refusal) = accepted {
            base.counters.drop_for(refusal.name());
            tracing::debug!(refusal = refusal.name(), "a block was refused");
        }
        match (self, verdict(&accepted)) {
            (Self::Gossip(origin), verdict) => base.effects.report(origin.clone(), verdict),
            (Self::Peer(peer), Verdict::Reject) => {
                base.effects.penalise(*peer, Offence::InvalidBlock)
            }
            (Self::Peer(_) | Self::Held, _) => {}
        }
    }

    fn peer(&self) -> Option<PeerId> {
        match self {
            Self::Gossip(origin) => Some(origin.source),
            Self::Peer(peer) => Some(*peer),
            Self::Held => None,
        }
    }
}
