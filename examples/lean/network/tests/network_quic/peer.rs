//! A network thread with a node recording all events.

use std::{
    collections::VecDeque,
    sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender},
    time::Duration,
};

use network::{
    BlocksReply, BlocksResponse, GossipMessage, HostKey, Inbound, Multiaddr, Network,
    NetworkConfig, NetworkError, PeerId, Refused, SlotRange, Status, TopicKind, Verdict,
};

/// The time limit of any step in a test.
pub(crate) const DEADLINE: Duration = Duration::from_secs(30);

/// The wait before repeating an attempt on the network.
const RETRY: Duration = Duration::from_millis(50);

#[derive(Debug)]
pub(crate) enum Heard {
    Gossip(GossipMessage),
    Blocks(BlocksResponse),
    Status(PeerId, Status),
    Connected(PeerId),
    Disconnected(PeerId),
    ServeBlocks(Vec<[u8; 32]>, BlocksReply),
    ServeRange(SlotRange, BlocksReply),
}

/// The most recorded events waiting for the test.
const ROOM: usize = 4096;

/// The prefix of gossip refused by the recorder.
pub(crate) const NO_ROOM: &[u8] = b"no room";

/// A node with room for everything except gossip beginning with [`NO_ROOM`].
pub(crate) struct Recorder {
    pub(crate) heard: SyncSender<Heard>,
    pub(crate) status: Status,
}

impl Recorder {
    fn tell(&self, heard: Heard) -> Result<(), Refused> {
        self.heard.try_send(heard).map_err(|_| Refused)
    }
}

impl Inbound for Recorder {
    fn gossip(&self, message: GossipMessage) -> Result<(), Refused> {
        if message.ssz.starts_with(NO_ROOM) {
            Err(Refused)
        } else {
            self.tell(Heard::Gossip(message))
        }
    }

    fn blocks(&self, response: BlocksResponse) -> Result<(), Refused> {
        self.tell(Heard::Blocks(response))
    }

    fn status(&self, peer: PeerId, status: Status) -> Result<(), Refused> {
        self.tell(Heard::Status(peer, status))
    }

    fn peer_connected(&self, peer: PeerId, _is_configured: bool) -> Result<(), Refused> {
        self.tell(Heard::Connected(peer))
    }

    fn peer_disconnected(&self, peer: PeerId) -> Result<(), Refused> {
        self.tell(Heard::Disconnected(peer))
    }

    fn serve_blocks(
        &self,
        _peer: PeerId,
        roots: Vec<[u8; 32]>,
        reply: BlocksReply,
    ) -> Result<(), Refused> {
        self.tell(Heard::ServeBlocks(roots, reply))
    }

    fn serve_range(
        &self,
        _peer: PeerId,
        range: SlotRange,
        reply: BlocksReply,
    ) -> Result<(), Refused> {
        self.tell(Heard::ServeRange(range, reply))
    }

    fn our_status(&self) -> Status {
        self.status
    }
}

/// Returns the configuration of a node on a free port of the loopback interface, with a short wait
/// before redials.
pub(crate) fn config(peers: &[&Multiaddr]) -> NetworkConfig {
    let listen = "/ip4/127.0.0.1/udp/0/quic-v1".parse().expect("it is an address");
    NetworkConfig {
        peers: peers.iter().map(|peer| (*peer).clone()).collect(),
        validators: 8,
        slot: Duration::from_millis(500),
        heartbeat: Duration::from_millis(100),
        dial_timeout: Duration::from_secs(2),
        redial_most: Duration::from_millis(500),
        ..NetworkConfig::new(HostKey::generate(), listen)
    }
}

pub(crate) struct Peer {
    pub(crate) network: Network,
    heard: Receiver<Heard>,
    /// Received events not yet requested by the test.
    kept: VecDeque<Heard>,
}

impl Peer {
    pub(crate) fn start(config: NetworkConfig) -> Self {
        Self::try_start(config).expect("a free port can be listened on")
    }

    pub(crate) fn try_start(config: NetworkConfig) -> Result<Self, NetworkError> {
        let (sender, heard) = mpsc::sync_channel(ROOM);
        let status = status_of(&config.host_key);
        let network = Network::start(config, Recorder { heard: sender, status })?;
        Ok(Self { network, heard, kept: VecDeque::new() })
    }

    pub(crate) fn address(&self) -> &Multiaddr {
        self.network.listen_address()
    }

    pub(crate) fn id(&self) -> PeerId {
        self.network.local_peer_id()
    }

    /// Waits for an event accepted by `pick` and keeps all others.
    pub(crate) fn wait_for<T>(
        &mut self,
        what: &str,
        pick: impl FnMut(Heard) -> Result<T, Box<Heard>>,
    ) -> T {
        self.wait_at_most(DEADLINE, pick)
            .unwrap_or_else(|| panic!("{what} did not come: {:?}", self.kept))
    }

    /// Returns `None` after a period of `silence` without any event.
    fn wait_at_most<T>(
        &mut self,
        silence: Duration,
        mut pick: impl FnMut(Heard) -> Result<T, Box<Heard>>,
    ) -> Option<T> {
        for _ in 0..self.kept.len() {
            match pick(self.kept.pop_front()?) {
                Ok(found) => return Some(found),
                Err(other) => self.kept.push_back(*other),
            }
        }
        loop {
            match self.heard.recv_timeout(silence) {
                Ok(heard) => match pick(heard) {
                    Ok(found) => return Some(found),
                    Err(other) => self.kept.push_back(*other),
                },
                Err(RecvTimeoutError::Timeout) => return None,
                Err(RecvTimeoutError::Disconnected) => panic!("the network thread ended"),
            }
        }
    }

    pub(crate) fn wait_connected(&mut self, peer: PeerId) {
        self.wait_for("a connection", |heard| match heard {
            Heard::Connected(who) if who == peer => Ok(()),
            other => Err(Box::new(other)),
        });
    }

    pub(crate) fn wait_disconnected(&mut self, peer: PeerId) {
        self.wait_for("a disconnection", |heard| match heard {
            Heard::Disconnected(who) if who == peer => Ok(()),
            other => Err(Box::new(other)),
        });
    }

    pub(crate) fn wait_gossip(&mut self, ssz: &[u8]) -> GossipMessage {
        self.wait_for("a gossip message", |heard| match heard {
            Heard::Gossip(message) if message.ssz == ssz => Ok(message),
            other => Err(Box::new(other)),
        })
    }

    pub(crate) fn wait_blocks(&mut self) -> BlocksResponse {
        self.wait_for("the outcome of a request", |heard| match heard {
            Heard::Blocks(response) => Ok(response),
            other => Err(Box::new(other)),
        })
    }

    pub(crate) fn wait_serve(&mut self) -> (Vec<[u8; 32]>, BlocksReply) {
        self.wait_for("a request", |heard| match heard {
            Heard::ServeBlocks(roots, reply) => Ok((roots, reply)),
            other => Err(Box::new(other)),
        })
    }

    pub(crate) fn wait_serve_range(&mut self) -> (SlotRange, BlocksReply) {
        self.wait_for("a request", |heard| match heard {
            Heard::ServeRange(range, reply) => Ok((range, reply)),
            other => Err(Box::new(other)),
        })
    }

    pub(crate) fn wait_status(&mut self) -> (PeerId, Status) {
        self.wait_for("a status", |heard| match heard {
            Heard::Status(peer, status) => Ok((peer, status)),
            other => Err(Box::new(other)),
        })
    }

    /// Returns how often `ssz` was received and not taken by a wait so far.
    pub(crate) fn times_heard(&mut self, ssz: &[u8]) -> usize {
        self.kept.extend(self.heard.try_iter());
        let is_it = |heard: &&Heard| matches!(heard, Heard::Gossip(message) if message.ssz == ssz);
        self.kept.iter().filter(is_it).count()
    }

    pub(crate) fn publish(&self, ssz: &[u8]) {
        self.network.front().publish(TopicKind::Block, ssz.to_vec()).expect("the lane has room");
    }

    pub(crate) fn report(&self, message: &GossipMessage, verdict: Verdict) {
        self.network
            .front()
            .report(message.id, message.source, verdict)
            .expect("the lane has room");
    }

    pub(crate) fn stop(self) {
        self.network.stop(DEADLINE).expect("the thread ends");
    }
}

/// Publishes at `from` until `to` receives a message: from then on, `from` knows the topic
/// subscription of `to`.
///
/// Every attempt publishes a new message, because a message already sent to another peer is not
/// sent again.
pub(crate) fn wait_for_gossip_between(from: &Peer, to: &mut Peer) {
    let prefix = format!("from {} to {}, ", from.id(), to.id());
    for attempt in 0..DEADLINE.as_millis() / RETRY.as_millis() {
        from.publish(format!("{prefix}{attempt}").as_bytes());
        let heard = to.wait_at_most(RETRY, |heard| match heard {
            Heard::Gossip(message) if message.ssz.starts_with(prefix.as_bytes()) => Ok(message),
            other => Err(Box::new(other)),
        });
        if let Some(message) = heard {
            // Undecided messages are few.
            to.report(&message, Verdict::Ignore);
            return;
        }
    }
    panic!("gossip does not reach the peer: {:?}", from.network.counters());
}

/// Returns a status unique to the node, so tests can distinguish nodes.
pub(crate) fn status_of(key: &HostKey) -> Status {
    let bytes = key.peer_id().to_bytes();
    let mut head_root = [0; 32];
    head_root.copy_from_slice(&bytes[bytes.len() - 32..]);
    Status { finalized_root: [1; 32], finalized_slot: 2, head_root, head_slot: 4 }
}
