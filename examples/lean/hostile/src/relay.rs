//! A peer that forwards gossip before it validates it, as the specification's own node does. It is
//! honest otherwise.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use futures::StreamExt;
use libp2p::core::Transport;
use libp2p::core::muxing::StreamMuxerBox;
use libp2p::gossipsub::{self, IdentTopic, MessageAuthenticity, ValidationMode};
use libp2p::identity::Keypair;
use libp2p::multiaddr::Protocol;
use libp2p::swarm::{Config, SwarmEvent};
use libp2p::{Multiaddr, PeerId, Swarm, quic};
use wire::MAX_PAYLOAD_SIZE;
use wire::message_id::MessageId;
use wire::raw_snappy;

use crate::gossip_pipe::{TOPICS, topic};

/// The lifetime of a connection without streams.
const IDLE: Duration = Duration::from_secs(3600);

/// The interval of mesh maintenance.
const HEARTBEAT: Duration = Duration::from_millis(200);

/// A relay before it runs.
pub struct Relay {
    swarm: Swarm<gossipsub::Behaviour>,
    address: SocketAddr,
}

impl Relay {
    /// Listens on a free port of the loopback address. The caller must be inside a tokio runtime,
    /// and must call [`run`](Self::run) in it.
    ///
    /// # Errors
    ///
    /// Returns an error if no port can be used.
    pub async fn listen() -> io::Result<Self> {
        let key = Keypair::generate_secp256k1();
        let transport = quic::tokio::Transport::new(quic::Config::new(&key))
            .map(|(peer, connection), _| (peer, StreamMuxerBox::new(connection)))
            .boxed();
        let config = Config::with_tokio_executor().with_idle_connection_timeout(IDLE);
        let mut swarm = Swarm::new(transport, behaviour()?, key.public().to_peer_id(), config);
        let listen: Multiaddr = "/ip4/127.0.0.1/udp/0/quic-v1".parse().map_err(io::Error::other)?;
        swarm.listen_on(listen).map_err(io::Error::other)?;
        loop {
            if let SwarmEvent::NewListenAddr { address, .. } = swarm.select_next_some().await {
                let address = socket(&address).ok_or(io::ErrorKind::AddrNotAvailable)?;
                return Ok(Self { swarm, address });
            }
        }
    }

    /// Returns the listen address.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns the identity.
    pub fn peer_id(&self) -> PeerId {
        *self.swarm.local_peer_id()
    }

    /// Forwards gossip until the future is dropped.
    pub async fn run(mut self) {
        loop {
            self.swarm.select_next_some().await;
        }
    }
}

impl fmt::Debug for Relay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Relay").field("address", &self.address).finish_non_exhaustive()
    }
}

fn behaviour() -> io::Result<gossipsub::Behaviour> {
    let parameters = gossipsub::ConfigBuilder::default()
        .validation_mode(ValidationMode::Anonymous)
        .heartbeat_interval(HEARTBEAT)
        .heartbeat_initial_delay(HEARTBEAT)
        .max_transmit_size(raw_snappy::MAX_COMPRESSED_SIZE + MAX_PAYLOAD_SIZE)
        .message_id_fn(|message| {
            let topic = message.topic.as_str().as_bytes();
            let id = match raw_snappy::decompress(&message.data) {
                Ok(ssz) => MessageId::of_valid(topic, &ssz),
                Err(_) => MessageId::of_invalid(topic, &message.data),
            };
            gossipsub::MessageId::new(&id.0)
        })
        .build()
        .map_err(io::Error::other)?;
    let mut gossip = gossipsub::Behaviour::new(MessageAuthenticity::Anonymous, parameters)
        .map_err(io::Error::other)?;
    for kind in TOPICS {
        gossip.subscribe(&IdentTopic::new(topic(kind))).map_err(io::Error::other)?;
    }
    Ok(gossip)
}

fn socket(address: &Multiaddr) -> Option<SocketAddr> {
    let mut parts = address.iter();
    match (parts.next()?, parts.next()?) {
        (Protocol::Ip4(ip), Protocol::Udp(port)) => Some((ip, port).into()),
        _ => None,
    }
}
