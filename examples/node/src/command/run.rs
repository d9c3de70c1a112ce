//! `node run`: one node.

use std::io::{self, IsTerminal as _, Write as _};
use std::net::{SocketAddr, UdpSocket};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use clap::Args;
use tracing_subscriber::EnvFilter;

use crate::command::CommandError;
use crate::command::stop_signal::{Stopper, stop_signal};
use crate::config::NodeConfig;
use crate::node::Node;
use crate::report::{ReadyLine, ReportLine, StoppedLine};
use crate::runtime;

/// How long the node gets to stop in order.
const STOP_PATIENCE: Duration = Duration::from_secs(5);

/// How long after the end of standard input the program ends by force.
const ORPHAN_PATIENCE: Duration = Duration::from_secs(10);

/// How long the last lines get to be read.
const LAST_LINES_PATIENCE: Duration = Duration::from_secs(2);

/// How many lines of the report may wait for a slow reader; more are left out, so that the node never waits.
const WAITING_LINES: usize = 64;

/// Run one node.
#[derive(Debug, Args)]
pub(super) struct RunArguments {
    /// The node's configuration file; `node genesis` writes such files
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
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
    stopper.on_signals()?;
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info")))
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .init();

    let config = NodeConfig::load(&arguments.config)?;
    let runtime = runtime::by_name(config.runtime.as_deref())?;
    let address = config.listen_socket();
    probe(address)?;
    let (lines, written) = write_lines(arguments.json, stopper)?;
    let ready = ReportLine::Ready(ReadyLine {
        node: config.name.clone(),
        listen: config.listen.to_string(),
        peer_id: config.network_key.peer_id().to_string(),
        runtime: runtime.name().to_owned(),
    });
    let name = config.name.clone();
    let status = lines.clone();
    // A line that finds the channel full is left out: the next one says more.
    let report = move |line| drop(status.try_send(ReportLine::Status(Box::new(line))));
    let node = match Node::start(config, runtime, report) {
        Ok(node) => node,
        // Someone may have taken the port since it was probed, which is worth telling apart.
        Err(error) => return Err(probe(address).err().unwrap_or_else(|| error.into())),
    };
    // The writer takes lines until the last sender is gone; if it is not there, the stop signal is.
    let _ = lines.send(ready);
    stop.wait();
    let left = node.stop(STOP_PATIENCE);
    let _ = lines.send(ReportLine::Stopped(StoppedLine { node: name, left: left.clone() }));
    drop(lines);
    // A reader that does not read must not keep the program from ending.
    let _ = written.recv_timeout(LAST_LINES_PATIENCE);
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

/// Starts the thread that writes the report, because standard output can make its writer wait. The receiver hears when
/// it has written everything.
fn write_lines(json: bool, stopper: Stopper) -> Result<(SyncSender<ReportLine>, Receiver<()>), CommandError> {
    let (lines, waiting) = sync_channel::<ReportLine>(WAITING_LINES);
    let (done, written) = sync_channel(1);
    let write = move || {
        for line in waiting {
            let text = if json { in_json(&line) } else { in_words(&line) };
            if writeln!(io::stdout().lock(), "{text}").is_err() {
                // Whoever read the report is gone.
                stopper.stop();
                break;
            }
        }
        let _ = done.try_send(());
    };
    thread::Builder::new()
        .name("report".to_owned())
        .spawn(write)
        .map_err(|error| CommandError::System { doing: "start a thread", error })?;
    Ok((lines, written))
}

pub(super) fn in_json(line: &ReportLine) -> String {
    serde_json::to_string(line).expect("a report's maps have strings for keys, and nothing in it fails to serialize")
}

fn in_words(line: &ReportLine) -> String {
    match line {
        ReportLine::Ready(ready) => {
            format!("{} listens on {}/p2p/{} ({})", ready.node, ready.listen, ready.peer_id, ready.runtime)
        }
        ReportLine::Status(status) => {
            let notes: String = status.notes.iter().map(|note| format!("; {note}")).collect();
            format!(
                "slot {}: head {} {}, justified {}, finalized {}, {} peers, {} drops, ticks at most {} ms late{notes}",
                status.slot,
                status.head_slot,
                status.head_root,
                status.justified_slot,
                status.finalized_slot,
                status.peers,
                status.drops,
                status.tick_lateness_ms.max,
            )
        }
        ReportLine::Stopped(stopped) => format!("{} has stopped", stopped.node),
    }
}
