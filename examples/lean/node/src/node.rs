//! A complete node: a network thread, and actors on one thread each.
//!
//! ```text
//!  network ──▶ decoder ──▶ chain ◀──▶ signer          reporter, api (read what the others publish)
//!     ▲───────────┴──────────┤
//!                            └─◀──▶ verifiers, prover
//! ```
//!
//! Handles are created before their actors, so all parts are connected before any of them runs. A
//! node ends in the order of the arrows: sources first, so no new messages arrive while the owners
//! drain.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actor_lanes::life::SpawnError;
use actor_lanes::{Actor, Executor, Mailbox, Running, Runtime, Spawn, ThreadConfig, mailbox};

use crate::api::{Api, ApiError, ApiSources, Limits, Watched};
use crate::checkpoint_sync::{Anchor, CheckpointError, fetch_anchor};
use crate::config::{HttpAddress, NodeConfig};
use crate::report::StatusLine;
use crate::reporter::{Reporter, Sources};
use chain::decoder::{Decoder, Undecodable};
use chain::ingress::Ingress;
use chain::signer::{Keeper, Signer};
use chain::verifier::{Pool, Verifier, WorkMeters, verifier_count};
use chain::wall_clock;
use chain::{Chain, ChainActor, ChainHead, ChainState, Published, Role};
use consensus::{INTERVALS_PER_SLOT, ProofScheme, Rejection, Slot, SlotClock, Store, genesis};
use keys::{ValidatorKeyError, regenerate};
use network::{HostKey, HostKeyError, Multiaddr, Network, NetworkConfig, NetworkError, PeerId};

/// A running node.
#[derive(Debug)]
pub struct Node {
    network: Network,
    api: Option<Api>,
    chain: Chain,
    /// In the order of their end.
    actors: Vec<(&'static str, Running, Arc<dyn Executor>)>,
}

/// The reason why a node did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The regeneration of a validator's key does not match its file.
    #[error(transparent)]
    Key(#[from] ValidatorKeyError),
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
    /// The HTTP API did not start.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// An executor's thread did not start.
    #[error("the thread \"{0}\" did not start: {1}")]
    Thread(&'static str, #[source] io::Error),
    /// An executor ended immediately after its start.
    #[error("an executor took no actor: {0}")]
    Executor(#[from] SpawnError),
}

impl Node {
    /// Starts a node. `report` is called once per slot on the reporter's own thread, so a slow
    /// `report` delays no other part.
    ///
    /// First regenerates the validators' keys, about 40 ms of one core per key of 256 slots. Then
    /// downloads the checkpoint to begin at, if one is configured.
    ///
    /// # Errors
    ///
    /// Returns [`StartError`] if a part of the node does not start. The parts already started have
    /// then ended, or end by themselves.
    pub fn start(
        config: NodeConfig,
        runtime: Arc<dyn Runtime>,
        report: impl FnMut(StatusLine) + Send + 'static,
    ) -> Result<Self, StartError> {
        let wall: wall_clock::WallClock = wall_clock::system;
        let clock =
            SlotClock::new(config.genesis.genesis_time).with_interval(config.genesis.interval_ms);
        let proofs: Arc<dyn ProofScheme> = Arc::new(config.proofs);
        let mut keys = regenerate(&config.validators)?;
        let role = role(&config, clock, wall());
        if let Some(last_slot) = role.first_duty_slot.checked_sub(1) {
            // An earlier process with these keys may have signed in every slot up to this one.
            keys.iter_mut().for_each(|keys| keys.retire_through(last_slot));
        }
        let Anchor { state, block } = anchor(&config, clock.current_slot(wall()))?;
        let store = Store::new(state, block, role.validators.first().copied())?;

        let (chain, chain_mailbox) = Chain::new();
        let (decoder, decoder_mailbox) = mailbox();
        let (signer, signer_mailbox) = mailbox();
        let (reporter, reporter_mailbox) = mailbox();
        let (published, undecodable) = (Published::default(), Undecodable::default());
        let ingress = Ingress {
            chain: chain.clone(),
            decoder: decoder.clone(),
            published: published.clone(),
        };
        let network = Network::start(network_config(&config)?, ingress)?;
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
        };
        let work = Arc::<WorkMeters>::default();
        let served = ApiSources {
            name: sources.name.clone(),
            runtime: runtime.name(),
            clock,
            wall,
            started_at: wall(),
            published: published.clone(),
            chain: chain.clone(),
            watched: vec![Watched::new("decoder", decoder), Watched::new("signer", signer.clone())],
            network: network.counters(),
            work: Arc::clone(&work),
        };
        let decoding = Decoder::new(chain.recipient(), network.front(), undecodable);
        let (keeper_proofs, signed) = (Arc::clone(&proofs), chain.recipient());
        let front = network.front();
        let chain_thread = match config.chain_core {
            Some(core) => ThreadConfig::named("chain").on_core(core),
            None => ThreadConfig::named("chain"),
        };

        let api = serve(config.http, served)?;
        let mut node = Self { network, api, chain: chain.clone(), actors: Vec::new() };
        node.spawn(
            "decoder",
            ThreadConfig::named("decoder"),
            &*runtime,
            decoder_mailbox,
            move || decoding,
        )?;
        let pool = node.spawn_pool(
            config.verifiers.unwrap_or_else(verifier_count),
            &*runtime,
            &proofs,
            &work,
        )?;
        node.spawn("chain", chain_thread, &*runtime, chain_mailbox, move || {
            let state = ChainState::new(store, proofs, role);
            ChainActor::new(state, clock, wall, front, Signer::new(signer), pool, published)
        })?;
        node.spawn(
            "signer",
            ThreadConfig::named("signer"),
            &*runtime,
            signer_mailbox,
            move || Keeper::new(keys, keeper_proofs, signed),
        )?;
        node.spawn(
            "reporter",
            ThreadConfig::named("reporter"),
            &*runtime,
            reporter_mailbox,
            move || Reporter::new(sources, report),
        )?;
        // The reporter runs on its timer alone.
        drop(reporter);
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

    /// Stops the node in order, within about `patience`. Returns a description of each part that
    /// did not end normally in time.
    ///
    /// The API and the network end first, so no new messages arrive. Then each actor handles its
    /// queued messages, in the order of a message's path.
    #[must_use]
    pub fn stop(self, patience: Duration) -> Vec<String> {
        #[expect(clippy::disallowed_methods, reason = "the caller's thread has no executor to ask")]
        let now = Instant::now;
        let deadline = now() + patience;
        let left = || deadline.saturating_duration_since(now());
        let mut unfinished = Vec::new();
        unfinished.extend(self.api.and_then(|api| api.stop(left() / 2)).map(str::to_owned));
        if let Err(error) = self.network.stop(left() / 2) {
            unfinished.push(error.to_string());
        }
        for (name, running, executor) in self.actors {
            running.stop(left() / 2);
            match running.join_blocking(left()) {
                Some(exit) if exit.reason.is_normal() && exit.undelivered() == 0 => {}
                Some(exit) => unfinished.push(format!(
                    "{name}: {}, {} undelivered",
                    exit.reason,
                    exit.undelivered()
                )),
                None => unfinished.push(format!("{name}: still busy when the time was up")),
            }
            drop(running);
            executor.stop();
            if !executor.join(left()) {
                unfinished.push(format!("{name}: its thread had not ended when the time was up"));
            }
        }
        unfinished
    }

    /// Starts the verifiers and the prover. They end before the chain's owner, because they send
    /// their results to it.
    fn spawn_pool(
        &mut self,
        verifiers: usize,
        runtime: &dyn Runtime,
        proofs: &Arc<dyn ProofScheme>,
        work: &Arc<WorkMeters>,
    ) -> Result<Pool, StartError> {
        let results = self.chain.recipient();
        let mut spawn = |name: &'static str, thread: String| {
            let (handle, mailbox) = mailbox();
            let (proofs, work) = (Arc::clone(proofs), Arc::clone(work));
            self.spawn(name, ThreadConfig::named(thread), runtime, mailbox, move || {
                Verifier::new(proofs).measured(work)
            })?;
            Ok::<_, StartError>(handle)
        };
        let numbered = |number| spawn("verifier", format!("verifier-{number}"));
        let verifiers = (0..verifiers).map(numbered).collect::<Result<_, _>>()?;
        Ok(Pool::new(verifiers, spawn("prover", "prover".to_owned())?, results))
    }

    /// Starts an actor on its own thread.
    fn spawn<A: Actor>(
        &mut self,
        name: &'static str,
        thread: ThreadConfig,
        runtime: &dyn Runtime,
        mailbox: Mailbox<A::Message>,
        make: impl FnOnce() -> A + Send + 'static,
    ) -> Result<(), StartError> {
        let executor =
            runtime.start_executor(thread).map_err(|error| StartError::Thread(name, error))?;
        let spawn = Spawn::new(mailbox).on_undelivered(move |lane, _message| {
            tracing::debug!(actor = name, lane, "a message was not delivered")
        });
        self.actors.push((name, spawn.start(&executor, make)?, executor));
        Ok(())
    }
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

/// Returns the block and the state at the beginning of this node's chain.
fn anchor(config: &NodeConfig, current_slot: Slot) -> Result<Anchor, CheckpointError> {
    match &config.checkpoint_sync_url {
        Some(url) => {
            tracing::info!(%url, "fetching the checkpoint to begin at");
            fetch_anchor(url, &config.genesis, current_slot)
        }
        None => {
            let (state, block) = genesis(config.genesis.genesis_time, config.genesis.registry());
            Ok(Anchor { state, block })
        }
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

fn network_config(config: &NodeConfig) -> Result<NetworkConfig, StartError> {
    let host_key = HostKey::from_secret(*config.network_key.secret())?;
    Ok(NetworkConfig {
        peers: config.peers.clone(),
        network_name: config.genesis.fork_digest.clone(),
        validators: config.genesis.validators.len() as u64,
        slot: Duration::from_millis(config.genesis.interval_ms.saturating_mul(INTERVALS_PER_SLOT)),
        heartbeat: config.gossip_heartbeat,
        identify: config.identify,
        ping: config.ping,
        ..NetworkConfig::new(host_key, config.listen.clone())
    })
}
