//! A running devnet.

use std::mem;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use crate::deadline::now;
use crate::event::{Event, Events, Happening, Interrupter, Next};
use crate::folder::Folder;
use crate::network_plan::name;
use crate::process::{Launch, NodeProcess, log_tail};
use crate::start::Files;
use crate::{
    Agreement, Condition, Deadline, DevnetError, DevnetOptions, NodeView, Prepared, Problem,
};
use lean_node::exit_code::PORT_TAKEN;
use lean_node::report::ReportLine;

/// The time limit for nodes to stop cleanly before they are killed.
const STOP_PATIENCE: Duration = Duration::from_secs(15);

/// The attempts to start a killed node again while its port is taken. Another program may use the
/// port for a moment as the source of a connection.
const PORT_RETRIES: u32 = 20;

/// Nodes running as separate processes. Dropping the devnet kills them all and keeps their
/// directory.
///
/// Events are processed only during a wait. Call [`next`](Self::next) or
/// [`wait_until`](Self::wait_until) repeatedly.
#[derive(Debug)]
pub struct Devnet {
    options: DevnetOptions,
    events: Events,
    nodes: Vec<NodeSlot>,
    agreement: Agreement,
    directory: Folder,
}

/// The result of waiting for an update.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Update {
    /// The node with this number listens.
    Ready(usize),
    /// The node with this number has sent a status; see [`Devnet::view`].
    Status(usize),
    /// The node with this number has ended unexpectedly, and the devnet goes on with the others.
    Ended(usize),
    /// An interrupt was requested.
    Interrupted,
    /// The deadline has passed.
    DeadlinePassed,
}

#[derive(Debug)]
struct NodeSlot {
    config: PathBuf,
    log: PathBuf,
    /// The number of processes started for this node so far.
    run: u64,
    process: Option<NodeProcess>,
    /// How often the node may still be started again because its port is taken.
    retries: u32,
    /// The start of the last process.
    launched: Option<Instant>,
    /// The address of the node's HTTP API, if it serves one.
    http: Option<SocketAddr>,
    view: NodeView,
}

impl Devnet {
    /// Generates keys, starts the nodes and waits until all of them listen.
    ///
    /// # Errors
    ///
    /// [`DevnetError`] when the options are invalid, or when a node does not start.
    pub fn start(options: DevnetOptions) -> Result<Self, DevnetError> {
        Prepared::new(options)?.start()
    }

    /// Starts a process for each configuration file.
    pub(super) fn launch_all(
        options: DevnetOptions,
        events: Events,
        files: Files,
    ) -> Result<Self, DevnetError> {
        let slot = |(node, config)| NodeSlot {
            config,
            log: files.directory.path().join(format!("{}.log", name(node))),
            run: 0,
            process: None,
            http: None,
            retries: 0,
            launched: None,
            view: NodeView {
                name: name(node),
                condition: Condition::Starting,
                started_in: None,
                status: None,
            },
        };
        let nodes: Vec<_> = files.configs.into_iter().enumerate().map(slot).collect();
        let agreement = Agreement::among(nodes.len());
        let mut devnet = Self { options, events, nodes, agreement, directory: files.directory };
        (0..devnet.nodes.len()).try_for_each(|node| devnet.launch(node))?;
        Ok(devnet)
    }

    /// Kills all processes and starts them again with other files. The old files are removed.
    pub(super) fn relaunch_all(&mut self, files: Files) -> Result<(), DevnetError> {
        (0..self.nodes.len()).try_for_each(|node| self.kill(node))?;
        mem::replace(&mut self.directory, files.directory).discard();
        for (slot, config) in self.nodes.iter_mut().zip(files.configs) {
            slot.config = config;
            slot.log = self.directory.path().join(format!("{}.log", slot.view.name));
        }
        (0..self.nodes.len()).try_for_each(|node| self.launch(node))
    }

    /// Returns the observed state of a node.
    ///
    /// # Panics
    ///
    /// When there is no node with this number.
    pub fn view(&self, node: usize) -> &NodeView {
        &self.nodes[node].view
    }

    /// Returns the addresses of the nodes' HTTP APIs, each with the node's name. A node without an
    /// API is left out.
    pub fn apis(&self) -> impl Iterator<Item = (&str, SocketAddr)> {
        self.nodes.iter().filter_map(|slot| Some((slot.view.name.as_str(), slot.http?)))
    }

    /// Returns the observed state of all nodes, in order.
    pub fn views(&self) -> impl Iterator<Item = &NodeView> {
        self.nodes.iter().map(|slot| &slot.view)
    }

    /// Returns the finalized blocks reported by the nodes.
    pub fn agreement(&self) -> &Agreement {
        &self.agreement
    }

    /// Returns the directory with the nodes' files and logs.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Returns a handle to interrupt waits for this devnet.
    pub fn interrupter(&self) -> Interrupter {
        self.events.interrupter()
    }

    /// Waits for the next update of any node.
    ///
    /// # Errors
    ///
    /// [`DevnetError`] when a node has died or printed an unreadable line, or when nodes have
    /// finalized different blocks. With [`DevnetOptions::keep_going`], only the death of the last
    /// node is an error.
    pub fn next(&mut self, deadline: Deadline) -> Result<Update, DevnetError> {
        loop {
            match self.events.next(deadline) {
                Next::Interrupted => return Ok(Update::Interrupted),
                Next::DeadlinePassed => return Ok(Update::DeadlinePassed),
                Next::Event(event) => {
                    if let Some(update) =
                        self.take_in(event).map_err(|problem| self.error(problem))?
                    {
                        return Ok(update);
                    }
                }
            }
        }
    }

    /// Waits until a condition on the nodes' reports is true. `what` describes its failure in the
    /// error message.
    ///
    /// # Errors
    ///
    /// [`DevnetError`] as for [`next`](Self::next), when the condition is still false after
    /// `patience`, or after an interrupt.
    pub fn wait_until(
        &mut self,
        what: &str,
        patience: Duration,
        mut holds: impl FnMut(&Self) -> bool,
    ) -> Result<(), DevnetError> {
        let deadline = Deadline::after(patience);
        while !holds(self) {
            match self.next(deadline)? {
                Update::Ready(_) | Update::Status(_) | Update::Ended(_) => {}
                Update::Interrupted => return Err(self.error(Problem::Interrupted)),
                Update::DeadlinePassed => return Err(self.too_late(what, patience)),
            }
        }
        Ok(())
    }

    /// Kills a node immediately with SIGKILL, like a power failure.
    ///
    /// # Errors
    ///
    /// [`DevnetError`] when the operating system fails to do so.
    ///
    /// # Panics
    ///
    /// When there is no node with this number.
    pub fn kill(&mut self, node: usize) -> Result<(), DevnetError> {
        let slot = &mut self.nodes[node];
        slot.view.condition = Condition::Killed;
        slot.view.status = None;
        self.agreement.forget(node);
        match slot.process.take().map(|mut process| process.kill()) {
            Some(Err(error)) => {
                let doing = format!("kill {}", self.nodes[node].view.name);
                Err(self.error(Problem::System { doing, error }))
            }
            Some(Ok(_)) | None => Ok(()),
        }
    }

    /// Starts a killed node again with the same files. Does not wait until it listens.
    ///
    /// # Errors
    ///
    /// [`DevnetError`] when the process cannot be started.
    ///
    /// # Panics
    ///
    /// When there is no node with this number.
    pub fn restart(&mut self, node: usize) -> Result<(), DevnetError> {
        self.kill(node)?;
        self.nodes[node].retries = PORT_RETRIES;
        self.launch(node)
    }

    /// Stops all nodes cleanly and removes their directory. The directory is kept if the options
    /// ask for it, after a failure, and if a node has ended unexpectedly.
    ///
    /// # Errors
    ///
    /// [`DevnetError`] when a node did not stop in time and was killed, or when it did not stop
    /// cleanly.
    pub fn stop(mut self) -> Result<(), DevnetError> {
        let running = |slot: &&mut NodeSlot| slot.process.is_some();
        self.nodes.iter_mut().filter(running).for_each(|slot| {
            slot.view.condition = Condition::Stopped;
            slot.process.iter_mut().for_each(NodeProcess::ask_to_stop);
        });
        let deadline = Deadline::after(STOP_PATIENCE);
        let mut flaws = Vec::new();
        while self.nodes.iter().any(|slot| slot.process.is_some()) {
            let Some(event) = self.events.next_event(deadline) else { break };
            self.take_in_while_stopping(event, &mut flaws);
        }
        for slot in &mut self.nodes {
            // Dropping the process kills it.
            if slot.process.take().is_some() {
                flaws.push(format!(
                    "{} did not stop within {} s and was killed",
                    slot.view.name,
                    STOP_PATIENCE.as_secs()
                ));
            }
        }
        if !flaws.is_empty() {
            return Err(self.error(Problem::Stop(flaws)));
        }
        Ok(())
    }

    /// Creates an error with the path of the logs, and keeps the logs.
    pub fn error(&mut self, problem: Problem) -> DevnetError {
        self.directory.keep();
        DevnetError {
            problem: Box::new(problem),
            directory: Some(self.directory.path().to_owned()),
        }
    }

    /// Creates the error for a passed deadline, with the progress of the nodes.
    pub fn too_late(&mut self, what: &str, patience: Duration) -> DevnetError {
        let state: Vec<_> = self.nodes.iter().map(|slot| slot.view.progress()).collect();
        self.error(Problem::TooLate {
            what: what.to_owned(),
            seconds: patience.as_secs(),
            state: state.join(", "),
        })
    }

    fn launch(&mut self, node: usize) -> Result<(), DevnetError> {
        let events = self.events.sender();
        let slot = &mut self.nodes[node];
        slot.run += 1;
        slot.view.condition = Condition::Starting;
        slot.view.started_in = None;
        slot.launched = Some(now());
        let launch = Launch {
            program: &self.options.program,
            arguments: &self.options.node_arguments,
            config: &slot.config,
            log: &slot.log,
            node,
            run: slot.run,
            events,
        };
        match NodeProcess::start(launch) {
            Ok(process) => {
                slot.process = Some(process);
                Ok(())
            }
            Err(error) => {
                let doing =
                    format!("start {} ({})", slot.view.name, self.options.program.display());
                Err(self.error(Problem::System { doing, error }))
            }
        }
    }

    /// Processes an event, and returns the update for the caller, if any. Events of killed
    /// processes are ignored.
    fn take_in(&mut self, event: Event) -> Result<Option<Update>, Problem> {
        let slot = &mut self.nodes[event.node];
        let Some(process) = slot.process.as_mut().filter(|process| process.run == event.run) else {
            return Ok(None);
        };
        match event.what {
            Happening::Line(ReportLine::Ready(ready)) => {
                slot.http = ready.http;
                slot.view.started_in =
                    slot.launched.map(|launched| now().saturating_duration_since(launched));
                slot.view.condition = Condition::Running;
                Ok(Some(Update::Ready(event.node)))
            }
            Happening::Line(ReportLine::Status(status)) => {
                self.agreement.observe(event.node, status.finalized_slot, status.finalized_root)?;
                slot.view.status = Some(*status);
                Ok(Some(Update::Status(event.node)))
            }
            // The end of the process follows, and is the event to report.
            Happening::Line(ReportLine::Failed(_) | ReportLine::Stopped(_)) | Happening::Nudge => {
                Ok(None)
            }
            Happening::Unreadable(line) => {
                Err(Problem::Unreadable { node: slot.view.name.clone(), line })
            }
            Happening::Ended => {
                let node = slot.view.name.clone();
                let status = process.wait().map_err(|error| Problem::System {
                    doing: format!("wait for the end of {node}"),
                    error,
                })?;
                slot.process = None;
                if status.code() == Some(i32::from(PORT_TAKEN)) && slot.retries > 0 {
                    slot.retries -= 1;
                    return self.launch(event.node).map(|()| None).map_err(|error| *error.problem);
                }
                slot.view.condition = Condition::Ended(status);
                slot.view.status = None;
                let log_tail = log_tail(&slot.log);
                if self.may_go_on_after(status) {
                    self.agreement.exclude(event.node);
                    self.directory.keep();
                    return Ok(Some(Update::Ended(event.node)));
                }
                Err(Problem::Died { node, status, log_tail })
            }
        }
    }

    /// Returns whether a node's end is no failure, because others are left. A node without its port
    /// is started again together with the others.
    fn may_go_on_after(&self, end: ExitStatus) -> bool {
        self.options.keep_going
            && end.code() != Some(i32::from(PORT_TAKEN))
            && self.nodes.iter().any(|slot| slot.process.is_some())
    }

    fn take_in_while_stopping(&mut self, event: Event, flaws: &mut Vec<String>) {
        let slot = &mut self.nodes[event.node];
        if slot.process.as_ref().is_none_or(|process| process.run != event.run) {
            return;
        }
        let node = &slot.view.name;
        match event.what {
            Happening::Line(ReportLine::Stopped(stopped)) => {
                flaws.extend(stopped.left.iter().map(|left| format!("{node} left behind: {left}")));
            }
            Happening::Line(ReportLine::Failed(failed)) => {
                flaws.push(format!("{node}: {} ended: {}", failed.part, failed.reason));
            }
            Happening::Line(ReportLine::Ready(_) | ReportLine::Status(_)) | Happening::Nudge => {}
            Happening::Unreadable(line) => {
                flaws.push(format!("{node} printed a line that is no report: {line}"))
            }
            Happening::Ended => {
                match mem::take(&mut slot.process).map(|mut process| process.wait()) {
                    Some(Ok(status)) if !status.success() => {
                        flaws.push(format!(
                            "{node} failed while stopping ({status}): {}",
                            log_tail(&slot.log)
                        ));
                    }
                    Some(Err(error)) => {
                        flaws.push(format!("cannot wait for the end of {node}: {error}"))
                    }
                    Some(Ok(_)) | None => {}
                }
            }
        }
    }
}

impl Drop for Devnet {
    fn drop(&mut self) {
        // After a clean stop there are no processes left. In all other cases, the logs are kept for
        // the caller.
        if self.nodes.iter().any(|slot| slot.process.is_some()) {
            self.directory.keep();
        }
    }
}
