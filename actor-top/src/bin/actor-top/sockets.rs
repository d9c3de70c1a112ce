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
    actor_top::sockets().into_iter().find(|path| is_of(process, path)).ok_or_else(|| {
        io::Error::new(io::ErrorKind::NotFound, format!("process {process} serves no socket"))
    })
}

/// Returns whether a socket is that of a process. Its name has the number of the process, and then
/// the number of the socket in it.
fn is_of(process: &str, path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let numbers = name.strip_suffix(".sock").and_then(|name| name.rsplit_once('-'));
    numbers.and_then(|(name, _number)| name.rsplit_once('-')).is_some_and(|(_, of)| of == process)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_is_found_by_the_number_of_its_process_and_not_by_its_own() {
        let path = Path::new("/run/user/0/actor-top-4242-1.sock");
        assert_eq!(
            ["4242", "1", "424", "0", "top"].map(|it| is_of(it, path)),
            [true, false, false, false, false]
        );
        assert!(!is_of("4242", Path::new("/run/4242.sock")));
    }
}
