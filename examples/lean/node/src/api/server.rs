//! The API's thread: its start, its connections and its end.
//!
//! The number of connections is limited, and so are the time and the size of a request's head. A
//! connection also has a limited lifetime. At its end, a current answer has some more time to
//! finish. [`Limits`] has all bounds, and `places` the rules of admission.

use std::io::{self, Read as _, Write as _};
use std::net::SocketAddr;
use std::pin::pin;
use std::rc::Rc;
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

use futures::FutureExt as _;
use futures::channel::oneshot;
use futures::future::{Either, select};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::runtime::Runtime;
use tokio::task::{JoinSet, LocalSet, yield_now};
use tokio::time::{sleep, timeout};

use crate::api::connection::{Connections, Stop};
use crate::api::events::{Board, Viewers};
use crate::api::meters::Meters;
use crate::api::places::Client;
use crate::api::responder::Responder;
use crate::api::{ApiSources, Limits};
use network::ThreadEnd;

/// The pause after a failed accept. The usual reason for the failure is too many open files.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// The most connections that wait to be accepted.
const MOST_QUEUED: u32 = 1024;

/// The answer to a connection over the limit.
const TOO_MANY: &[u8] =
    b"HTTP/1.1 503 Too Many Connections\r\nconnection: close\r\nretry-after: 10\r\ncontent-length: 0\r\n\r\n";

/// The reason why the API did not start.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// The address cannot be listened on, most often because its port is taken.
    #[error("cannot serve the HTTP API on {address}: {error}")]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// The operating system's error.
        error: io::Error,
    },
    /// The thread or its reactor could not be created.
    #[error("cannot start the API's thread: {0}")]
    Thread(#[source] io::Error),
}

/// A running API. Dropping it asks its thread to end; [`stop`](Self::stop) also waits for the end.
#[derive(Debug)]
pub struct Api {
    address: SocketAddr,
    /// Never used for sending: the thread ends when this sender is dropped.
    running: oneshot::Sender<()>,
    /// Disconnected when the thread has finished its work; no value is ever sent.
    ended: mpsc::Receiver<()>,
    thread: JoinHandle<()>,
    end: ThreadEnd,
}

impl Api {
    /// Listens on the address and starts the API's thread.
    ///
    /// # Errors
    ///
    /// Returns [`ApiError`]. No thread remains after an error.
    pub fn start(
        address: SocketAddr,
        sources: ApiSources,
        limits: Limits,
    ) -> Result<Self, ApiError> {
        let cannot_listen = |error| ApiError::Listen { address, error };
        let reactor = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(ApiError::Thread)?;
        let listener = listen(&reactor, address).map_err(cannot_listen)?;
        let address = listener.local_addr().map_err(cannot_listen)?;
        let (running, stop) = oneshot::channel();
        let (ending, ended) = mpsc::sync_channel(0);
        let (thread, end) = ThreadEnd::start("api", move || {
            let _ending: mpsc::SyncSender<()> = ending;
            run(&reactor, listener, sources, limits, stop.shared());
        })
        .map_err(ApiError::Thread)?;
        Ok(Self { address, running, ended, thread, end })
    }

    /// Returns the end of the thread, to wait for it.
    pub fn end(&self) -> ThreadEnd {
        self.end.clone()
    }

    /// Returns the address listened on. The actual port replaces port 0.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops accepting connections, allows half a second for reading answers, and ends the thread.
    /// Returns a description of the failure if there was one.
    pub fn stop(self, patience: Duration) -> Option<&'static str> {
        drop(self.running);
        if self.ended.recv_timeout(patience) == Err(mpsc::RecvTimeoutError::Timeout) {
            return Some("the API's thread did not end in time");
        }
        self.thread.join().is_err().then_some("the API's thread panicked")
    }
}

/// Runs the thread from start to end.
fn run(reactor: &Runtime, listener: TcpListener, sources: ApiSources, limits: Limits, stop: Stop) {
    let meters = Rc::new(Meters::default());
    let sources = Rc::new(sources);
    let board = Rc::new(Board::new(Rc::clone(&sources), limits.event_period));
    let viewers = Rc::new(Viewers::new(limits, Rc::clone(&meters)));
    let responder = Responder::new(sources, limits, Rc::clone(&meters), Rc::clone(&board), viewers);
    let connections = Rc::new(Connections::new(responder, limits, meters));
    let tasks = LocalSet::new();
    // It ends with the set.
    drop(tasks.spawn_local(board.keep_history()));
    tasks.block_on(reactor, accept(listener, &connections, limits, stop));
}

/// Listens with a longer queue than the standard library's of 128 connections. A client whose
/// connection does not fit waits for a second before its next attempt.
fn listen(reactor: &Runtime, address: SocketAddr) -> io::Result<TcpListener> {
    let _entered = reactor.enter();
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // A restarted node listens again at once, as with the standard library.
    socket.set_reuseaddr(cfg!(unix))?;
    socket.bind(address)?;
    socket.listen(MOST_QUEUED)
}

async fn accept(listener: TcpListener, connections: &Rc<Connections>, limits: Limits, stop: Stop) {
    let mut tasks = JoinSet::new();
    loop {
        let accepted = match select(pin!(listener.accept()), stop.clone()).await {
            Either::Left((accepted, _)) => accepted,
            Either::Right(_) => break,
        };
        #[cfg(feature = "faults")]
        crate::faults::strike("api");
        while tasks.try_join_next().is_some() {}
        match accepted {
            Ok((stream, address)) => match connections.admit(Client::of(address.ip())) {
                Ok(connection) => {
                    let connections = Rc::clone(connections);
                    tasks.spawn_local(connections.serve(stream, connection, stop.clone()));
                }
                Err(_) => refuse(stream),
            },
            Err(error) => {
                tracing::debug!(%error, "the HTTP API accepted no connection");
                sleep(ACCEPT_PAUSE).await;
            }
        }
        // A request usually arrives with its connection. It is read before the next connection can
        // replace this one.
        yield_now().await;
    }
    drop(listener);
    // An answer not read within this time is lost.
    let _ =
        timeout(limits.stop_patience, async { while tasks.join_next().await.is_some() {} }).await;
}

/// Answers a connection over the limit if that is possible without blocking. Reads what has
/// arrived, because closing a socket with unread bytes discards the answer.
fn refuse(stream: TcpStream) {
    if let Ok(mut stream) = stream.into_std() {
        let _ = stream.read(&mut [0; 4096]);
        let _ = stream.write(TOO_MANY);
    }
}
