//! A connection with a limit for each whole request and answer.
//!
//! The timeout of a socket is that of one read or write. A peer that sends or takes one byte at a
//! time would never meet it. So each call gets the time that is left.

use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

#[derive(Debug)]
pub(crate) struct Timed {
    stream: UnixStream,
    /// `None` is no limit.
    until: Option<Instant>,
}

impl Timed {
    /// Takes a connection, without a limit at first.
    pub(crate) fn new(stream: UnixStream) -> Self {
        Self { stream, until: None }
    }

    /// Begins a time. All reads and writes until the next call end within it.
    pub(crate) fn begin(&mut self, time: Duration) {
        self.until = now().checked_add(time);
    }

    /// Ends the connection, also for other values of the same one.
    pub(crate) fn shut_down(&self) {
        _ = self.stream.shutdown(Shutdown::Both);
    }

    /// Returns the time left for the next call. An error if there is none.
    fn left(&self) -> io::Result<Option<Duration>> {
        let left = self.until.map(|until| until.saturating_duration_since(now()));
        match left {
            Some(Duration::ZERO) => Err(io::ErrorKind::TimedOut.into()),
            left => Ok(left),
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "a limit in real time, for another process")]
fn now() -> Instant {
    Instant::now()
}

impl Read for Timed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stream.set_read_timeout(self.left()?)?;
        self.stream.read(buffer)
    }
}

impl Write for Timed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stream.set_write_timeout(self.left()?)?;
        self.stream.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}
