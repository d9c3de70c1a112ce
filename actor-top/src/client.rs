//! The viewer's side of the socket.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use crate::frame::Frame;
use crate::timed::Timed;

/// The most bytes of a frame. A system with ten thousand actors of three lanes needs a
/// quarter of this.
const MOST: u64 = 1 << 26;

/// The time for one frame.
const PATIENCE: Duration = Duration::from_secs(10);

/// A connection to a serving process.
///
/// # Examples
///
/// See the [crate](crate).
#[derive(Debug)]
pub struct Client {
    stream: BufReader<Timed>,
}

impl Client {
    /// Connects to the socket at this path.
    ///
    /// # Errors
    ///
    /// Returns the error of the connection:
    /// [`ConnectionRefused`](io::ErrorKind::ConnectionRefused) if the process has ended.
    ///
    /// # Examples
    ///
    /// ```
    /// assert!(actor_top::Client::connect("/nowhere").is_err());
    /// ```
    pub fn connect(path: impl AsRef<Path>) -> io::Result<Self> {
        let stream = Timed::new(UnixStream::connect(path)?);
        Ok(Self { stream: BufReader::new(stream) })
    }

    /// Asks for one frame, and waits for it, for at most 10 s.
    ///
    /// # Errors
    ///
    /// Returns [`UnexpectedEof`](io::ErrorKind::UnexpectedEof) if the process has closed the
    /// connection, because it ends or has too many viewers, and
    /// [`InvalidData`](io::ErrorKind::InvalidData) for a line that is no frame.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_system::System;
    ///
    /// let system = System::new("node", actor_thread::ThreadRuntime::new())?;
    /// let serving = actor_top::serve([&system])?;
    /// let mut client = actor_top::Client::connect(serving.path())?;
    /// assert_eq!(client.look()?.process, std::process::id());
    /// drop(serving);
    /// assert!(client.look().is_err());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn look(&mut self) -> io::Result<Frame> {
        self.stream.get_mut().begin(PATIENCE);
        self.stream.get_mut().write_all(b"\n")?;
        let mut line = Vec::new();
        self.stream.by_ref().take(MOST).read_until(b'\n', &mut line)?;
        if line.last() != Some(&b'\n') {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        serde_json::from_slice(&line).map_err(Into::into)
    }
}
