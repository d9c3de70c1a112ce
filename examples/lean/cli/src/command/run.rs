//! `node run`: one node.

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;

use clap::Args;

use crate::command::CommandError;
use crate::command::log::LogArguments;
use crate::command::node_files::NodeArguments;
use crate::command::report_lines::ReportLines;
use crate::command::stop_signal::stop_signal;
use lean_node::api::ApiError;
use lean_node::node::{Node, StartError};
use lean_node::report::{ReadyLine, ReportLine, StoppedLine};
use lean_node::runtime;

/// The time limit for the node to stop cleanly.
const STOP_PATIENCE: Duration = Duration::from_secs(5);

/// The time from the end of standard input to a forced exit.
const ORPHAN_PATIENCE: Duration = Duration::from_secs(10);

/// Run one node: from its configuration file, or from a genesis folder in the form shared by lean
/// clients
#[derive(Debug, Args)]
pub(super) struct RunArguments {
    #[command(flatten)]
    node: NodeArguments,
    #[command(flatten)]
    pub(super) log: LogArguments,
    /// Report in JSON, one line per slot
    #[arg(long)]
    json: bool,
    /// Stop cleanly when standard input ends, so that the node never outlives its parent process
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
    arguments.log.install(io::stderr);

    let config = arguments.node.load()?;
    tracing::warn!(accepted = %config.proofs, "aggregation proofs are MOCKS and prove nothing: anyone can forge a block");
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
