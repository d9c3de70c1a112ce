//! A devnet of four processes with HTTP APIs, from files written by the program itself.

use std::fs::{self, OpenOptions};
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tempfile::TempDir;

use crate::attack::Setting;
use crate::bench::probe::HttpProbe;
use crate::bench::process::{Event, NodeProcess};
use crate::bench::relays::Relays;
use crate::bench::watch::Series;
use crate::bench::{BenchError, Program};
use crate::target::{HttpTarget, Target};

/// The number of nodes.
pub const NODES: usize = 4;

/// The number of validators.
const VALIDATORS: usize = 8;

/// The seconds from the start of the nodes to slot 0.
const GENESIS_DELAY: u64 = 5;

/// The slots of the validators' keys, the most of the test scheme.
const KEY_SLOTS: u64 = 256;

/// The capacity of the queue of events.
const CAPACITY: usize = 1024;

/// The attempts to find consecutive free ports.
const ATTEMPTS: usize = 100;

/// A running devnet. Dropping it kills its processes and removes its files.
#[derive(Debug)]
pub struct Devnet {
    program: PathBuf,
    slot_time: Duration,
    genesis_time: u64,
    addresses: Vec<SocketAddr>,
    apis: Vec<HttpTarget>,
    pub(super) nodes: Vec<Option<NodeProcess>>,
    pub(super) runs: u64,
    pub(super) sender: SyncSender<Event>,
    pub(super) events: Receiver<Event>,
    pub(super) series: Series,
    pub(super) http: HttpProbe,
    relays: Option<Relays>,
    directory: TempDir,
}

impl Devnet {
    /// Writes the files of a network with the program, and starts the nodes.
    ///
    /// # Errors
    ///
    /// Returns [`BenchError`] if the files cannot be written or a process does not start.
    pub fn start(
        program: &Program,
        setting: Setting,
        interval: Duration,
    ) -> Result<Self, BenchError> {
        let directory = tempfile::Builder::new().prefix("hostile-").tempdir()?;
        let first_port = free_ports()?;
        let genesis_time = write_genesis(&program.path, directory.path(), first_port, interval)?;
        let relays = match setting {
            Setting::Relays => Some(Relays::start()?),
            Setting::Mesh | Setting::Restart => None,
        };
        let mut apis = Vec::new();
        for node in 0..NODES {
            let api = free_tcp_address()?;
            adapt(&config_path(directory.path(), node), node, api, relays.as_ref())?;
            apis.push(HttpTarget::try_from(api).map_err(io::Error::other)?);
        }
        let (sender, events) = sync_channel(CAPACITY);
        let ports = (first_port..).take(NODES);
        let mut devnet = Self {
            program: program.path.clone(),
            slot_time: interval * 5,
            genesis_time,
            addresses: ports.map(|port| (Ipv4Addr::LOCALHOST, port).into()).collect(),
            nodes: (0..NODES).map(|_| None).collect(),
            runs: 0,
            sender,
            events,
            series: Series::default(),
            http: HttpProbe::start(&[])?,
            apis,
            relays,
            directory,
        };
        (0..NODES).try_for_each(|node| devnet.launch(node))?;
        Ok(devnet)
    }

    /// Starts a node's process, in place of the present one if there is one.
    ///
    /// # Errors
    ///
    /// Returns an error if the process does not start.
    pub fn launch(&mut self, node: usize) -> io::Result<()> {
        self.kill(node);
        self.runs += 1;
        let directory = self.directory.path();
        let log = OpenOptions::new().create(true).append(true).open(log_path(directory, node))?;
        let config = config_path(directory, node);
        let (run, events) = (self.runs, self.sender.clone());
        let process = NodeProcess::start(&self.program, &config, log, (node, run), events)?;
        self.nodes[node] = Some(process);
        Ok(())
    }

    /// Kills a node's process with SIGKILL.
    pub fn kill(&mut self, node: usize) {
        self.nodes[node] = None;
        self.series.forget(node);
    }

    /// Returns the addresses to attack: the relays if there are any, and the nodes otherwise.
    ///
    /// # Panics
    ///
    /// Never: all addresses are on the loopback interface.
    pub fn targets(&self) -> Vec<Target> {
        let relays = self.relays.iter().flat_map(|relays| &relays.addresses);
        let relays: Vec<_> = relays.map(|(address, _)| *address).collect();
        let targets = if relays.is_empty() { &self.addresses } else { &relays };
        let target = |address: &SocketAddr| Target::try_from(*address).expect("it is loopback");
        targets.iter().map(target).collect()
    }

    /// Returns the HTTP APIs of the nodes.
    pub fn apis(&self) -> &[HttpTarget] {
        &self.apis
    }

    /// Returns the duration of a slot.
    pub fn slot_time(&self) -> Duration {
        self.slot_time
    }

    /// Returns the present slot by the wall clock, or 0 before slot 0.
    pub fn current_slot(&self) -> u64 {
        #[expect(clippy::disallowed_methods, reason = "this program has no executor to ask")]
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let since = now.saturating_sub(Duration::from_secs(self.genesis_time));
        (since.as_millis() / self.slot_time.as_millis().max(1)) as u64
    }

    /// Returns the end of a node's log.
    pub(super) fn log_of(&self, node: usize) -> String {
        fs::read_to_string(log_path(self.directory.path(), node)).unwrap_or_default()
    }
}

fn write_genesis(
    program: &Path,
    directory: &Path,
    first_port: u16,
    interval: Duration,
) -> Result<u64, BenchError> {
    let written = Command::new(program)
        .args(["genesis", "--scheme", "test", "--dir"])
        .arg(directory)
        .args(["--nodes", &NODES.to_string(), "--validators", &VALIDATORS.to_string()])
        .args(["--interval-ms", &interval.as_millis().to_string()])
        .args(["--genesis-delay-s", &GENESIS_DELAY.to_string()])
        .args(["--key-slots", &KEY_SLOTS.to_string(), "--first-port", &first_port.to_string()])
        .output()?;
    if !written.status.success() {
        return Err(BenchError::Genesis(String::from_utf8_lossy(&written.stderr).into_owned()));
    }
    let genesis = fs::read_to_string(directory.join("genesis.toml"))?.parse::<toml::Table>()?;
    let time = genesis.get("genesis_time").and_then(toml::Value::as_integer);
    time.and_then(|time| u64::try_from(time).ok())
        .ok_or_else(|| BenchError::Genesis("genesis.toml has no genesis_time".to_owned()))
}

/// Adds an HTTP address to a node's configuration. With relays, the node has one node and the
/// relays as its peers.
fn adapt(
    path: &Path,
    node: usize,
    api: SocketAddr,
    relays: Option<&Relays>,
) -> Result<(), BenchError> {
    let mut config = fs::read_to_string(path)?.parse::<toml::Table>()?;
    config.insert("http".to_owned(), api.to_string().into());
    if let Some(relays) = relays {
        let peers = config.get("peers").and_then(toml::Value::as_array).cloned();
        // The list has all other nodes in order, so a pair's second node is at an even place.
        let partner = peers.unwrap_or_default().into_iter().nth(node / 2 * 2);
        let relays = relays.addresses.iter().map(|(address, id)| -> toml::Value {
            format!("/ip4/{}/udp/{}/quic-v1/p2p/{id}", address.ip(), address.port()).into()
        });
        let peers = partner.into_iter().chain(relays).collect();
        config.insert("peers".to_owned(), toml::Value::Array(peers));
    }
    fs::write(path, config.to_string())?;
    Ok(())
}

fn config_path(directory: &Path, node: usize) -> PathBuf {
    directory.join(format!("node-{node}.toml"))
}

fn log_path(directory: &Path, node: usize) -> PathBuf {
    directory.join(format!("node-{node}.log"))
}

/// Returns the first of consecutive UDP ports that are free now.
fn free_ports() -> io::Result<u16> {
    for _ in 0..ATTEMPTS {
        let first = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let is_free = |port| UdpSocket::bind((Ipv4Addr::LOCALHOST, port)).is_ok();
        if first < u16::MAX - NODES as u16 && (first..).take(NODES).all(is_free) {
            return Ok(first);
        }
    }
    Err(io::ErrorKind::AddrInUse.into())
}

fn free_tcp_address() -> io::Result<SocketAddr> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()
}
