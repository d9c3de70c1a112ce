//! Counters of the network thread's work, readable from other threads.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::{ConnectionCounters, Offence, places::Refusal};
use wire::WireError;

/// A monotonic number, written by the network thread.
///
/// `Relaxed` suffices: the value is independent of all other memory and orders nothing.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Returns the current number.
    #[must_use]
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    pub(super) fn increment(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// A number that increases and decreases, written by the network thread. See [`Counter`] for its
/// memory order.
#[derive(Debug, Default)]
pub struct Gauge(AtomicU64);

impl Gauge {
    /// Returns the current number.
    #[must_use]
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    pub(super) fn set(&self, value: usize) {
        self.0.store(value as u64, Ordering::Relaxed);
    }
}

/// Refused connections and handshakes, by reason.
#[derive(Debug, Default)]
pub struct PlaceRefusals([Counter; Refusal::ALL.len()]);

impl PlaceRefusals {
    /// Returns each reason's name with its count.
    pub fn by_reason(&self) -> impl Iterator<Item = (&'static str, u64)> {
        Refusal::ALL.iter().zip(&self.0).map(|(reason, count)| (reason.name(), count.get()))
    }

    pub(super) fn increment(&self, refusal: Refusal) {
        self.0[refusal as usize].increment();
    }
}

/// Counts of received, sent and dropped messages, requests and connections.
#[derive(Debug, Default)]
pub struct NetworkCounters {
    /// New gossip messages with valid snappy, including those refused by the node's lane.
    pub received: Counter,
    /// Gossip payloads with invalid snappy, refused before or during decompression.
    pub bad_snappy: Counter,
    /// Gossip payloads over the size limit of their topic.
    pub too_large: Counter,
    /// Gossip messages with an author, a signature or a number. Messages are anonymous.
    pub not_anonymous: Counter,
    /// Gossip on topics not followed by this node.
    pub other_topic: Counter,
    /// Gossip frames dropped because their peer was over its allowance.
    pub frames_over_allowance: Counter,
    /// Gossip frames whose subscriptions or control entries were dropped for the same reason.
    pub control_over_allowance: Counter,
    /// Gossip messages dropped for the same reason.
    pub gossip_over_allowance: Counter,
    /// Second copies of a gossip message from one peer. Equal bytes are not decompressed again.
    /// Another compressed form is, and lowers the peer's gossip standing.
    pub gossip_repeated: Counter,
    /// Gossip messages dropped because too many of their peer or its address range were undecided.
    pub gossip_over_undecided: Counter,
    /// Times a peer's blocks, aggregates or votes were muted for a while.
    pub gossip_mutes: Counter,
    /// Gossip messages of muted peers, dropped before decompression.
    pub gossip_muted: Counter,
    /// Gossip messages rejected by the node.
    pub gossip_rejected: Counter,
    /// Events of any kind refused by the node's lanes.
    pub refused_by_lane: Counter,
    /// Gossip messages sent to at least one peer.
    pub published: Counter,
    /// Gossip messages not sent because no peer was connected.
    pub published_alone: Counter,
    /// Gossip messages not published because peers had already sent them.
    pub published_duplicate: Counter,
    /// Gossip messages not sent for another reason, with peers connected.
    pub publish_failed: Counter,
    /// Verdicts on messages already forgotten by gossipsub.
    pub late_verdicts: Counter,
    /// Requests received.
    pub requests_in: Counter,
    /// Requests received and answered with an error, or not answered in time.
    pub requests_in_failed: Counter,
    /// Requests answered with "too many requests", because their peer was over its allowance.
    pub requests_over_allowance: Counter,
    /// Requests sent.
    pub requests_out: Counter,
    /// Requests sent and failed, or answered with an error.
    pub requests_out_failed: Counter,
    /// Offences recorded against peers.
    pub offences: Counter,
    /// Bans of peers without points.
    pub peers_banned: Counter,
    /// Failed dials.
    pub dials_failed: Counter,
    /// Connections begun and ended.
    pub connections: ConnectionCounters,
    /// Peers in gossipsub's meshes, read about once a second.
    pub mesh_peers: Gauge,
    /// Configured addresses, without this node's own.
    pub configured_total: Gauge,
    /// Configured addresses whose peer is connected, in either direction. A peer with several
    /// connections counts once.
    pub configured_connected: Gauge,
    /// Inbound connections of strangers.
    pub strangers_inbound: Gauge,
    /// Outbound connections of strangers.
    pub strangers_outbound: Gauge,
    /// Strangers' connections closed because a stranger from another address range took the place.
    pub strangers_replaced: Counter,
    /// Refused connections and handshakes.
    pub refused_places: PlaceRefusals,
    offences_by_kind: [Counter; Offence::ALL.len()],
    bans_by_kind: [Counter; Offence::ALL.len()],
}

impl NetworkCounters {
    /// Returns the number of offences of a kind.
    #[must_use]
    pub fn offences_of(&self, offence: Offence) -> u64 {
        self.offences_by_kind[offence as usize].get()
    }

    /// Returns the number of bans whose last offence was of a kind.
    #[must_use]
    pub fn bans_for(&self, offence: Offence) -> u64 {
        self.bans_by_kind[offence as usize].get()
    }

    /// Returns the numbers of gossip and requests dropped by this thread, with the reasons.
    #[must_use]
    pub fn dropped(&self) -> [(&'static str, u64); 11] {
        [
            ("gossip not snappy", &self.bad_snappy),
            ("gossip too large", &self.too_large),
            ("gossip not anonymous", &self.not_anonymous),
            ("gossip of another topic", &self.other_topic),
            ("gossip repeated by a peer", &self.gossip_repeated),
            ("gossip over a peer's allowance", &self.gossip_over_allowance),
            ("gossip frames over a peer's allowance", &self.frames_over_allowance),
            ("gossip control over a peer's allowance", &self.control_over_allowance),
            ("gossip over the limit of undecided messages", &self.gossip_over_undecided),
            ("gossip of muted peers", &self.gossip_muted),
            ("requests over a peer's allowance", &self.requests_over_allowance),
        ]
        .map(|(reason, counter)| (reason, counter.get()))
    }

    pub(super) fn offence(&self, offence: Offence) {
        self.offences.increment();
        self.offences_by_kind[offence as usize].increment();
    }

    pub(super) fn ban(&self, offence: Offence) {
        self.peers_banned.increment();
        self.bans_by_kind[offence as usize].increment();
    }

    /// Counts a gossip payload that cannot be decompressed.
    pub(super) fn unreadable(&self, error: &WireError) {
        match error {
            WireError::TooLarge(_) => self.too_large.increment(),
            _ => self.bad_snappy.increment(),
        }
    }
}
