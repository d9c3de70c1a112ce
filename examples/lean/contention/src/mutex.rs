//! Dispatch through a mutex. This is the only lock in the project. It exists for the comparison
//! with the actor, and only in this file.
//!
//! The network thread and a tick thread share the chain's state through a lock, as in a node with
//! direct calls from its network thread into the chain. The state and the calls are the same as
//! with the actor; only the calling threads differ. Decoding before a call and encoding after it
//! happen outside the lock and are not counted as time under the lock.

use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::Context;
use std::thread;
use std::time::Duration;

use actor_lanes::Runtime;
use libssz::{SszDecode, SszEncode as _};

use chain::wall_clock::WallClock;
use chain::{ChainState, Effect, Fetched, Origin, Request};
use consensus::{MockProofs, Root, SignedAggregatedAttestation, SignedAttestation, SignedBlock};
use network::{BlocksResponse, GossipMessage, Status, TopicKind};

use super::ContentionError;
use super::inline_jobs::run_jobs;
use super::network_thread::{Cost, Dispatch, replay};
use super::outcome::{End, Outcome, Ticks};
use super::recording::{Incoming, Recording};
use super::timeline::{Timeline, instant};

/// The chain's state, shared by both threads.
type Chain = Arc<Mutex<ChainState>>;

/// Replays the recording on a network thread that takes the lock for every call.
///
/// # Errors
///
/// [`ContentionError`] when a thread does not start, or when the load is not processed in time.
pub(super) fn run(
    recording: &Recording,
    interval_ms: u64,
    _runtime: &Arc<dyn Runtime>,
) -> Result<Outcome, ContentionError> {
    let chain: Chain = Arc::new(Mutex::new(recording.node()?));
    let timeline = Timeline::soon(interval_ms);
    let mut dispatch =
        ThroughMutex { chain: Arc::clone(&chain), wanted: Vec::new(), undecodable: 0 };
    for peer in &recording.peers {
        let effects = lock(&chain).peer_connected(*peer, true);
        dispatch.carry_out(effects);
    }
    let (stop, stopping) = sync_channel::<()>(1);
    let ticked = Arc::clone(&chain);
    let ticker = thread::Builder::new()
        .name("ticker".to_owned())
        .spawn(move || tick(&ticked, timeline, &stopping))
        .map_err(|error| ContentionError::Thread { name: "ticker", error })?;
    let calls = replay(&mut dispatch, recording, &timeline);
    drop(stop);
    let ticks = ticker
        .join()
        .map_err(|_| ContentionError::NotStopped("the ticker has panicked".to_owned()))?;
    let state = lock(&chain);
    let end = End {
        head: state.head(),
        snapshot: Arc::new(state.snapshot()),
        lanes: Vec::new(),
        undecodable: dispatch.undecodable,
        requests_unanswered: 0,
    };
    Ok(Outcome::new("mutex", None, recording, calls?, ticks, end))
}

/// Takes the lock at the start of every interval, until a stop is requested.
fn tick(chain: &Chain, timeline: Timeline, stopping: &Receiver<()>) -> Ticks {
    let clock = timeline.clock();
    let mut ticks = Ticks::default();
    loop {
        // The same clock, resolution and arithmetic as in the actor.
        let now = WallClock::SYSTEM.now();
        let wait = clock.milliseconds_until_next_interval(now);
        let awaited = clock.total_intervals(now + wait);
        match stopping.recv_timeout(Duration::from_millis(wait)) {
            Err(RecvTimeoutError::Timeout) => {}
            Ok(()) | Err(RecvTimeoutError::Disconnected) => return ticks,
        }
        let mut state = lock(chain);
        let began = instant();
        let now = WallClock::SYSTEM.now();
        if now < clock.interval_start(awaited) {
            continue;
        }
        ticks.lateness.push(timeline.now().saturating_sub(timeline.due(awaited)));
        // Nothing receives this node's messages, but they are encoded as in a real node.
        let effects = state.tick(clock.total_intervals(now));
        let effects = run_jobs(&mut state, effects, &MockProofs::default());
        effects.iter().for_each(encode);
        drop(state);
        ticks.handled.push(began.elapsed());
    }
}

/// The dispatch of the network thread. It calls the chain under the lock.
struct ThroughMutex {
    chain: Chain,
    /// Block requests of the chain, not yet fetched by the network thread.
    wanted: Vec<Request>,
    undecodable: u64,
}

impl Dispatch for ThroughMutex {
    fn call(&mut self, call: Incoming) -> Cost {
        match call {
            Incoming::Gossip(message) => self.gossip(message),
            Incoming::BlocksRequest(roots) => {
                let roots: Vec<_> = roots.into_iter().map(Root::from).collect();
                let mut found = Vec::new();
                let cost = self.locked(|state| {
                    found.extend(state.serve_blocks(&roots).map(Arc::clone));
                    Vec::new()
                });
                std::hint::black_box(found.iter().map(|block| block.to_ssz()).collect::<Vec<_>>());
                cost
            }
            Incoming::StatusRequest(peer, status) => self.locked(|state| {
                let effects = state.peer_status(peer, &status);
                std::hint::black_box(our_status(state));
                effects
            }),
            Incoming::Blocks(BlocksResponse { request_id, outcome, .. }) => {
                let fetched = match outcome {
                    Ok(blocks) => {
                        Fetched::Blocks(blocks.iter().filter_map(|ssz| self.decoded(ssz)).collect())
                    }
                    Err(failure) => Fetched::failed(&failure),
                };
                self.locked(|state| state.fetched(request_id, fetched))
            }
        }
    }

    fn turn(&mut self, _cx: &mut Context<'_>) -> Vec<Request> {
        std::mem::take(&mut self.wanted)
    }

    fn is_idle(&self) -> bool {
        // Each call does all its work before it returns, so nothing is left in flight.
        true
    }
}

impl ThroughMutex {
    fn gossip(&mut self, message: GossipMessage) -> Cost {
        let GossipMessage { kind, ssz, id, source, is_configured } = message;
        let origin = Origin::new(id, source, is_configured);
        let cost = match kind {
            TopicKind::Block => self
                .decoded(&ssz)
                .map(|block: SignedBlock| self.locked(|state| state.block(block, origin))),
            TopicKind::Aggregation => {
                self.decoded(&ssz).map(|vote: SignedAggregatedAttestation| {
                    self.locked(|state| state.aggregate(vote, origin))
                })
            }
            TopicKind::Attestation { .. } => self
                .decoded(&ssz)
                .map(|vote: SignedAttestation| self.locked(|state| state.vote(vote, origin))),
        };
        cost.unwrap_or(Cost { total: Duration::ZERO, waited: Duration::ZERO })
    }

    fn decoded<T: SszDecode>(&mut self, ssz: &[u8]) -> Option<T> {
        let decoded = T::from_ssz_bytes(ssz).ok();
        self.undecodable += u64::from(decoded.is_none());
        decoded
    }

    /// Holds the lock during the call and while carrying out its effects.
    fn locked(&mut self, call: impl FnOnce(&mut ChainState) -> Vec<Effect>) -> Cost {
        let began = instant();
        let chain = Arc::clone(&self.chain);
        let mut state = lock(&chain);
        let waited = began.elapsed();
        let effects = call(&mut state);
        // There is no verifier thread. Signatures are verified under the lock, as in a node with
        // direct calls into its chain.
        let effects = run_jobs(&mut state, effects, &MockProofs::default());
        self.carry_out(effects);
        drop(state);
        Cost { total: began.elapsed(), waited }
    }

    fn carry_out(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Fetch(request) => self.wanted.push(request),
                other => encode(&other),
            }
        }
    }
}

/// Encodes a gossip message. A node without keys has nothing else to do with the remaining effects.
fn encode(effect: &Effect) {
    if let Effect::PublishAggregate(vote) = effect {
        std::hint::black_box(vote.to_ssz());
    }
}

fn our_status(state: &ChainState) -> Status {
    let chain = state.head();
    Status {
        finalized_root: *chain.finalized.root.as_bytes(),
        finalized_slot: chain.finalized.slot,
        head_root: *chain.head.root.as_bytes(),
        head_slot: chain.head.slot,
    }
}

fn lock(chain: &Chain) -> MutexGuard<'_, ChainState> {
    chain.lock().expect("a thread that panics with the lock in its hand ends the command")
}
