//! A complete node: a network thread, and actors on one thread each.
//!
//! ```text
//!  network ──▶ decoder ──▶ chain ◀──▶ signer          reporter, api (read what the others publish)
//!     ▲───────────┴──────────┤
//!                            └─◀──▶ verifiers, prover
//! ```
//!
//! Handles are created before their actors, so all parts are connected before any of them runs.
//! The actors are one [`System`]. A node ends in the order of the arrows: the network, then the
//! system in its phases, so no new messages arrive while the owners drain. The API ends last, so
//! that it can report the stop. A part that ends earlier by itself is a failure ([`Failure`]).

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actor_lanes::life::{OnPanic, Restart, SpawnError};
use actor_lanes::{
    Actor, Handle, Mailbox, Message, Phase, Runtime, Spawn, System, ThreadConfig, mailbox, view,
};

use crate::api::{Api, ApiError, ApiSources, EventSources, Limits, Supervision, Watched};
use crate::backfill::{Backfill, Progress, Route};
use crate::beginning::{Beginning, HORIZON, Kept, beginning};
use crate::checkpoint_sync::CheckpointError;
use crate::config::{HttpAddress, NodeConfig};
use crate::good_peers::GoodPeers;
use crate::health::{Failure, HealthView, Lifecycle, STORAGE};
use crate::hooks::Hooks;
use crate::report::StatusLine;
use crate::reporter::{Reporter, Sources};
use crate::stuck::Stuck;
use crate::warnings::{Alerts, KeySlots};
use crate::watch::watch;
use chain::decoder::{Decoder, GossipMeters, Undecodable};
use chain::ingress::Ingress;
use chain::signer::{Keeper, Signer};
use chain::verifier::{Assigned, MeasuredProofs, Pool, Verifier, WorkMeters, verifier_count};
use chain::wall_clock::WallClock;
pub use chain::wall_clock::shift as shift_wall_clock;
use chain::{Chain, ChainActor, ChainHead, ChainState, Role, Snapshot};
use consensus::{ProofScheme, Rejection, SignedBlock, Slot, SlotClock};
use keys::signing_history::{HistoryError, SigningHistory};
use keys::{ValidatorKeyError, ValidatorKeys, regenerate};
use network::{HostKey, HostKeyError, Multiaddr, Network, NetworkConfig, NetworkError, PeerId};
use storage::{Storage, StorageError};

/// A running node.
#[derive(Debug)]
pub struct Node {
    /// All actors. Dropped first, so that the ends of the other parts are no failures.
    system: System,
    network: Network,
    api: Option<Api>,
    chain: Chain,
    health: HealthView,
}

/// The time limit for the actors to end after the failure of one of them.
const FAILED_PATIENCE: Duration = Duration::from_secs(5);

/// The store on disk, the anchor of the chain, and the unfinalized blocks on the disk.
type OnDisk = (Storage, Arc<SignedBlock>, Vec<Arc<SignedBlock>>);

/// The mailboxes of the verifiers and of the prover, by the names of their threads.
type PoolMailboxes = Vec<(String, Handle<Assigned>, Mailbox<Assigned>)>;

/// The reason why a node did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The regeneration of a validator's key does not match its file.
    #[error(transparent)]
    Key(#[from] ValidatorKeyError),
    /// The signing history cannot be used, so nothing could be signed.
    #[error(transparent)]
    History(#[from] HistoryError),
    /// The network key is not valid.
    #[error("the network key is not a secp256k1 secret: {0}")]
    HostKey(#[from] HostKeyError),
    /// The network thread did not start.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// The genesis file does not result in a valid chain.
    #[error("the genesis file makes no chain: {0}")]
    Genesis(#[from] Rejection),
    /// There is no checkpoint to begin at.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The chain on disk cannot be used.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The HTTP API did not start.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// A thread did not start.
    #[error("the thread \"{0}\" did not start: {1}")]
    Thread(&'static str, #[source] io::Error),
    /// An actor or its thread did not start.
    #[error("a part did not start: {0}")]
    Part(#[from] SpawnError),
}

impl Node {
    /// Starts a node. `report` is called once per slot on the reporter's own thread, so a slow
    /// `report` delays no other part. [`start_with`](Self::start_with) takes further functions.
    ///
    /// # Errors
    ///
    /// Returns [`StartError`] as [`start_with`](Self::start_with) does.
    pub fn start(
        config: NodeConfig,
        runtime: Arc<dyn Runtime>,
        report: impl FnMut(StatusLine) + Send + 'static,
    ) -> Result<Self, StartError> {
        Self::start_with(config, runtime, Hooks::new(report))
    }

    /// Starts a node.
    ///
    /// First opens the signing history, and locks it against a second process with these keys. Then
    /// regenerates the validators' keys, about 40 ms of one core per key of 256 slots, and
    /// downloads the checkpoint to begin at, if one is configured.
    ///
    /// # Errors
    ///
    /// Returns [`StartError`] if a part of the node does not start. The parts already started have
    /// then ended, or end by themselves.
    pub fn start_with(
        config: NodeConfig,
        runtime: Arc<dyn Runtime>,
        hooks: Hooks,
    ) -> Result<Self, StartError> {
        let Hooks { report, failed, lost_lines } = hooks;
        let wall = WallClock::SYSTEM;
        let clock =
            SlotClock::new(config.genesis.genesis_time).with_interval(config.genesis.interval_ms);
        let proofs: Arc<dyn ProofScheme> = Arc::new(config.proofs);
        // Before the keys are grown: it has the lock against a second process with them.
        let history = config.signing.open(&config.name, &config.genesis, &config.validators)?;
        let mut keys = regenerate(&config.validators)?;
        let role = role(&config, clock, wall.now());
        if let Some(last_slot) = role.first_duty_slot.checked_sub(1) {
            // A second line behind the history: a process with these keys and another history may
            // have signed in every slot up to this one.
            keys.iter_mut().for_each(|keys| keys.retire_through(last_slot));
        }
        remark_on(&history, &config, role.first_duty_slot);
        let key_slots = key_slots(&keys);
        let validator = role.validators.first().copied();
        let Beginning { store, kept } =
            beginning(&config, || clock.current_slot(wall.now()), validator)?;

        let (chain, chain_mailbox) = Chain::new();
        let (decoder, decoder_mailbox) = mailbox();
        let (signer, signer_mailbox) = mailbox();
        let (reporter, reporter_mailbox) = mailbox();
        let (publisher, published) = view::publisher(Snapshot::default());
        let undecodable = Undecodable::default();
        let ingress = Ingress {
            chain: chain.clone(),
            decoder: decoder.clone(),
            published: published.clone(),
        };
        let (backfill, backfill_mailbox) = mailbox();
        let is_backfilling = config.backfill && kept.is_some();
        let ingress = Route { inner: ingress, backfill: is_backfilling.then(|| backfill.clone()) };
        #[cfg(feature = "faults")]
        let ingress = crate::faults::Faulty::new("network", ingress);
        let remembered = kept.as_ref().map_or(&[][..], |kept| &kept.peers);
        let network = Network::start(network_config(&config, remembered)?, ingress)?;
        let (lifecycle, alerts) = (Lifecycle::default(), Arc::<Alerts>::default());
        let health =
            HealthView { lifecycle: lifecycle.clone(), published: published.clone(), clock, wall };
        let workers = pool_mailboxes(config.verifiers.unwrap_or_else(verifier_count));
        let watched = [
            Watched::new("decoder", decoder.clone()),
            Watched::new("signer", signer.clone()),
            Watched::network(network.front()),
        ];
        let watched_workers =
            workers.iter().map(|(name, handle, _)| Watched::new(name, handle.clone()));
        let stored = kept.as_ref().map(|kept| kept.storage.view());
        let storage = kept.as_ref().map(|kept| kept.storage.handle().clone());
        let watched_storage = storage.map(|handle| Watched::new(STORAGE, handle));
        let stuck = Stuck::default();
        let sources = Sources {
            name: config.name,
            runtime: runtime.name(),
            clock,
            wall,
            published: published.clone(),
            chain: chain.clone(),
            decoder: decoder.clone(),
            undecodable: undecodable.clone(),
            network: network.counters(),
            stuck: stuck.clone(),
        };
        let (work, gossip) = (Arc::<WorkMeters>::default(), Arc::<GossipMeters>::default());
        let mut served = ApiSources {
            name: sources.name.clone(),
            runtime: runtime.name(),
            clock,
            wall,
            started_at: wall.now(),
            published,
            chain: chain.clone(),
            watched: watched.into_iter().chain(watched_workers).chain(watched_storage).collect(),
            network: network.counters(),
            work: Arc::clone(&work),
            gossip: Arc::clone(&gossip),
            supervision: Supervision { lifecycle, lost_lines, alerts: Arc::clone(&alerts), stored },
            shown: EventSources {
                inspector: None,
                peers: network.peers(),
                undecodable: undecodable.clone(),
            },
        };
        let decoding = Decoder::new(chain.recipient(), network.front(), undecodable).measured(
            Arc::clone(&gossip),
            clock,
            wall,
        );
        let (keeper_proofs, signed) = (Arc::clone(&proofs), chain.recipient());
        let front = network.front();
        let chain_thread = match config.chain_core {
            Some(core) => ThreadConfig::named("chain").on_core(core),
            None => ThreadConfig::named("chain"),
        };

        let system = System::builder("node").runtime(runtime).executors(0);
        let system = system.patience(FAILED_PATIENCE).start();
        let system = system.map_err(|error| StartError::Thread("node", error))?;
        served.shown.inspector = Some(system.inspector());
        let api = serve(config.http, served)?;
        let node = Self { system, network, api, chain: chain.clone(), health };
        let decoder = ThreadConfig::named("decoder");
        node.start_worker(decoder, Phase::Sources, decoder_mailbox, move || decoding.clone())?;
        let pool = node.start_pool(workers, &proofs, &work)?;
        let on_disk = kept.map(|kept| node.start_storage(kept)).transpose()?;
        if let Some((storage, ..)) = on_disk.as_ref().filter(|_| config.backfill) {
            let backfill = Backfill {
                network: front.clone(),
                peers: node.network.peers(),
                storage: storage.clone(),
                proofs: Arc::clone(&proofs),
                validators: store.head_state().validators.clone(),
                horizon: HORIZON,
                progress: Progress::default(),
            };
            let thread = ThreadConfig::named("backfill");
            node.start_owner(thread, Phase::Sources, backfill_mailbox, move || backfill)?;
        }
        node.start_owner(chain_thread, Phase::Owners, chain_mailbox, move || {
            let folding = Arc::<WorkMeters>::default();
            let proofs = Arc::new(MeasuredProofs::new(proofs, Arc::clone(&folding)));
            let state = ChainState::new(store, proofs, role);
            let (state, storage) = match on_disk {
                Some((storage, anchor, blocks)) => (state.kept(&anchor, &blocks), Some(storage)),
                None => (state, None),
            };
            ChainActor::new(state, clock, wall, front, Signer::new(signer), pool, publisher)
                .measured(folding)
                .stored(storage)
        })?;
        node.start_owner(
            ThreadConfig::named("signer"),
            Phase::Stores,
            signer_mailbox,
            move || Keeper::new(keys, history, keeper_proofs, signed),
        )?;
        let reporter_thread = ThreadConfig::named("reporter");
        node.start_owner(reporter_thread, Phase::Stores, reporter_mailbox, move || {
            Reporter::new(sources, key_slots, alerts, report)
        })?;
        // The reporter runs on its timer alone.
        drop(reporter);
        stuck.watch(&node.system).map_err(|error| StartError::Thread("watchdog", error))?;
        let ends =
            [("network", Some(node.network.end())), ("api", node.api.as_ref().map(Api::end))];
        watch(&node.system, ends, node.health.lifecycle.clone(), failed)
            .map_err(|error| StartError::Thread("watch", error))?;
        Ok(node)
    }

    /// Returns this node's identity.
    #[must_use]
    pub fn peer_id(&self) -> PeerId {
        self.network.local_peer_id()
    }

    /// Returns the address listened on.
    #[must_use]
    pub fn listen_address(&self) -> &Multiaddr {
        self.network.listen_address()
    }

    /// Returns the address of the HTTP API, with the actual port in place of port 0, or `None` if
    /// the API is off.
    #[must_use]
    pub fn http_address(&self) -> Option<SocketAddr> {
        self.api.as_ref().map(Api::address)
    }

    /// Returns the head of the chain, or `None` if the chain's owner has ended or does not answer
    /// within `timeout`.
    ///
    /// Blocks the calling thread.
    #[must_use]
    pub fn head(&self, timeout: Duration) -> Option<ChainHead> {
        self.chain.head(timeout)
    }

    /// Returns the system of the node's actors, for looks at them.
    #[must_use]
    pub fn system(&self) -> &System {
        &self.system
    }

    /// Returns a reader of the node's condition, for other threads.
    #[must_use]
    pub fn health(&self) -> HealthView {
        self.health.clone()
    }

    /// Returns the first abnormal end of a part, if there was one.
    #[must_use]
    pub fn failure(&self) -> Option<Failure> {
        self.health.lifecycle.failure().cloned()
    }

    /// Stops the node in order, within about `patience`. Returns a description of each part that
    /// did not end normally in time.
    ///
    /// The network ends first, so no new messages arrive. Then each actor handles its queued
    /// messages, in the order of a message's path. The API ends last: until then, it reports that
    /// the node is stopping.
    #[must_use]
    pub fn stop(self, patience: Duration) -> Vec<String> {
        let Self { system, network, api, health, chain: _ } = self;
        health.lifecycle.stop();
        #[expect(clippy::disallowed_methods, reason = "the caller's thread has no executor to ask")]
        let now = Instant::now;
        let deadline = now() + patience;
        let left = || deadline.saturating_duration_since(now());
        let network = network.stop(left() / 2).err().map(|error| error.to_string());
        let mut unfinished: Vec<_> = network.into_iter().collect();
        let report = system.stop_blocking(left());
        // The paths of the actors, without the root: the names of the parts.
        unfinished.extend(report.problems().map(|text| text.trim_start_matches('/').to_owned()));
        unfinished.extend(api.and_then(|api| api.stop(left())).map(str::to_owned));
        unfinished
    }

    /// Starts the verifiers and the prover. They end before the chain's owner, because they send
    /// their results to it.
    fn start_pool(
        &self,
        workers: PoolMailboxes,
        proofs: &Arc<dyn ProofScheme>,
        work: &Arc<WorkMeters>,
    ) -> Result<Pool, StartError> {
        let measured = MeasuredProofs::new(Arc::clone(proofs), Arc::clone(work));
        let proofs: Arc<dyn ProofScheme> = Arc::new(measured);
        let mut handles = Vec::with_capacity(workers.len());
        for (name, handle, mailbox) in workers {
            let (proofs, work) = (Arc::clone(&proofs), Arc::clone(work));
            self.start_worker(ThreadConfig::named(name), Phase::Workers, mailbox, move || {
                Verifier::new(Arc::clone(&proofs)).measured(Arc::clone(&work))
            })?;
            handles.push(handle);
        }
        let prover = handles.pop().expect("the prover is the last of the workers");
        Ok(Pool::new(handles, prover, self.chain.recipient()))
    }

    /// Starts the owner of the store on disk. It ends after the chain's owner, and so writes its
    /// last changes.
    fn start_storage(&self, kept: Kept) -> Result<OnDisk, StartError> {
        let Kept { storage, actor, mailbox: of_storage, anchor, blocks, peers } = kept;
        let thread = ThreadConfig::named(STORAGE);
        self.start_owner(thread, Phase::Stores, of_storage, move || actor)?;
        // It runs on its timer alone.
        let (_, looks) = mailbox();
        let good = GoodPeers::new(self.network.peers(), storage.clone(), peers);
        self.start_owner(ThreadConfig::named("good-peers"), Phase::Sources, looks, move || good)?;
        Ok((storage, anchor, blocks))
    }

    /// Starts an actor with one life, because its state cannot be made again.
    fn start_owner<A: Actor>(
        &self,
        thread: ThreadConfig,
        phase: Phase,
        mailbox: Mailbox<A::Message>,
        make: impl FnOnce() -> A + Send + 'static,
    ) -> Result<(), SpawnError> {
        #[cfg(feature = "faults")]
        let make = crate::faults::faulty_once(thread.name(), make);
        let spawn = part(&thread, phase, mailbox);
        spawn.start(&self.system.own_thread_with(thread), make).map(drop)
    }

    /// Starts an actor without a state of its own. After a panic it goes on with the next message,
    /// up to 5 times in a minute.
    fn start_worker<A: Actor>(
        &self,
        thread: ThreadConfig,
        phase: Phase,
        mailbox: Mailbox<A::Message>,
        make: impl FnMut() -> A + Send + 'static,
    ) -> Result<(), SpawnError> {
        #[cfg(feature = "faults")]
        let make = crate::faults::faulty(thread.name(), make);
        let restart = Restart::up_to(5).within(Duration::from_secs(60));
        let spawn = part(&thread, phase, mailbox).restart(restart);
        spawn.start(&self.system.own_thread_with(thread), make).map(drop)
    }
}

/// Returns the start of an actor with its thread's name. Its failure ends the node.
fn part<M: Message>(thread: &ThreadConfig, phase: Phase, mailbox: Mailbox<M>) -> Spawn<M> {
    let actor = thread.name().to_owned();
    let spawn = Spawn::new(mailbox).named(actor.clone()).phase(phase).on_panic(OnPanic::EndSystem);
    spawn.on_undelivered(move |lane, _message| {
        tracing::debug!(actor, lane, "a message was not delivered")
    })
}

/// Creates the mailboxes of this many verifiers, and last the prover's.
fn pool_mailboxes(verifiers: usize) -> PoolMailboxes {
    let names = (0..verifiers).map(|number| format!("verifier-{number}"));
    names
        .chain(["prover".to_owned()])
        .map(|name| {
            let (handle, mailbox) = mailbox();
            (name, handle, mailbox)
        })
        .collect()
}

/// Starts the API according to `http`.
fn serve(http: HttpAddress, sources: ApiSources) -> Result<Option<Api>, ApiError> {
    let start = |address| Api::start(address, sources, Limits::default()).map(Some);
    match http {
        HttpAddress::Off => Ok(None),
        HttpAddress::On(address) => start(address),
        HttpAddress::IfFree(address) => start(address).or_else(|error| match error {
            ApiError::Listen { error, .. } if error.kind() == io::ErrorKind::AddrInUse => {
                tracing::warn!(%address, "the HTTP API is not served: somebody else listens there");
                Ok(None)
            }
            other => Err(other),
        }),
    }
}

/// Returns the slots of the key that ends first.
fn key_slots(keys: &[ValidatorKeys]) -> Option<KeySlots> {
    let slots = keys
        .iter()
        .flat_map(|keys| [keys.attestation.active_epochs(), keys.proposal.active_epochs()]);
    let first = slots.min_by_key(|slots| slots.end)?;
    Some(KeySlots { end: first.end, count: first.end - first.start })
}

/// Logs what the operator should know about the keys and their history.
fn remark_on(history: &SigningHistory, config: &NodeConfig, first_duty_slot: Slot) {
    for remark in history.remarks() {
        tracing::warn!("{remark}");
    }
    if let Some(exposed) = config.signing.exposed_keys() {
        tracing::warn!("{exposed}");
    }
    if let Some(newest) = history.newest_slot().filter(|newest| *newest >= first_duty_slot) {
        tracing::error!(
            newest,
            first_duty_slot,
            "the signing history has a slot after this clock's: the clock was set back, or it was ahead before; the keys \
             sign nothing up to slot {newest}"
        );
    }
}

/// Returns the node's role, and the first slot in which its validators may sign.
fn role(config: &NodeConfig, clock: SlotClock, now: u64) -> Role {
    let has_begun = now >= clock.slot_start(0);
    Role {
        validators: config.validators.iter().map(|keys| keys.index).collect(),
        is_aggregator: config.aggregator,
        first_duty_slot: if has_begun { clock.current_slot(now) + 1 } else { 0 },
        scheme: config.genesis.scheme.scheme(),
    }
}

fn network_config(config: &NodeConfig, remembered: &[String]) -> Result<NetworkConfig, StartError> {
    let host_key = HostKey::from_secret(*config.network_key.secret())?;
    Ok(NetworkConfig {
        peers: config.peers.clone(),
        remembered: remembered.iter().filter_map(|address| address.parse().ok()).collect(),
        network_name: config.genesis.fork_digest.clone(),
        validators: config.genesis.validators.len() as u64,
        slot: Duration::from_millis(
            config.genesis.interval_ms.saturating_mul(consensus::INTERVALS_PER_SLOT),
        ),
        heartbeat: config.gossip_heartbeat,
        identify: config.identify,
        ping: config.ping,
        ..NetworkConfig::new(host_key, config.listen.clone())
    })
}
