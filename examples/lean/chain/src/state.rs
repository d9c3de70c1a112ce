//! The chain's state: the specification's store, what waits beside it, and what we make of both.
//!
//! Pure: no async, no clock, no I/O. Every change is a method that takes what came and gives back [`Effect`]s for the
//! actor to carry out, in order. The methods are in files by what brings them about: `blocks` (blocks come), `votes`
//! (votes come), `intervals` (time passes) and `proving` (proofs are made). What is verified elsewhere meanwhile is in
//! `under_way`; the protocol is written down in [`verifier`](crate::verifier).

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use network::PeerId;

use crate::blocks::BlockUnderWay;
use crate::effect::Effect;
use crate::pending_blocks::PendingBlocks;
use crate::pending_votes::PendingVotes;
use crate::proving::Proving;
use crate::refusal::Refusal;
use crate::sync::Sync;
use crate::under_way::UnderWay;
use crate::verifier::{self, Done, JobId, NotDone, Outcome};
use crate::votes::VoteUnderWay;
use crate::{ChainHead, Meters, NOTES, Snapshot};
use consensus::{
    Checkpoint, DutyGate, ForkChoiceView, ForkChoiceViewer, GOSSIP_DISPARITY_INTERVALS, INTERVALS_PER_SLOT, Interval,
    ProofScheme, Root, SignedBlock, Slot, Store, VALIDATOR_REGISTRY_LIMIT, ValidatorIndex, VerifiedBlock,
};
use xmss::Scheme;

/// Blocks that may wait for their parent.
const PENDING_BLOCKS: usize = 1024;

/// Votes that may wait for a block: those of a slot of a full registry, for all of them wait while the slot's block is
/// verified, or is late.
pub(super) const PENDING_VOTES: usize = VALIDATOR_REGISTRY_LIMIT;

/// Bytes that blocks may come to while they wait, and votes as well. A block of our own time has about a kilobyte, but
/// each of either may have a proof of half a megabyte.
const PENDING_BYTES: usize = 64 << 20;

/// Bytes that blocks may come to while they are verified, and votes and aggregates as well.
const UNDER_WAY_BYTES: usize = 64 << 20;

/// What this node does in the chain.
#[derive(Clone, Debug)]
pub struct Role {
    /// The validators whose keys this node's signer holds.
    pub validators: Vec<ValidatorIndex>,
    /// Whether it aggregates votes.
    pub is_aggregator: bool,
    /// The first slot in which its validators may sign: an earlier process may have signed in any slot before it.
    pub first_duty_slot: Slot,
    /// The signature scheme of the network.
    pub scheme: Scheme,
}

/// Owns everything that this node knows of the chain.
pub struct ChainState {
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
    /// Parents in the store whose held blocks wait for room to be verified.
    pub(super) waiting_for_room: BTreeSet<Root>,
    pub(super) blocks: UnderWay<BlockUnderWay, Result<VerifiedBlock, Refusal>>,
    pub(super) aggregates: UnderWay<VoteUnderWay, Result<(), Refusal>>,
    pub(super) votes: UnderWay<VoteUnderWay, Result<(), Refusal>>,
    pub(super) proving: Proving,
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
    pub(super) meters: Meters,
    notes: Vec<String>,
    /// What is published of fork choice.
    fork_choice: ForkChoiceViewer,
    /// The head when it was last looked at, to see reorganisations.
    seen_head: Root,
}

impl fmt::Debug for ChainState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChainState").field("head", &self.head()).field("role", &self.role).finish_non_exhaustive()
    }
}

impl ChainState {
    /// Makes the state of a chain that starts from `store`.
    pub fn new(store: Store, proofs: Arc<dyn ProofScheme>, role: Role) -> Self {
        let history_from = store.latest_finalized().slot + 1;
        Self {
            seen_head: store.head(),
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
            waiting_for_room: BTreeSet::new(),
            blocks: UnderWay::new(verifier::BLOCKS, UNDER_WAY_BYTES),
            aggregates: UnderWay::new(verifier::AGGREGATES, UNDER_WAY_BYTES),
            votes: UnderWay::new(verifier::VOTES, UNDER_WAY_BYTES),
            proving: Proving::default(),
            sync: Sync::default(),
            history_from,
            newest_voted_slot: None,
            vote_waits_for: None,
            blocks_imported: 0,
            dropped: BTreeMap::new(),
            missed_intervals: 0,
            meters: Meters::default(),
            notes: Vec::new(),
            fork_choice: ForkChoiceViewer::default(),
        }
    }

    /// Takes note of a new peer.
    pub fn peer_connected(&mut self, peer: PeerId) -> Vec<Effect> {
        self.sync.connected(peer);
        let mut effects = self.fetch();
        effects.push(Effect::Publish);
        effects
    }

    /// Takes note that a peer has left.
    pub fn peer_disconnected(&mut self, peer: PeerId) -> Vec<Effect> {
        self.sync.disconnected(peer);
        let mut effects = self.fetch();
        effects.push(Effect::Publish);
        effects
    }

    /// Takes what came of jobs, in whatever order, and acts on votes at once, and on blocks and aggregates in the order in
    /// which they were sent away.
    pub fn done(&mut self, done: Vec<Done>) -> Vec<Effect> {
        let mut effects = Vec::new();
        for Done { id, outcome } in done {
            match (id, outcome) {
                (JobId::Vote(number), Ok(Outcome::Vote(found))) => {
                    effects.extend(self.single_vote_found(number, found.map_err(Refusal::from)));
                }
                (JobId::Aggregate(number), Ok(Outcome::Aggregate(found))) => {
                    self.aggregates.settle(number, found.map_err(Refusal::from));
                }
                (JobId::Block(number), Ok(Outcome::Block(found))) => {
                    self.blocks.settle(number, found.map_err(Refusal::from));
                }
                (JobId::Aggregation(number), Ok(Outcome::Aggregation(round))) => {
                    effects.extend(self.aggregated(number, round));
                }
                (JobId::Recovery(number), Ok(Outcome::Recovery(votes))) => {
                    effects.extend(self.recovered(number, votes));
                }
                (id, Ok(_) | Err(NotDone::Lost)) => effects.extend(self.not_done(id, Refusal::VerificationLost)),
                (id, Err(NotDone::Panicked)) => effects.extend(self.not_done(id, Refusal::VerificationPanicked)),
            }
        }
        effects.extend(self.act_on_found());
        effects
    }

    /// Gives up what has been under way since before `oldest`: its outcome was lost on the way.
    pub(super) fn give_up_overdue(&mut self, oldest: Interval) -> Vec<Effect> {
        let votes = self.votes.overdue(oldest).into_iter().map(JobId::Vote);
        let aggregates = self.aggregates.overdue(oldest).into_iter().map(JobId::Aggregate);
        let blocks = self.blocks.overdue(oldest).into_iter().map(JobId::Block);
        let proving = self.proving.overdue(oldest);
        let mut effects = Vec::new();
        for id in votes.chain(aggregates).chain(blocks).chain(proving).collect::<Vec<_>>() {
            effects.extend(self.not_done(id, Refusal::VerificationLate));
        }
        effects.extend(self.act_on_found());
        effects
    }

    fn not_done(&mut self, id: JobId, why: Refusal) -> Vec<Effect> {
        match id {
            JobId::Vote(number) => return self.single_vote_found(number, Err(why)),
            JobId::Aggregate(number) => self.aggregates.settle(number, Err(why)),
            JobId::Block(number) => self.blocks.settle(number, Err(why)),
            JobId::Aggregation(_) | JobId::Recovery(_) => self.not_proved(id),
        }
        Vec::new()
    }

    /// Acts on the blocks and aggregates that are next.
    fn act_on_found(&mut self) -> Vec<Effect> {
        let mut effects = Vec::new();
        while let Some((block, found)) = self.blocks.next() {
            effects.extend(self.block_found(block, found));
        }
        while let Some((vote, found)) = self.aggregates.next() {
            effects.extend(self.vote_found(vote, found));
        }
        effects
    }

    /// Notes that a duty was not done because its signature was not made.
    pub(crate) fn not_signed(&mut self, validator: ValidatorIndex, slot: Slot, why: &str) -> Vec<Effect> {
        self.count("NOT_SIGNED");
        // A slot's block is signed before its votes, so while it waits this is about the block. Nobody will ever have
        // it; votes for it, and blocks on top of it, would be lost.
        if let Some((_, root)) = self.unsigned_block.take_if(|(of, _)| *of == slot) {
            self.store.withdraw_block(&root);
            self.fork_choice.withdrawn();
            self.fork_choice_moved();
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

    /// Returns where the chain stands.
    pub fn head(&self) -> ChainHead {
        ChainHead {
            head: self.head_checkpoint(),
            justified: self.store.latest_justified(),
            finalized: self.store.latest_finalized(),
        }
    }

    /// Takes up the aggregator's role or lays it down, and says whether it was taken before.
    pub(crate) fn set_aggregator(&mut self, enabled: bool) -> bool {
        std::mem::replace(&mut self.role.is_aggregator, enabled)
    }

    /// Counts a message that the actor has had handled here, and how long that took.
    pub(crate) fn handled(&mut self, lane: usize, time: Duration) {
        self.meters.handled(lane, time);
    }

    /// Says that blocks or the votes that count may have changed, so that fork choice is to be published anew.
    pub(super) fn fork_choice_moved(&mut self) {
        self.fork_choice.moved();
        let old = std::mem::replace(&mut self.seen_head, self.store.head());
        let depth = self.store.tree().reorganisation_depth(old, self.seen_head);
        if depth > 0 {
            self.meters.reorg_depth.observe(depth);
        }
    }

    /// Returns what other threads may see of fork choice.
    pub(crate) fn fork_choice_view(&mut self) -> Arc<ForkChoiceView> {
        self.fork_choice.view(&self.store)
    }

    /// Copies what other threads may know, and shares what is large. How late ticks are, and the view of fork choice, the
    /// actor adds.
    pub fn snapshot(&self) -> Snapshot {
        let finalized = self.store.latest_finalized().root;
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
            safe_target: self.store.safe_target(),
            safe_target_slot: self.store.safe_target_slot(),
            finalized_state: self.store.state(&finalized).map(Arc::clone),
            finalized_block: self.store.block(&finalized).map(Arc::clone),
            validator_count: self.store.head_state().validators.len(),
            own_validators: self.role.validators.len(),
            is_aggregator: self.role.is_aggregator,
            peers: self.sync.peers(),
            blocks_imported: self.blocks_imported,
            pending_blocks: self.pending_blocks.len(),
            pending_votes: self.pending_votes.len(),
            dropped,
            missed_intervals: self.missed_intervals,
            notes: self.notes.clone(),
            meters: self.meters,
            ..Snapshot::default()
        }
    }

    /// Counts something that was dropped.
    pub(super) fn count(&mut self, reason: &'static str) {
        *self.dropped.entry(reason).or_default() += 1;
    }

    /// Says whether a slot has not begun, give or take the disparity that the specification allows votes.
    pub(super) fn is_in_future(&self, slot: Slot) -> bool {
        slot > (self.store.time() + GOSSIP_DISPARITY_INTERVALS) / INTERVALS_PER_SLOT
    }

    fn head_checkpoint(&self) -> Checkpoint {
        Checkpoint { root: self.store.head(), slot: self.store.head_slot() }
    }
}
