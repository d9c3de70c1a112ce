//! The published table of peers: who is connected, with how many points, and who is banned.
//!
//! The network thread publishes it about once a second, if it has changed. Other threads read it
//! without waiting.

use std::cmp::Reverse;

use libp2p::{Multiaddr, PeerId};
use tokio::time::Instant;

/// The most peers, and the most bans, in a table. The others are counted.
const MOST_ROWS: usize = 64;

/// The peers and the bans at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PeerTable {
    /// Connected peers: the configured ones first, then the oldest connections first.
    pub connected: Vec<ConnectedPeer>,
    /// The number of connected peers left out.
    pub connected_left_out: usize,
    /// Bans in force, the longest first.
    pub banned: Vec<BannedPeer>,
    /// The number of bans left out.
    pub banned_left_out: usize,
}

/// One connected peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectedPeer {
    /// Its identity.
    pub peer: PeerId,
    /// The address of its first connection. A peer dials from the port at which it listens, so it
    /// can be dialled there.
    pub address: Multiaddr,
    /// Whether it is named in the configuration.
    pub is_configured: bool,
    /// Whether it dialled its first connection.
    pub is_inbound: bool,
    /// The begin of its first connection.
    pub since: Instant,
    /// Its points, of 100.
    pub points: u32,
}

/// One ban.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BannedPeer {
    /// The identity of the banned peer.
    pub peer: PeerId,
    /// The end of the ban.
    pub until: Instant,
}

impl PeerTable {
    /// Creates a table within its bounds.
    pub(super) fn new(
        connected: impl Iterator<Item = ConnectedPeer>,
        banned: impl Iterator<Item = BannedPeer>,
    ) -> Self {
        let mut connected: Vec<_> = connected.collect();
        connected.sort_by_key(|peer| (Reverse(peer.is_configured), peer.since, peer.peer));
        let mut banned: Vec<_> = banned.collect();
        banned.sort_by_key(|ban| (Reverse(ban.until), ban.peer));
        let (connected_left_out, banned_left_out) =
            (connected.len().saturating_sub(MOST_ROWS), banned.len().saturating_sub(MOST_ROWS));
        connected.truncate(MOST_ROWS);
        banned.truncate(MOST_ROWS);
        Self { connected, connected_left_out, banned, banned_left_out }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_table_keeps_configured_peers_and_the_longest_bans_and_counts_the_others() {
        let now = Instant::now();
        let second = Duration::from_secs(1);
        let connected = (0..MOST_ROWS as u32 + 5).map(|n| ConnectedPeer {
            peer: PeerId::random(),
            address: Multiaddr::empty(),
            is_configured: n >= MOST_ROWS as u32,
            is_inbound: true,
            since: now + second * n,
            points: 100,
        });
        let banned = (0..MOST_ROWS as u32 + 3)
            .map(|n| BannedPeer { peer: PeerId::random(), until: now + second * n });
        let table = PeerTable::new(connected, banned);
        assert_eq!((table.connected.len(), table.connected_left_out), (MOST_ROWS, 5));
        assert!(table.connected[..5].iter().all(|peer| peer.is_configured));
        assert!(!table.connected[5].is_configured && table.connected[5].since == now);
        assert_eq!((table.banned.len(), table.banned_left_out), (MOST_ROWS, 3));
        assert_eq!(table.banned[0].until, now + second * (MOST_ROWS as u32 + 2));
    }
}
