//! The output of a devnet: a view of its nodes in a terminal, otherwise a table or JSON, once per
//! slot.

use std::io::{self, Write as _};
use std::thread::{self, JoinHandle};

use actor_lanes::view::{Publisher, publisher};

use crate::command::color;
use crate::command::report_lines::in_json;
use crate::command::{CommandError, say};
use consensus::Slot;
use devnet::{Condition, Devnet, Interrupter, NodeView, table};
use lean_node::report::ReportLine;
use watch::{NetworkNode, Theme, WatchError};

/// The output of a devnet.
pub(super) enum Screen {
    /// One line per status.
    Json,
    /// A table per slot; and the newest slot written so far.
    Table(Option<Slot>),
    /// A view on a thread of its own, which ends with its publisher.
    View(Publisher<Vec<NetworkNode>>, JoinHandle<Result<(), WatchError>>),
}

impl Screen {
    /// Returns whether there is a view, and not lines for programs.
    pub(super) fn has_view(json: bool) -> bool {
        !json && watch::is_possible()
    }

    /// Begins the output. The end of a view interrupts the devnet.
    pub(super) fn start(json: bool, devnet: &Devnet) -> io::Result<Self> {
        if json {
            return Ok(Self::Json);
        }
        if !Self::has_view(json) {
            return Ok(Self::Table(None));
        }
        let (publisher, nodes) = publisher(nodes(devnet));
        let theme = Theme::new(color::on_stdout(), !Theme::is_utf8_terminal());
        let interrupt = InterruptAtEnd(devnet.interrupter());
        let run = move || {
            let _interrupt = interrupt;
            watch::watch_network(nodes, theme)
        };
        let thread = thread::Builder::new().name("watch".to_owned()).spawn(run)?;
        Ok(Self::View(publisher, thread))
    }

    /// Returns whether this is a view. Other output would damage it.
    pub(super) fn is_view(&self) -> bool {
        matches!(self, Self::View(..))
    }

    /// Shows a new status of a node.
    pub(super) fn status(&mut self, devnet: &Devnet, node: usize) -> io::Result<()> {
        match self {
            Self::Json => {
                let status = devnet.view(node).status.clone().unwrap_or_default();
                let line = in_json(&ReportLine::Status(Box::new(status)));
                writeln!(io::stdout().lock(), "{line}")
            }
            Self::Table(shown) => {
                let Some(slot) = common_slot(devnet.views())
                    .filter(|slot| shown.is_none_or(|shown| shown < *slot))
                else {
                    return Ok(());
                };
                *shown = Some(slot);
                let mut out = io::stdout().lock();
                writeln!(out, "{}", table::render(devnet.views()))?;
                out.flush()
            }
            Self::View(publisher, _) => {
                publisher.publish(nodes(devnet));
                Ok(())
            }
        }
    }

    /// Shows the unexpected end of a node.
    pub(super) fn ended(&mut self, devnet: &Devnet, node: usize) {
        match self {
            Self::Json | Self::Table(_) => say_ended(devnet.view(node)),
            Self::View(publisher, _) => publisher.publish(nodes(devnet)),
        }
    }

    /// Ends the output. A view leaves a line per node on the terminal.
    pub(super) fn end(self, devnet: &Devnet) -> Result<(), CommandError> {
        if let Self::View(publisher, thread) = self {
            drop(publisher);
            let shown = thread.join();
            devnet.views().for_each(|view| say(format_args!("{}", view.progress())));
            // A panic has been reported by its thread, and has interrupted the devnet.
            shown.unwrap_or(Ok(()))?;
        }
        Ok(())
    }
}

/// Interrupts a devnet when it is dropped, also by a panic.
struct InterruptAtEnd(Interrupter);

impl Drop for InterruptAtEnd {
    fn drop(&mut self) {
        self.0.interrupt();
    }
}

/// Reports a node's end.
pub(super) fn say_ended(view: &NodeView) {
    if let Condition::Ended(status) = view.condition {
        say(format_args!("{} ended unexpectedly ({status}); the others go on", view.name));
    }
}

/// Returns the nodes for a view: each with the slot of its finalized block.
fn nodes(devnet: &Devnet) -> Vec<NetworkNode> {
    let addresses: Vec<_> = devnet.apis().collect();
    let node = |view: &NodeView| {
        let address = addresses.iter().find(|(name, _)| *name == view.name);
        let state = match view.condition {
            Condition::Starting => "starting".to_owned(),
            Condition::Running => {
                view.status.as_ref().map_or("-".to_owned(), |it| it.finalized_slot.to_string())
            }
            Condition::Killed => "killed".to_owned(),
            Condition::Stopped => "stopped".to_owned(),
            Condition::Ended(_) => "ended".to_owned(),
        };
        NetworkNode {
            name: view.name.clone(),
            address: address.and_then(|(_, address)| address.to_string().parse().ok()),
            state,
            is_well: matches!(view.condition, Condition::Starting | Condition::Running),
        }
    };
    devnet.views().map(node).collect()
}

/// Returns the newest slot reached by all nodes with a status.
fn common_slot<'a>(views: impl Iterator<Item = &'a NodeView>) -> Option<Slot> {
    views.filter_map(|view| view.status.as_ref()).map(|status| status.slot).min()
}
