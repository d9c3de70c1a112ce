//! A peer without manners: stock libp2p with nothing of ours, so that it can send what our own code never would.

use std::{
    future::poll_fn,
    io,
    pin::Pin,
    sync::mpsc,
    task::Poll,
    thread::{self, JoinHandle},
    time::Duration,
};

use futures::{
    Stream,
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
};
use libp2p::{
    Multiaddr, PeerId, StreamProtocol, Swarm, Transport,
    core::muxing::StreamMuxerBox,
    gossipsub::{self, IdentTopic, MessageAuthenticity, ValidationMode},
    identity::Keypair,
    quic,
    request_response::{self, Event, Message, ProtocolSupport},
    swarm::{Config, NetworkBehaviour, SwarmEvent},
};

use crate::peer::DEADLINE;

pub(crate) const BLOCK_TOPIC: &str = "/leanconsensus/12345678/block/ssz_snappy";
const BLOCKS_BY_ROOT: &str = "/leanconsensus/req/blocks_by_root/1/ssz_snappy";

/// How much a peer may be told, or hear, before somebody listens.
const ROOM: usize = 256;

/// How long the peer waits for an answer.
const PATIENCE: Duration = Duration::from_secs(2);

pub(crate) enum Tell {
    Gossip(Vec<u8>),
    Request(PeerId, Vec<u8>),
}

#[derive(Debug)]
pub(crate) enum RawHeard {
    Connected,
    Subscribed,
    Answer(Vec<u8>),
    Failure(String),
}

pub(crate) struct RawPeer {
    pub(crate) address: Multiaddr,
    tell: async_channel::Sender<Tell>,
    heard: mpsc::Receiver<RawHeard>,
    thread: JoinHandle<()>,
}

impl RawPeer {
    /// Starts a peer that dials `dial`, follows the topic of blocks, and answers every request for blocks with `answer`.
    pub(crate) fn start(key: Keypair, listen: &str, dial: Option<Multiaddr>, answer: Vec<u8>) -> Self {
        let (tell, told) = async_channel::bounded(ROOM);
        let (hearing, heard) = mpsc::sync_channel(ROOM);
        let (listening, address) = mpsc::sync_channel(ROOM);
        let listen = listen.parse().expect("it is an address");
        let thread = thread::spawn(move || {
            let reactor = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a reactor starts");
            let swarm = reactor.block_on(run(key, listen, dial, answer, told, hearing, listening));
            // Without a reactor the connections cannot say goodbye when they are dropped.
            drop(reactor);
            drop(swarm);
        });
        let address = address.recv_timeout(DEADLINE).expect("the raw peer listens");
        Self { address, tell, heard, thread }
    }

    pub(crate) fn tell(&self, tell: Tell) {
        self.tell.try_send(tell).expect("the raw peer runs");
    }

    pub(crate) fn wait_for<T>(&self, pick: impl Fn(RawHeard) -> Option<T>) -> T {
        loop {
            if let Some(found) = pick(self.heard.recv_timeout(DEADLINE).expect("the raw peer hears something")) {
                return found;
            }
        }
    }

    pub(crate) fn wait_connected(&self) {
        self.wait_for(|heard| matches!(heard, RawHeard::Connected).then_some(()));
    }

    pub(crate) fn wait_subscribed(&self) {
        self.wait_for(|heard| matches!(heard, RawHeard::Subscribed).then_some(()));
    }

    /// Ends as a killed process does: its socket is gone, and nobody is told.
    pub(crate) fn die(self) {
        self.tell.close();
        self.thread.join().expect("the raw peer did not panic");
    }
}

#[derive(NetworkBehaviour)]
struct Raw {
    gossip: gossipsub::Behaviour,
    requests: request_response::Behaviour<Bytes>,
}

async fn run(
    key: Keypair,
    listen: Multiaddr,
    dial: Option<Multiaddr>,
    answer: Vec<u8>,
    told: async_channel::Receiver<Tell>,
    hearing: mpsc::SyncSender<RawHeard>,
    listening: mpsc::SyncSender<Multiaddr>,
) -> Swarm<Raw> {
    let mut swarm = swarm(&key);
    swarm.listen_on(listen).expect("the port is free");
    if let Some(address) = dial {
        swarm.dial(address).expect("the address can be dialled");
    }
    let mut told = Box::pin(told);
    poll_fn(|cx| {
        while let Poll::Ready(Some(event)) = Pin::new(&mut swarm).poll_next(cx) {
            let heard = match event {
                SwarmEvent::NewListenAddr { address, .. } => {
                    listening.send(address).expect("the starter waits");
                    continue;
                }
                SwarmEvent::ConnectionEstablished { .. } => RawHeard::Connected,
                SwarmEvent::Behaviour(RawEvent::Gossip(gossipsub::Event::Subscribed { topic, .. })) => {
                    if topic.as_str() != BLOCK_TOPIC {
                        continue;
                    }
                    RawHeard::Subscribed
                }
                SwarmEvent::Behaviour(RawEvent::Requests(event)) => match event {
                    Event::Message { message: Message::Request { channel, .. }, .. } => {
                        swarm.behaviour_mut().requests.send_response(channel, answer.clone()).expect("the asker waits");
                        continue;
                    }
                    Event::Message { message: Message::Response { response, .. }, .. } => RawHeard::Answer(response),
                    Event::OutboundFailure { error, .. } => RawHeard::Failure(error.to_string()),
                    Event::InboundFailure { .. } | Event::ResponseSent { .. } => continue,
                },
                _ => continue,
            };
            // The test may have heard all it wanted.
            let _ = hearing.try_send(heard);
        }
        match told.as_mut().poll_next(cx) {
            Poll::Ready(None) => return Poll::Ready(()),
            Poll::Ready(Some(Tell::Gossip(data))) => {
                swarm.behaviour_mut().gossip.publish(IdentTopic::new(BLOCK_TOPIC), data).expect("a peer follows");
            }
            Poll::Ready(Some(Tell::Request(peer, bytes))) => {
                swarm.behaviour_mut().requests.send_request(&peer, bytes);
            }
            Poll::Pending => return Poll::Pending,
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
    swarm
}

fn swarm(key: &Keypair) -> Swarm<Raw> {
    let parameters = gossipsub::ConfigBuilder::default()
        .validation_mode(ValidationMode::Anonymous)
        .max_transmit_size(20 * 1024 * 1024)
        .message_id_fn(|message| gossipsub::MessageId::new(&message.data))
        .build()
        .expect("the parameters agree");
    let mut gossip = gossipsub::Behaviour::new(MessageAuthenticity::Anonymous, parameters).expect("they agree");
    gossip.subscribe(&IdentTopic::new(BLOCK_TOPIC)).expect("any topic may be followed");
    let protocol = (StreamProtocol::new(BLOCKS_BY_ROOT), ProtocolSupport::Full);
    let requests = request_response::Behaviour::new(
        [protocol],
        request_response::Config::default().with_request_timeout(PATIENCE),
    );
    let transport = quic::tokio::Transport::new(quic::Config::new(key))
        .map(|(peer, connection), _| (peer, StreamMuxerBox::new(connection)))
        .boxed();
    let config = Config::with_tokio_executor().with_idle_connection_timeout(DEADLINE);
    Swarm::new(transport, Raw { gossip, requests }, key.public().to_peer_id(), config)
}

/// Bytes as they are, to the end of the stream.
#[derive(Clone, Copy, Debug, Default)]
struct Bytes;

impl request_response::Codec for Bytes {
    type Protocol = StreamProtocol;
    type Request = Vec<u8>;
    type Response = Vec<u8>;

    async fn read_request<T>(&mut self, _: &StreamProtocol, stream: &mut T) -> io::Result<Vec<u8>>
    where
        T: AsyncRead + Unpin + Send,
    {
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).await?;
        Ok(bytes)
    }

    async fn read_response<T>(&mut self, protocol: &StreamProtocol, stream: &mut T) -> io::Result<Vec<u8>>
    where
        T: AsyncRead + Unpin + Send,
    {
        self.read_request(protocol, stream).await
    }

    async fn write_request<T>(&mut self, _: &StreamProtocol, stream: &mut T, bytes: Vec<u8>) -> io::Result<()>
    where
        T: AsyncWrite + Unpin + Send,
    {
        stream.write_all(&bytes).await
    }

    async fn write_response<T>(&mut self, protocol: &StreamProtocol, stream: &mut T, bytes: Vec<u8>) -> io::Result<()>
    where
        T: AsyncWrite + Unpin + Send,
    {
        self.write_request(protocol, stream, bytes).await
    }
}
