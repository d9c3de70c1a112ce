//! Counters of the network thread's work, readable from other threads.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::places::Refusal;

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
    /// Gossip payloads with invalid snappy.
    pub bad_snappy: Counter,
    /// Gossip payloads over the size limit of their topic.
    pub too_large: Counter,
    /// Gossip on topics not followed by this node.
    pub other_topic: Counter,
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
}
