//! `node watch`: a running node in this terminal.

use clap::{Args, value_parser};

use crate::command::{CommandError, color, print};
use watch::{Address, Theme};

/// Show a running node in this terminal: its chain, its peers, its actors, losses and attacks
///
/// The node must serve its HTTP API. The same data is on the page at that address.
#[derive(Debug, Args)]
pub(super) struct WatchArguments {
    /// The address of the node's HTTP API, as HOST:PORT or http://HOST:PORT
    #[arg(value_name = "ADDRESS", default_value = "127.0.0.1:5052")]
    address: String,
    /// Print one frame as plain text and end
    #[arg(long)]
    once: bool,
    /// The width of that frame, in columns
    #[arg(long, value_name = "N", default_value_t = 80, value_parser = value_parser!(u16).range(40..=1000))]
    width: u16,
    /// Draw with ASCII characters only
    #[arg(long)]
    ascii: bool,
}

pub(super) fn watch(arguments: &WatchArguments) -> Result<(), CommandError> {
    let address: Address = arguments.address.parse().map_err(watch::WatchError::from)?;
    let theme = Theme::new(color::on_stdout(), arguments.ascii || !Theme::is_utf8_terminal());
    if arguments.once {
        let frame = watch::frame(&address, theme, arguments.width)?;
        return print(frame.as_bytes());
    }
    Ok(watch::watch(&address, theme)?)
}
