//! The places for connections: which peers may connect, and which connection makes room.
//!
//! | connection | bound |
//! |---|---|
//! | of a configured peer | 4 per peer, and 4 per address without a named identity |
//! | dialled by this node | 4 per peer; inbound connections never use up these places |
//! | a stranger's | all strangers, half of them per address range, 4 per peer |
//! | a handshake from a configured address | 32 per address, and then like any other |
//! | any other handshake | 64, 16 per address range, and a rate per range and for all ranges |
//!
//! No stranger uses a place of a configured peer, neither during the handshake nor after it. The
//! identity is unknown during a handshake, so a configured peer is recognised by its address then:
//! QUIC dials come from the listening port.
//!
//! If all strangers' places are taken, a stranger from a range with fewer places replaces the
//! newest connection of the range with the most. Ranges therefore have equal shares, and a range
//! with few connections loses none of them to other ranges. A rate bounds the replacements.
//!
//! This module only decides. Its callers pass in the time, and close the replaced connections. All
//! counts are derived from one table, so no count can differ from the connections.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use libp2p::{Multiaddr, PeerId, swarm::ConnectionId};

use crate::{
    address_range::AddressRange,
    configured::ConfiguredPeers,
    rate::{Bucket, Buckets, Rate},
};

/// The most address ranges with a remembered rate of handshakes.
const MOST_RANGES: usize = 1024;

/// The bounds. `NetworkConfig` sets the number of strangers; the other bounds are the same for
/// every node.
#[derive(Clone, Copy, Debug)]
pub(super) struct PlaceLimits {
    /// The most inbound connections of strangers.
    pub(super) strangers: usize,
    /// The most inbound connections of strangers from one address range.
    pub(super) per_range: usize,
    /// The most connections per peer. Two nodes dialling each other at the same time create two.
    pub(super) per_peer: usize,
    /// The most inbound handshakes in progress, without those from configured addresses.
    pub(super) handshakes: usize,
    /// The most inbound handshakes in progress from one address range.
    pub(super) handshakes_per_range: usize,
    /// The most reserved inbound handshakes in progress per configured address.
    pub(super) handshakes_per_configured: usize,
    /// The inbound handshakes per address range. A new identity costs its owner one handshake.
    pub(super) handshake_rate: Rate,
    /// The inbound handshakes of all address ranges.
    pub(super) total_handshake_rate: Rate,
    /// The replacements of one stranger by another.
    pub(super) replacement_rate: Rate,
}

impl PlaceLimits {
    /// Returns the bounds with this number of strangers.
    pub(super) fn new(strangers: u32) -> Self {
        let strangers = strangers as usize;
        Self {
            strangers,
            per_range: strangers.div_ceil(2),
            per_peer: 4,
            handshakes: 64,
            handshakes_per_range: 16,
            handshakes_per_configured: 32,
            handshake_rate: Rate { burst: 64, every: Duration::from_secs(1) },
            total_handshake_rate: Rate { burst: 128, every: Duration::from_millis(32) },
            replacement_rate: Rate { burst: 8, every: Duration::from_secs(1) },
        }
    }
}

/// The reason why a connection was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub(super) enum Refusal {
    /// Too many handshakes in progress.
    #[error("too many handshakes are in progress")]
    Handshakes,
    /// Too many handshakes in the last seconds.
    #[error("handshakes come too fast")]
    HandshakeRate,
    /// All places for strangers are taken, and none may be replaced.
    #[error("all places for strangers are taken")]
    Strangers,
    /// All places of the address range are taken.
    #[error("all places of the address range are taken")]
    Range,
    /// The peer has enough connections.
    #[error("the peer has enough connections")]
    Peer,
}

impl Refusal {
    /// Every reason, in the order of their numbers.
    pub(super) const ALL: [Self; 5] =
        [Self::Handshakes, Self::HandshakeRate, Self::Strangers, Self::Range, Self::Peer];

    /// Returns the reason's name in metrics.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Handshakes => "handshakes",
            Self::HandshakeRate => "handshake_rate",
            Self::Strangers => "strangers",
            Self::Range => "range",
            Self::Peer => "peer",
        }
    }
}

/// The current numbers of connected peers and connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Occupancy {
    /// Configured addresses whose peer is connected.
    pub(super) configured_connected: usize,
    /// Configured addresses, without this node's own.
    pub(super) configured_total: usize,
    /// Inbound connections of strangers.
    pub(super) strangers_inbound: usize,
    /// Outbound connections of strangers.
    pub(super) strangers_outbound: usize,
}

/// The places and their holders.
#[derive(Debug)]
pub(super) struct Places {
    limits: PlaceLimits,
    configured: ConfiguredPeers,
    handshakes: HashMap<ConnectionId, Handshake>,
    connections: HashMap<ConnectionId, Connection>,
    /// The number of connections so far, which orders them by age.
    arrivals: u64,
    rates: Buckets<AddressRange>,
    total_rate: Bucket,
    replacements: Bucket,
}

/// An inbound handshake in progress.
#[derive(Debug, PartialEq, Eq)]
enum Handshake {
    /// In a reserved place of this configured address.
    Reserved(Multiaddr),
    Stranger(AddressRange),
}

/// An established connection.
#[derive(Debug)]
struct Connection {
    peer: PeerId,
    remote: Multiaddr,
    direction: Direction,
    is_configured: bool,
    /// Replaced by another connection, and about to be closed.
    is_leaving: bool,
    arrival: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Direction {
    Inbound,
    Outbound,
}

impl Places {
    pub(super) fn new(limits: PlaceLimits, configured: ConfiguredPeers) -> Self {
        Self {
            limits,
            configured,
            handshakes: HashMap::new(),
            connections: HashMap::new(),
            arrivals: 0,
            rates: Buckets::new(limits.handshake_rate, MOST_RANGES),
            total_rate: Bucket::default(),
            replacements: Bucket::default(),
        }
    }

    /// Decides about an inbound handshake from `remote`.
    pub(super) fn handshake(
        &mut self,
        id: ConnectionId,
        remote: &Multiaddr,
        now: Instant,
    ) -> Result<(), Refusal> {
        let handshake = if self.has_reserved_handshake(remote) {
            Handshake::Reserved(remote.clone())
        } else {
            let range = AddressRange::of(remote);
            self.check_handshake(range, now)?;
            Handshake::Stranger(range)
        };
        self.handshakes.insert(id, handshake);
        Ok(())
    }

    /// Decides about an inbound connection whose handshake has ended. Returns the peer and the
    /// connection to be closed in its place, if all places were taken.
    pub(super) fn inbound(
        &mut self,
        id: ConnectionId,
        peer: PeerId,
        remote: &Multiaddr,
        now: Instant,
    ) -> Result<Option<(PeerId, ConnectionId)>, Refusal> {
        self.handshakes.remove(&id);
        self.check_peer(&peer)?;
        let is_configured = self.takes_configured_place(&peer, remote);
        let replaced =
            if is_configured { None } else { self.check_stranger(AddressRange::of(remote), now)? };
        if let Some((_, replaced)) = replaced
            && let Some(connection) = self.connections.get_mut(&replaced)
        {
            connection.is_leaving = true;
        }
        self.insert(id, peer, remote, Direction::Inbound, is_configured);
        Ok(replaced)
    }

    /// Decides about a connection dialled by this node.
    pub(super) fn outbound(
        &mut self,
        id: ConnectionId,
        peer: PeerId,
        remote: &Multiaddr,
    ) -> Result<(), Refusal> {
        self.check_peer(&peer)?;
        let is_configured = self.takes_configured_place(&peer, remote);
        self.insert(id, peer, remote, Direction::Outbound, is_configured);
        Ok(())
    }

    /// Records the identity of an established connection's peer. If it is the peer of a configured
    /// address, all its connections are those of a configured peer from now on.
    pub(super) fn established(&mut self, peer: PeerId, remote: &Multiaddr) {
        if self.configured.learned(peer, remote) {
            self.classify();
        }
    }

    /// Records the end of a handshake or a connection, whatever its reason. Returns whether it was
    /// a connection.
    pub(super) fn ended(&mut self, id: ConnectionId) -> bool {
        self.handshakes.remove(&id);
        self.connections.remove(&id).is_some()
    }

    /// Records that a configured address is this node's own.
    pub(super) fn reached_ourselves(&mut self, address: &Multiaddr) {
        self.configured.forget(address);
    }

    /// Returns the current numbers.
    pub(super) fn occupancy(&self) -> Occupancy {
        let is_connected = |peer: &PeerId| self.connections.values().any(|c| c.peer == *peer);
        let strangers = |direction: Direction| {
            let is_one = |c: &&Connection| !c.is_configured && c.direction == direction;
            self.connections.values().filter(is_one).count()
        };
        Occupancy {
            configured_connected: self.configured.connected(is_connected),
            configured_total: self.configured.total(),
            strangers_inbound: strangers(Direction::Inbound),
            strangers_outbound: strangers(Direction::Outbound),
        }
    }

    fn has_reserved_handshake(&self, remote: &Multiaddr) -> bool {
        let is_reserved =
            |handshake: &&Handshake| matches!(handshake, Handshake::Reserved(of) if of == remote);
        self.configured.has_address(remote)
            && self.handshakes.values().filter(is_reserved).count()
                < self.limits.handshakes_per_configured
    }

    /// Checks the bounds first, so that a handshake refused by them costs no token.
    fn check_handshake(&mut self, range: AddressRange, now: Instant) -> Result<(), Refusal> {
        let ranges = || {
            self.handshakes.values().filter_map(|handshake| match handshake {
                Handshake::Stranger(range) => Some(*range),
                Handshake::Reserved(_) => None,
            })
        };
        if ranges().count() >= self.limits.handshakes
            || ranges().filter(|of| *of == range).count() >= self.limits.handshakes_per_range
        {
            return Err(Refusal::Handshakes);
        }
        self.rates
            .take(range, now)
            .and_then(|()| self.total_rate.take(self.limits.total_handshake_rate, now))
            .map_err(|_| Refusal::HandshakeRate)
    }

    fn check_peer(&self, peer: &PeerId) -> Result<(), Refusal> {
        let connections = self.connections.values().filter(|c| c.peer == *peer).count();
        if connections < self.limits.per_peer { Ok(()) } else { Err(Refusal::Peer) }
    }

    /// Returns whether a connection is one of a configured peer. Many identities at one configured
    /// address have as many places as one.
    fn takes_configured_place(&self, peer: &PeerId, remote: &Multiaddr) -> bool {
        if self.configured.is_configured(peer, None) {
            return true;
        }
        let there = |c: &&Connection| c.is_configured && c.remote == *remote;
        self.configured.is_configured(peer, Some(remote))
            && self.connections.values().filter(there).count() < self.limits.per_peer
    }

    /// Decides again which connections are those of configured peers, in the order of their arrival
    /// and by the same rule.
    fn classify(&mut self) {
        let mut connections: Vec<_> = self.connections.values_mut().collect();
        connections.sort_unstable_by_key(|connection| connection.arrival);
        let mut per_address: HashMap<&Multiaddr, usize> = HashMap::new();
        for Connection { peer, remote, is_configured, .. } in connections {
            let there = per_address.entry(remote).or_default();
            *is_configured = self.configured.is_configured(peer, None)
                || (self.configured.is_configured(peer, Some(remote))
                    && *there < self.limits.per_peer);
            *there += usize::from(*is_configured);
        }
    }

    /// Decides about a stranger's inbound connection. Returns the connection to be closed in its
    /// place.
    fn check_stranger(
        &mut self,
        range: AddressRange,
        now: Instant,
    ) -> Result<Option<(PeerId, ConnectionId)>, Refusal> {
        let of_ranges = self.strangers_of_ranges();
        let own = of_ranges.get(&range).map_or(0, |of_range| of_range.count);
        if own >= self.limits.per_range {
            return Err(Refusal::Range);
        }
        if of_ranges.values().map(|of_range| of_range.count).sum::<usize>() < self.limits.strangers
        {
            return Ok(None);
        }
        // With a difference of one, the two ranges would only exchange their numbers.
        let largest = of_ranges
            .into_values()
            .max_by_key(|of_range| (of_range.count, of_range.newest))
            .filter(|largest| largest.count > own + 1)
            .ok_or(Refusal::Strangers)?;
        self.replacements
            .take(self.limits.replacement_rate, now)
            .map_err(|_| Refusal::Strangers)?;
        Ok(Some((largest.peer, largest.id)))
    }

    fn strangers_of_ranges(&self) -> HashMap<AddressRange, Strangers> {
        let mut of_ranges: HashMap<_, Strangers> = HashMap::new();
        for (id, connection) in &self.connections {
            if connection.direction == Direction::Outbound
                || connection.is_configured
                || connection.is_leaving
            {
                continue;
            }
            let one =
                Strangers { count: 1, newest: connection.arrival, peer: connection.peer, id: *id };
            of_ranges
                .entry(AddressRange::of(&connection.remote))
                .and_modify(|of_range| of_range.add(&one))
                .or_insert(one);
        }
        of_ranges
    }

    fn insert(
        &mut self,
        id: ConnectionId,
        peer: PeerId,
        remote: &Multiaddr,
        direction: Direction,
        is_configured: bool,
    ) {
        let arrival = self.arrivals;
        self.arrivals += 1;
        let remote = remote.clone();
        self.connections.insert(
            id,
            Connection { peer, remote, direction, is_configured, is_leaving: false, arrival },
        );
    }
}

/// The inbound connections of an address range's strangers: their number, and the newest one.
#[derive(Debug)]
struct Strangers {
    count: usize,
    newest: u64,
    peer: PeerId,
    id: ConnectionId,
}

impl Strangers {
    fn add(&mut self, one: &Self) {
        self.count += 1;
        if one.newest > self.newest {
            (self.newest, self.peer, self.id) = (one.newest, one.peer, one.id);
        }
    }
}
