//! Two nodes in this process, attackers, and relays.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};
use std::thread::{self, JoinHandle};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use devnet::{Identities, NetworkPlan};
use futures::future::{self, Either};
use hostile::attack::{self, Attack, AttackError, Order};
use hostile::http;
use hostile::relay::Relay;
use hostile::tally::Tally;
use hostile::target::{HttpTarget, Target};
use keys::SchemeName;
use lean_node::config::NodeConfig;
use lean_node::node::Node;
use lean_node::report::StatusLine;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};

use crate::ENOUGH;

const NODES: usize = 2;
const VALIDATORS: usize = 4;
const INTERVAL: Duration = Duration::from_millis(100);

/// The seconds from the start of the first node to slot 0.
const GENESIS_DELAY: u64 = 2;

/// The requests to each HTTP API.
const REQUESTS: usize = 10;

/// The interval between two readings of a figure of another thread.
const LOOK: Duration = Duration::from_millis(20);

/// Two nodes with two validators each: both are needed to finalize anything.
pub(crate) struct Nodes {
    configs: Vec<PathBuf>,
    addresses: Vec<SocketAddr>,
    apis: Vec<HttpTarget>,
    running: Vec<Option<(Node, Receiver<StatusLine>)>>,
    last: Vec<Option<StatusLine>>,
    reactor: Runtime,
    _directory: TempDir,
}

impl Nodes {
    /// Starts both nodes. With relays, the nodes are connected to these only.
    pub(crate) fn start(relays: &[String]) -> Self {
        let mut nodes = Self::prepare(relays);
        (0..NODES).for_each(|node| nodes.launch(node));
        nodes
    }

    /// Writes the files of both nodes.
    pub(crate) fn prepare(relays: &[String]) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let identities = Identities::generate(NODES, VALIDATORS, SchemeName::Test, 256)
            .expect("the test scheme has 256 slots");
        let sockets = [(); NODES].map(|()| udp());
        let addresses = sockets.map(|socket| socket.local_addr().expect("it is bound")).to_vec();
        let listeners = [(); NODES]
            .map(|()| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port is free"));
        let apis = listeners.map(|listener| {
            let address = listener.local_addr().expect("it is bound");
            HttpTarget::try_from(address).expect("it is loopback")
        });
        #[expect(clippy::disallowed_methods, reason = "a test has no executor to ask")]
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is after 1970");
        let plan = NetworkPlan {
            genesis_time: now.as_secs() + GENESIS_DELAY,
            interval_ms: INTERVAL.as_millis() as u64,
            runtime: None,
            addresses: addresses.clone(),
        };
        let configs = plan.write(&identities, directory.path()).expect("the directory is empty");
        for (path, api) in configs.iter().zip(apis) {
            let text = std::fs::read_to_string(path).expect("it was just written");
            let mut config: toml::Table = text.parse().expect("it is TOML");
            config.insert("http".to_owned(), api.socket().to_string().into());
            if !relays.is_empty() {
                let relays = relays.iter().map(|relay| relay.as_str().into()).collect();
                config.insert("peers".to_owned(), toml::Value::Array(relays));
            }
            std::fs::write(path, config.to_string()).expect("the directory is ours");
        }
        Self {
            configs,
            addresses,
            apis: apis.to_vec(),
            running: (0..NODES).map(|_| None).collect(),
            last: vec![None; NODES],
            reactor: reactor(),
            _directory: directory,
        }
    }

    /// Starts one node.
    pub(crate) fn launch(&mut self, node: usize) {
        let config = NodeConfig::load(&self.configs[node]).expect("the files are valid");
        let (report, reports) = mpsc::sync_channel(4096);
        let runtime = Arc::clone(&actor_lanes::runtime::all()[0]);
        let started = Node::start(config, runtime, move |line| drop(report.try_send(line)));
        self.running[node] = Some((started.expect("the ports are free"), reports));
    }

    pub(crate) fn targets(&self) -> Vec<Target> {
        let target = |address: &SocketAddr| Target::try_from(*address).expect("it is loopback");
        self.addresses.iter().map(target).collect()
    }

    pub(crate) fn apis(&self) -> Vec<HttpTarget> {
        self.apis.clone()
    }

    /// Waits until both nodes have finalized a slot.
    pub(crate) fn wait_finalized(&mut self, slot: u64) {
        self.wait(&format!("slot {slot} is final"), |line| line.finalized_slot >= slot);
    }

    /// Waits until both nodes have finalized more slots than now.
    pub(crate) fn wait_advance(&mut self, slots: u64, during: &str) {
        self.read();
        let now = self.last.iter().flatten().map(|line| line.finalized_slot).max().unwrap_or(0);
        let what = format!("{slots} slots become final during {during}");
        self.wait(&what, |line| line.finalized_slot >= now + slots);
    }

    fn wait(&mut self, what: &str, holds: impl Fn(&StatusLine) -> bool) {
        for node in 0..NODES {
            let (_, reports) = self.running[node].as_ref().expect("the node runs");
            let mut slots = 0;
            while !self.last[node].as_ref().is_some_and(&holds) {
                let line = reports.recv_timeout(ENOUGH).expect("the node reports every slot");
                slots += 1;
                let limit = ENOUGH.as_millis() / (INTERVAL.as_millis() * 5);
                assert!(slots < limit, "not in time: {what}: {line:#?}");
                self.last[node] = Some(line);
            }
        }
    }

    /// Reads the reports so far.
    fn read(&mut self) {
        for (running, last) in self.running.iter().zip(&mut self.last) {
            let reports = running.iter().flat_map(|(_, reports)| reports.try_iter());
            *last = reports.last().or(last.take());
        }
    }

    /// Returns the fewest connected peers in the newest reports.
    pub(crate) fn fewest_peers(&mut self) -> u64 {
        self.read();
        self.last.iter().flatten().map(|line| line.peers).min().unwrap_or(0)
    }

    /// Sends several requests to every HTTP API, each on a connection of its own.
    pub(crate) fn assert_answers(&self, during: &str) {
        self.reactor.block_on(async {
            for api in self.apis.iter().cycle().take(REQUESTS * NODES) {
                let answer = http::get(*api, "/lean/v0/health", ENOUGH).await;
                assert!(answer.is_ok(), "{api:?} does not answer during {during}: {answer:?}");
            }
        });
    }

    pub(crate) fn stop(self) {
        for (node, _) in self.running.into_iter().flatten() {
            assert_eq!(node.stop(Duration::from_secs(20)), Vec::<String>::new());
        }
    }
}

/// A running attack.
pub(crate) struct Attacker {
    tally: Arc<Tally>,
    stop: oneshot::Sender<()>,
    thread: JoinHandle<Result<(), AttackError>>,
}

impl Attacker {
    /// Starts an attack with this number of identities.
    pub(crate) fn start(
        attack: &'static Attack,
        targets: Vec<Target>,
        apis: Vec<HttpTarget>,
        identities: usize,
    ) -> Self {
        let tally = Arc::new(Tally::default());
        let (stop, stopped) = oneshot::channel();
        let order = Order {
            targets,
            apis,
            interval: INTERVAL,
            duration: 3 * ENOUGH,
            identities: Some(identities),
            rate: None,
        };
        let shared = Arc::clone(&tally);
        let thread = thread::spawn(move || {
            let reactor = reactor();
            let attacking = async {
                let attacking = std::pin::pin!(attack::run(attack, &order, &shared));
                match future::select(attacking, stopped).await {
                    Either::Left((done, _)) => done,
                    Either::Right(_) => Ok(()),
                }
            };
            let done = reactor.block_on(attacking);
            // The connections close in tasks of their own.
            reactor.block_on(async { sleep(Duration::from_millis(200)).await });
            done
        });
        Self { tally, stop, thread }
    }

    /// Waits until a condition on the figures of the attack is true.
    pub(crate) fn wait_until(&self, what: &str, holds: impl Fn(&Tally) -> bool) {
        let waiting = async {
            while !holds(&self.tally) {
                sleep(LOOK).await;
            }
        };
        let waited = reactor().block_on(async { timeout(ENOUGH, waiting).await });
        assert!(waited.is_ok(), "not in time: {what}: {}", self.tally);
    }

    /// Ends the attack.
    pub(crate) fn stop(self) {
        // The attack may have ended by itself.
        let _ = self.stop.send(());
        self.thread.join().expect("the attack does not panic").expect("the attack began");
    }
}

/// Relays on a thread of their own.
pub(crate) struct Relays {
    addresses: Vec<(SocketAddr, String)>,
    _stop: oneshot::Sender<()>,
}

impl Relays {
    pub(crate) fn start(count: usize) -> Self {
        let (listening, addresses) = mpsc::sync_channel(count);
        let (stop, stopped) = oneshot::channel::<()>();
        thread::spawn(move || {
            reactor().block_on(async {
                for _ in 0..count {
                    let relay = Relay::listen().await.expect("a port is free");
                    let (address, id) = (relay.address(), relay.peer_id());
                    let text = format!("/ip4/127.0.0.1/udp/{}/quic-v1/p2p/{id}", address.port());
                    listening.send((address, text)).expect("the test waits");
                    tokio::spawn(relay.run());
                }
                drop(listening);
                drop(stopped.await);
            });
        });
        Self { addresses: addresses.iter().collect(), _stop: stop }
    }

    pub(crate) fn addresses(&self) -> Vec<String> {
        self.addresses.iter().map(|(_, text)| text.clone()).collect()
    }

    pub(crate) fn targets(&self) -> Vec<Target> {
        let target = |(address, _): &(SocketAddr, String)| {
            Target::try_from(*address).expect("it is loopback")
        };
        self.addresses.iter().map(target).collect()
    }
}

fn udp() -> UdpSocket {
    UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port is free")
}

fn reactor() -> Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a reactor starts")
}
