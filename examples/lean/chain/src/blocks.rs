//! Blocks come: they are checked and sent away to be verified; or they wait for their parent, or are dropped for a stated
//! reason. What follows when they have been verified is in `imports`.

use std::collections::VecDeque;
use std::sync::Arc;

use libssz::SszEncode as _;
use network::PeerId;

use crate::Origin;
use crate::effect::Effect;
use crate::refusal::Refusal;
use crate::state::ChainState;
use crate::sync::Claim;
use crate::verifier::{Job, JobId};
use consensus::{BlockCheck, INTERVALS_PER_SLOT, MAX_ATTESTATIONS_DATA, Rejection, Root, SignedBlock, Slot};

/// Different blocks of one slot that are imported. An honest proposer makes one; the specification does not say how
/// many of a dishonest one's to take.
const BLOCKS_A_SLOT: u32 = 16;

/// Copies of blocks with other proofs than the ones that are being verified, of all blocks together.
const OTHER_COPIES: usize = 16;

/// Where a block came from, and who hears of its end.
#[derive(Clone, Debug)]
pub(super) enum Source {
    /// Gossip, which is reported on.
    Gossip(Origin),
    /// A peer that was asked for it.
    Peer(PeerId),
    /// It was held here, and has been reported on.
    Held,
}

/// A block that is being verified.
#[derive(Debug)]
pub(super) struct BlockUnderWay {
    pub(super) root: Root,
    pub(super) block: Arc<SignedBlock>,
    pub(super) source: Source,
    /// Whether it is one of those that are taken although their slot is full.
    pub(super) is_extra: bool,
    /// Whether its first verification was lost.
    pub(super) is_second_try: bool,
    /// Copies with other proofs, to be tried if this one's is bad.
    pub(super) others: VecDeque<(Arc<SignedBlock>, Source)>,
    /// Whether it is to be fetched if its proof is bad: others wait for it, or a copy was forgotten.
    pub(super) is_needed: bool,
}

impl ChainState {
    /// Takes a gossiped block. What to tell the network of it follows at once, or when it has been verified.
    pub fn gossiped_block(&mut self, block: SignedBlock, origin: Origin) -> Vec<Effect> {
        let mut effects = self.take_block(Arc::new(block), Source::Gossip(origin));
        effects.extend(self.fetch());
        effects
    }

    /// Takes our own block, which is in the store already, now that it is signed.
    pub(crate) fn own_block(&mut self, block: SignedBlock) -> Vec<Effect> {
        let block = Arc::new(block);
        self.unsigned_block = None;
        self.blocks_imported += 1;
        self.remember(Root::of(&block.block), &block);
        vec![Effect::PublishBlock(block)]
    }

    pub(super) fn take_block(&mut self, block: Arc<SignedBlock>, source: Source) -> Vec<Effect> {
        if block.block.body.attestations.len() > MAX_ATTESTATIONS_DATA {
            // More are too many or not distinct, whatever its parent. A body may be so large that merely computing its
            // root keeps the owner busy, and holding it fills the memory.
            return self.answer(&source, Err(Rejection::TooManyAttestationData.into()));
        }
        let root = Root::of(&block.block);
        if self.blocks.iter().any(|under_way| under_way.root == root) {
            return self.take_copy(root, block, source);
        }
        let is_extra = match self.look(&root, block.block.slot, false) {
            Ok(is_extra) => is_extra,
            Err(unwanted) => {
                if self.store.contains_block(&root) {
                    self.sync.imported(&root, self.store.time());
                } else {
                    self.sync.ignored(&root, self.store.time());
                }
                return self.answer(&source, Err(unwanted));
            }
        };
        let under_way = BlockUnderWay {
            root,
            block,
            source,
            is_extra,
            is_second_try: false,
            others: VecDeque::new(),
            is_needed: false,
        };
        if self.store.contains_block(&under_way.block.block.parent_root) {
            self.verify_block(under_way)
        } else {
            self.hold(under_way)
        }
    }

    /// Takes another copy of a block that is being verified. It is not verified as well; only if it has another proof, it
    /// is kept for the case that the first one's is bad.
    fn take_copy(&mut self, root: Root, block: Arc<SignedBlock>, source: Source) -> Vec<Effect> {
        let kept: usize = self.blocks.iter().map(|under_way| under_way.others.len()).sum();
        let Some(under_way) = self.blocks.iter_mut().find(|under_way| under_way.root == root) else {
            return Vec::new();
        };
        let is_same = |other: &Arc<SignedBlock>| other.proof == block.proof;
        let refusal = if is_same(&under_way.block) || under_way.others.iter().any(|(other, _)| is_same(other)) {
            Refusal::DuplicateBlock
        } else if kept < OTHER_COPIES {
            under_way.others.push_back((block, source));
            return Vec::new();
        } else {
            under_way.is_needed = true;
            Refusal::VerificationFull
        };
        self.answer(&source, Err(refusal))
    }

    /// Says whether a block is of use, and whether it is one more than its slot has room for, as it may have been said to
    /// be before.
    pub(super) fn look(&mut self, root: &Root, slot: Slot, is_extra: bool) -> Result<bool, Refusal> {
        if self.store.contains_block(root) {
            Err(Refusal::DuplicateBlock)
        } else if self.is_in_future(slot) {
            Err(Refusal::BlockTooFarInFuture)
        } else if slot <= self.store.latest_finalized().slot {
            Err(Refusal::BlockNotAboveFinalized)
        } else if !self.is_slot_full(slot) {
            Ok(false)
        } else if is_extra || self.takes_one_more(root) {
            Ok(true)
        } else {
            Err(Refusal::TooManyBlocksInSlot)
        }
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

    /// Sends a block away to be verified, or holds it until there is room for one more.
    pub(super) fn verify_block(&mut self, under_way: BlockUnderWay) -> Vec<Effect> {
        let candidate = match self.store.check_block(&under_way.block) {
            Ok(BlockCheck::New(candidate)) => candidate,
            Ok(BlockCheck::Known(_)) => return self.refuse_block(under_way, Refusal::DuplicateBlock),
            Err(rejection) => return self.refuse_block(under_way, rejection.into()),
        };
        let bytes = under_way.block.encoded_len();
        if !self.blocks.has_room(bytes) {
            self.waiting_for_room.insert(under_way.block.block.parent_root);
            return self.hold(under_way);
        }
        let number = self.blocks.begin(under_way, bytes, self.store.time());
        vec![Effect::Work(JobId::Block(number), Job::Block(Box::new(candidate)))]
    }

    /// Keeps a block until its parent comes, and has that fetched; or until there is room.
    pub(super) fn hold(&mut self, under_way: BlockUnderWay) -> Vec<Effect> {
        let BlockUnderWay { root, block, source, .. } = under_way;
        let (parent, slot) = (block.block.parent_root, block.block.slot);
        self.sync.holds(&root);
        self.pending_blocks.hold(root, block, source.peer());
        if let Some(peer) = source.peer() {
            self.sync.claims(peer, Claim { root, slot, is_status: false });
        }
        self.want_below(parent, source.peer());
        match source {
            Source::Gossip(origin) => {
                vec![Effect::Report(origin, Refusal::Rejected(Rejection::UnknownParentBlock).verdict())]
            }
            Source::Peer(_) | Source::Held => Vec::new(),
        }
    }

    /// Verifies the blocks that were held for want of room, as many as there is room for now.
    pub(super) fn use_room(&mut self) -> Vec<Effect> {
        let mut effects = Vec::new();
        for parent in std::mem::take(&mut self.waiting_for_room) {
            if !self.blocks.has_room(0) {
                self.waiting_for_room.insert(parent);
                continue;
            }
            for block in self.pending_blocks.take_children(parent) {
                effects.extend(self.take_block(block, Source::Held));
            }
        }
        effects
    }
}

impl Source {
    fn peer(&self) -> Option<PeerId> {
        match self {
            Self::Gossip(origin) => Some(origin.source),
            Self::Peer(peer) => Some(*peer),
            Self::Held => None,
        }
    }
}
