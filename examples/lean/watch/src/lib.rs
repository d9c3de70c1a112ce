//! A terminal view of a running node, `node watch`, and of the nodes of a network, `node devnet`.
//!
//! The node serves its state as events (`GET /events`, [`lean_node::events`]), and this crate shows
//! the newest event of each kind. In reading order: `feed` is the connection, `sse` the lines of a
//! stream, `model` the events and the choices of the user, `tree` the columns of fork choice,
//! `source` the node or the nodes, `view` the drawing, `terminal` the loop around them, `once` a
//! single frame, and `text` names without control characters.

mod address;
mod feed;
mod model;
mod once;
mod source;
mod sse;
mod terminal;
mod text;
mod tree;
mod view;

use std::io::{self, IsTerminal as _};
use std::sync::atomic::AtomicBool;

use actor_lanes::view::View;

pub use address::{Address, AddressError};
pub use once::frame;
pub use source::NetworkNode;
pub use view::Theme;

/// The reason why a node could not be watched.
#[derive(Debug, thiserror::Error)]
pub enum WatchError {
    /// The address is unusable.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// The node did not send its events.
    #[error("cannot read the events of {address}: {reason}")]
    Events {
        /// The address.
        address: String,
        /// The reason, in one line.
        reason: String,
    },
    /// Input or output is no terminal.
    #[error("input and output must be a terminal: --once prints one frame without one")]
    NoTerminal,
    /// The terminal or a thread failed.
    #[error("the terminal view failed: {0}")]
    Terminal(#[from] io::Error),
}

/// Returns whether input and output are a terminal that can move its cursor, as a view needs.
#[must_use]
pub fn is_possible() -> bool {
    let is_dumb = std::env::var_os("TERM").is_some_and(|name| name == "dumb");
    io::stdin().is_terminal() && io::stdout().is_terminal() && !is_dumb
}

/// Shows the node until the user quits.
///
/// # Errors
///
/// Returns [`WatchError`] without a terminal, and if the terminal fails. A node without an answer
/// is tried again.
pub fn watch(address: &Address, theme: Theme) -> Result<(), WatchError> {
    if !is_possible() {
        return Err(WatchError::NoTerminal);
    }
    let is_ended = terminal::ended_by_signal()?;
    let source = source::Source::node(address.clone())?;
    let model = model::Model::new(address.to_string());
    Ok(terminal::show(model, theme, source, &is_ended)?)
}

/// Shows the nodes of a network, one at a time, until the user quits or the publisher has ended.
/// Signals are the caller's.
///
/// # Errors
///
/// Returns [`WatchError`] without a terminal, and if the terminal fails.
pub fn watch_network(nodes: View<Vec<NetworkNode>>, theme: Theme) -> Result<(), WatchError> {
    if !is_possible() {
        return Err(WatchError::NoTerminal);
    }
    let source = source::Source::network(nodes);
    Ok(terminal::show(model::Model::new(String::new()), theme, source, &AtomicBool::new(false))?)
}
