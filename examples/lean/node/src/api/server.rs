//! The API's thread: its beginning, its connections and its end.
//!
//! Connections are counted; a request's head has a time and a size; and a connection has a life, after which it may
//! finish the answer that it is at, for a while.

use std::convert::Infallible;
use std::io::{self, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::pin::pin;
use std::rc::Rc;
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
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

/// How long to leave the listener alone after it failed to accept, mostly because there are too many open files.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// What a connection too many is told.
const TOO_MANY: &[u8] =
    b"HTTP/1.1 503 Too Many Connections\r\nconnection: close\r\nretry-after: 10\r\ncontent-length: 0\r\n\r\n";

/// Says why the API did not start.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// The address cannot be listened on, mostly because its port is taken.
    #[error("cannot serve the HTTP API on {address}: {error}")]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// What the operating system said.
        error: io::Error,
    },
    /// The thread or its reactor could not be made.
    #[error("cannot start the API's thread: {0}")]
    Thread(#[source] io::Error),
}

/// A running API. Dropping it tells its thread to end; [`stop`](Self::stop) also waits until it has.
#[derive(Debug)]
pub struct Api {
    address: SocketAddr,
    /// Nothing is ever sent: the thread ends when this is dropped.
    running: oneshot::Sender<()>,
    /// Disconnected when the thread has nothing left to do; nothing is ever sent.
    ended: mpsc::Receiver<()>,
    thread: JoinHandle<()>,
}

/// Is ready when the API is to end.
type Stop = Shared<oneshot::Receiver<()>>;

impl Api {
    /// Listens on the address, and starts the thread that answers.
    ///
    /// # Errors
    ///
    /// [`ApiError`]; no thread is left behind.
    pub fn start(address: SocketAddr, sources: ApiSources, limits: Limits) -> Result<Self, ApiError> {
        let cannot_listen = |error| ApiError::Listen { address, error };
        let listener = TcpListener::bind(address).map_err(cannot_listen)?;
        let address = listener.local_addr().map_err(cannot_listen)?;
        listener.set_nonblocking(true).map_err(cannot_listen)?;
        let reactor = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(ApiError::Thread)?;
        let (running, stop) = oneshot::channel();
        let (ending, ended) = mpsc::sync_channel(0);
        let thread = thread::Builder::new()
            .name("api".to_owned())
            .spawn(move || {
                let _ending: mpsc::SyncSender<()> = ending;
                run(&reactor, listener, sources, limits, stop.shared());
            })
            .map_err(ApiError::Thread)?;
        Ok(Self { address, running, ended, thread })
    }

    /// Returns the address listened on, with the port that was taken for port 0.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Takes no more connections, lets answers be read for half a second, and ends the thread. Says what went wrong.
    pub fn stop(self, patience: Duration) -> Option<&'static str> {
        drop(self.running);
        if self.ended.recv_timeout(patience) == Err(mpsc::RecvTimeoutError::Timeout) {
            return Some("the API's thread did not end in time");
        }
        self.thread.join().is_err().then_some("the API's thread panicked")
    }
}

/// The whole life of the thread.
fn run(reactor: &Runtime, listener: TcpListener, sources: ApiSources, limits: Limits, stop: Stop) {
    let responder = Rc::new(Responder::new(sources, limits));
    LocalSet::new().block_on(reactor, async {
        match tokio::net::TcpListener::from_std(listener) {
            Ok(listener) => accept(listener, &responder, limits, stop).await,
            Err(error) => tracing::error!(%error, "the HTTP API cannot use its listener"),
        }
    });
}

async fn accept(listener: tokio::net::TcpListener, responder: &Rc<Responder>, limits: Limits, stop: Stop) {
    let mut connections = JoinSet::new();
    loop {
        let accepted = match select(pin!(listener.accept()), stop.clone()).await {
            Either::Left((accepted, _)) => accepted,
            Either::Right(_) => break,
        };
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
    // Whoever has not read its answer by then does not get it.
    let _ = timeout(limits.stop_patience, async { while connections.join_next().await.is_some() {} }).await;
}

/// Serves one connection until its client leaves, its life ends, or the API does.
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
    let has_ended = matches!(select(connection.as_mut(), select(life, stop)).await, Either::Left(_));
    if !has_ended {
        connection.as_mut().graceful_shutdown();
        // What goes wrong on a connection is its client's to notice.
        let _ = timeout(limits.last_answer_patience, connection).await;
    }
}

/// Tells a connection too many so, if that can be said at once.
fn refuse(stream: TcpStream) {
    if let Ok(mut stream) = stream.into_std() {
        let _ = stream.write(TOO_MANY);
    }
}
