//! The chain's state: the parts of it, and an entry point for each message.
//!
//! Pure: no async, no clock, no I/O. Each message of the actor has an entry point of the same name,
//! which returns [`Effect`]s for the actor to carry out in order. Entry points for time are in
//! `intervals`, and those for peers in `synchronization`. The module [`verifier`](crate::verifier)
//! describes the stages of blocks and votes.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use crate::base::Base;
use crate::blocks::{Blocks, Source};
use crate::decoder::Origin;
use crate::duties::Duties;
use crate::effect::Effect;
use crate::history::History;
use crate::keeping::{Final, Keeping};
use crate::message::ChainHead;
use crate::meters::Meters;
use crate::pending_votes::HeldVote;
use crate::proving::Proving;
use crate::rank::Rank;
use crate::refusal::Refusal;
use crate::role::Role;
use crate::signer::NotSigned;
use crate::snapshot::Snapshot;
use crate::sync::Sync;
use crate::verifier::{Done, JobId, NotDone, Outcome};
use crate::votes::Votes;
use consensus::{
    Checkpoint, ForkChoiceView, Interval, ProofScheme, Root, SignedAggregatedAttestation,
    SignedAttestation, SignedBlock, Slot, Store, ValidatorIndex,
};
use network::SlotRange;
use storage::Changes;

/// Owns everything that this node knows of the chain.
pub struct ChainState {
    pub(super) base: Base,
    pub(super) blocks: Blocks,
    pub(super) votes: Votes,
    pub(super) duties: Duties,
    pub(super) proving: Proving,
    pub(super) sync: Sync,
    pub(super) history: History,
    pub(super) keeping: Keeping,
}

impl fmt::Debug for ChainState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChainState")
            .field("head", &self.head())
            .field("role", &self.base.role)
            .finish_non_exhaustive()
    }
}

impl ChainState {
    /// Creates the state of a chain starting from `store`.
    pub fn new(store: Store, proofs: Arc<dyn ProofScheme>, role: Role) -> Self {
        Self {
            history: History::new(&store),
            base: Base::new(store, proofs, role),
            blocks: Blocks::new(),
            votes: Votes::new(),
            duties: Duties::default(),
            proving: Proving::default(),
            sync: Sync::default(),
            keeping: Keeping::default(),
        }
    }

    /// Collects the changes for a store on disk from now on. The disk has finalized `anchor`, the
    /// first block of the chain. It has `blocks` too, which are in the chain already.
    #[must_use]
    pub fn kept(mut self, anchor: &Arc<SignedBlock>, blocks: &[Arc<SignedBlock>]) -> Self {
        let store = &self.base.store;
        let place = Checkpoint { root: Root::of(&anchor.block), slot: anchor.block.slot };
        self.history = History::from_anchor(place, store);
        for block in blocks.iter().chain([anchor]) {
            self.history.insert(Root::of(&block.block), block);
        }
        self.keeping.turn_on(place, store);
        self
    }

    /// Ends the turn, and returns its effects. Finality may have advanced at any place of the turn:
    /// by a block, by counted votes, and by the look at the head before a vote.
    pub(super) fn end_turn(&mut self) -> Vec<Effect> {
        self.keeping.finalized(&self.base.store);
        self.store_changes();
        self.base.effects.take()
    }

    /// Has [`Effect::Store`] at the end of the turn, if there are changes for the store on disk.
    fn store_changes(&mut self) {
        if self.keeping.has_changes() {
            self.base.effects.store();
        }
    }

    /// Takes the changes for the store on disk.
    pub(crate) fn take_changes(&mut self) -> Option<Box<Changes>> {
        self.keeping.take()
    }

    /// Puts back changes refused by the store's lane. Returns the number of blocks in them.
    pub(crate) fn not_stored(&mut self, refused: Changes) -> usize {
        self.count("STORAGE_LANE_REFUSED");
        self.keeping.refused(refused);
        self.keeping.waiting_blocks()
    }

    /// Shows in a snapshot only the finality that is on the disk.
    pub(crate) fn announce_durable(
        &mut self,
        on_disk: Option<Checkpoint>,
        snapshot: &mut Snapshot,
    ) {
        let Some(durable) = self.keeping.durable(on_disk) else { return };
        let Final { checkpoint, state, block } = durable;
        snapshot.finalized = *checkpoint;
        snapshot.finalized_state = Some(Arc::clone(state));
        snapshot.finalized_block = Some(Arc::clone(block));
        if snapshot.head_finalized.slot > checkpoint.slot {
            snapshot.head_finalized = *checkpoint;
        }
    }

    /// Processes a gossiped block. Its verdict follows now, or with the result of its verification.
    pub fn block(&mut self, block: SignedBlock, origin: Origin) -> Vec<Effect> {
        self.blocks.process(
            Arc::new(block),
            Source::Gossip(origin),
            &mut self.sync,
            &mut self.base,
        );
        self.continue_sync();
        self.end_turn()
    }

    /// Processes a gossiped vote. Its verdict follows now, or with the result of its verification.
    pub fn vote(&mut self, vote: SignedAttestation, origin: Origin) -> Vec<Effect> {
        self.votes.gossiped(HeldVote::Single(Arc::new(vote)), origin, &mut self.base);
        self.end_turn()
    }

    /// Processes a gossiped aggregate. Its verdict follows now, or with the result of its
    /// verification.
    pub fn aggregate(&mut self, vote: SignedAggregatedAttestation, origin: Origin) -> Vec<Effect> {
        self.votes.gossiped(HeldVote::Aggregate(Arc::new(vote)), origin, &mut self.base);
        self.end_turn()
    }

    /// Publishes the vote of one of our validators.
    pub(crate) fn own_vote(&mut self, vote: Box<SignedAttestation>) -> Vec<Effect> {
        self.votes.own_vote(vote, &mut self.base);
        self.end_turn()
    }

    /// Publishes our block, now signed. It is in the store already.
    pub(crate) fn own_block(&mut self, block: SignedBlock) -> Vec<Effect> {
        let block = Arc::new(block);
        self.duties.own_block();
        self.keep(Root::of(&block.block), &block);
        self.base.effects.publish_block(block);
        self.end_turn()
    }

    /// Counts a duty missed for lack of a signature.
    pub(crate) fn not_signed(
        &mut self,
        validator: ValidatorIndex,
        slot: Slot,
        why: &NotSigned,
    ) -> Vec<Effect> {
        self.duties.not_signed(validator, slot, why, &mut self.base);
        self.end_turn()
    }

    /// Processes results of jobs, in any order: votes on arrival, blocks and aggregates in the
    /// order of their jobs' start. Those of configured peers wait for none of strangers.
    pub fn jobs_done(&mut self, done: Vec<Done>) -> Vec<Effect> {
        for Done { id, outcome } in done {
            match (id, outcome) {
                (JobId::Vote(number), Ok(Outcome::Vote(result))) => {
                    self.votes.vote_result(number, result.map_err(Refusal::from), &mut self.base);
                }
                (JobId::Aggregate(number), Ok(Outcome::Aggregate(result))) => {
                    self.votes.aggregate_result(number, result.map_err(Refusal::from));
                }
                (JobId::Block(number), Ok(Outcome::Block(result))) => {
                    self.blocks.in_flight.settle(number, result.map_err(Refusal::from));
                }
                (JobId::Aggregation(number), Ok(Outcome::Aggregation(round))) => {
                    self.proving.aggregated(number, round, &mut self.base);
                }
                (JobId::Recovery(number), Ok(Outcome::Recovery(votes))) => {
                    self.proving.recovered(number, votes, &mut self.base);
                }
                (id, Ok(_) | Err(NotDone::Lost)) => self.not_done(id, Refusal::VerificationLost),
                (id, Err(NotDone::Panicked)) => self.not_done(id, Refusal::VerificationPanicked),
            }
        }
        self.finish_in_order();
        self.end_turn()
    }

    /// Abandons the jobs started before `oldest`, because their results were lost.
    pub(super) fn give_up_overdue(&mut self, oldest: Interval) {
        let checks = self.votes.overdue(oldest).chain(self.blocks.overdue(oldest));
        for id in checks.chain(self.proving.overdue(oldest)) {
            self.not_done(id, Refusal::VerificationLate);
        }
        self.finish_in_order();
    }

    fn not_done(&mut self, id: JobId, why: Refusal) {
        match id {
            JobId::Vote(number) => self.votes.vote_result(number, Err(why), &mut self.base),
            JobId::Aggregate(number) => self.votes.aggregate_result(number, Err(why)),
            JobId::Block(number) => self.blocks.in_flight.settle(number, Err(why)),
            JobId::Aggregation(_) | JobId::Recovery(_) => {
                self.proving.not_proved(id, &mut self.base)
            }
        }
    }

    /// Processes the results of blocks and aggregates, in each line up to the first job without a
    /// result.
    fn finish_in_order(&mut self) {
        while let Some((block, result)) = self.blocks.in_flight.next() {
            self.block_result(block, result);
        }
        self.votes.finish_aggregates(&mut self.base);
    }

    /// Returns the chain's checkpoints.
    pub fn head(&self) -> ChainHead {
        self.base.head()
    }

    /// Starts or stops aggregating, and returns the previous setting.
    pub(crate) fn set_aggregator(&mut self, enabled: bool) -> bool {
        std::mem::replace(&mut self.base.role.is_aggregator, enabled)
    }

    /// Returns signed blocks by root, in the order of the request. Unknown roots are skipped.
    pub fn serve_blocks<'a>(
        &'a self,
        roots: &'a [Root],
    ) -> impl Iterator<Item = &'a Arc<SignedBlock>> {
        self.history.by_roots(roots)
    }

    /// Returns signed blocks by root, in the order of the request, each `None` if it is not in
    /// memory.
    pub(crate) fn find_blocks(&self, roots: Vec<Root>) -> Vec<(Root, Option<Arc<SignedBlock>>)> {
        let block = |root: &Root| self.history.blocks.get(root).map(Arc::clone);
        roots.into_iter().map(|root| (root, block(&root))).collect()
    }

    /// Returns the part of a range that only the store on disk has, and the blocks of the rest.
    ///
    /// # Errors
    ///
    /// The range begins before the window to be served (`MIN_SLOTS_FOR_BLOCK_REQUESTS`).
    pub(crate) fn find_range(
        &self,
        range: SlotRange,
    ) -> Result<(Range<Slot>, Vec<Arc<SignedBlock>>), &'static str> {
        self.history.by_range_from_disk(range, &self.base.store)
    }

    /// Returns the signed blocks of the head's chain in these slots, in ascending order.
    ///
    /// # Errors
    ///
    /// The range begins before the window to be served (`MIN_SLOTS_FOR_BLOCK_REQUESTS`), or ends
    /// before this node's anchor.
    pub(crate) fn serve_range(
        &self,
        range: SlotRange,
    ) -> Result<Vec<Arc<SignedBlock>>, &'static str> {
        self.history.by_range(range, &self.base.store)
    }

    /// Returns the counters and times written by the actor.
    pub(crate) fn meters(&mut self) -> &mut Meters {
        &mut self.base.counters.meters
    }

    /// Counts an effect refused by another actor.
    pub(super) fn count(&mut self, reason: &'static str) {
        self.base.counters.drop_for(reason);
    }

    /// Returns the view of fork choice for other threads.
    pub(crate) fn fork_choice_view(&mut self, announced: Slot) -> Arc<ForkChoiceView> {
        self.base.fork_choice_view(announced)
    }

    /// Returns a snapshot for other threads. Large parts are shared. The actor adds the lateness of
    /// ticks and the view of fork choice.
    pub fn snapshot(&self) -> Snapshot {
        let (store, counters) = (&self.base.store, &self.base.counters);
        let ChainHead { head, justified, finalized } = self.base.head();
        let mut dropped = counters.dropped.clone();
        dropped.insert("PENDING_BLOCKS_FULL", self.blocks.pending.evicted());
        dropped.insert("PENDING_VOTES_FULL", self.votes.evicted());
        dropped.insert("FETCH_GIVEN_UP", self.sync.given_up());
        dropped.retain(|_, count| *count > 0);
        Snapshot {
            time: store.time(),
            head,
            justified,
            finalized,
            safe_target: store.safe_target(),
            safe_target_slot: store.safe_target_slot(),
            finalized_state: store.state(&finalized.root).map(Arc::clone),
            finalized_block: store.block(&finalized.root).map(Arc::clone),
            validator_count: store.head_state().validators.len(),
            own_validators: self.base.role.validators.len(),
            is_aggregator: self.base.role.is_aggregator,
            head_justified: store.head_state().latest_justified,
            head_finalized: store.head_state().latest_finalized,
            signatures: store.pools().signature_count(),
            uncounted_proofs: store.pools().new_proof_count(),
            counted_proofs: store.pools().known_proof_count(),
            peers: self.sync.peers(),
            is_syncing: self.sync.is_behind(Rank::Unknown, store, store.time()),
            blocks_imported: counters.blocks_imported,
            pending_blocks: self.blocks.pending.len() + self.blocks.waiting(),
            pending_votes: self.votes.held(),
            dropped,
            missed_intervals: counters.missed_intervals,
            notes: self.duties.notes().to_vec(),
            meters: counters.meters,
            ..Snapshot::default()
        }
    }
}
