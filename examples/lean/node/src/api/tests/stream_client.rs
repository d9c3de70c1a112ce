//! A client for streams of events.

use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use crate::api::Limits;
use crate::api::tests::client::connect;
use crate::events::Event;

pub(super) const REQUEST: &str = "GET /events HTTP/1.1\r\nhost: node\r\n\r\n";

/// Limits with quick events.
pub(super) fn quick() -> Limits {
    Limits { event_period: Duration::from_millis(1), ..Limits::default() }
}

/// An open stream of events.
pub(super) struct Events {
    lines: BufReader<Chunks>,
}

impl Events {
    pub(super) fn open(address: SocketAddr) -> Self {
        Self::try_open(address).expect("there is a place")
    }

    /// Returns `None` if the answer is no stream.
    pub(super) fn try_open(address: SocketAddr) -> Option<Self> {
        let mut stream = connect(address);
        stream.write_all(REQUEST.as_bytes()).expect("the server reads");
        let mut reader = BufReader::new(stream);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert!(reader.read_line(&mut head).expect("an answer comes in time") > 0, "{head}");
        }
        if !head.starts_with("HTTP/1.1 200 ") {
            return None;
        }
        assert!(head.contains("content-type: text/event-stream\r\n"), "{head}");
        assert!(head.contains("cache-control: no-store\r\n"), "{head}");
        Some(Self { lines: BufReader::new(Chunks { stream: reader, left: 0, has_ended: false }) })
    }

    /// Returns the next event, or `None` after an orderly end.
    pub(super) fn next(&mut self) -> Option<Event> {
        let mut name = String::new();
        loop {
            let mut line = String::new();
            if self.lines.read_line(&mut line).expect("events come in time") == 0 {
                return None;
            }
            if let Some(text) = line.strip_prefix("event: ") {
                name = text.trim_end().to_owned();
            } else if let Some(data) = line.strip_prefix("data: ") {
                return Some(Event::read(&name, data).expect("it is JSON").expect("it is known"));
            }
        }
    }

    /// Reads events until one is the wanted one.
    pub(super) fn until<T>(&mut self, mut wanted: impl FnMut(&Event) -> Option<T>) -> T {
        loop {
            let event = self.next().expect("the stream goes on");
            if let Some(found) = wanted(&event) {
                return found;
            }
        }
    }

    pub(super) fn read_to_end(&mut self) {
        while self.next().is_some() {}
        assert!(self.lines.get_ref().has_ended, "the last chunk has come");
    }

    /// Reads until the connection has gone, in the middle of an event.
    pub(super) fn read_to_reset(mut self) {
        let mut rest = Vec::new();
        let end = self.lines.read_to_end(&mut rest);
        assert!(end.is_err() && !self.lines.get_ref().has_ended, "{} bytes", rest.len());
    }
}

/// The body of an answer in chunks.
struct Chunks {
    stream: BufReader<TcpStream>,
    left: usize,
    has_ended: bool,
}

impl Read for Chunks {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.has_ended {
            return Ok(0);
        }
        if self.left == 0 {
            let mut size = String::new();
            self.stream.read_line(&mut size)?;
            let size = usize::from_str_radix(size.trim_end(), 16);
            self.left = size.map_err(|_| std::io::ErrorKind::UnexpectedEof)?;
            self.has_ended = self.left == 0;
            if self.has_ended {
                return Ok(0);
            }
        }
        let most = buffer.len().min(self.left);
        let count = self.stream.read(&mut buffer[..most])?;
        if count == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        self.left -= count;
        if self.left == 0 {
            self.stream.read_exact(&mut [0; 2])?;
        }
        Ok(count)
    }
}
