//! `node run`: one node.

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use actor_lanes::Runtime;
use actor_top::{Server, Serving};
use clap::Args;

use crate::command::CommandError;
use crate::command::lines::Lines;
use crate::command::log::LogArguments;
use crate::command::node_files::NodeArguments;
use crate::command::panics::log_panics;
use crate::command::report_lines::ReportLines;
use crate::command::service_manager::ServiceManager;
use crate::command::signing_arguments::SigningArguments;
use crate::command::stop_signal::stop_signal;
use lean_node::api::ApiError;
use lean_node::config::NodeConfig;
use lean_node::health::Failure;
use lean_node::hooks::Hooks;
use lean_node::lost_lines::LostLines;
use lean_node::node::{Node, StartError};
use lean_node::report::{FailedLine, ReadyLine, ReportLine, StatusLine, StoppedLine};
use lean_node::runtime;

/// The time limit for the node to stop cleanly.
const STOP_PATIENCE: Duration = Duration::from_secs(5);

/// The time for the start of a node besides the attempts to fetch a checkpoint.
const START_ALLOWANCE: Duration = Duration::from_secs(180);

/// The time from the end of a part to a forced exit. It covers the stop and the last lines.
const FAILED_PATIENCE: Duration = Duration::from_secs(10);

/// The maximum number of log lines in the queue. Lines beyond it are dropped and counted, so that a
/// slow reader never blocks the node.
const LOG_LINES: usize = 1024;

/// The time limit for writing the last line of the log.
const LAST_LINE_PATIENCE: Duration = Duration::from_secs(2);

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
    #[command(flatten)]
    signing: SigningArguments,
    /// Report in JSON, one line per slot
    #[arg(long)]
    json: bool,
    /// Stop cleanly when standard input ends, so that the node never outlives its parent process
    #[arg(long)]
    stop_on_stdin_eof: bool,
    /// Serve a local socket for `actor-top`, at this path or at one of its own
    #[arg(long, value_name = "PATH", num_args = 0..=1, require_equals = true)]
    top: Option<Option<PathBuf>>,
}

pub(super) fn run(arguments: &RunArguments) -> Result<(), CommandError> {
    let lost = LostLines::default();
    let (log, last_line) = Lines::start("log", io::stderr(), LOG_LINES, lost.clone())
        .map_err(|error| CommandError::System { doing: "write the log", error })?;
    arguments.log.install(log);
    log_panics();
    let outcome = run_node(arguments, lost);
    let error = outcome.as_ref().err();
    let last = error.map_or_else(Vec::new, |error| arguments.log.last_error_line(error));
    last_line.write(last, LAST_LINE_PATIENCE);
    outcome.map_err(|error| CommandError::Reported(error.exit_code()))
}

fn run_node(arguments: &RunArguments, lost: LostLines) -> Result<(), CommandError> {
    let (stopper, stop) = stop_signal();
    if arguments.stop_on_stdin_eof {
        let watched = stopper.on_stdin_eof(ORPHAN_PATIENCE);
        watched.map_err(|error| CommandError::System { doing: "watch standard input", error })?;
    }
    let starting = stopper.on_signals()?;
    let manager = ServiceManager::from_environment().map_err(|error| CommandError::System {
        doing: "use the socket named by NOTIFY_SOCKET",
        error,
    })?;

    arguments.signing.shift_clock();
    let mut config = arguments.node.load()?;
    arguments.signing.apply_to(&mut config);
    tracing::warn!(accepted = %config.proofs, "aggregation proofs are MOCKS and prove nothing: anyone can forge a block");
    if let Some(path) = arguments.signing.export_path() {
        return export(&config, path);
    }
    let runtime = runtime::by_name(config.runtime.as_deref())?;
    let address = config.listen_socket();
    probe(address)?;
    let report = ReportLines::start(arguments.json, lost.clone())?;
    let mut ready = ReadyLine {
        node: config.name.clone(),
        listen: config.listen.to_string(),
        peer_id: config.network_key.peer_id().to_string(),
        runtime: runtime.name().to_owned(),
        http: None,
    };
    let name = config.name.clone();
    if config.checkpoint_sync_url.is_some() {
        manager.extend_start(config.checkpoint_sync_deadline + START_ALLOWANCE);
    }
    tracing::info!(validators = config.validators.len(), "growing the validators' keys");
    let hooks = Hooks::new(statuses(&report, &manager))
        .lost_lines(lost)
        .on_failure(move |failure| stopper.stop_or_exit(FAILED_PATIENCE, failure.exit_code()));
    let node = start(config, runtime, hooks, address)?;
    drop(starting);
    let serving = arguments.top.as_ref().map(|path| serve(&node, path.as_deref())).transpose()?;
    ready.http = node.http_address();
    report.say(&ReportLine::Ready(ready));
    manager.ready();
    let watchdog = manager.start_watchdog(node.health());
    let watchdog =
        watchdog.map_err(|error| CommandError::System { doing: "start a thread", error })?;
    stop.wait();
    drop(watchdog);
    let failure = node.failure();
    if let Some(Failure { part, reason, .. }) = failure.clone() {
        report.say(&ReportLine::Failed(FailedLine { node: name.clone(), part, reason }));
    }
    manager.stopping(&failure.as_ref().map_or("as requested".to_owned(), Failure::to_string));
    let left = node.stop(STOP_PATIENCE);
    drop(serving);
    report.finish(&ReportLine::Stopped(StoppedLine { node: name, left: left.clone() }));
    match failure {
        Some(failure) => Err(CommandError::PartEnded(failure)),
        None if left.is_empty() => Ok(()),
        None => Err(CommandError::Stop(left)),
    }
}

/// Returns the function for each status: it reports it, and passes it to the service manager.
fn statuses(
    report: &ReportLines,
    manager: &ServiceManager,
) -> impl FnMut(StatusLine) + Send + use<> {
    let (mut report, manager) = (report.statuses(), manager.clone());
    move |status| {
        manager.status(&status);
        report(status);
    }
}

/// Starts the node. Ports in use have errors of their own.
fn start(
    config: NodeConfig,
    runtime: Arc<dyn Runtime>,
    hooks: Hooks,
    address: SocketAddr,
) -> Result<Node, CommandError> {
    match Node::start_with(config, runtime, hooks) {
        Ok(node) => Ok(node),
        Err(StartError::Api(ApiError::Listen { address, error }))
            if error.kind() == io::ErrorKind::AddrInUse =>
        {
            Err(CommandError::HttpPortTaken(address))
        }
        // Another program may have taken the port after the first probe. The second probe reports
        // this case separately. It is run for network errors only, because after other errors this
        // node itself may still hold the port.
        Err(error @ StartError::Network(_)) => {
            Err(probe(address).err().unwrap_or_else(|| error.into()))
        }
        Err(error) => Err(error.into()),
    }
}

/// Serves looks at the node's actors, also during its stop.
fn serve(node: &Node, path: Option<&Path>) -> Result<Serving, CommandError> {
    let mut server = Server::new([node.system()]);
    if let Some(path) = path {
        server = server.at(path);
    }
    let serving = server
        .start()
        .map_err(|error| CommandError::System { doing: "serve a socket for actor-top", error })?;
    tracing::info!(socket = %serving.path().display(), "actor-top can look at this node");
    Ok(serving)
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
