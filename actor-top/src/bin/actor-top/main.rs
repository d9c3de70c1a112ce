//! `actor-top`: a terminal view of a running process with actors.
//!
//! The process serves a local socket, and this program asks it for looks
//! ([`actor_system::inspect`]). In reading order: `feed` is the connection, `model` the looks and
//! the choices of the user, `update` the effect of each event, `rates` the differences of two
//! looks, `rows` the order of the rows, `view` the drawing, `terminal` the loop around them, `once`
//! a single frame, `sockets` the processes found, and `text` names without control characters.

mod feed;
mod model;
mod once;
mod rates;
mod rows;
mod sockets;
mod terminal;
mod text;
mod update;
mod view;

use std::error::Error;
use std::io::{IsTerminal, Write, stdout};
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;

use crate::feed::Feed;
use crate::model::Model;
use crate::view::theme::Theme;

/// Shows a running process with actors: the work of each actor, its lanes, rates, losses and
/// restarts.
///
/// Without a process, it lists all processes with a socket.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// The process: its number, or the path of its socket.
    process: Option<String>,
    /// The time between two looks, in milliseconds.
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u64).range(50..=60_000))]
    interval: u64,
    /// Print one frame as plain text and end.
    #[arg(long)]
    once: bool,
    /// The width of that frame, in columns.
    #[arg(long, default_value_t = 120, value_parser = clap::value_parser!(u16).range(20..=1000))]
    width: u16,
    /// Draw with ASCII characters only.
    #[arg(long)]
    ascii: bool,
    /// Panic after the first look: for the test of the restored terminal.
    #[arg(long, hide = true)]
    panic: bool,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("actor-top: {}", text::clean(&error.to_string()));
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let Some(process) = &arguments.process else {
        stdout().write_all(sockets::list().as_bytes())?;
        return Ok(());
    };
    let path = sockets::path_of(process)?;
    let model = Model::new(process.clone());
    let interval = Duration::from_millis(arguments.interval);
    if arguments.once {
        let frame = once::frame(&path, model, interval, arguments.width)?;
        stdout().write_all(frame.as_bytes())?;
        return Ok(());
    }
    if !stdout().is_terminal() {
        return Err("the output is no terminal: --once prints one frame".into());
    }
    let feed = Feed::start(path, interval)?;
    let theme = Theme::new(has_colours(), arguments.ascii || !speaks_utf8());
    terminal::show(model, theme, &feed, arguments.panic)?;
    Ok(())
}

/// Returns whether nobody asks for no colours. See <https://no-color.org>.
fn has_colours() -> bool {
    std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// Returns whether the locale names UTF-8. The first variable with a value decides.
fn speaks_utf8() -> bool {
    let variables = ["LC_ALL", "LC_CTYPE", "LANG"];
    let locale =
        variables.iter().find_map(|name| std::env::var(name).ok().filter(|it| !it.is_empty()));
    let locale = locale.unwrap_or_default().to_lowercase();
    locale.contains("utf-8") || locale.contains("utf8")
}
