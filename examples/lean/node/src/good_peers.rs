//! The peers to dial after a restart: those that have behaved well, with their addresses.

use std::collections::HashSet;
use std::time::Duration;

use actor_lanes::view::View;
use actor_lanes::{Actor, Context, Message};
use libp2p::multiaddr::Protocol;

use network::{ConnectedPeer, Multiaddr, PeerTable};
use storage::{Changes, MOST_PEERS, Storage};

/// The pause between two looks at the peers.
const PAUSE: Duration = Duration::from_secs(10);

/// A peer is good after a connection of this length.
const GOOD_AFTER: Duration = Duration::from_secs(60);

/// A peer is good with this many points, of 100.
const GOOD_POINTS: u32 = 90;

/// From its own timer: look at the peers.
#[derive(Debug, Message)]
pub(crate) struct Look;

/// Writes the addresses of good peers to the store, when they have changed.
#[derive(Debug)]
pub(crate) struct GoodPeers {
    peers: View<PeerTable>,
    storage: Storage,
    /// The peers in the store, best first.
    written: Vec<String>,
}

impl GoodPeers {
    /// Begins with the peers in the store.
    pub(crate) fn new(peers: View<PeerTable>, storage: Storage, written: Vec<String>) -> Self {
        Self { peers, storage, written }
    }

    fn look(&mut self, cx: &Context<Look>) {
        let table = self.peers.get();
        let now = cx.now();
        let good = table.connected.iter().filter(|peer| {
            peer.points >= GOOD_POINTS
                && now.saturating_duration_since(peer.since.into_std()) >= GOOD_AFTER
        });
        let next = merged(good.filter_map(dialable), &self.written, &table);
        if next == self.written {
            return;
        }
        let changes = Changes { peers: Some(next.clone()), ..Changes::default() };
        // Without room in the lane, the next look tries again.
        if self.storage.write(Box::new(changes)).is_ok() {
            self.written = next;
        }
    }
}

/// Returns the peers to keep: those that are good now, then those of before, without banned ones.
fn merged(good: impl Iterator<Item = String>, before: &[String], table: &PeerTable) -> Vec<String> {
    let is_banned = |address: &String| {
        table.banned.iter().any(|ban| address.ends_with(&format!("/p2p/{}", ban.peer)))
    };
    let mut known = HashSet::new();
    good.chain(before.iter().filter(|address| !is_banned(address)).cloned())
        .filter(|address| known.insert(identity(address).to_owned()))
        .take(MOST_PEERS)
        .collect()
}

/// Returns the identity in an address, so that a peer with several addresses is kept once.
fn identity(address: &str) -> &str {
    address.rsplit_once("/p2p/").map_or(address, |(_, peer)| peer)
}

/// Returns the address to dial a peer at, with its identity.
fn dialable(peer: &ConnectedPeer) -> Option<String> {
    let parts = peer.address.iter().filter(|part| !matches!(part, Protocol::P2p(_)));
    let address: Multiaddr = parts.collect();
    Some(address.with_p2p(peer.peer).ok()?.to_string())
}

impl Actor for GoodPeers {
    type Message = Look;

    async fn started(&mut self, cx: &mut Context<Look>) {
        cx.after(PAUSE, Look);
    }

    async fn handle(&mut self, _look: Look, cx: &mut Context<Look>) {
        self.look(cx);
        cx.after(PAUSE, Look);
    }
}

#[cfg(test)]
mod tests {
    use network::{BannedPeer, PeerId};
    use tokio::time::Instant;

    use super::*;

    fn address(peer: PeerId) -> String {
        format!("/ip4/127.0.0.1/udp/9000/quic-v1/p2p/{peer}")
    }

    #[test]
    fn good_peers_come_first_banned_ones_are_left_out_and_none_comes_twice() {
        let peers: [PeerId; 4] = std::array::from_fn(|_| PeerId::random());
        let [good, known, banned, both] = peers.map(address);
        let ban = BannedPeer { peer: peers[2], until: Instant::now() };
        let table = PeerTable { banned: vec![ban], ..PeerTable::default() };
        let before = [both.clone(), banned, known.clone()];
        let kept = merged([good.clone(), both.clone()].into_iter(), &before, &table);
        assert_eq!(kept, [good, both, known]);
        let moved = format!("/ip4/127.0.0.1/udp/9009/quic-v1/p2p/{}", peers[0]);
        let kept = merged([moved.clone()].into_iter(), &kept, &PeerTable::default());
        assert_eq!(kept[0], moved, "one place for a peer with another address");
        assert_eq!(kept.len(), 3);
        let many: Vec<_> = (0..MOST_PEERS + 9).map(|_| address(PeerId::random())).collect();
        assert_eq!(merged(many.iter().cloned(), &before, &table), many[..MOST_PEERS]);
    }

    #[test]
    fn an_address_to_dial_names_the_identity_once() {
        let peer = PeerId::random();
        for text in ["/ip4/127.0.0.1/udp/9000/quic-v1".to_owned(), address(peer)] {
            let connected = ConnectedPeer {
                peer,
                address: text.parse().expect("an address"),
                is_configured: false,
                is_inbound: true,
                since: Instant::now(),
                points: 100,
            };
            assert_eq!(dialable(&connected), Some(address(peer)));
        }
    }
}
