//! A misbehaving peer: plain libp2p without this node's code, for sending messages the node's own
//! code never sends.

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
const BLOCKS_BY_RANGE: &str = "/leanconsensus/req/blocks_by_range/1/ssz_snappy";
const MESHSUB: &str = "/meshsub/1.1.0";

/// Protocols without support in the specification's Python node.
const UNWELCOME: [&str; 2] = ["/ipfs/id/1.0.0", "/ipfs/ping/1.0.0"];

/// The most queued commands to a peer, and the most queued events from it.
const ROOM: usize = 256;

/// The peer's time limit for an answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// The interval between two parts of a dripping answer.
const DRIP: Duration = Duration::from_millis(20);

/// A peer's behaviour on request streams.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Manner {
    #[default]
    Plain,
    /// The peer repeats its answer slowly and without end.
    Drips,
    /// The peer sends requests and never reads the answers.
    NeverReads,
}

pub(crate) enum Tell {
    Gossip(Vec<u8>),
    /// A request for blocks by root.
    Request(PeerId, Vec<u8>),
    /// A request for blocks by range.
    RangeRequest(PeerId, Vec<u8>),
    /// Bytes on a stream of the gossipsub protocol.
    Rpc(PeerId, Vec<u8>),
}

#[derive(Debug)]
pub(crate) enum RawHeard {
    Connected,
    Subscribed,
    Answer(Vec<u8>),
    Failure(String),
    /// The node opened a stream of an unwelcome protocol.
    Unwelcome(String),
}

pub(crate) struct RawPeer {
    pub(crate) address: Multiaddr,
    tell: async_channel::Sender<Tell>,
    heard: mpsc::Receiver<RawHeard>,
    thread: JoinHandle<()>,
}

impl RawPeer {
    /// Starts a peer: it dials `dial`, follows the block topic, and answers every request for
    /// blocks with `answer`.
    pub(crate) fn start(
        key: Keypair,
        listen: &str,
        dial: Option<Multiaddr>,
        answer: Vec<u8>,
    ) -> Self {
        Self::start_with(key, listen, dial, answer, Manner::Plain)
    }

    /// Starts a peer with the given behaviour on request streams.
    pub(crate) fn start_with(
        key: Keypair,
        listen: &str,
        dial: Option<Multiaddr>,
        answer: Vec<u8>,
        manner: Manner,
    ) -> Self {
        let (tell, told) = async_channel::bounded(ROOM);
        let (hearing, heard) = mpsc::sync_channel(ROOM);
        let (listening, address) = mpsc::sync_channel(ROOM);
        let listen = listen.parse().expect("it is an address");
        let thread = thread::spawn(move || {
            let reactor = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a reactor starts");
            let swarm = reactor.block_on(run(
                key,
                listen,
                dial,
                (answer, manner),
                told,
                hearing,
                listening,
            ));
            // Without a reactor, dropping the connections cannot send closing packets.
            drop(reactor);
            drop(swarm);
        });
        let address = address.recv_timeout(DEADLINE).expect("the raw peer listens");
        Self { address, tell, heard, thread }
    }

    pub(crate) fn tell(&self, tell: Tell) {
        self.tell.try_send(tell).expect("the raw peer runs");
    }

    pub(crate) fn wait_for<T>(&self, mut pick: impl FnMut(RawHeard) -> Option<T>) -> T {
        loop {
            if let Some(found) =
                pick(self.heard.recv_timeout(DEADLINE).expect("the raw peer hears something"))
            {
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

    /// Ends like a killed process: the socket is closed, and no closing packets are sent.
    pub(crate) fn die(self) {
        self.tell.close();
        self.thread.join().expect("the raw peer did not panic");
    }
}

#[derive(NetworkBehaviour)]
struct Raw {
    gossip: gossipsub::Behaviour,
    requests: request_response::Behaviour<Bytes>,
    ranges: request_response::Behaviour<Bytes>,
    meshsub: request_response::Behaviour<Bytes>,
    unwelcome: request_response::Behaviour<Bytes>,
}

async fn run(
    key: Keypair,
    listen: Multiaddr,
    dial: Option<Multiaddr>,
    (answer, manner): (Vec<u8>, Manner),
    told: async_channel::Receiver<Tell>,
    hearing: mpsc::SyncSender<RawHeard>,
    listening: mpsc::SyncSender<Multiaddr>,
) -> Swarm<Raw> {
    let mut swarm = swarm(&key, manner);
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
                SwarmEvent::Behaviour(RawEvent::Gossip(gossipsub::Event::Subscribed {
                    topic,
                    ..
                })) => {
                    if topic.as_str() != BLOCK_TOPIC {
                        continue;
                    }
                    RawHeard::Subscribed
                }
                SwarmEvent::Behaviour(RawEvent::Unwelcome(Event::Message {
                    message: Message::Request { request, .. },
                    ..
                })) => RawHeard::Unwelcome(String::from_utf8(request).expect("a protocol's name")),
                SwarmEvent::Behaviour(RawEvent::Requests(event) | RawEvent::Ranges(event)) => {
                    match event {
                        Event::Message { message: Message::Request { channel, .. }, .. } => {
                            swarm
                                .behaviour_mut()
                                .requests
                                .send_response(channel, answer.clone())
                                .expect("the asker waits");
                            continue;
                        }
                        Event::Message { message: Message::Response { response, .. }, .. } => {
                            RawHeard::Answer(response)
                        }
                        Event::OutboundFailure { error, .. } => {
                            RawHeard::Failure(error.to_string())
                        }
                        Event::InboundFailure { .. } | Event::ResponseSent { .. } => continue,
                    }
                }
                _ => continue,
            };
            // The test may have stopped receiving.
            let _ = hearing.try_send(heard);
        }
        match told.as_mut().poll_next(cx) {
            Poll::Ready(None) => return Poll::Ready(()),
            Poll::Ready(Some(Tell::Gossip(data))) => {
                swarm
                    .behaviour_mut()
                    .gossip
                    .publish(IdentTopic::new(BLOCK_TOPIC), data)
                    .expect("a peer follows");
            }
            Poll::Ready(Some(Tell::Request(peer, bytes))) => {
                swarm.behaviour_mut().requests.send_request(&peer, bytes);
            }
            Poll::Ready(Some(Tell::RangeRequest(peer, bytes))) => {
                swarm.behaviour_mut().ranges.send_request(&peer, bytes);
            }
            Poll::Ready(Some(Tell::Rpc(peer, bytes))) => {
                swarm.behaviour_mut().meshsub.send_request(&peer, bytes);
            }
            Poll::Pending => return Poll::Pending,
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
    swarm
}

fn swarm(key: &Keypair, manner: Manner) -> Swarm<Raw> {
    let parameters = gossipsub::ConfigBuilder::default()
        .validation_mode(ValidationMode::Anonymous)
        .max_transmit_size(20 * 1024 * 1024)
        .message_id_fn(|message| gossipsub::MessageId::new(&message.data))
        .build()
        .expect("the parameters agree");
    let mut gossip =
        gossipsub::Behaviour::new(MessageAuthenticity::Anonymous, parameters).expect("they agree");
    gossip.subscribe(&IdentTopic::new(BLOCK_TOPIC)).expect("any topic may be followed");
    let behaviour = |protocols: &[&'static str], support: ProtocolSupport| {
        let patience = if manner == Manner::Plain { PATIENCE } else { DEADLINE };
        let config = request_response::Config::default().with_request_timeout(patience);
        let protocols = protocols.iter().map(|name| (StreamProtocol::new(name), support.clone()));
        request_response::Behaviour::with_codec(Bytes { manner }, protocols, config)
    };
    let requests = behaviour(&[BLOCKS_BY_ROOT], ProtocolSupport::Full);
    let ranges = behaviour(&[BLOCKS_BY_RANGE], ProtocolSupport::Full);
    let meshsub = behaviour(&[MESHSUB], ProtocolSupport::Outbound);
    let unwelcome = behaviour(&UNWELCOME, ProtocolSupport::Inbound);
    let transport = quic::tokio::Transport::new(quic::Config::new(key))
        .map(|(peer, connection), _| (peer, StreamMuxerBox::new(connection)))
        .boxed();
    let config = Config::with_tokio_executor().with_idle_connection_timeout(DEADLINE);
    let behaviour = Raw { gossip, requests, ranges, meshsub, unwelcome };
    Swarm::new(transport, behaviour, key.public().to_peer_id(), config)
}

/// A codec without framing: all bytes up to the end of the stream.
#[derive(Clone, Copy, Debug, Default)]
struct Bytes {
    manner: Manner,
}

impl request_response::Codec for Bytes {
    type Protocol = StreamProtocol;
    type Request = Vec<u8>;
    type Response = Vec<u8>;

    async fn read_request<T>(
        &mut self,
        protocol: &StreamProtocol,
        stream: &mut T,
    ) -> io::Result<Vec<u8>>
    where
        T: AsyncRead + Unpin + Send,
    {
        if UNWELCOME.contains(&protocol.as_ref()) {
            return Ok(protocol.as_ref().as_bytes().to_vec());
        }
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).await?;
        Ok(bytes)
    }

    async fn read_response<T>(
        &mut self,
        protocol: &StreamProtocol,
        stream: &mut T,
    ) -> io::Result<Vec<u8>>
    where
        T: AsyncRead + Unpin + Send,
    {
        if self.manner == Manner::NeverReads {
            return std::future::pending().await;
        }
        self.read_request(protocol, stream).await
    }

    async fn write_request<T>(
        &mut self,
        _: &StreamProtocol,
        stream: &mut T,
        bytes: Vec<u8>,
    ) -> io::Result<()>
    where
        T: AsyncWrite + Unpin + Send,
    {
        stream.write_all(&bytes).await
    }

    async fn write_response<T>(
        &mut self,
        protocol: &StreamProtocol,
        stream: &mut T,
        bytes: Vec<u8>,
    ) -> io::Result<()>
    where
        T: AsyncWrite + Unpin + Send,
    {
        if self.manner == Manner::Drips {
            let mut drops = tokio::time::interval(DRIP);
            loop {
                drops.tick().await;
                stream.write_all(&bytes).await?;
                stream.flush().await?;
            }
        }
        self.write_request(protocol, stream, bytes).await
    }
}
