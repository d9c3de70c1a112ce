//! Tests of the places for connections: strangers take theirs, and configured peers have their own.

use std::net::UdpSocket;

use libp2p::multiaddr::Protocol;
use network::{HostKey, Multiaddr, NetworkConfig};

use crate::{
    crowd::{Crowd, begin_handshakes},
    peer::{DEADLINE, Heard, Peer, config, wait_for_gossip_between},
};

/// More strangers than a node has places for.
const CROWD: usize = 72;

/// The places of one address range, of 64 for strangers.
const SHARE: u64 = 32;

fn free_address() -> Multiaddr {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a port is free");
    let port = socket.local_addr().expect("it is bound").port();
    format!("/ip4/127.0.0.1/udp/{port}/quic-v1").parse().expect("it is an address")
}

fn wait_full(node: &mut Peer) {
    for _ in 0..SHARE {
        node.wait_for("a stranger", |heard| match heard {
            Heard::Connected(_) => Ok(()),
            other => Err(Box::new(other)),
        });
    }
}

fn refused(node: &Peer, reason: &str) -> u64 {
    let counters = node.network.counters();
    let found = counters.refused_places.by_reason().find(|(name, _)| *name == reason);
    found.expect("it is a reason").1
}

#[test]
fn strangers_in_all_places_do_not_prevent_the_connection_of_a_configured_peer() {
    let key = HostKey::generate();
    // Nothing answers at the configured address, so the peer can only dial the node.
    let elsewhere = UdpSocket::bind("127.0.0.1:0").expect("a port is free");
    let port = elsewhere.local_addr().expect("it is bound").port();
    let named: Multiaddr = format!("/ip4/127.0.0.1/udp/{port}/quic-v1/p2p/{}", key.peer_id())
        .parse()
        .expect("it is an address");
    let mut node = Peer::start(config(&[&named]));
    let _crowd = Crowd::start(CROWD, node.address());
    wait_full(&mut node);
    let counters = node.network.counters();
    assert_eq!((counters.configured_connected.get(), counters.configured_total.get()), (0, 1));
    let configured = Peer::start(NetworkConfig { host_key: key, ..config(&[node.address()]) });
    node.wait_connected(configured.id());
    while refused(&node, "range") == 0 {
        wait_for_gossip_between(&configured, &mut node);
    }
    assert_eq!(counters.configured_connected.get(), 1);
    assert!(counters.strangers_inbound.get() <= SHARE);
    assert_eq!(counters.strangers_outbound.get(), 0);
}

#[test]
fn a_node_restarted_among_strangers_finds_its_configured_peer_again() {
    let listen = free_address();
    let mut configured = Peer::start(config(&[&listen]));
    let host_key = HostKey::generate();
    let start = || {
        let host_key = host_key.clone();
        Peer::start(NetworkConfig {
            host_key,
            listen: listen.clone(),
            ..config(&[configured.address()])
        })
    };
    let mut node = start();
    let _crowd = Crowd::start(CROWD, &listen);
    wait_full(&mut node);
    node.stop();
    let mut node = start();
    node.wait_connected(configured.id());
    assert_eq!(node.network.counters().configured_connected.get(), 1);
    wait_for_gossip_between(&node, &mut configured);
    wait_for_gossip_between(&configured, &mut node);
}

#[test]
fn unfinished_handshakes_of_strangers_do_not_delay_a_configured_address() {
    let address = free_address();
    // The address belongs to another identity, so the node's own dials cannot succeed.
    let other = address.clone().with(Protocol::P2p(HostKey::generate().peer_id()));
    let mut node = Peer::start(NetworkConfig { dial_timeout: DEADLINE, ..config(&[&other]) });
    begin_handshakes(40, node.address());
    let peer = Peer::start(NetworkConfig { listen: address, ..config(&[node.address()]) });
    node.wait_connected(peer.id());
    assert_eq!(refused(&node, "handshakes"), 40 - 16, "the range has 16 places");
    let stranger = Peer::start(config(&[node.address()]));
    while refused(&node, "handshakes") == 40 - 16 {
        wait_for_gossip_between(&peer, &mut node);
    }
    assert_eq!(node.network.counters().strangers_inbound.get(), 1);
    drop(stranger);
}

#[test]
fn a_peer_without_a_free_place_is_dialled_until_it_has_one() {
    let mut full = Peer::start(NetworkConfig { max_inbound_peers: 1, ..config(&[]) });
    let guest = Peer::start(config(&[full.address()]));
    wait_for_gossip_between(&guest, &mut full);
    let waiting = Peer::start(config(&[full.address()]));
    while refused(&full, "range") < 3 {
        wait_for_gossip_between(&guest, &mut full);
    }
    guest.stop();
    full.wait_connected(waiting.id());
    wait_for_gossip_between(&waiting, &mut full);
}
