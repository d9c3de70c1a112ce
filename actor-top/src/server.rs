//! The server: one thread that accepts, and one for each viewer, within limits.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::Shutdown;
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use actor_system::System;
use actor_system::inspect::Inspector;

use crate::frame::Frame;
use crate::place::Place;
use crate::timed::Timed;

/// The most bytes of a request.
const REQUEST: u64 = 64;

/// The limits of a server.
///
/// # Examples
///
/// ```
/// let limits = actor_top::Limits::default();
/// assert_eq!((limits.viewers, limits.patience.as_secs(), limits.idle.as_secs()), (8, 1, 60));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Viewers at the same time. The default is 8.
    pub viewers: usize,
    /// The time for a viewer to take a whole frame. The default is 1 s.
    pub patience: Duration,
    /// The time from one frame to the end of the next request. The default is 60 s.
    pub idle: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { viewers: 8, patience: Duration::from_secs(1), idle: Duration::from_secs(60) }
    }
}

/// A server with options, not yet started.
///
/// # Examples
///
/// ```
/// use actor_system::System;
/// use actor_top::Server;
///
/// let system = System::new("node", actor_thread::ThreadRuntime::new())?;
/// let directory = tempfile::tempdir()?;
/// let serving = Server::new([&system]).at(directory.path().join("node.sock")).start()?;
/// assert!(serving.path().ends_with("node.sock"));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
#[must_use = "a server is not started until `start`"]
pub struct Server {
    systems: Vec<Inspector>,
    path: Option<PathBuf>,
    limits: Limits,
}

/// A running server. The drop ends it, closes its connections, and removes its socket.
///
/// # Examples
///
/// ```
/// use actor_system::System;
///
/// let system = System::new("node", actor_thread::ThreadRuntime::new())?;
/// let serving = actor_top::serve([&system])?;
/// let path = serving.path().to_owned();
/// drop(serving);
/// assert!(!path.exists());
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
#[must_use = "its drop ends the server"]
pub struct Serving {
    place: Place,
    shared: Arc<Shared>,
    /// The listening socket: its end ends the thread that accepts.
    listening: UnixStream,
    acceptor: Option<thread::JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    systems: Vec<Inspector>,
    limits: Limits,
    is_over: AtomicBool,
}

/// Serves these systems at the default path: `actor-top-PROCESS-NUMBER.sock` in `$XDG_RUNTIME_DIR`,
/// or in the directory of temporary files. Does not keep the systems running.
///
/// # Errors
///
/// See [`Server::start`].
///
/// # Examples
///
/// ```
/// use actor_system::System;
///
/// let system = System::new("node", actor_thread::ThreadRuntime::new())?;
/// let serving = actor_top::serve([&system])?;
/// assert!(serving.path().exists());
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn serve<'a>(systems: impl IntoIterator<Item = &'a System>) -> io::Result<Serving> {
    Server::new(systems).start()
}

impl Server {
    /// Creates a server of these systems. It does not keep them running.
    ///
    /// # Examples
    ///
    /// See [`Server`].
    pub fn new<'a>(systems: impl IntoIterator<Item = &'a System>) -> Self {
        let systems = systems.into_iter().map(System::inspector).collect();
        Self { systems, path: None, limits: Limits::default() }
    }

    /// Sets the path of the socket, in a directory that is there.
    ///
    /// # Examples
    ///
    /// See [`Server`].
    pub fn at(mut self, path: impl Into<PathBuf>) -> Self {
        self.path = Some(path.into());
        self
    }

    /// Sets the limits.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_system::System;
    /// use actor_top::{Client, Limits, Server};
    ///
    /// let system = System::new("node", actor_thread::ThreadRuntime::new())?;
    /// let limits = Limits { viewers: 0, ..Limits::default() };
    /// let serving = Server::new([&system]).limits(limits).start()?;
    /// assert!(Client::connect(serving.path()).and_then(|mut client| client.look()).is_err());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Starts the server on a thread of its own. Only the user of this process can connect.
    ///
    /// # Errors
    ///
    /// Returns [`AddrInUse`](io::ErrorKind::AddrInUse) if a living process serves at this path,
    /// [`AlreadyExists`](io::ErrorKind::AlreadyExists) if another kind of file is there, and
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) for a path too long for a socket: it has at
    /// most about 100 bytes, and its directory about 90. The socket of a dead process is replaced.
    /// Other errors are those of the directory and of the thread.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::io::ErrorKind;
    ///
    /// use actor_system::System;
    /// use actor_top::Server;
    ///
    /// let system = System::new("node", actor_thread::ThreadRuntime::new())?;
    /// let directory = tempfile::tempdir()?;
    /// let path = directory.path().join("node.sock");
    /// let _serving = Server::new([&system]).at(&path).start()?;
    /// let second = Server::new([&system]).at(&path).start();
    /// assert_eq!(second.map_err(|error| error.kind()).err(), Some(ErrorKind::AddrInUse));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn start(self) -> io::Result<Serving> {
        let Self { systems, path, limits } = self;
        let (place, listener) = match path {
            Some(path) => Place::take(&path),
            None => Place::take_default(),
        }?;
        let listening = UnixStream::from(OwnedFd::from(listener.try_clone()?));
        let is_over = AtomicBool::new(false);
        let shared = Arc::new(Shared { systems, limits, is_over });
        let accepting = Arc::clone(&shared);
        let thread = thread::Builder::new().name("actor-top".to_owned());
        let acceptor = Some(thread.spawn(move || accept(&listener, &accepting))?);
        Ok(Serving { place, shared, listening, acceptor })
    }
}

impl Serving {
    /// Returns the path of the socket.
    ///
    /// # Examples
    ///
    /// See [`Serving`].
    #[must_use]
    pub fn path(&self) -> &Path {
        self.place.path()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.shared.is_over.store(true, Ordering::SeqCst);
        // On Linux, this ends the wait of the thread that accepts. Elsewhere a connection does, if
        // the socket is still at its path. Without either, that thread cannot be reached.
        let is_woken = self.listening.shutdown(Shutdown::Both).is_ok()
            || (self.place.is_there() && UnixStream::connect(self.place.path()).is_ok());
        if let Some(acceptor) = self.acceptor.take().filter(|_| is_woken) {
            _ = acceptor.join();
        }
    }
}

/// Accepts until the end. Each viewer has a thread, and the end closes their connections.
fn accept(listener: &UnixListener, shared: &Arc<Shared>) {
    let mut viewers: Vec<(UnixStream, thread::JoinHandle<()>)> = Vec::new();
    for stream in listener.incoming() {
        if shared.is_over.load(Ordering::SeqCst) {
            break;
        }
        viewers.retain(|(_, thread)| !thread.is_finished());
        let Ok(stream) = stream else {
            // Without a descriptor for it, the next call fails as well, until one is free.
            thread::park_timeout(Duration::from_millis(50));
            continue;
        };
        if viewers.len() < shared.limits.viewers {
            viewers.extend(start_viewer(stream, shared));
        }
    }
    for (stream, thread) in viewers {
        _ = stream.shutdown(Shutdown::Both);
        _ = thread.join();
    }
}

fn start_viewer(
    stream: UnixStream,
    shared: &Arc<Shared>,
) -> Option<(UnixStream, thread::JoinHandle<()>)> {
    let own = stream.try_clone().ok()?;
    let shared = Arc::clone(shared);
    let thread = thread::Builder::new().name("actor-top-view".to_owned());
    let serve = move || {
        let mut stream = Timed::new(stream);
        // An error ends the connection, and so does the end of the viewer. Shut down, because the
        // thread that accepts holds the same connection.
        drop(answer(&mut stream, &shared));
        stream.shut_down();
    };
    let thread = thread.spawn(serve).ok()?;
    Some((own, thread))
}

/// Answers each line with a frame, until the viewer goes, is late, or sends a line too long.
fn answer(stream: &mut Timed, shared: &Shared) -> io::Result<()> {
    let mut reader = BufReader::new(stream);
    let mut request = Vec::new();
    loop {
        request.clear();
        reader.get_mut().begin(shared.limits.idle);
        reader.by_ref().take(REQUEST).read_until(b'\n', &mut request)?;
        if request.last() != Some(&b'\n') || shared.is_over.load(Ordering::SeqCst) {
            return Ok(());
        }
        let mut frame = serde_json::to_vec(&Frame::of(&shared.systems))?;
        frame.push(b'\n');
        reader.get_mut().begin(shared.limits.patience);
        reader.get_mut().write_all(&frame)?;
    }
}
