//! `node check-config`: reads and checks everything that `node run` would read, and starts nothing.

use std::fmt::{self, Write as _};
use std::io;
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::time::{Duration, UNIX_EPOCH};

use actor_lanes::runtime::adapter::system_wall_now;
use clap::Args;

use crate::command::log::LogArguments;
use crate::command::node_files::NodeArguments;
use crate::command::{CommandError, print, say};
use consensus::SlotClock;
use keys::ValidatorKeys;
use lean_node::config::{HttpAddress, NodeConfig, peer_fault};
use lean_node::runtime;
use storage::StorageError;

/// The time to slot 0 from which on a warning is shown. A longer one is probably a mistake, for
/// example a time in milliseconds.
const LONG_WAIT: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// Read and check everything that `node run` would read, and start nothing
///
/// It takes the same files and options, grows the keys, and prints what it has found. It writes no
/// file and dials nobody. Warnings do not change the exit code.
#[derive(Debug, Args)]
pub(super) struct CheckConfigArguments {
    #[command(flatten)]
    node: NodeArguments,
    #[command(flatten)]
    pub(super) log: LogArguments,
}

pub(super) fn check_config(arguments: &CheckConfigArguments) -> Result<(), CommandError> {
    arguments.log.install(io::stderr);
    let config = arguments.node.load()?;
    let runtime = runtime::by_name(config.runtime.as_deref())?;
    if !config.validators.is_empty() {
        say(format_args!("growing the keys of {} validators …", config.validators.len()));
    }
    let keys = lean_node::check(&config).map_err(CommandError::Check)?;
    let mut findings = Findings::default();
    match lean_node::check_folder(&config) {
        Err(error @ StorageError::InUse { .. }) => findings.warn(error.to_string()),
        checked => checked?,
    }
    findings.node(&config, runtime.name());
    findings.peers(&config);
    findings.time(&config, since_1970());
    findings.keys(&config, &keys, since_1970());
    print(findings.to_string().as_bytes())
}

fn since_1970() -> Duration {
    system_wall_now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// What was found, for the operator.
#[derive(Debug, Default)]
struct Findings {
    lines: String,
    warnings: Vec<String>,
}

impl Findings {
    fn line(&mut self, name: &str, value: impl fmt::Display) {
        writeln!(self.lines, "{name:12}{value}").expect("writing to a String does not fail");
    }

    fn warn(&mut self, warning: impl Into<String>) {
        self.warnings.push(warning.into());
    }

    fn node(&mut self, config: &NodeConfig, runtime: &str) {
        self.line("node", &config.name);
        self.line("peer id", config.network_key.peer_id());
        self.line("listens on", &config.listen);
        let socket = config.listen_socket();
        if is_taken(UdpSocket::bind(socket)) {
            self.warn(format!("UDP port {} is in use now", socket.port()));
        }
        if socket.port() == 0 {
            self.warn("the node listens on any free port, which its peers do not know");
        }
        if socket.ip().is_multicast() {
            self.warn(format!("{} is a multicast address: no node can listen on it", socket.ip()));
        }
        self.http(config.http);
        self.line("runtime", runtime);
        self.line("aggregates", if config.aggregator { "yes" } else { "no" });
        self.line("proofs", format_args!("{}; anyone can forge a block", config.proofs));
        match &config.data_dir {
            Some(folder) => self.line("chain", format_args!("kept in {}", folder.display())),
            None => self.line("chain", "kept in memory only"),
        }
        if let Some(url) = &config.checkpoint_sync_url {
            self.line("begins at", format_args!("the finalized block of {url} (not downloaded)"));
        }
    }

    fn http(&mut self, http: HttpAddress) {
        match http {
            HttpAddress::Off => self.line("HTTP API", "off"),
            HttpAddress::IfFree(address) => {
                self.line("HTTP API", format_args!("{address}, if that is free"));
            }
            HttpAddress::On(address) => {
                self.line("HTTP API", address);
                self.http_address(address);
            }
        }
    }

    fn http_address(&mut self, address: SocketAddr) {
        if is_taken(TcpListener::bind(address)) {
            self.warn(format!("TCP port {} is in use now", address.port()));
        }
        if !address.ip().is_loopback() {
            self.warn(format!(
                "the HTTP API at {address} has no authentication, and other machines may reach it"
            ));
        }
    }

    fn peers(&mut self, config: &NodeConfig) {
        self.line("peers", config.peers.len());
        let own = config.network_key.peer_id().to_string();
        for (place, peer) in config.peers.iter().enumerate() {
            self.line("", peer);
            if peer.to_string().ends_with(&own) {
                self.warn(format!("the peer {peer} is this node itself"));
            }
            if config.peers[..place].contains(peer) {
                self.warn(format!("the peer {peer} is named twice"));
            }
            if let Some(fault) = peer_fault(peer) {
                self.warn(format!("the peer {peer} {fault}"));
            }
        }
        if config.peers.is_empty() {
            self.warn("no peer is named: the node waits until others dial it");
        }
    }

    fn time(&mut self, config: &NodeConfig, now: Duration) {
        let genesis = &config.genesis;
        self.line(
            "network",
            format_args!(
                "{}, {} validators, keys of the scheme {}, intervals of {} ms",
                genesis.fork_digest,
                genesis.validators.len(),
                genesis.scheme,
                genesis.interval_ms
            ),
        );
        let start = Duration::from_secs(genesis.genesis_time);
        match start.checked_sub(now) {
            Some(wait) => {
                self.line("slot 0", format_args!("begins in {} s", wait.as_secs()));
                if wait > LONG_WAIT {
                    let days = wait.as_secs() / (24 * 60 * 60);
                    self.warn(format!(
                        "slot 0 begins in {days} days: genesis_time counts seconds, not milliseconds"
                    ));
                }
            }
            None => {
                let slot = clock(config).current_slot(milliseconds(now));
                self.line("slot 0", format_args!("is over; the current slot is {slot}"));
            }
        }
    }

    fn keys(&mut self, config: &NodeConfig, keys: &[ValidatorKeys], now: Duration) {
        self.line("validators", keys.len());
        if let Some(exposed) = config.signing.exposed_keys() {
            self.warn(exposed);
        }
        let slot = clock(config).current_slot(milliseconds(now));
        for ValidatorKeys { index, attestation, proposal } in keys {
            let (votes, proposals) = (attestation.active_epochs(), proposal.active_epochs());
            self.line(
                "",
                format_args!(
                    "{index}: votes in the slots {} to {}, proposes in the slots {} to {}",
                    votes.start,
                    votes.end.saturating_sub(1),
                    proposals.start,
                    proposals.end.saturating_sub(1)
                ),
            );
            let end = votes.end.min(proposals.end);
            if slot >= end {
                self.warn(format!("the keys of validator {index} are used up since slot {end}"));
            }
        }
    }
}

impl fmt::Display for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.lines)?;
        self.warnings.iter().try_for_each(|warning| writeln!(f, "warning: {warning}"))?;
        writeln!(f, "the node can run with these files")
    }
}

fn clock(config: &NodeConfig) -> SlotClock {
    SlotClock::new(config.genesis.genesis_time).with_interval(config.genesis.interval_ms)
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// Returns whether a socket cannot be bound because another program has the port.
fn is_taken<T>(bound: io::Result<T>) -> bool {
    bound.is_err_and(|error| error.kind() == io::ErrorKind::AddrInUse)
}
