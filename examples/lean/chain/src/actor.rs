//! The chain's actor: passes each message to the state, and carries out the resulting effects.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actor_lanes::view::Publisher;
use actor_lanes::{Actor, Context};
use libssz::SszEncode;

use crate::effect::Effect;
use crate::message::ChainMessage;
use crate::range_from_disk::range_from_disk;
use crate::signer::Signer;
use crate::snapshot::Snapshot;
use crate::state::ChainState;
use crate::sync::{Request, Wanted};
use crate::verifier::{JobsDone, Pool, WorkMeters};
use crate::wall_clock::WallClock;
use consensus::{
    ATTESTATION_COMMITTEE_COUNT, Interval, Root, SignedBlock, Slot, SlotClock, ValidatorIndex,
};
use network::{BlocksReply, NetworkFront, SlotRange, TopicKind, Undelivered};
use storage::Storage;

/// Owns the chain's state on one thread. No field is shared with another thread, so none has a
/// lock.
pub struct ChainActor {
    state: ChainState,
    clock: SlotClock,
    wall: WallClock,
    network: NetworkFront,
    signer: Signer,
    /// Its recipient keeps this actor reachable, so the actor ends only by a stop. Its schedule
    /// of ticks has the same effect.
    pool: Pool,
    publisher: Publisher<Snapshot>,
    /// The store on disk, if there is one.
    storage: Option<Storage>,
    /// The first interval without a tick.
    awaited: Interval,
    lateness: Duration,
    worst_lateness: Duration,
    /// The folding of proofs for blocks of this node.
    folding: Arc<WorkMeters>,
    timing: Timing,
}

/// The start of work that ends with a later message.
#[derive(Debug, Default)]
struct Timing {
    last_tick: Option<Instant>,
    /// The slot of this node's votes to be signed, the begin of their production, and the order to
    /// sign them.
    votes: Option<(Slot, Instant, Instant)>,
    /// The time of all foldings of proofs up to the last block, in nanoseconds.
    folded: u64,
}

impl fmt::Debug for ChainActor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChainActor")
            .field("state", &self.state)
            .field("awaited", &self.awaited)
            .finish_non_exhaustive()
    }
}

impl ChainActor {
    /// Creates the actor of `state`. It publishes with `publisher`, and sends to the network, the
    /// signer and the pool.
    pub fn new(
        state: ChainState,
        clock: SlotClock,
        wall: WallClock,
        network: NetworkFront,
        signer: Signer,
        pool: Pool,
        publisher: Publisher<Snapshot>,
    ) -> Self {
        let (lateness, worst_lateness) = (Duration::ZERO, Duration::ZERO);
        Self {
            state,
            clock,
            wall,
            network,
            signer,
            pool,
            publisher,
            storage: None,
            awaited: 0,
            lateness,
            worst_lateness,
            folding: Arc::default(),
            timing: Timing::default(),
        }
    }

    /// Sets the meters of the proof scheme inside the state, to read the time it takes.
    #[must_use]
    pub fn measured(self, folding: Arc<WorkMeters>) -> Self {
        Self { folding, ..self }
    }

    /// Keeps the chain in a store on disk. The state must be [`kept`](ChainState::kept).
    #[must_use]
    pub fn stored(self, storage: Option<Storage>) -> Self {
        Self { storage, ..self }
    }

    /// Returns the first interval without a tick.
    pub fn awaited(&self) -> Interval {
        self.awaited
    }

    /// Handles a tick by the wall clock alone, so that a late tick catches up.
    fn tick(&mut self) -> Vec<Effect> {
        let (now, due) = (self.wall.now(), self.clock.interval_start(self.awaited));
        if now < due {
            // The beat of the interval in which this node began.
            return Vec::new();
        }
        self.lateness = Duration::from_millis(now - due);
        self.worst_lateness = self.worst_lateness.max(self.lateness);
        let interval = self.clock.total_intervals(now);
        self.awaited = interval + 1;
        self.state.tick(interval)
    }

    fn carry_out(&mut self, effects: Vec<Effect>, cx: &mut Context<ChainMessage>) {
        for effect in effects {
            match effect {
                // What this node would say now does not survive its end, which has begun.
                Effect::SignVote(..) | Effect::SignBlock(_) if self.has_disk_failed() => {
                    self.state.count("DISK_FAILED");
                }
                Effect::SignVote(validator, data) => {
                    if self.signer.sign_vote(validator, data).is_err() {
                        self.state.count("SIGNER_LANE_REFUSED");
                    }
                }
                Effect::SignBlock(produced) => {
                    if self.signer.sign_block(produced).is_err() {
                        self.state.count("SIGNER_LANE_REFUSED");
                    }
                }
                Effect::Job(id, job, turn) => self.pool.assign(id, job, turn),
                Effect::PublishBlock(block) => {
                    self.sent(self.network.publish(TopicKind::Block, block.to_ssz()))
                }
                Effect::PublishVote(vote) => {
                    let subnet = subnet(vote.validator_index);
                    self.sent(
                        self.network.publish(TopicKind::Attestation { subnet }, vote.to_ssz()),
                    );
                }
                Effect::PublishAggregate(vote) => {
                    self.sent(self.network.publish(TopicKind::Aggregation, vote.to_ssz()));
                }
                Effect::Fetch(Request { id, peer, wanted }) => self.sent(match wanted {
                    Wanted::Block(root) => {
                        self.network.request_blocks(peer, vec![*root.as_bytes()], id)
                    }
                    Wanted::Range(range) => self.network.request_range(peer, range, id),
                }),
                Effect::Report(origin, verdict) => {
                    self.sent(origin.report(verdict, &self.network));
                }
                Effect::Penalise(peer, offence) => self.sent(self.network.charge(peer, offence)),
                Effect::Synchronize => {
                    cx.after(Duration::ZERO, ChainMessage::Synchronize);
                }
                Effect::VoteAnyway(slot) => self.arm_vote(slot, cx),
                Effect::Store => self.store(cx),
                Effect::PublishSnapshot => self.publish(),
            }
        }
    }

    fn has_disk_failed(&self) -> bool {
        self.storage.as_ref().is_some_and(|storage| storage.durable().failure.is_some())
    }

    /// The specification gives a slot's block 8 × 50 ms into interval 1: half an interval.
    fn arm_vote(&self, slot: Slot, cx: &mut Context<ChainMessage>) {
        let patience = Duration::from_millis(self.clock.milliseconds_per_interval() / 2);
        cx.after(patience, ChainMessage::VoteAnyway(slot));
    }

    /// Counts a command refused by the network's lane. Its purpose is missed, or tried again later.
    fn sent(&mut self, sent: Result<(), Undelivered>) {
        if let Err(refused) = sent {
            self.state.count("NETWORK_LANE_REFUSED");
            tracing::debug!(%refused, "the network was not told");
        }
    }

    /// Records the work that ends with this message.
    fn time_message(&mut self, message: &ChainMessage, now: Instant) {
        match message {
            ChainMessage::Tick => {
                if let Some(last) = self.timing.last_tick.replace(now) {
                    let time = now.saturating_duration_since(last);
                    self.state.meters().tick_interval.observe_time(time);
                }
            }
            ChainMessage::OwnVote(vote) => {
                let votes = self.timing.votes.filter(|(slot, ..)| *slot == vote.data.slot);
                if let Some((_, begun, ordered)) = votes {
                    let meters = self.state.meters();
                    let since = |begun| now.saturating_duration_since(begun);
                    meters.own_vote_production.observe_time(since(begun));
                    meters.own_vote_signing.observe_time(since(ordered));
                }
            }
            _ => {}
        }
    }

    /// Records the production of a block or of votes by a handler that has `begun` then.
    fn time_effects(&mut self, effects: &[Effect], begun: Instant, now: impl Fn() -> Instant) {
        for effect in effects {
            match effect {
                Effect::SignBlock(_) => {
                    let time = now().saturating_duration_since(begun);
                    // Nothing else on this thread folds proofs.
                    let folded = self.folding.aggregate_building.read().sum();
                    let before = std::mem::replace(&mut self.timing.folded, folded);
                    let meters = self.state.meters();
                    meters.block_building.observe_time(time);
                    meters.payload_aggregation.observe(folded - before);
                }
                Effect::SignVote(_, data) => {
                    self.timing.votes = Some((data.slot, begun, now()));
                    // All votes of a slot are ordered together.
                    return;
                }
                _ => {}
            }
        }
    }

    /// Sends the collected changes to the store on disk. Those refused by its full lane are sent
    /// with the next ones.
    fn store(&mut self, cx: &mut Context<ChainMessage>) {
        let Some(storage) = &self.storage else { return };
        let Some(changes) = self.state.take_changes() else { return };
        if let Err(refused) = storage.write(changes) {
            let waiting = self.state.not_stored(*refused);
            if waiting > MOST_WAITING_BLOCKS {
                tracing::error!(waiting, "the disk is too slow for this chain, so this node ends");
                cx.fail(format!("{waiting} blocks wait for the disk: use a faster disk"));
            }
        }
    }

    fn publish(&mut self) {
        let mut snapshot = self.state.snapshot();
        if let Some(storage) = &self.storage {
            self.state.announce_durable(storage.durable().finalized, &mut snapshot);
        }
        snapshot.fork_choice = self.state.fork_choice_view(snapshot.finalized.slot);
        snapshot.tick_lateness = self.lateness;
        snapshot.worst_tick_lateness = self.worst_lateness;
        // At once, because a reply of this turn may follow.
        self.publisher.publish(snapshot);
    }

    /// Serves blocks by root. Those not in memory are read from the disk on another thread.
    fn serve_blocks(&self, roots: Vec<Root>, reply: BlocksReply, cx: &Context<ChainMessage>) {
        let Some(storage) = &self.storage else {
            let blocks = self.state.serve_blocks(&roots).map(Arc::clone).collect();
            return Self::serve(blocks, reply, cx);
        };
        let (found, reader) = (self.state.find_blocks(roots), storage.reader());
        cx.executor().run_blocking(Box::new(move || {
            let read = |root| {
                let read = reader.block(&root);
                read.unwrap_or_else(|error| {
                    tracing::error!(%error, "a block was not served");
                    None
                })
            };
            let blocks = found.into_iter().filter_map(|(root, block)| block.or_else(|| read(root)));
            reply.send(blocks.map(|block| block.to_ssz()));
        }));
    }

    /// Serves the blocks of some slots. Those before the anchor of this run are read from the disk
    /// on another thread.
    fn serve_range(&self, range: SlotRange, reply: BlocksReply, cx: &Context<ChainMessage>) {
        let Some(storage) = &self.storage else {
            return match self.state.serve_range(range) {
                Ok(blocks) => Self::serve(blocks, reply, cx),
                Err(why) => reply.unavailable(why),
            };
        };
        let (on_disk, rest) = match self.state.find_range(range) {
            Ok(found) => found,
            Err(why) => return reply.unavailable(why),
        };
        if on_disk.is_empty() {
            return Self::serve(rest, reply, cx);
        }
        let reader = storage.reader();
        cx.executor().run_blocking(Box::new(move || {
            match range_from_disk(reader, on_disk, rest) {
                Ok(blocks) => reply.send(blocks.map(|block| block.to_ssz())),
                Err(why) => reply.unavailable(why),
            }
        }));
    }

    /// Encodes blocks for a peer on another thread.
    fn serve(blocks: Vec<Arc<SignedBlock>>, reply: BlocksReply, cx: &Context<ChainMessage>) {
        cx.executor()
            .run_blocking(Box::new(move || reply.send(blocks.iter().map(|block| block.to_ssz()))));
    }
}

/// The largest number of blocks waiting for the disk. Beyond it, the node could not announce any
/// finality in time.
const MOST_WAITING_BLOCKS: usize = 4_096;

/// Returns the attestation subnet of a validator's votes.
#[expect(clippy::modulo_one, reason = "the specification has one committee now, and this rule")]
fn subnet(validator: ValidatorIndex) -> u64 {
    validator % ATTESTATION_COMMITTEE_COUNT
}

impl Actor for ChainActor {
    type Message = ChainMessage;

    async fn started(&mut self, cx: &mut Context<ChainMessage>) {
        let now = self.wall.now();
        if now >= self.clock.slot_start(0) {
            // The chain has begun already. Messages must be checked against the current time.
            let interval = self.clock.total_intervals(now);
            self.awaited = interval + 1;
            let effects = self.state.begin_at(interval);
            self.carry_out(effects, cx);
        }
        self.publish();
        if let Some(intervals) = self.wall.intervals(self.clock) {
            cx.timer().schedule(intervals, |_| ChainMessage::Tick);
        }
    }

    async fn handle(&mut self, message: ChainMessage, cx: &mut Context<ChainMessage>) {
        let begun = cx.now();
        self.time_message(&message, begun);
        let effects = match message {
            ChainMessage::Tick => self.tick(),
            ChainMessage::VoteAnyway(slot) => self.state.vote_anyway(slot),
            ChainMessage::PeerConnected(peer, is_configured) => {
                self.state.peer_connected(peer, is_configured)
            }
            ChainMessage::PeerDisconnected(peer) => self.state.peer_disconnected(peer),
            ChainMessage::PeerStatus(peer, status) => self.state.peer_status(peer, &status),
            ChainMessage::Head(reply) => {
                reply.send(self.state.head());
                Vec::new()
            }
            ChainMessage::SetAggregator(enabled, reply) => {
                let previous = self.state.set_aggregator(enabled);
                // A caller with the reply must not read the old setting from the snapshot.
                self.publish();
                reply.send(previous);
                Vec::new()
            }
            ChainMessage::OwnVote(vote) => self.state.own_vote(vote),
            ChainMessage::OwnBlock(block) => self.state.own_block(*block),
            ChainMessage::NotSigned(validator, slot, why) => {
                self.state.not_signed(validator, slot, &why)
            }
            ChainMessage::Block(block, origin) => self.state.block(*block, origin),
            ChainMessage::Fetched(request, fetched) => self.state.fetched(request, fetched),
            ChainMessage::Synchronize => self.state.synchronize(),
            ChainMessage::ServeBlocks(_, roots, reply) => {
                self.serve_blocks(roots, reply, cx);
                Vec::new()
            }
            ChainMessage::ServeRange(_, range, reply) => {
                self.serve_range(range, reply, cx);
                Vec::new()
            }
            ChainMessage::Aggregate(vote, origin) => self.state.aggregate(*vote, origin),
            ChainMessage::Vote(vote, origin) => self.state.vote(*vote, origin),
            ChainMessage::JobsDone(JobsDone { worker, done }) => {
                self.pool.note(worker, &done);
                self.state.jobs_done(done)
            }
        };
        self.time_effects(&effects, begun, || cx.now());
        self.carry_out(effects, cx);
    }

    async fn stopped(&mut self, reason: &actor_lanes::ExitReason) {
        // The owner of the store on disk ends after this actor.
        if let (Some(storage), Some(changes)) = (&self.storage, self.state.take_changes())
            && storage.write(changes).is_err()
        {
            tracing::warn!("the last changes of the chain were not kept: the disk is slow");
        }
        self.publish();
        tracing::info!(%reason, "the chain's owner has ended");
    }
}
