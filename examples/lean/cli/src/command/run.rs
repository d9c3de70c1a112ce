//! `node run`: one node.

use std::io::{self, IsTerminal as _};
use std::net::{SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{ArgGroup, Args};
use tracing_subscriber::EnvFilter;

use crate::command::CommandError;
use crate::command::api_arguments::ApiArguments;
use crate::command::report_lines::ReportLines;
use crate::command::signing_arguments::SigningArguments;
use crate::command::stop_signal::stop_signal;
use consensus::MockProofs;
use lean_node::api::ApiError;
use lean_node::config::NodeConfig;
use lean_node::lean_files::{LeanFilesError, LeanFolder, LeanOptions};
use lean_node::node::{Node, StartError};
use lean_node::report::{ReadyLine, ReportLine, StoppedLine};
use lean_node::runtime;

/// The default log filter, if `RUST_LOG` is unset or invalid. Gossipsub logs a warning for every
/// message already published by a peer, and aggregators publish such messages regularly. The report
/// counts the messages that could not be published.
const LOG: &str = "info,libp2p_gossipsub=error";

/// The time limit for the node to stop cleanly.
const STOP_PATIENCE: Duration = Duration::from_secs(5);

/// The time from the end of standard input to a forced exit.
const ORPHAN_PATIENCE: Duration = Duration::from_secs(10);

/// Run one node: from its configuration file, or from a genesis folder in the form shared by lean
/// clients
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("files").required(true))]
pub(super) struct RunArguments {
    /// The node's configuration file; `node genesis --dir` writes such files
    #[arg(long, value_name = "FILE", group = "files")]
    config: Option<PathBuf>,
    #[command(flatten)]
    lean: LeanArguments,
    /// Accept every aggregation proof with the mock's marker, as in the mocked mode of other
    /// clients. Anyone can write the marker. By default, only the mocks of this program are
    /// accepted. They are bound to their claim, but do not prove it either
    #[arg(long)]
    mock_aggregation_proofs: bool,
    #[command(flatten)]
    api: ApiArguments,
    #[command(flatten)]
    signing: SigningArguments,
    /// Report in JSON, one line per slot
    #[arg(long)]
    json: bool,
    /// Stop cleanly when standard input ends, so that the node never outlives its parent process
    #[arg(long)]
    stop_on_stdin_eof: bool,
}

/// The options of a node with a genesis folder.
#[derive(Debug, Args)]
struct LeanArguments {
    /// A genesis folder: config.yaml, validators.yaml, nodes.yaml, hash-sig-keys/;
    /// `node genesis --lean` writes such folders
    #[arg(long, value_name = "DIR", group = "files", requires = "node_id")]
    genesis: Option<PathBuf>,
    /// The node's name in the genesis folder
    #[arg(long, value_name = "NAME", conflicts_with = "config")]
    node_id: Option<String>,
    /// The address to listen on: ADDRESS:PORT or /ip4/ADDRESS/udp/PORT/quic-v1 [default: the port
    /// of the node's own record in nodes.yaml, or 9000]
    #[arg(long, value_name = "ADDR", conflicts_with = "config")]
    listen: Option<String>,
    /// The file with the node's secp256k1 secret in hexadecimal [default: NAME.key in the genesis
    /// folder, or a new key]
    #[arg(long, value_name = "FILE", conflicts_with = "config")]
    node_key: Option<PathBuf>,
    /// A node to dial in addition to those of nodes.yaml: a record (enr:…) or an address with the
    /// suffix /p2p/PEER_ID; may be repeated
    #[arg(long = "peer", value_name = "NODE", conflicts_with = "config")]
    peers: Vec<String>,
    /// Aggregate votes, and publish the aggregates
    #[arg(long, alias = "is-aggregator", conflicts_with = "config")]
    aggregator: bool,
    /// The runtime of the node's actors [default: the first one compiled in]
    #[arg(long, conflicts_with = "config")]
    runtime: Option<String>,
    /// Speak libp2p's identify protocol (the specification's Python node closes its streams)
    #[arg(long, conflicts_with = "config")]
    identify: bool,
    /// Speak libp2p's ping protocol (the specification's Python node closes its streams)
    #[arg(long, conflicts_with = "config")]
    ping: bool,
}

impl LeanArguments {
    fn load(&self, directory: &Path) -> Result<NodeConfig, LeanFilesError> {
        LeanFolder::new(directory).load(&LeanOptions {
            node_id: self.node_id.clone().unwrap_or_default(),
            listen: self.listen.clone(),
            node_key: self.node_key.clone(),
            peers: self.peers.clone(),
            aggregator: self.aggregator,
            runtime: self.runtime.clone(),
            identify: self.identify,
            ping: self.ping,
        })
    }
}

/// Reads the node's files.
fn load(arguments: &RunArguments) -> Result<NodeConfig, CommandError> {
    let mut config = match (&arguments.config, &arguments.lean.genesis) {
        (Some(path), _) => NodeConfig::load(path)?,
        (None, Some(directory)) => arguments.lean.load(directory)?,
        (None, None) => return Err(CommandError::NoFiles),
    };
    if arguments.mock_aggregation_proofs {
        config.proofs = MockProofs::Marked;
    }
    arguments.api.apply_to(&mut config);
    arguments.signing.apply_to(&mut config);
    Ok(config)
}

pub(super) fn run(arguments: &RunArguments) -> Result<(), CommandError> {
    let (stopper, stop) = stop_signal();
    if arguments.stop_on_stdin_eof {
        let watched = stopper.on_stdin_eof(ORPHAN_PATIENCE);
        watched.map_err(|error| CommandError::System { doing: "watch standard input", error })?;
    }
    let starting = stopper.on_signals()?;
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(LOG)))
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .init();

    arguments.signing.shift_clock();
    let config = load(arguments)?;
    tracing::warn!(accepted = %config.proofs, "aggregation proofs are MOCKS and prove nothing: anyone can forge a block");
    if let Some(path) = arguments.signing.export_path() {
        return export(&config, path);
    }
    let runtime = runtime::by_name(config.runtime.as_deref())?;
    let address = config.listen_socket();
    probe(address)?;
    let report = ReportLines::start(arguments.json, stopper)?;
    let mut ready = ReadyLine {
        node: config.name.clone(),
        listen: config.listen.to_string(),
        peer_id: config.network_key.peer_id().to_string(),
        runtime: runtime.name().to_owned(),
        http: None,
    };
    let name = config.name.clone();
    tracing::info!(validators = config.validators.len(), "growing the validators' keys");
    let node = match Node::start(config, runtime, report.statuses()) {
        Ok(node) => node,
        Err(StartError::Api(ApiError::Listen { address, error }))
            if error.kind() == io::ErrorKind::AddrInUse =>
        {
            return Err(CommandError::HttpPortTaken(address));
        }
        // Another program may have taken the port after the first probe. The second probe reports
        // this case separately. It is run for network errors only, because after other errors this
        // node itself may still hold the port.
        Err(error @ StartError::Network(_)) => {
            return Err(probe(address).err().unwrap_or_else(|| error.into()));
        }
        Err(error) => return Err(error.into()),
    };
    drop(starting);
    ready.http = node.http_address();
    report.say(ReportLine::Ready(ready));
    stop.wait();
    let left = node.stop(STOP_PATIENCE);
    report.finish(ReportLine::Stopped(StoppedLine { node: name, left: left.clone() }));
    if left.is_empty() { Ok(()) } else { Err(CommandError::Stop(left)) }
}

/// Writes the node's signing history to a file. No process signs with its keys meanwhile.
fn export(config: &NodeConfig, path: &Path) -> Result<(), CommandError> {
    let history = config
        .signing
        .open(&config.name, &config.genesis, &config.validators)
        .map_err(StartError::History)?;
    history
        .export()
        .save(path)
        .map_err(|error| CommandError::Export { path: path.to_owned(), error })
}

/// Checks whether the node can listen on an address, by binding it and releasing it again.
fn probe(address: SocketAddr) -> Result<(), CommandError> {
    match UdpSocket::bind(address) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
            Err(CommandError::PortTaken(address))
        }
        Err(error) => Err(CommandError::Listen { address, error }),
    }
}
