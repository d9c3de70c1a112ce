//! Counters of the network thread's work, readable from other threads.

use std::sync::atomic::{AtomicU64, Ordering};

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
}
