//! One connection to a victim, under an identity of its own. Streams have no protocol until the
//! caller writes one.

use std::future::poll_fn;
use std::io;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use futures::io::{AsyncReadExt, AsyncWriteExt};
use libp2p::core::muxing::{StreamMuxerBox, StreamMuxerExt, SubstreamBox};
use libp2p::core::transport::{DialOpts, PortUse};
use libp2p::core::{Endpoint, Transport};
use libp2p::identity::Keypair;
use libp2p::quic;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, sleep, timeout};

use crate::gossip_pipe::MESHSUB;
use crate::negotiation;
use crate::tally::Tally;
use crate::target::Target;

/// A stream of a connection.
pub type Stream = SubstreamBox;

/// The time limit of a handshake.
const HANDSHAKE: Duration = Duration::from_secs(3);

/// The time limit for a stream. The victim permits a limited number of open streams.
const OPENING: Duration = Duration::from_secs(2);

/// The time for which a stream of the victim is held open at most.
const HOLDING: Duration = Duration::from_secs(60);

/// The interval between two parts of an answer without an end.
const DRIP: Duration = Duration::from_millis(100);

/// Streams requested and not opened yet.
const ROOM: usize = 16;

/// The answers to a victim's own requests.
#[derive(Clone, Debug, Default)]
pub enum Manner {
    /// The peer speaks gossip only.
    #[default]
    GossipOnly,
    /// Each request is answered with these bytes.
    Answers(Arc<[u8]>),
    /// Each answer repeats these bytes slowly and without an end.
    Drips(Arc<[u8]>),
    /// Requests are read and never answered.
    Silent,
    /// The peer accepts no stream at all, and reads nothing.
    Deaf,
}

/// A connection. Dropping it closes it.
#[derive(Debug)]
pub struct Link {
    wanted: mpsc::Sender<oneshot::Sender<Stream>>,
    closed: watch::Receiver<bool>,
}

impl Link {
    /// Dials a victim under a new throw-away identity.
    ///
    /// # Errors
    ///
    /// Returns an error if the handshake fails, is refused, or takes more than three seconds.
    pub async fn dial(target: &Target, manner: Manner, tally: &Arc<Tally>) -> io::Result<Self> {
        let dialled = Self::handshake(target, manner, tally).await;
        match &dialled {
            Ok(_) => tally.connections.add(1),
            Err(_) => tally.refused.add(1),
        }
        dialled
    }

    async fn handshake(target: &Target, manner: Manner, tally: &Arc<Tally>) -> io::Result<Self> {
        let key = Keypair::generate_secp256k1();
        let mut config = quic::Config::new(&key);
        config.handshake_timeout = HANDSHAKE;
        let mut transport = quic::tokio::Transport::new(config);
        let options = DialOpts { role: Endpoint::Dialer, port_use: PortUse::New };
        let dial = transport.dial(target.address().clone(), options).map_err(io::Error::other)?;
        let (_, connection) =
            timeout(HANDSHAKE, dial).await?.map_err(|error| io::Error::other(error.to_string()))?;
        let (wanted, requests) = mpsc::channel(ROOM);
        let (closing, closed) = watch::channel(false);
        let tally = Arc::clone(tally);
        tokio::spawn(async move {
            drive(StreamMuxerBox::new(connection), requests, manner, &tally).await;
            closing.send_replace(true);
        });
        Ok(Self { wanted, closed })
    }

    /// Opens a stream without any protocol.
    ///
    /// # Errors
    ///
    /// Returns an error if the connection is closed, or if the victim permits no further stream for
    /// two seconds.
    pub async fn open(&self) -> io::Result<Stream> {
        let (sender, receiver) = oneshot::channel();
        self.wanted.send(sender).await.map_err(|_| gone())?;
        timeout(OPENING, receiver).await?.map_err(|_| gone())
    }

    /// Opens a stream and proposes a protocol, without waiting for the answer.
    ///
    /// # Errors
    ///
    /// Returns an error as [`open`](Self::open) does, or if the stream fails.
    pub async fn open_with(&self, protocol: &str) -> io::Result<Stream> {
        let mut stream = self.open().await?;
        stream.write_all(&negotiation::proposal(protocol)).await?;
        Ok(stream)
    }

    /// Returns whether the connection is closed.
    pub fn is_closed(&self) -> bool {
        *self.closed.borrow()
    }

    /// Waits until the connection is closed.
    pub async fn closed(&mut self) {
        // A dropped sender means the same as its last value.
        let _ = self.closed.wait_for(|closed| *closed).await;
    }
}

fn gone() -> io::Error {
    io::ErrorKind::ConnectionAborted.into()
}

/// Drives a connection until its handle is dropped or the victim closes it.
async fn drive(
    mut muxer: StreamMuxerBox,
    mut requests: mpsc::Receiver<oneshot::Sender<Stream>>,
    manner: Manner,
    tally: &Tally,
) {
    let mut waiting = None;
    let was_lost = poll_fn(|cx| {
        loop {
            match muxer.poll_unpin(cx) {
                Poll::Ready(Ok(_)) => continue,
                Poll::Ready(Err(_)) => return Poll::Ready(true),
                Poll::Pending => {}
            }
            match muxer.poll_inbound_unpin(cx) {
                Poll::Ready(Ok(stream)) => {
                    tokio::spawn(serve(stream, manner.clone()));
                    continue;
                }
                Poll::Ready(Err(_)) => return Poll::Ready(true),
                Poll::Pending => {}
            }
            if waiting.is_none() {
                match requests.poll_recv(cx) {
                    Poll::Ready(Some(sender)) => waiting = Some(sender),
                    Poll::Ready(None) => return Poll::Ready(false),
                    Poll::Pending => return Poll::Pending,
                }
            }
            match muxer.poll_outbound_unpin(cx) {
                Poll::Ready(Ok(stream)) => {
                    // The requester may have given up.
                    let _ = waiting.take().map(|sender| sender.send(stream));
                }
                Poll::Ready(Err(_)) => return Poll::Ready(true),
                Poll::Pending => return Poll::Pending,
            }
        }
    })
    .await;
    if was_lost {
        tally.lost.add(1);
    }
    // The victim's side of a lost connection needs no closing frame.
    let _ = timeout(HANDSHAKE, muxer.close()).await;
}

/// Serves a stream opened by the victim.
async fn serve(mut stream: Stream, manner: Manner) {
    let answers = !matches!(manner, Manner::GossipOnly);
    if matches!(manner, Manner::Deaf) {
        return sleep(HOLDING).await;
    }
    let is_wanted = |name: &str| name == MESHSUB || (answers && name.contains("/req/"));
    let Ok(protocol) = negotiation::accept(&mut stream, is_wanted).await else { return };
    if protocol.starts_with("/meshsub/") {
        return drain(&mut stream).await;
    }
    // A failing stream ends the answer; nothing else depends on it.
    let _ = match manner {
        Manner::Answers(bytes) => answer(&mut stream, &bytes).await,
        Manner::Drips(bytes) => drip(&mut stream, &bytes).await,
        Manner::GossipOnly | Manner::Silent | Manner::Deaf => {
            sleep(HOLDING).await;
            Ok(())
        }
    };
}

/// Reads and discards everything, so that the victim's queue for this peer stays empty.
async fn drain(stream: &mut Stream) {
    let mut bytes = vec![0; 64 * 1024];
    while stream.read(&mut bytes).await.is_ok_and(|read| read > 0) {}
}

async fn answer(stream: &mut Stream, bytes: &[u8]) -> io::Result<()> {
    stream.write_all(bytes).await?;
    stream.close().await
}

async fn drip(stream: &mut Stream, bytes: &[u8]) -> io::Result<()> {
    let end = Instant::now() + HOLDING;
    while Instant::now() < end {
        stream.write_all(bytes).await?;
        stream.flush().await?;
        sleep(DRIP).await;
    }
    Ok(())
}
