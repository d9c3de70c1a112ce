//! Gossipsub behind a guard: the guard weighs each frame of a peer before gossipsub works on it.
//!
//! ```text
//!  frame ─▶ allowance of frames ─▶ subscriptions, control ─▶ each message ─▶ gossipsub ─▶ node
//!             │ over                 │ over                    │ followed topic, not muted
//!             ▼                      ▼                         │ sizes, no second copy
//!           dropped                dropped                     │ allowance, undecided messages
//! ```
//!
//! A message dropped here leaves no trace in gossipsub, so another peer's copy of it is processed.
//! The decisions are those of [`allowance`](crate::allowance),
//! [`gossip_standing`](crate::gossip_standing), [`recent`](crate::recent),
//! [`undecided`](crate::undecided) and [`overtaken`](crate::overtaken).

use std::{
    collections::{HashMap, VecDeque},
    hash::{BuildHasher, Hash, Hasher, RandomState},
    sync::Arc,
    task::{Context, Poll},
};

use libp2p::{
    Multiaddr, PeerId,
    core::{Endpoint, transport::PortUse},
    gossipsub::{self, MessageAcceptance, PublishError, RawMessage, TopicHash},
    swarm::{
        ConnectionDenied, ConnectionId, FromSwarm, NetworkBehaviour, THandler, THandlerInEvent,
        THandlerOutEvent, ToSwarm,
    },
};
use tokio::time::Instant;

use crate::{
    GossipMessage, NetworkCounters, Verdict,
    address_range::AddressRange,
    allowance::{Allowances, Cost, Load, Taken, Who, place_of},
    configured::ConfiguredPeers,
    gossip::{DUPLICATES, Finding, Findings, Gossipsub, Topics},
    gossip_standing::GossipStandings,
    overtaken::Overtaken,
    recent::Recent,
    undecided::Undecided,
};
use wire::{message_id::MessageId, raw_snappy, topic::TopicKind};

/// An event of a connection's gossipsub handler.
type FromHandler = THandlerOutEvent<Gossipsub>;

/// An event for the event loop.
#[derive(Debug)]
pub(super) enum GuardEvent {
    /// From gossipsub.
    Gossip(gossipsub::Event),
    /// A configured peer's copy of a message that a stranger sent first.
    Copy(GossipMessage),
    /// A stranger's excess over an allowance is an offence.
    Flood(PeerId),
}

/// Gossipsub, and the state about peers for the decision on each message.
pub(super) struct Guard {
    gossip: Gossipsub,
    topics: Arc<Topics>,
    counters: Arc<NetworkCounters>,
    configured: ConfiguredPeers,
    allowances: Allowances,
    standings: GossipStandings,
    undecided: Undecided,
    overtaken: Overtaken,
    findings: Findings,
    peers: HashMap<PeerId, Connected>,
    /// The most messages remembered for each peer.
    remembered: usize,
    keyed: RandomState,
    /// Events since the last poll. Each frame is followed by polls until there is none.
    events: VecDeque<GuardEvent>,
}

/// A connected peer.
struct Connected {
    who: Who,
    recent: Recent,
}

impl Guard {
    /// Creates the guard. Allowances are sized for `load`.
    pub(super) fn new(
        (gossip, findings): (Gossipsub, Findings),
        topics: Arc<Topics>,
        counters: Arc<NetworkCounters>,
        configured: ConfiguredPeers,
        load: Load,
    ) -> Self {
        Self {
            gossip,
            topics,
            counters,
            configured,
            allowances: Allowances::new(load),
            standings: GossipStandings::default(),
            undecided: Undecided::new(load, DUPLICATES),
            overtaken: Overtaken::default(),
            findings,
            peers: HashMap::new(),
            remembered: usize::try_from(8 * load.messages()).unwrap_or(usize::MAX),
            keyed: RandomState::new(),
            events: VecDeque::new(),
        }
    }

    /// Returns the number of peers in gossipsub's meshes.
    pub(super) fn mesh_peers(&self) -> usize {
        self.gossip.all_mesh_peers().count()
    }

    /// Returns a connected peer.
    pub(super) fn who(&self, peer: &PeerId) -> Option<Who> {
        self.peers.get(peer).map(|connected| connected.who)
    }

    /// Returns whether a connected peer is configured.
    pub(super) fn is_configured(&self, peer: &PeerId) -> bool {
        self.who(peer).is_some_and(|who| who.is_configured)
    }

    /// Takes one unit of a connected peer's allowance.
    pub(super) fn take(&mut self, peer: &PeerId, cost: Cost, now: Instant) -> Taken {
        match self.peers.get(peer) {
            Some(connected) => self.allowances.take(&connected.who, cost, 1, now),
            None => Taken::Over,
        }
    }

    /// Returns whether a connected peer is in no debt.
    pub(super) fn is_open(&mut self, peer: &PeerId, cost: Cost, now: Instant) -> bool {
        self.peers
            .get(peer)
            .is_some_and(|connected| self.allowances.is_open(&connected.who, cost, now))
    }

    /// Subtracts the cost of an answer from a peer's allowance.
    pub(super) fn spend(&mut self, peer: &PeerId, cost: Cost, amount: usize, now: Instant) {
        if let Some(connected) = self.peers.get(peer) {
            self.allowances.spend(&connected.who, cost, amount as u64, now);
        }
    }

    /// Publishes this node's own message.
    ///
    /// # Errors
    ///
    /// The errors of gossipsub.
    pub(super) fn publish(&mut self, topic: TopicHash, ssz: Vec<u8>) -> Result<(), PublishError> {
        self.gossip.publish(topic, ssz).map(drop)
    }

    /// Carries out the verdict on a message. Returns whether gossipsub still knew the message.
    pub(super) fn report(&mut self, id: &MessageId, source: &PeerId, verdict: Verdict) -> bool {
        if !self.overtaken.decided(id, verdict == Verdict::Ignore) {
            return true;
        }
        let decided = self.undecided.decided(id);
        if let (Verdict::Reject, Some((who, kind))) = (verdict, decided) {
            self.refused(&who, kind, Instant::now());
        }
        let acceptance = match verdict {
            Verdict::Accept => MessageAcceptance::Accept,
            Verdict::Ignore => MessageAcceptance::Ignore,
            Verdict::Reject => MessageAcceptance::Reject,
        };
        let id = gossipsub::MessageId::new(&id.0);
        self.gossip.report_message_validation_result(&id, source, acceptance)
    }

    /// Lowers the gossip standing of a peer for a useless message.
    fn refused(&mut self, who: &Who, kind: TopicKind, now: Instant) {
        if self.standings.refused(who, kind, &mut self.allowances, now) {
            self.counters.gossip_mutes.increment();
            tracing::debug!(peer = %who.peer, %kind, "a peer's gossip is muted");
        }
    }

    /// Takes `amount` of an allowance. Returns whether it was there.
    fn takes(&mut self, who: &Who, cost: Cost, amount: u64, now: Instant) -> bool {
        let taken = self.allowances.take(who, cost, amount, now);
        if taken == Taken::Offence {
            self.events.push_back(GuardEvent::Flood(who.peer));
        }
        taken == Taken::Within
    }

    fn connected(&mut self, peer: PeerId, remote: &Multiaddr) {
        self.configured.learned(peer, remote);
        let is_configured = self.configured.is_configured(&peer, Some(remote));
        let who = Who { peer, range: AddressRange::of(remote), is_configured };
        self.peers
            .entry(peer)
            .and_modify(|connected| connected.who.is_configured |= is_configured)
            .or_insert_with(|| Connected { who, recent: Recent::default() });
    }

    /// Weighs an event of a connection. Returns the part of it for gossipsub.
    fn weigh(&mut self, peer: &PeerId, event: FromHandler) -> Option<FromHandler> {
        let FromHandler::Message { mut rpc, invalid_messages } = event else { return Some(event) };
        let who = self.peers.get(peer)?.who;
        let now = Instant::now();
        if !self.takes(&who, Cost::Frame, 1, now) {
            self.counters.frames_over_allowance.increment();
            return None;
        }
        let subscriptions = rpc.subscriptions.len() as u64;
        if subscriptions > 0 && !self.takes(&who, Cost::Subscription, subscriptions, now) {
            self.counters.control_over_allowance.increment();
            rpc.subscriptions.clear();
        }
        let control: u64 = rpc.control_msgs.iter().map(weight).sum();
        if control > 0 && !self.takes(&who, Cost::Control, control, now) {
            self.counters.control_over_allowance.increment();
            rpc.control_msgs.clear();
        }
        for (message, _) in invalid_messages {
            self.counters.not_anonymous.increment();
            if let Some(kind) = self.topics.kind(&message.topic) {
                self.refused(&who, kind, now);
            }
        }
        let mut admitted = [0; 3];
        rpc.messages.retain(|message| self.admits(&who, message, &mut admitted, now));
        Some(FromHandler::Message { rpc, invalid_messages: Vec::new() })
    }

    /// Returns whether gossipsub may see a message. `admitted` has the number of messages of each
    /// kind admitted from the same frame. Gossipsub has not yet delivered them.
    fn admits(
        &mut self,
        who: &Who,
        message: &RawMessage,
        admitted: &mut [usize; 3],
        now: Instant,
    ) -> bool {
        let Some(kind) = self.topics.kind(&message.topic) else {
            self.counters.other_topic.increment();
            self.takes(who, Cost::Stray, 1, now);
            return false;
        };
        if self.standings.is_muted(who, kind, now) {
            self.counters.gossip_muted.increment();
            return false;
        }
        let size = match raw_snappy::declared_size(&message.data, kind.max_payload_size()) {
            Ok(size) => size as u64,
            Err(error) => {
                self.counters.unreadable(&error);
                self.refused(who, kind, now);
                return false;
            }
        };
        let hash = self.hash(message);
        if self.peers.get(&who.peer).is_some_and(|connected| connected.recent.contains(hash)) {
            self.counters.gossip_repeated.increment();
            self.takes(who, Cost::Stray, 1, now);
            return false;
        }
        if !self.takes(who, Cost::of_message(kind), 1, now)
            || !self.takes(who, Cost::Bytes, size, now)
        {
            self.counters.gossip_over_allowance.increment();
            return false;
        }
        let admitted = &mut admitted[place_of(kind)];
        if self.undecided.room(who, kind, now) <= *admitted {
            self.counters.gossip_over_undecided.increment();
            return false;
        }
        *admitted += 1;
        let remembered = self.remembered;
        if let Some(connected) = self.peers.get_mut(&who.peer) {
            connected.recent.insert(hash, remembered);
        }
        true
    }

    fn hash(&self, message: &RawMessage) -> u64 {
        self.keyed.hash_one((&message.topic, &message.data))
    }

    /// Passes a frame to gossipsub: its messages one by one, then the rest.
    fn pass_on(&mut self, peer: PeerId, connection: ConnectionId, frame: FromHandler) {
        let FromHandler::Message { mut rpc, invalid_messages } = frame else {
            return self.gossip.on_connection_handler_event(peer, connection, frame);
        };
        let messages = std::mem::take(&mut rpc.messages);
        let rest = rpc.clone();
        rpc.subscriptions.clear();
        rpc.control_msgs.clear();
        let is_configured = self.is_configured(&peer);
        for message in messages {
            let kind = self.topics.kind(&message.topic);
            let copy = (is_configured && !self.overtaken.is_empty()).then(|| message.clone());
            let mut rpc = rpc.clone();
            rpc.messages.push(message);
            let invalid_messages = Vec::new();
            let single = FromHandler::Message { rpc, invalid_messages };
            self.findings.reset();
            self.gossip.on_connection_handler_event(peer, connection, single);
            if let Some(kind) = kind
                && let Some(id) = self.judge(&peer, kind)
                && let Some(copy) = copy
                && self.overtaken.takes(id)
            {
                self.deliver_again(&peer, kind, &copy);
            }
        }
        let rest = FromHandler::Message { rpc: rest, invalid_messages };
        self.gossip.on_connection_handler_event(peer, connection, rest);
    }

    /// Records gossipsub's finding about the last message. Returns the first bytes of its id if the
    /// peer has not sent it before.
    fn judge(&mut self, peer: &PeerId, kind: TopicKind) -> Option<u64> {
        let remembered = self.remembered;
        let connected = self.peers.get_mut(peer)?;
        let who = connected.who;
        match self.findings.get() {
            Finding::Unreadable => {}
            Finding::Id(id) if !connected.recent.contains(id) => {
                connected.recent.insert(id, remembered);
                return Some(id);
            }
            // One message has many compressed forms. This form was new.
            Finding::Id(_) => self.counters.gossip_repeated.increment(),
        }
        self.refused(&who, kind, Instant::now());
        None
    }

    /// Delivers a configured peer's copy of a message to the node. Gossipsub has refused it.
    fn deliver_again(&mut self, peer: &PeerId, kind: TopicKind, copy: &RawMessage) {
        let Some(who) = self.who(peer) else { return };
        let most = kind.max_payload_size();
        let Ok(ssz) = raw_snappy::decompress_at_most(&copy.data, most) else { return };
        let id = MessageId::of_valid(copy.topic.as_str().as_bytes(), &ssz);
        if self.undecided.contains(&id) {
            self.overtaken.delivered_twice(&id);
        } else {
            self.undecided.delivered(&who, kind, id, Instant::now());
        }
        let message = GossipMessage { kind, ssz, id, source: *peer, is_configured: true };
        self.events.push_back(GuardEvent::Copy(message));
    }

    /// Counts a message delivered to the node as undecided.
    fn count_delivered(&mut self, event: &gossipsub::Event) {
        let gossipsub::Event::Message { propagation_source, message_id, message } = event else {
            return;
        };
        if let (Some(connected), Some(kind), Ok(id)) = (
            self.peers.get(propagation_source),
            self.topics.kind(&message.topic),
            message_id.0.as_slice().try_into(),
        ) {
            let (who, id) = (connected.who, MessageId(id));
            self.undecided.delivered(&who, kind, id, Instant::now());
            if !who.is_configured {
                self.overtaken.delivered(&id);
            }
        }
    }
}

/// Returns the units of an entry of control: one, and one for each 32 bytes of ids and names.
fn weight(entry: &impl Hash) -> u64 {
    let mut size = Size(0);
    entry.hash(&mut size);
    1 + size.finish() / 32
}

/// A hasher that adds up the sizes of its input. The entries of control are private to gossipsub,
/// and this is the only public way to their sizes.
struct Size(u64);

impl Hasher for Size {
    fn write(&mut self, bytes: &[u8]) {
        self.0 += bytes.len() as u64;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

impl NetworkBehaviour for Guard {
    type ConnectionHandler = <Gossipsub as NetworkBehaviour>::ConnectionHandler;
    type ToSwarm = GuardEvent;

    fn handle_pending_inbound_connection(
        &mut self,
        connection: ConnectionId,
        local: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<(), ConnectionDenied> {
        self.gossip.handle_pending_inbound_connection(connection, local, remote)
    }

    fn handle_established_inbound_connection(
        &mut self,
        connection: ConnectionId,
        peer: PeerId,
        local: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        self.gossip.handle_established_inbound_connection(connection, peer, local, remote)
    }

    fn handle_pending_outbound_connection(
        &mut self,
        connection: ConnectionId,
        peer: Option<PeerId>,
        addresses: &[Multiaddr],
        role: Endpoint,
    ) -> Result<Vec<Multiaddr>, ConnectionDenied> {
        self.gossip.handle_pending_outbound_connection(connection, peer, addresses, role)
    }

    fn handle_established_outbound_connection(
        &mut self,
        connection: ConnectionId,
        peer: PeerId,
        address: &Multiaddr,
        role: Endpoint,
        port: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        self.gossip.handle_established_outbound_connection(connection, peer, address, role, port)
    }

    fn on_swarm_event(&mut self, event: FromSwarm) {
        match &event {
            FromSwarm::ConnectionEstablished(established) => {
                self.connected(established.peer_id, established.endpoint.get_remote_address());
            }
            FromSwarm::ConnectionClosed(closed) if closed.remaining_established == 0 => {
                self.peers.remove(&closed.peer_id);
            }
            _ => {}
        }
        self.gossip.on_swarm_event(event);
    }

    fn on_connection_handler_event(
        &mut self,
        peer: PeerId,
        connection: ConnectionId,
        event: FromHandler,
    ) {
        if let Some(frame) = self.weigh(&peer, event) {
            self.pass_on(peer, connection, frame);
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<ToSwarm<GuardEvent, THandlerInEvent<Self>>> {
        if let Some(event) = self.events.pop_front() {
            return Poll::Ready(ToSwarm::GenerateEvent(event));
        }
        let event = std::task::ready!(self.gossip.poll(cx));
        if let ToSwarm::GenerateEvent(event) = &event {
            self.count_delivered(event);
        }
        Poll::Ready(event.map_out(GuardEvent::Gossip))
    }
}
