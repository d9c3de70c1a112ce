//! Reads server-sent events, as far as a node sends them: a name and one line of data.

use std::io::{self, BufRead, Read as _};

use lean_node::events::Event;

/// The most bytes of a line. The largest event of a node has some tens of kilobytes.
const MOST: u64 = 1 << 22;

/// Events from the lines of a stream.
pub(crate) struct Reader<R> {
    lines: R,
    name: String,
}

impl<R: BufRead> Reader<R> {
    pub(crate) fn new(lines: R) -> Self {
        Self { lines, name: String::new() }
    }

    /// Waits for the next event. Returns `None` at the end of the stream. Unknown events, comments
    /// and other fields are ignored.
    pub(crate) fn next(&mut self) -> io::Result<Option<Event>> {
        let mut line = Vec::new();
        loop {
            line.clear();
            self.lines.by_ref().take(MOST).read_until(b'\n', &mut line)?;
            let Some(text) = line.strip_suffix(b"\n") else {
                return if line.len() as u64 == MOST { Err(too_long()) } else { Ok(None) };
            };
            let text = std::str::from_utf8(text).map_err(invalid)?;
            let text = text.strip_suffix('\r').unwrap_or(text);
            if text.is_empty() {
                self.name.clear();
            } else if let Some(name) = field(text, "event") {
                name.clone_into(&mut self.name);
            } else if let Some(data) = field(text, "data")
                && let Some(event) = Event::read(&self.name, data).map_err(invalid)?
            {
                return Ok(Some(event));
            }
        }
    }
}

fn field<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    let value = line.strip_prefix(name)?.strip_prefix(':')?;
    Some(value.strip_prefix(' ').unwrap_or(value))
}

fn invalid(error: impl std::error::Error + Send + Sync + 'static) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}

fn too_long() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "an event is too long")
}

#[cfg(test)]
mod tests {
    use super::*;
    use lean_node::events::Votes;

    fn all(text: &[u8]) -> io::Result<Vec<Event>> {
        let mut reader = Reader::new(text);
        std::iter::from_fn(|| reader.next().transpose()).collect()
    }

    #[test]
    fn events_are_read_and_other_lines_are_ignored() {
        let text = b"retry: 1000\n\n: hello\nid: 7\nevent: later\ndata: {\"x\": 1}\n\n\
            event: votes\r\ndata: {\"received\": 5}\r\n\r\ndata: {}\n\nevent: votes\ndata: {\"rec";
        let votes = Votes { received: 5, ..Votes::default() };
        assert_eq!(all(text).expect("it can be read"), [Event::Votes(votes)]);
    }

    #[test]
    fn data_that_is_no_event_and_a_line_without_end_are_errors() {
        for text in [&b"event: votes\ndata: 7\n"[..], b"event: votes\ndata: \xff\n"] {
            let error = all(text).expect_err("it is no event");
            assert_eq!(error.kind(), io::ErrorKind::InvalidData);
        }
        let endless = io::BufReader::new(io::repeat(b'x'));
        let error = Reader::new(endless).next().expect_err("it has no end");
        assert_eq!(error.to_string(), "an event is too long");
    }
}
