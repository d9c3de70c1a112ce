//! The chain's state: the specification's store, what waits beside it, and what we make of both.
//!
//! Pure: no async, no clock, no I/O. Every change is a method that takes what came and gives back [`Effect`]s for the
//! actor to carry out, in order. The methods are in three files by what brings them about: `blocks` (blocks come),
//! `votes` (votes come) and `intervals` (time passes).

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use libp2p::PeerId;

use crate::chain::effect::Effect;
use crate::chain::pending_blocks::PendingBlocks;
use crate::chain::pending_votes::PendingVotes;
use crate::chain::sync::{Action, Claim, MAX_BACKFILL_DEPTH, Sync};
use crate::chain::{ChainHead, NOTES, Snapshot};
use crate::consensus::{
    Checkpoint, DutyGate, GOSSIP_DISPARITY_INTERVALS, INTERVALS_PER_SLOT, ProofScheme, Root, SignedBlock, Slot, Store,
    ValidatorIndex,
};
use crate::network::wire::MIN_SLOTS_FOR_BLOCK_REQUESTS;
use crate::network::{Offence, SlotRange, Status};
use crate::xmss::Scheme;

/// Blocks that may wait for their parent.
const PENDING_BLOCKS: usize = 1024;

/// Votes that may wait for a block.
const PENDING_VOTES: usize = 1024;

/// Bytes that blocks may come to while they wait, and votes as well. A block of our own time has about a kilobyte, but
/// each of either may have a proof of half a megabyte.
const PENDING_BYTES: usize = 64 << 20;

/// How many blocks synchronization imports before other messages have their turn.
const IMPORTS_AT_ONCE: usize = 8;

/// What this node does in the chain.
#[derive(Clone, Debug)]
pub(crate) struct Role {
    /// The validators whose keys this node's signer holds.
    pub(crate) validators: Vec<ValidatorIndex>,
    /// Whether it aggregates votes.
    pub(crate) is_aggregator: bool,
    /// The first slot in which its validators may sign: an earlier process may have signed in any slot before it.
    pub(crate) first_duty_slot: Slot,
    /// The signature scheme of the network.
    pub(crate) scheme: Scheme,
}

/// Owns everything that this node knows of the chain.
pub(crate) struct ChainState {
    pub(super) store: Store,
    pub(super) proofs: Arc<dyn ProofScheme>,
    pub(super) role: Role,
    pub(super) gate: DutyGate,
    /// The blocks of the store as they were signed, to serve to peers. The anchor is not among them.
    pub(super) signed_blocks: HashMap<Root, Arc<SignedBlock>>,
    /// How many blocks of each slot above the finalized one are known, so that a proposer cannot fill the store.
    pub(super) blocks_in_slot: BTreeMap<Slot, u32>,
    /// The slot in which a block was last taken although its own slot was full, and how many were.
    pub(super) extra_blocks: (Slot, u32),
    /// Our block that is in the store and not signed yet, and its slot.
    pub(super) unsigned_block: Option<(Slot, Root)>,
    pub(super) pending_blocks: PendingBlocks,
    pub(super) pending_votes: PendingVotes,
    pub(super) sync: Sync,
    /// The first slot whose block this node can have: the anchor's has no signature to serve.
    pub(super) history_from: Slot,
    /// The newest slot that we have voted in, or let pass.
    pub(super) newest_voted_slot: Option<Slot>,
    /// The slot whose block we still wait for before we vote.
    pub(super) vote_waits_for: Option<Slot>,
    pub(super) blocks_imported: u64,
    pub(super) dropped: BTreeMap<&'static str, u64>,
    pub(super) missed_intervals: u64,
    notes: Vec<String>,
}

impl ChainState {
    pub(crate) fn new(store: Store, proofs: Arc<dyn ProofScheme>, role: Role) -> Self {
        let history_from = store.latest_finalized().slot + 1;
        Self {
            store,
            proofs,
            role,
            gate: DutyGate::default(),
            signed_blocks: HashMap::new(),
            blocks_in_slot: BTreeMap::new(),
            extra_blocks: (0, 0),
            unsigned_block: None,
            pending_blocks: PendingBlocks::new(PENDING_BLOCKS, PENDING_BYTES),
            pending_votes: PendingVotes::new(PENDING_VOTES, PENDING_BYTES),
            sync: Sync::default(),
            history_from,
            newest_voted_slot: None,
            vote_waits_for: None,
            blocks_imported: 0,
            dropped: BTreeMap::new(),
            missed_intervals: 0,
            notes: Vec::new(),
        }
    }

    pub(crate) fn peer_connected(&mut self, peer: PeerId) -> Vec<Effect> {
        self.sync.connected(peer);
        let mut effects = self.fetch();
        effects.push(Effect::Publish);
        effects
    }

    pub(crate) fn peer_disconnected(&mut self, peer: PeerId) -> Vec<Effect> {
        self.sync.disconnected(peer);
        let mut effects = self.fetch();
        effects.push(Effect::Publish);
        effects
    }

    /// Looks at where a peer's chain stands, and fetches what is missing here: ranges if that is much, or else its head.
    pub(crate) fn peer_status(&mut self, peer: PeerId, status: &Status) -> Vec<Effect> {
        if self.is_of_another_chain(status) {
            self.count("STATUS_OF_ANOTHER_CHAIN");
            return vec![Effect::Charge(peer, Offence::OtherChain)];
        }
        let (root, slot) = (Root::from(status.head_root), status.head_slot);
        if self.is_in_future(slot) {
            self.count("STATUS_FROM_FUTURE");
            return self.fetch();
        }
        self.sync.claims(peer, Claim { root, slot, is_status: true });
        if !self.store.contains_block(&root) && slot > self.store.latest_finalized().slot {
            self.want_below(root, Some(peer));
        }
        self.fetch()
    }

    /// Says whether a peer has finalized another block than we have in the same slot.
    fn is_of_another_chain(&self, status: &Status) -> bool {
        let (root, slot) = (Root::from(status.finalized_root), status.finalized_slot);
        slot <= self.store.latest_finalized().slot && !root.is_zero() && self.canonical_root(slot) != Some(root)
    }

    /// Notes that a duty was not done because its signature was not made.
    pub(crate) fn not_signed(&mut self, validator: ValidatorIndex, slot: Slot, why: &str) -> Vec<Effect> {
        self.count("NOT_SIGNED");
        // A slot's block is signed before its votes, so while it waits this is about the block. Nobody will ever have
        // it; votes for it, and blocks on top of it, would be lost.
        if let Some((_, root)) = self.unsigned_block.take_if(|(of, _)| *of == slot) {
            self.store.withdraw_block(&root);
        }
        // One note for each validator: the newest says it.
        let prefix = format!("validator {validator}: ");
        self.notes.retain(|note| !note.starts_with(&prefix));
        if self.notes.len() == NOTES {
            self.notes.remove(0);
        }
        self.notes.push(format!("{prefix}nothing signed in slot {slot}: {why}"));
        vec![Effect::Publish]
    }

    /// Finds the blocks of the head's chain in these slots, as they were signed, first to last.
    ///
    /// # Errors
    ///
    /// Why none can be had: the range begins before the window in which a node has to answer
    /// (`MIN_SLOTS_FOR_BLOCK_REQUESTS`), or ends before the anchor of this one.
    pub(crate) fn range(&self, range: SlotRange) -> Result<Vec<Arc<SignedBlock>>, &'static str> {
        let now = self.store.time() / INTERVALS_PER_SLOT;
        if range.start_slot < now.saturating_sub(MIN_SLOTS_FOR_BLOCK_REQUESTS) {
            return Err("the requested slots are before the history window");
        }
        if range.slots().all(|slot| slot < self.history_from) {
            return Err("the requested slots are before this node's history");
        }
        let to_head = range.slots().take_while(|slot| *slot <= self.store.head_slot());
        let roots = to_head.filter_map(|slot| self.canonical_root(slot));
        Ok(roots.filter_map(|root| self.signed_blocks.get(&root)).map(Arc::clone).collect())
    }

    /// Returns the block of the head's chain in this slot, if there is one.
    fn canonical_root(&self, slot: Slot) -> Option<Root> {
        if slot == self.store.head_slot() {
            return Some(self.store.head());
        }
        // The state remembers the root of every slot before its block's, and zero for the empty ones.
        let place = usize::try_from(slot).ok()?;
        self.store.head_state().historical_block_hashes.get(place).filter(|root| !root.is_zero()).copied()
    }

    /// Finds blocks as they were signed, in the order asked for, leaving out what is not there.
    pub(crate) fn signed_blocks<'a>(&'a self, roots: &'a [Root]) -> impl Iterator<Item = &'a Arc<SignedBlock>> {
        roots.iter().filter_map(|root| self.signed_blocks.get(root))
    }

    pub(crate) fn head(&self) -> ChainHead {
        ChainHead {
            head: self.head_checkpoint(),
            justified: self.store.latest_justified(),
            finalized: self.store.latest_finalized(),
        }
    }

    /// Copies what other threads may know. How late ticks are, the actor adds.
    pub(crate) fn snapshot(&self) -> Snapshot {
        let mut dropped = self.dropped.clone();
        dropped.insert("PENDING_BLOCKS_FULL", self.pending_blocks.evicted());
        dropped.insert("PENDING_VOTES_FULL", self.pending_votes.evicted());
        dropped.insert("FETCH_GIVEN_UP", self.sync.given_up());
        dropped.retain(|_, count| *count > 0);
        Snapshot {
            time: self.store.time(),
            head: self.head_checkpoint(),
            justified: self.store.latest_justified(),
            finalized: self.store.latest_finalized(),
            safe_target_slot: self.store.safe_target_slot(),
            peers: self.sync.peers(),
            blocks_imported: self.blocks_imported,
            pending_blocks: self.pending_blocks.len(),
            pending_votes: self.pending_votes.len(),
            dropped,
            missed_intervals: self.missed_intervals,
            notes: self.notes.clone(),
            ..Snapshot::default()
        }
    }

    /// Counts something that was dropped.
    pub(super) fn count(&mut self, reason: &'static str) {
        *self.dropped.entry(reason).or_default() += 1;
    }

    /// Has a block fetched that is not in the store, or the first below it that is not held. If much is missing, ranges
    /// bring it.
    pub(super) fn want_below(&mut self, root: Root, hint: Option<PeerId>) {
        if self.sync.is_behind(&self.store, self.store.time()) {
            return;
        }
        let (missing, depth) = self.pending_blocks.first_missing(root);
        if depth >= MAX_BACKFILL_DEPTH {
            self.count("BACKFILL_TOO_DEEP");
        } else {
            self.sync.want(missing, hint);
        }
    }

    /// Goes on with synchronization: imports what it has brought, a few blocks at a time, and makes its requests.
    pub(crate) fn fetch(&mut self) -> Vec<Effect> {
        let mut effects = Vec::new();
        let mut imports = 0;
        loop {
            let before = imports;
            for action in self.sync.step(&self.store, self.store.time()) {
                match action {
                    Action::Ask(request) => effects.push(Effect::Fetch(request)),
                    Action::Charge(peer, offence) => effects.push(Effect::Charge(peer, offence)),
                    Action::Import(block, peer) => {
                        imports += 1;
                        effects.extend(self.block(block, Some(peer)).1);
                    }
                    Action::RangesEnded => {
                        for root in self.pending_blocks.missing_parents() {
                            self.want_below(root, None);
                        }
                    }
                }
            }
            if imports == before {
                return effects;
            }
            if imports >= IMPORTS_AT_ONCE {
                // Ticks and gossip have their turn in between.
                effects.push(Effect::Synchronize);
                return effects;
            }
        }
    }

    /// Says whether a slot has not begun, give or take the disparity that the specification allows votes.
    pub(super) fn is_in_future(&self, slot: Slot) -> bool {
        slot > (self.store.time() + GOSSIP_DISPARITY_INTERVALS) / INTERVALS_PER_SLOT
    }

    fn head_checkpoint(&self) -> Checkpoint {
        Checkpoint { root: self.store.head(), slot: self.store.head_slot() }
    }
}
