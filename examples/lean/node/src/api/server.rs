//! The API's thread: its start, its connections and its end.
//!
//! The number of connections is limited, and so are the time and the size of a request's head. A
//! connection also has a limited lifetime. At its end, a current answer has some more time to
//! finish.

use std::convert::Infallible;
use std::io::{self, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::pin::pin;
use std::rc::Rc;
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

use futures::FutureExt as _;
use futures::channel::oneshot;
use futures::future::{Either, Shared, select};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio::task::{JoinSet, LocalSet};
use tokio::time::{sleep, timeout};

use crate::api::responder::Responder;
use crate::api::{ApiSources, Limits};
use network::ThreadEnd;

/// The pause after a failed accept. The usual reason for the failure is too many open files.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

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

/// Completes when the API must end.
type Stop = Shared<oneshot::Receiver<()>>;

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
        let listener = TcpListener::bind(address).map_err(cannot_listen)?;
        let address = listener.local_addr().map_err(cannot_listen)?;
        listener.set_nonblocking(true).map_err(cannot_listen)?;
        let reactor = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(ApiError::Thread)?;
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
    let responder = Rc::new(Responder::new(sources, limits));
    LocalSet::new().block_on(reactor, async {
        match tokio::net::TcpListener::from_std(listener) {
            Ok(listener) => accept(listener, &responder, limits, stop).await,
            Err(error) => tracing::error!(%error, "the HTTP API cannot use its listener"),
        }
    });
}

async fn accept(
    listener: tokio::net::TcpListener,
    responder: &Rc<Responder>,
    limits: Limits,
    stop: Stop,
) {
    let mut connections = JoinSet::new();
    loop {
        let accepted = match select(pin!(listener.accept()), stop.clone()).await {
            Either::Left((accepted, _)) => accepted,
            Either::Right(_) => break,
        };
        #[cfg(feature = "faults")]
        crate::faults::strike("api");
        while connections.try_join_next().is_some() {}
        match accepted {
            Ok((stream, _)) if connections.len() < limits.connections => {
                connections.spawn_local(serve(stream, Rc::clone(responder), limits, stop.clone()));
            }
            Ok((stream, _)) => refuse(stream),
            Err(error) => {
                tracing::debug!(%error, "the HTTP API accepted no connection");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    // An answer not read within this time is lost.
    let _ =
        timeout(limits.stop_patience, async { while connections.join_next().await.is_some() {} })
            .await;
}

/// Serves one connection until the client closes it, its lifetime ends, or the API ends.
async fn serve(stream: TcpStream, responder: Rc<Responder>, limits: Limits, stop: Stop) {
    let answer = service_fn(|request| {
        let responder = Rc::clone(&responder);
        async move { Ok::<_, Infallible>(responder.answer(request).await) }
    });
    let mut connection = pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(limits.head_patience)
            .max_buf_size(limits.head_bytes)
            .serve_connection(TokioIo::new(stream), answer)
    );
    let life = pin!(sleep(limits.life));
    let has_ended =
        matches!(select(connection.as_mut(), select(life, stop)).await, Either::Left(_));
    if !has_ended {
        connection.as_mut().graceful_shutdown();
        // Errors on a connection are visible to its client.
        let _ = timeout(limits.last_answer_patience, connection).await;
    }
}

/// Answers a connection over the limit if that is possible without blocking.
fn refuse(stream: TcpStream) {
    if let Ok(mut stream) = stream.into_std() {
        let _ = stream.write(TOO_MANY);
    }
}
