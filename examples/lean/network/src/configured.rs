//! The peers named in the node's configuration. All other peers are strangers.

use libp2p::{Multiaddr, PeerId, multiaddr::Protocol};

/// The configured peers: each is known by the identity in its address, or by its socket address if
/// the configuration names no identity.
///
/// Bounded by the configuration: each address has at most one identity.
#[derive(Clone, Debug)]
pub(super) struct ConfiguredPeers {
    peers: Vec<Configured>,
}

#[derive(Clone, Debug)]
struct Configured {
    /// The address without an identity.
    socket: Multiaddr,
    identity: Identity,
}

#[derive(Clone, Copy, Debug)]
enum Identity {
    /// Named in the configuration, so no other peer at this address is configured.
    Named(PeerId),
    /// Found at the address, if any peer was. Another peer at the address replaces it.
    Learned(Option<PeerId>),
}

impl ConfiguredPeers {
    /// Returns the peers with these addresses.
    pub(super) fn new(addresses: &[Multiaddr]) -> Self {
        let configured = |address: &Multiaddr| Configured {
            socket: socket(address),
            identity: named_peer(address).map_or(Identity::Learned(None), Identity::Named),
        };
        Self { peers: addresses.iter().map(configured).collect() }
    }

    /// Returns whether a peer is configured. `remote` is the address of its connection; without it,
    /// only a named or learned identity counts.
    pub(super) fn is_configured(&self, peer: &PeerId, remote: Option<&Multiaddr>) -> bool {
        let remote = remote.map(socket);
        self.peers.iter().any(|configured| match configured.identity {
            Identity::Named(named) => named == *peer,
            Identity::Learned(learned) => {
                learned == Some(*peer) || remote.as_ref() == Some(&configured.socket)
            }
        })
    }

    /// Records the identity of a peer connected from or to `remote`, if that is the address of a
    /// configured peer without a named identity. Returns whether the identity is new there.
    pub(super) fn learned(&mut self, peer: PeerId, remote: &Multiaddr) -> bool {
        let remote = socket(remote);
        let mut is_new = false;
        for configured in &mut self.peers {
            if let Identity::Learned(learned) = &mut configured.identity
                && configured.socket == remote
            {
                is_new |= learned.replace(peer) != Some(peer);
            }
        }
        is_new
    }

    /// Returns whether an address is in the configuration, with or without an identity.
    pub(super) fn has_address(&self, address: &Multiaddr) -> bool {
        let address = socket(address);
        self.peers.iter().any(|configured| configured.socket == address)
    }

    /// Removes an address, because it is this node's own.
    pub(super) fn forget(&mut self, address: &Multiaddr) {
        let address = socket(address);
        self.peers.retain(|configured| configured.socket != address);
    }

    /// Returns the number of configured addresses.
    pub(super) fn total(&self) -> usize {
        self.peers.len()
    }

    /// Returns the number of configured addresses whose peer is connected.
    pub(super) fn connected(&self, is_connected: impl Fn(&PeerId) -> bool) -> usize {
        let peers = self.peers.iter().filter_map(|configured| match configured.identity {
            Identity::Named(peer) => Some(peer),
            Identity::Learned(peer) => peer,
        });
        peers.filter(is_connected).count()
    }
}

/// Returns an address without its identity.
fn socket(address: &Multiaddr) -> Multiaddr {
    address.iter().filter(|part| !matches!(part, Protocol::P2p(_))).collect()
}

fn named_peer(address: &Multiaddr) -> Option<PeerId> {
    address.iter().find_map(|part| match part {
        Protocol::P2p(peer) => Some(peer),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Multiaddr {
        text.parse().expect("it is an address")
    }

    #[test]
    fn a_named_identity_is_configured_at_every_address_and_no_other_is_at_its_own() {
        let named = PeerId::random();
        let peers = ConfiguredPeers::new(&[address(&format!(
            "/ip4/10.0.0.1/udp/9000/quic-v1/p2p/{named}"
        ))]);
        let its_own = address("/ip4/10.0.0.1/udp/9000/quic-v1");
        let other = address("/ip4/10.0.0.2/udp/9000/quic-v1");
        assert!(peers.is_configured(&named, Some(&other)) && peers.is_configured(&named, None));
        let mut learned = peers.clone();
        let impostor = PeerId::random();
        assert!(!learned.learned(impostor, &its_own));
        assert!(!learned.is_configured(&impostor, Some(&its_own)));
    }

    #[test]
    fn the_peer_at_an_address_without_identity_is_configured_until_another_is_found_there() {
        let mut peers = ConfiguredPeers::new(&[address("/ip4/10.0.0.1/udp/9000/quic-v1")]);
        let (first, second) = (PeerId::random(), PeerId::random());
        let at = |peer| address(&format!("/ip4/10.0.0.1/udp/9000/quic-v1/p2p/{peer}"));
        assert!(!peers.is_configured(&first, None));
        assert!(peers.is_configured(&first, Some(&at(first))), "it has the address");
        assert!(peers.learned(first, &at(first)) && !peers.learned(first, &at(first)));
        assert!(peers.is_configured(&first, None));
        assert!(!peers.learned(PeerId::random(), &address("/ip4/10.0.0.1/udp/9001/quic-v1")));
        assert!(peers.is_configured(&first, None), "another port is another peer");
        assert!(peers.learned(second, &at(second)));
        assert!(peers.is_configured(&second, None) && !peers.is_configured(&first, None));
    }

    #[test]
    fn an_address_counts_once_as_connected_and_this_nodes_own_does_not_count() {
        let (named, learned) = (PeerId::random(), PeerId::random());
        let own = address("/ip4/10.0.0.9/udp/9000/quic-v1");
        let unnamed = address("/ip4/10.0.0.2/udp/9000/quic-v1");
        let mut peers = ConfiguredPeers::new(&[
            address(&format!("/ip4/10.0.0.1/udp/9000/quic-v1/p2p/{named}")),
            unnamed.clone(),
            own.clone(),
        ]);
        assert_eq!((peers.connected(|_| true), peers.total()), (1, 3));
        peers.learned(learned, &unnamed);
        peers.forget(&own);
        assert_eq!((peers.connected(|_| true), peers.total()), (2, 2));
        assert_eq!(peers.connected(|peer| *peer == learned), 1);
        assert!(peers.has_address(&unnamed) && !peers.has_address(&own));
    }
}
