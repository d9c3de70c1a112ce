//! Dispatch through the actor: the node's ingress, decoder and chain, each on its own thread, as in
//! a real node. The thread of the chain may be a foreign event loop.

use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::task::{Context, Poll};
use std::time::Duration;

use actor_lanes::mailbox::LaneStats;
use actor_lanes::{Executor, Group, Handle, Mailbox, Runtime, Spawn, ThreadConfig, mailbox, view};

use chain::decoder::{Decoder, DecoderMessage, Undecodable};
use chain::ingress::Ingress;
use chain::signer::{Signer, SignerMessage};
use chain::verifier::{Assigned, Pool, Verifier, verifier_count};
use chain::wall_clock::WallClock;
use chain::{Chain, ChainActor, Request, Snapshot, Wanted};
use consensus::{MockProofs, ProofScheme, Root};
use lean_node::report::LaneLine;
use network::{Answering, BlocksReply, Command, Inbound as _, PeerId, command_mailbox};
use storage::Storage;

use super::ContentionError;
use super::kept::Kept;
use super::network_thread::{Cost, Dispatch, replay};
use super::outcome::{End, Outcome};
use super::recording::{Incoming, Recording};
use super::timeline::{Timeline, instant};
use super::watched::Watched;

/// The time limit for the final head request, and for the actors to stop.
const PATIENCE: Duration = Duration::from_secs(10);

/// Replays the recording through actors on `runtime`, each on its own thread.
///
/// # Errors
///
/// As for [`run`].
pub(super) fn on_its_own_thread(
    recording: &Recording,
    interval_ms: u64,
    runtime: &Arc<dyn Runtime>,
) -> Result<Outcome, ContentionError> {
    let owner = runtime.start_executor(ThreadConfig::named("chain"));
    let owner = owner.map_err(|error| ContentionError::Thread { name: "chain", error })?;
    run("actor", recording, interval_ms, runtime, owner, None)
}

/// Replays the recording through actors on `runtime`, with the chain's owner on `owner`, and with a
/// store on disk if there is one.
///
/// # Errors
///
/// [`ContentionError`] when a thread does not start, or when the node does not process its load or
/// stop in time.
pub(super) fn run(
    dispatch: &str,
    recording: &Recording,
    interval_ms: u64,
    runtime: &Arc<dyn Runtime>,
    owner: Arc<dyn Executor>,
    kept: Option<Kept>,
) -> Result<Outcome, ContentionError> {
    let (chain, chain_mailbox) = Chain::new();
    let (decoder, decoder_mailbox) = mailbox::<DecoderMessage>();
    // The node has no keys, so the signer receives no messages.
    let (signer, _nobody) = mailbox::<SignerMessage>();
    let (front, commands) = command_mailbox();
    let (publisher, published) = view::publisher(Snapshot::default());
    let undecodable = Undecodable::default();
    let state = recording.node()?;
    let (state, storage) = match &kept {
        Some(kept) => (state.kept(&kept.anchor, &[]), Some(kept.storage.clone())),
        None => (state, None),
    };
    let storing = storage.clone();
    let timeline = Timeline::soon(interval_ms);
    let (ticks_out, ticks) = sync_channel(1);

    // In the order of their end.
    let mut actors = Group::new(Arc::clone(runtime));
    let decoding = Decoder::new(chain.recipient(), front.clone(), undecodable.clone());
    actors.spawn("decoder", decoder_mailbox, move || decoding)?;
    let proofs: Arc<dyn ProofScheme> = Arc::new(MockProofs::default());
    let mut handles = Vec::new();
    for number in 0..=verifier_count() {
        // The last worker is the prover.
        let (handle, worker_mailbox) = mailbox();
        let proofs = Arc::clone(&proofs);
        let name = if number < verifier_count() { "verifier" } else { "prover" };
        actors.spawn(name, worker_mailbox, move || Verifier::new(proofs))?;
        handles.push(handle);
    }
    let depths = handles.clone();
    let prover = handles.pop().ok_or(ContentionError::NoAnswer)?;
    let pool = Pool::new(handles, prover, chain.recipient());

    let running = Spawn::new(chain_mailbox).start(&owner, move || {
        let (clock, wall) = (timeline.clock(), WallClock::SYSTEM);
        let signer = Signer::new(signer);
        let chain = ChainActor::new(state, clock, wall, front, signer, pool, publisher);
        let chain = chain.stored(storing);
        Watched::new(chain, timeline, ticks_out)
    })?;
    actors.add("chain", running, owner);
    if let Some(Kept { actor, mailbox, .. }) = kept {
        // After the chain, which sends its last changes at its end.
        actors.spawn("storage", mailbox, move || actor)?;
    }

    let ingress =
        Ingress { chain: chain.clone(), decoder: decoder.clone(), published: published.clone() };
    for peer in &recording.peers {
        // The lane counts a refusal. It is checked at the end of the run.
        let _ = ingress.peer_connected(*peer, true);
    }
    let mut calling = ThroughActor {
        ingress,
        chain,
        decoder,
        workers: depths,
        commands,
        storage,
        replies: Vec::new(),
    };
    let calls = replay(&mut calling, recording, &timeline)?;
    let head = calling.chain.head(PATIENCE).ok_or(ContentionError::NoAnswer)?;
    let problems: Vec<_> = actors.stop(PATIENCE).problems().collect();
    if !problems.is_empty() {
        return Err(ContentionError::NotStopped(problems.join("; ")));
    }
    let end = End {
        head,
        snapshot: published.get(),
        lanes: calling.lanes(),
        undecodable: undecodable.get(),
        requests_unanswered: calling.unanswered(),
    };
    let ticks = ticks.recv_timeout(PATIENCE).map_err(|_| ContentionError::NoAnswer)?;
    Ok(Outcome::new(dispatch, Some(runtime.name()), recording, calls, ticks, end))
}

/// The state of a node's network thread.
struct ThroughActor {
    ingress: Ingress,
    chain: Chain,
    decoder: Handle<DecoderMessage>,
    /// The verifiers, followed by the prover.
    workers: Vec<Handle<Assigned>>,
    commands: Mailbox<Command>,
    storage: Option<Storage>,
    /// The receivers of the answers for peers.
    replies: Vec<Answering>,
}

impl Dispatch for ThroughActor {
    fn call(&mut self, call: Incoming) -> Cost {
        // The lane counts a refusal.
        match call {
            Incoming::Gossip(message) => timed(|| self.ingress.gossip(message)),
            Incoming::BlocksRequest(roots) => {
                let (reply, answer) = BlocksReply::new();
                self.replies.push(answer);
                // Each request is the only one of its peer, so no share bounds the recording.
                let peer = PeerId::random();
                timed(|| self.ingress.serve_blocks(peer, roots, reply))
            }
            Incoming::StatusRequest(peer, status) => {
                timed(|| (self.ingress.status(peer, status), self.ingress.our_status()))
            }
            Incoming::Blocks(response) => timed(|| self.ingress.blocks(response)),
        }
    }

    fn turn(&mut self, cx: &mut Context<'_>) -> Vec<Request> {
        let mut requests = Vec::new();
        while let Poll::Ready(Some(command)) = self.commands.poll_recv(cx) {
            match command {
                Command::RequestBlocks { peer, roots, request_id } => {
                    let wanted = roots.into_iter().map(|root| Wanted::Block(Root::from(root)));
                    requests.extend(wanted.map(|wanted| Request { id: request_id, peer, wanted }));
                }
                Command::RequestRange { peer, range, request_id } => {
                    requests.push(Request { id: request_id, peer, wanted: Wanted::Range(range) });
                }
                _ => {}
            }
        }
        requests
    }

    fn is_idle(&self) -> bool {
        // The chain actor and the verifiers send messages to each other, and the lanes are read one
        // by one. Two equal readings show that no message moved during the first one.
        let before = self.all_lanes();
        before.iter().all(|lane| lane.depth == 0) && before == self.all_lanes()
    }
}

impl ThroughActor {
    fn all_lanes(&self) -> Vec<LaneStats> {
        let workers = self.workers.iter().flat_map(Handle::stats);
        workers
            .chain(self.chain.stats())
            .chain(self.decoder.stats())
            .chain(self.commands.stats())
            .chain(self.storage.iter().flat_map(|storage| storage.handle().stats()))
            .collect()
    }

    fn lanes(&self) -> Vec<LaneLine> {
        let owned = |owner: &str, stats: Vec<LaneStats>| {
            let named = stats.iter().map(|lane| {
                let line = LaneLine::from(lane);
                LaneLine { name: format!("{owner}/{}", line.name), ..line }
            });
            named.collect::<Vec<_>>()
        };
        let mut lanes = owned("decoder", self.decoder.stats());
        lanes.extend(owned("chain", self.chain.stats()));
        for (place, worker) in self.workers.iter().enumerate() {
            let is_prover = place + 1 == self.workers.len();
            let owner = if is_prover { "prover".to_owned() } else { format!("verifier {place}") };
            lanes.extend(owned(&owner, worker.stats()));
        }
        lanes.extend(owned("network", self.commands.stats()));
        if let Some(storage) = &self.storage {
            lanes.extend(owned("storage", storage.handle().stats()));
        }
        lanes
    }

    /// Returns the number of block requests without an answer.
    fn unanswered(&mut self) -> u64 {
        let answered = self
            .replies
            .iter_mut()
            .map(Answering::has_blocks)
            .filter(|has_blocks| *has_blocks)
            .count();
        (self.replies.len() - answered) as u64
    }
}

fn timed<T>(call: impl FnOnce() -> T) -> Cost {
    let began = instant();
    std::hint::black_box(call());
    Cost { total: began.elapsed(), waited: Duration::ZERO }
}
