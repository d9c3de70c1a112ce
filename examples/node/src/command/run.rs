//! `node run`: one node.

use std::io::{self, IsTerminal as _};
use std::net::{SocketAddr, UdpSocket};
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use tracing_subscriber::EnvFilter;

use crate::api::ApiError;
use crate::command::CommandError;
use crate::command::api_arguments::ApiArguments;
use crate::command::report_lines::ReportLines;
use crate::command::stop_signal::stop_signal;
use crate::config::NodeConfig;
use crate::node::{Node, StartError};
use crate::report::{ReadyLine, ReportLine, StoppedLine};
use crate::runtime;

/// What is logged unless `RUST_LOG` says otherwise. gossipsub warns of every message that a peer has published as well,
/// which aggregators' messages do; what could not be published is counted in the report.
const LOG: &str = "info,libp2p_gossipsub=error";

/// How long the node gets to stop in order.
const STOP_PATIENCE: Duration = Duration::from_secs(5);

/// How long after the end of standard input the program ends by force.
const ORPHAN_PATIENCE: Duration = Duration::from_secs(10);

/// Run one node.
#[derive(Debug, Args)]
pub(super) struct RunArguments {
    /// The node's configuration file; `node genesis` writes such files
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    #[command(flatten)]
    api: ApiArguments,
    /// Report in JSON, one line a slot
    #[arg(long)]
    json: bool,
    /// Stop in order when standard input ends, so that the node never outlives the process that started it
    #[arg(long)]
    stop_on_stdin_eof: bool,
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

    let mut config = NodeConfig::load(&arguments.config)?;
    arguments.api.apply_to(&mut config);
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
        Err(StartError::Api(ApiError::Listen { address, error })) if error.kind() == io::ErrorKind::AddrInUse => {
            return Err(CommandError::HttpPortTaken(address));
        }
        // Someone may have taken the port since it was probed, which is worth telling apart.
        Err(error) => return Err(probe(address).err().unwrap_or_else(|| error.into())),
    };
    drop(starting);
    ready.http = node.http_address();
    report.say(ReportLine::Ready(ready));
    stop.wait();
    let left = node.stop(STOP_PATIENCE);
    report.finish(ReportLine::Stopped(StoppedLine { node: name, left: left.clone() }));
    if left.is_empty() { Ok(()) } else { Err(CommandError::Stop(left)) }
}

/// Finds out, by binding the address and letting it go again, whether the node can listen there.
fn probe(address: SocketAddr) -> Result<(), CommandError> {
    match UdpSocket::bind(address) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => Err(CommandError::PortTaken(address)),
        Err(error) => Err(CommandError::Listen { address, error }),
    }
}
