//! A terminal view of a running node: `node watch`.
//!
//! The node serves its state as events (`GET /events`, [`lean_node::events`]), and this crate shows
//! the newest event of each kind. In reading order: `feed` is the connection, `sse` the lines of a
//! stream, `model` the events and the choices of the user, `tree` the columns of fork choice,
//! `view` the drawing, `terminal` the loop around them, `once` a single frame, and `text` names
//! without control characters.

mod address;
mod feed;
mod model;
mod once;
mod sse;
mod terminal;
mod text;
mod tree;
mod view;

use std::io::{self, IsTerminal as _};

pub use address::{Address, AddressError};
pub use once::frame;
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
    /// The output is no terminal.
    #[error("the output is no terminal: --once prints one frame")]
    NoTerminal,
    /// The terminal or a thread failed.
    #[error("the terminal view failed: {0}")]
    Terminal(#[from] io::Error),
}

/// Shows the node until the user quits.
///
/// # Errors
///
/// Returns [`WatchError`] without a terminal, and if the terminal fails. A node without an answer
/// is tried again.
pub fn watch(address: &Address, theme: Theme) -> Result<(), WatchError> {
    if !io::stdout().is_terminal() {
        return Err(WatchError::NoTerminal);
    }
    let feed = feed::Feed::start(address.clone())?;
    terminal::show(model::Model::new(address.to_string()), theme, &feed)?;
    Ok(())
}
