//! Blocks: checked and sent to a verifier; or held for their parent or their slot, or dropped for a
//! stated reason.
//!
//! The module `imports` processes the results of the verifications.

use std::collections::BTreeMap;
use std::sync::Arc;

use libssz::SszEncode as _;
use network::PeerId;

use crate::base::Base;
use crate::decoder::Origin;
use crate::in_flight::InFlight;
use crate::pending_blocks::{PendingBlocks, Taken};
use crate::rank::{Rank, Records};
use crate::refusal::{Refusal, verdict};
use crate::sender::Sender;
use crate::sync::{Claim, MAX_BACKFILL_DEPTH, Sync};
use crate::verifier::{self, Job, JobId, Turn};
use crate::waiting::Waiting;
use consensus::{
    Block, BlockCheck, Interval, MAX_ATTESTATIONS_DATA, Rejection, Root, SignedBlock, Slot,
    VerifiedBlock, proposer_for_slot,
};
use network::{Offence, Verdict};

/// The largest number of different blocks imported for one slot. An honest proposer makes one. The
/// specification sets no bound for a dishonest one.
const BLOCKS_A_SLOT: u32 = 16;

/// The largest total size of the blocks in flight.
const IN_FLIGHT_BYTES: usize = 64 << 20;

/// There is room for an eighth as many early blocks as for blocks waiting for their verification:
/// an honest proposer makes one.
const EARLY_DIVISOR: usize = 8;

/// The origin of a block, which decides the receiver of its verdict.
#[derive(Debug)]
pub(super) enum Source {
    /// Gossip: the verdict is reported to the network.
    Gossip(Origin),
    /// A request: the peer is penalised for an invalid block.
    Requested(Sender),
    /// It was held here, and has its verdict.
    Held(Sender),
}

/// A block without a result yet.
#[derive(Debug)]
pub(super) struct UnverifiedBlock {
    pub(super) root: Root,
    pub(super) block: Arc<SignedBlock>,
    pub(super) source: Source,
    pub(super) rank: Rank,
    /// Whether it was accepted in addition to a full slot.
    pub(super) is_extra: bool,
    /// Whether its first verification was lost.
    pub(super) is_second_try: bool,
    /// Whether to fetch it if its proof is bad, because others wait for it or a copy was dropped.
    pub(super) is_needed: bool,
}

/// The blocks held for their parent or their slot, those waiting for a verifier, and those in
/// flight.
#[derive(Debug)]
pub(super) struct Blocks {
    pub(super) pending: PendingBlocks,
    /// Blocks of the next slot.
    early: Waiting,
    /// Blocks with a known parent, waiting for a place in `in_flight`.
    waiting: Waiting,
    pub(super) in_flight: InFlight<UnverifiedBlock, Result<VerifiedBlock, Refusal>>,
    pub(super) records: Records,
    /// The number of known blocks in each slot above the finalized one. Bounds the blocks of one
    /// proposer.
    pub(super) in_slot: BTreeMap<Slot, u32>,
    /// The current slot at the last extra block, and the number of extra blocks accepted in it.
    pub(super) extra: (Slot, u32),
}

impl Blocks {
    pub(super) fn new() -> Self {
        Self {
            pending: PendingBlocks::default(),
            early: Waiting::new(EARLY_DIVISOR),
            waiting: Waiting::new(1),
            in_flight: InFlight::new(verifier::BLOCKS, IN_FLIGHT_BYTES),
            records: Records::default(),
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
        if let Err(refusal) = check_header(&block.block, base) {
            return refuse_unhashed(&block, source, refusal, sync, base);
        }
        self.process_hashed(Root::of(&block.block), block, source, sync, base);
        self.start(sync, base);
    }

    fn process_hashed(
        &mut self,
        root: Root,
        block: Arc<SignedBlock>,
        source: Source,
        sync: &mut Sync,
        base: &mut Base,
    ) {
        let slot = block.block.slot;
        let is_extra = match self.check(&root, slot, false, sync, base) {
            Ok(is_extra) => is_extra,
            Err(refusal) => return refuse_at_once(&root, source, refusal, sync, base),
        };
        let rank = match self.rank(&source, &root, &block) {
            Ok(rank) => rank,
            Err(Refusal::TooManyFromSource)
                if !base.store.contains_block(&block.block.parent_root) =>
            {
                // It is not verified now, and shows that its parent is missing.
                Rank::Doubtful
            }
            Err(refusal) => return self.refuse_copy(&root, source, refusal, base),
        };
        let unverified = UnverifiedBlock {
            root,
            block,
            source,
            rank,
            is_extra,
            is_second_try: false,
            is_needed: false,
        };
        if base.is_in_future(slot) {
            self.keep_until_its_slot(unverified, sync, base);
        } else if base.store.contains_block(&unverified.block.block.parent_root) {
            self.wait(unverified, sync, base);
        } else {
            self.hold(unverified, sync, base);
        }
    }

    /// Returns the rank of a block.
    ///
    /// # Errors
    ///
    /// [`Refusal::DuplicateBlock`] if the same block with the same proof has no result yet, or
    /// [`Refusal::TooManyFromSource`]. Neither for a requested block, because its request needs a
    /// result.
    fn rank(&mut self, source: &Source, root: &Root, block: &SignedBlock) -> Result<Rank, Refusal> {
        let (sender, slot) = (source.sender(), block.block.slot);
        if let Source::Requested(sender) = source {
            return Ok(if sender.is_configured { Rank::Configured } else { Rank::Proven });
        }
        let of_sender = self.undecided().filter(|other| {
            other.source.sender().peer == sender.peer && other.block.block.slot == slot
        });
        let rank = self.records.rank(sender, slot, of_sender.count());
        let copy =
            self.undecided().find(|other| other.root == *root && other.block.proof == block.proof);
        match (rank, copy.map(|copy| copy.rank)) {
            // The same bytes from a better sender: this copy takes over.
            (Ok(rank), Some(held)) if rank < held => Ok(rank),
            (_, Some(_)) => Err(Refusal::DuplicateBlock),
            (rank, None) => rank,
        }
    }

    /// Returns all blocks without a result.
    fn undecided(&self) -> impl Iterator<Item = &UnverifiedBlock> {
        self.early.iter().chain(self.waiting.iter()).chain(self.in_flight.iter())
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
        let now = base.current_slot();
        if self.extra.0 != now {
            self.extra = (now, 0);
        }
        let accepts = sync.wants(root) && self.extra.1 < BLOCKS_A_SLOT;
        self.extra.1 += u32::from(accepts);
        accepts
    }

    /// Keeps a block of the next slot until the slot begins.
    fn keep_until_its_slot(
        &mut self,
        mut block: UnverifiedBlock,
        sync: &mut Sync,
        base: &mut Base,
    ) {
        sync.holds(&block.root);
        block.source = block.source.held(base);
        for evicted in self.early.push(block) {
            evicted.source.report(Err(Refusal::VerificationFull), base);
        }
    }

    /// Processes the blocks of a slot that has begun.
    pub(super) fn use_early(&mut self, sync: &mut Sync, base: &mut Base) {
        for UnverifiedBlock { root, block, source, .. } in
            self.early.take(|early| !base.is_in_future(early.block.block.slot))
        {
            self.process_hashed(root, block, source, sync, base);
        }
        self.start(sync, base);
    }

    /// Lets a block with a known parent wait for its verification.
    fn wait(&mut self, block: UnverifiedBlock, sync: &mut Sync, base: &mut Base) {
        let (root, rank) = (block.root, block.rank);
        if !matches!(block.source, Source::Requested(_)) {
            let is_worse = |other: &UnverifiedBlock| {
                other.root == root && other.rank > rank && other.block.proof == block.block.proof
            };
            for worse in self.waiting.take(is_worse) {
                worse.source.report(Err(Refusal::DuplicateBlock), base);
            }
        }
        for evicted in self.waiting.push(block) {
            self.lose(evicted, Refusal::VerificationFull, sync, base);
        }
    }

    /// Refuses a block that was not verified and may be valid.
    fn lose(&mut self, block: UnverifiedBlock, refusal: Refusal, sync: &mut Sync, base: &mut Base) {
        let UnverifiedBlock { root, source, rank, is_needed, .. } = block;
        if matches!(source, Source::Requested(_)) {
            sync.lost(&root, base.now());
        }
        if is_needed && !self.mark_needed(&root, |_| true) {
            sync.want(root, None, rank);
        }
        self.refuse_copy(&root, source, refusal, base);
    }

    /// Refuses one copy of a block. If no other copy is valid, the block is fetched.
    fn refuse_copy(&mut self, root: &Root, source: Source, refusal: Refusal, base: &mut Base) {
        if refusal != Refusal::DuplicateBlock {
            self.mark_needed(root, |_| true);
        }
        source.report(Err(refusal), base);
    }

    /// Starts the verification of waiting blocks, as many as there are places for.
    pub(super) fn start(&mut self, sync: &mut Sync, base: &mut Base) {
        loop {
            let in_flight = |rank| self.in_flight.iter().filter(|other| other.rank == rank).count();
            let Some(block) = self.waiting.next(in_flight) else { return };
            let slot = block.block.block.slot;
            match self.check(&block.root, slot, block.is_extra, sync, base) {
                Ok(_) => self.verify(block, sync, base),
                Err(refusal) => self.refuse(block, refusal, sync, base),
            }
        }
    }

    /// Starts a block's verification.
    pub(super) fn verify(&mut self, block: UnverifiedBlock, sync: &mut Sync, base: &mut Base) {
        let candidate = match base.store.check_block(&block.block) {
            Ok(BlockCheck::New(candidate)) => candidate,
            Ok(BlockCheck::Known(_)) => {
                return self.refuse(block, Refusal::DuplicateBlock, sync, base);
            }
            Err(rejection) => return self.refuse(block, rejection.into(), sync, base),
        };
        let bytes = block.block.encoded_len();
        if !self.in_flight.has_room(bytes) {
            return self.lose(block, Refusal::VerificationFull, sync, base);
        }
        let turn = match block.rank {
            Rank::Configured => Turn::First,
            _ => Turn::Stranger(block.source.sender().peer),
        };
        let number = self.in_flight.begin(block, bytes, base.now());
        base.effects.job(JobId::Block(number), Job::Block(Box::new(candidate)), turn);
    }

    /// Holds a block until its parent is imported, and fetches the parent.
    pub(super) fn hold(&mut self, block: UnverifiedBlock, sync: &mut Sync, base: &mut Base) {
        let UnverifiedBlock { root, block, source, rank, .. } = block;
        let (parent, slot, sender) = (block.block.parent_root, block.block.slot, source.sender());
        sync.holds(&root);
        self.pending.hold(root, block, sender, rank);
        sync.claims(sender.peer, Claim { root, slot, is_status: false });
        self.want_below(parent, Some(sender.peer), rank, sync, base);
        source.held(base);
    }

    /// Processes the held children of a block.
    pub(super) fn release(&mut self, parent: Root, sync: &mut Sync, base: &mut Base) {
        for Taken { root, block, sender } in self.pending.take_children(parent) {
            self.process_hashed(root, block, Source::Held(sender), sync, base);
        }
    }

    /// Requests the first missing block on the way to `root`, unless a copy from a peer of `rank`
    /// or better is being verified. If ranges are in progress, they will bring it.
    pub(super) fn want_below(
        &mut self,
        root: Root,
        hint: Option<PeerId>,
        rank: Rank,
        sync: &mut Sync,
        base: &mut Base,
    ) {
        let (missing, depth) = self.pending.first_missing(root);
        if base.store.contains_block(&missing) {
            // There is nothing to request.
        } else if self.mark_needed(&missing, |copy| copy.rank <= Rank::Proven.max(rank)) {
            // Its verification decides.
        } else if sync.is_behind(rank, &base.store, base.now()) {
            // Ranges will bring it.
        } else if depth >= MAX_BACKFILL_DEPTH {
            base.counters.drop_for("BACKFILL_TOO_DEEP");
        } else {
            sync.want(missing, hint, rank);
        }
    }

    /// Marks the unverified copies of a block as needed. Returns whether one of them has the
    /// property.
    pub(super) fn mark_needed(
        &mut self,
        root: &Root,
        has_property: impl Fn(&UnverifiedBlock) -> bool,
    ) -> bool {
        let unverified =
            self.early.iter_mut().chain(self.waiting.iter_mut()).chain(self.in_flight.iter_mut());
        let mut is_any = false;
        for copy in unverified.filter(|copy| copy.root == *root) {
            copy.is_needed = true;
            is_any |= has_property(copy);
        }
        is_any
    }

    /// Drops the waiting copies of an imported block.
    pub(super) fn drop_copies(&mut self, root: &Root, base: &mut Base) {
        for copy in self.waiting.take(|copy| copy.root == *root) {
            copy.source.report(Err(Refusal::DuplicateBlock), base);
        }
    }

    /// Drops the waiting blocks of a departed stranger, and evicts its held blocks first.
    pub(super) fn disconnected(&mut self, peer: &PeerId, base: &mut Base) {
        let is_its = |block: &UnverifiedBlock| {
            block.rank.is_low()
                && block.source.sender().peer == *peer
                && matches!(block.source, Source::Gossip(_))
        };
        for block in self.waiting.take(is_its) {
            block.source.report(Err(Refusal::SenderLeft), base);
        }
        self.pending.demote(peer);
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

    /// Returns the number of blocks waiting for their verification or their slot.
    pub(super) fn waiting(&self) -> usize {
        self.waiting.iter().count() + self.early.iter().count()
    }
}

/// Checks what needs neither a hash nor the parent: the number of votes, the slot, and the
/// proposer's turn. All states have the same registry.
fn check_header(block: &Block, base: &Base) -> Result<(), Refusal> {
    if block.body.attestations.len() > MAX_ATTESTATIONS_DATA {
        // More votes than this are too many or not distinct with any parent. Such a body may be so
        // large that hashing it keeps the actor busy, and holding it fills the memory.
        return Err(Rejection::TooManyAttestationData.into());
    }
    if block.slot > base.store.newest_slot_for_blocks() {
        return Err(Rejection::BlockTooFarInFuture.into());
    }
    if block.slot <= base.store.latest_finalized().slot {
        return Err(Refusal::BlockNotAboveFinalized);
    }
    let validators = base.store.head_state().validators.len();
    if proposer_for_slot(block.slot, validators) != Some(block.proposer_index) {
        return Err(Rejection::WrongProposer.into());
    }
    Ok(())
}

/// Refuses a block by its header.
fn refuse_unhashed(
    block: &SignedBlock,
    source: Source,
    refusal: Refusal,
    sync: &mut Sync,
    base: &mut Base,
) {
    let is_hashable = refusal != Rejection::TooManyAttestationData.into();
    if matches!(source, Source::Requested(_)) && is_hashable {
        refuse_at_once(&Root::of(&block.block), source, refusal, sync, base);
    } else {
        source.report(Err(refusal), base);
    }
}

/// Refuses a block before its verification, and ends its request.
fn refuse_at_once(root: &Root, source: Source, refusal: Refusal, sync: &mut Sync, base: &mut Base) {
    if base.store.contains_block(root) {
        sync.imported(root, base.now());
    } else if matches!(source, Source::Requested(_)) {
        if refusal.verdict() == Verdict::Reject {
            sync.rejected(root, base.now());
            sync.forget(root);
        } else {
            sync.ignored(root, base.now());
        }
    }
    source.report(Err(refusal), base);
}

impl Source {
    /// Counts a refusal, and reports the verdict on a block to its origin.
    pub(super) fn report(self, accepted: Result<(), Refusal>, base: &mut Base) {
        if let Err(refusal) = accepted {
            base.counters.drop_for(refusal.name());
            tracing::debug!(refusal = refusal.name(), "a block was refused");
        }
        match (self, verdict(&accepted)) {
            (Self::Gossip(origin), verdict) => base.effects.report(origin, verdict),
            (Self::Requested(sender), Verdict::Reject) => {
                base.effects.penalise(sender.peer, Offence::InvalidBlock)
            }
            (Self::Requested(_) | Self::Held(_), _) => {}
        }
    }

    /// Reports the verdict on a held block. Its later fate is only counted.
    fn held(self, base: &mut Base) -> Self {
        let sender = self.sender();
        if let Self::Gossip(origin) = self {
            base.effects.report(origin, Verdict::Ignore);
        }
        Self::Held(sender)
    }

    /// Returns the peer behind the block.
    pub(super) fn sender(&self) -> Sender {
        match self {
            Self::Gossip(origin) => origin.sender,
            Self::Requested(sender) | Self::Held(sender) => *sender,
        }
    }
}
