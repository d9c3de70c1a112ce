//! The processes of this machine with a socket.

use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};

use actor_top::{Client, Frame};

use crate::feed::words;
use crate::text::{clean, many, span};

/// Returns a line for each process found.
pub(crate) fn list() -> String {
    let sockets = actor_top::sockets();
    let mut text = String::new();
    for path in &sockets {
        let shown = clean(&path.to_string_lossy());
        let line = match Client::connect(path).and_then(|mut client| client.look()) {
            Ok(frame) => format!("{}  {shown}", line(&frame)),
            Err(error) => format!("{:>7}  {}  {shown}", "-", words(&error)),
        };
        _ = writeln!(text, "{line}");
    }
    if sockets.is_empty() {
        text.push_str("no process serves a socket; a program does with `actor_top::serve`\n");
    }
    text
}

fn line(frame: &Frame) -> String {
    let program = frame.program.rsplit('/').next().unwrap_or_default();
    let systems: Vec<_> = frame.inspections.iter().map(|seen| clean(&seen.system)).collect();
    let actors: usize = frame.inspections.iter().map(|seen| seen.actors.len()).sum();
    let up = frame.inspections.iter().map(|seen| seen.uptime).max().unwrap_or_default();
    format!(
        "{:>7}  {}  {}  up {}  {}",
        frame.process,
        clean(program),
        systems.join(", "),
        span(up),
        many(actors, "actor")
    )
}

/// Returns the socket of a process, named by its path or by the number of the process.
pub(crate) fn path_of(process: &str) -> io::Result<PathBuf> {
    if process.parse::<u32>().is_err() {
        return Ok(Path::new(process).to_owned());
    }
    let is_its = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.split(['-', '.']).any(|part| part == process)
    };
    actor_top::sockets().into_iter().find(is_its).ok_or_else(|| {
        io::Error::new(io::ErrorKind::NotFound, format!("process {process} serves no socket"))
    })
}
