//! What the network thread has done so far, for other threads to read.

use std::sync::atomic::{AtomicU64, Ordering};

/// A number that only grows, written by the network thread.
///
/// `Relaxed` suffices: a counter is read for itself and orders nothing else.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Returns the number now.
    #[must_use]
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    pub(super) fn increment(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// Counts what came, what went and what was dropped.
#[derive(Debug, Default)]
pub struct NetworkCounters {
    /// New gossip messages, valid snappy, handed to the node or refused by its lane.
    pub received: Counter,
    /// Gossip payloads that were not snappy.
    pub bad_snappy: Counter,
    /// Gossip payloads that would be larger than any message of their topic may be.
    pub too_large: Counter,
    /// Gossip on topics that this node does not follow.
    pub other_topic: Counter,
    /// Things told to the node that its lanes refused, of any kind.
    pub refused_by_lane: Counter,
    /// Gossip messages sent to at least one peer.
    pub published: Counter,
    /// Gossip messages that had nobody to go to because no peer was connected.
    pub published_alone: Counter,
    /// Gossip messages that peers had already sent to this node.
    pub published_duplicate: Counter,
    /// Gossip messages that could not be sent though there are peers.
    pub publish_failed: Counter,
    /// Verdicts that came after gossipsub had forgotten the message.
    pub late_verdicts: Counter,
    /// Requests received.
    pub requests_in: Counter,
    /// Requests received and answered with an error, or not answered in time.
    pub requests_in_failed: Counter,
    /// Requests sent.
    pub requests_out: Counter,
    /// Requests sent that failed or were answered with an error.
    pub requests_out_failed: Counter,
    /// Offences that peers were charged with.
    pub offences: Counter,
    /// Peers that were left because they had no standing any more.
    pub peers_banned: Counter,
    /// Dials that failed.
    pub dials_failed: Counter,
}
