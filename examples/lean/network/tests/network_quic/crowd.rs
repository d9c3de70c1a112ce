//! Many strangers: identities of plain libp2p that connect to one node, and unfinished handshakes.

use std::{
    collections::HashSet,
    future::poll_fn,
    net::UdpSocket,
    pin::Pin,
    task::Poll,
    thread::{self, JoinHandle},
    time::Duration,
};

use futures::{FutureExt, Stream};
use libp2p::{
    Multiaddr, Swarm, Transport,
    core::muxing::StreamMuxerBox,
    identity::Keypair,
    quic,
    swarm::{Config, SwarmEvent, dial_opts::DialOpts, dummy},
};
use tokio::time::sleep;

use crate::peer::DEADLINE;

/// The pause of a stranger between two attempts.
const PAUSE: Duration = Duration::from_millis(100);

/// Strangers that dial a node again and again, and stay connected as long as they may.
pub(crate) struct Crowd {
    running: Option<async_channel::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Crowd {
    /// Starts `size` strangers.
    pub(crate) fn start(size: usize, node: &Multiaddr) -> Self {
        let (running, stop) = async_channel::bounded::<()>(1);
        let node = node.clone();
        let thread = thread::spawn(move || {
            block_on(async {
                let strangers = (0..size).map(|_| stranger(&node));
                let mut strangers = Box::pin(futures::future::join_all(strangers));
                let mut stop = Box::pin(stop.recv());
                poll_fn(|cx| {
                    let _ = strangers.poll_unpin(cx);
                    stop.poll_unpin(cx).map(|_| ())
                })
                .await;
            });
        });
        Self { running: Some(running), thread: Some(thread) }
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        self.running = None;
        if let Some(Err(_)) = self.thread.take().map(JoinHandle::join) {
            assert!(thread::panicking(), "a stranger panicked");
        }
    }
}

async fn stranger(node: &Multiaddr) {
    let mut swarm = swarm();
    loop {
        swarm.dial(node.clone()).expect("the address can be dialled");
        loop {
            match poll_fn(|cx| Pin::new(&mut swarm).poll_next(cx)).await {
                Some(
                    SwarmEvent::ConnectionClosed { .. }
                    | SwarmEvent::OutgoingConnectionError { .. },
                ) => break,
                Some(_) => {}
                None => return,
            }
        }
        sleep(PAUSE).await;
    }
}

/// Begins `count` handshakes with a node from one socket, and ends none. The node keeps them until
/// its time limit for handshakes. Returns after the node's socket has them all.
pub(crate) fn begin_handshakes(count: usize, node: &Multiaddr) {
    let sink = UdpSocket::bind("127.0.0.1:0").expect("a port is free");
    sink.set_read_timeout(Some(DEADLINE)).expect("a socket has a timeout");
    let port = sink.local_addr().expect("it is bound").port();
    let address: Multiaddr =
        format!("/ip4/127.0.0.1/udp/{port}/quic-v1").parse().expect("it is an address");
    let (running, stop) = async_channel::bounded::<()>(1);
    let dialler = thread::spawn(move || {
        block_on(async {
            let mut swarm = swarm();
            for _ in 0..count {
                let dial = DialOpts::unknown_peer_id().address(address.clone()).build();
                swarm.dial(dial).expect("the address can be dialled");
            }
            let mut stop = Box::pin(stop.recv());
            poll_fn(|cx| {
                while let Poll::Ready(Some(_)) = Pin::new(&mut swarm).poll_next(cx) {}
                stop.poll_unpin(cx).map(|_| ())
            })
            .await;
        });
    });
    // The first packet of a connection names it: one byte of length, then the name.
    let name = |packet: &[u8]| packet[6..6 + usize::from(packet[5])].to_vec();
    let (mut seen, mut packet) = (HashSet::new(), [0; 2048]);
    let forwarder = UdpSocket::bind("127.0.0.1:0").expect("a port is free");
    let node = socket_address(node);
    while seen.len() < count {
        let size = sink.recv(&mut packet).expect("the dials send packets");
        if seen.insert(name(&packet[..size])) {
            forwarder.send_to(&packet[..size], &node).expect("the loopback interface works");
        }
    }
    drop(running);
    dialler.join().expect("the dialler did not panic");
}

fn socket_address(address: &Multiaddr) -> String {
    let text = address.to_string();
    let parts: Vec<_> = text.split('/').collect();
    format!("{}:{}", parts[2], parts[4])
}

fn block_on(future: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a reactor starts")
        .block_on(future);
}

fn swarm() -> Swarm<dummy::Behaviour> {
    let key = Keypair::generate_ed25519();
    let transport = quic::tokio::Transport::new(quic::Config::new(&key))
        .map(|(peer, connection), _| (peer, StreamMuxerBox::new(connection)))
        .boxed();
    let config = Config::with_tokio_executor().with_idle_connection_timeout(DEADLINE);
    Swarm::new(transport, dummy::Behaviour, key.public().to_peer_id(), config)
}
