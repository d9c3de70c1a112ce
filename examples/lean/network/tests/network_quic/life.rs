//! Tests of starting, stopping, and peers connecting and disconnecting.

use std::{net::UdpSocket, time::Duration};

use libp2p::identity::{Keypair, secp256k1};
use network::{
    Command, HostKey, MessageId, Multiaddr, NetworkConfig, NetworkError, UndeliveredReason, Verdict,
};
use tokio::time::Instant;

use crate::{
    peer::{DEADLINE, Peer, config, wait_for_gossip_between},
    raw_peer::RawPeer,
};

#[test]
fn a_taken_port_is_an_error_that_names_the_address() {
    let first = Peer::start(config(&[]));
    let taken = first.address().clone();
    let result = Peer::try_start(NetworkConfig { listen: taken.clone(), ..config(&[]) });
    let Err(error @ NetworkError::Listen { .. }) = result.map(|_| ()) else {
        panic!("the port is taken")
    };
    assert!(error.to_string().contains(&taken.to_string()), "{error}");
    assert!(error.to_string().contains("in use"), "{error}");
    // Listening on all interfaces fails for the same port as well.
    let port = taken.to_string().replace("127.0.0.1", "0.0.0.0").parse().expect("it is an address");
    let result = Peer::try_start(NetworkConfig { listen: port, ..config(&[]) });
    assert!(matches!(result.map(|_| ()), Err(NetworkError::Listen { .. })));
}

#[test]
fn an_address_that_is_not_quic_is_an_error() {
    let listen = "/ip4/127.0.0.1/tcp/0".parse().expect("it is an address");
    let result = Peer::try_start(NetworkConfig { listen, ..config(&[]) });
    assert!(matches!(result.map(|_| ()), Err(NetworkError::Listen { .. })));
}

#[test]
fn a_stopped_network_takes_no_commands_and_frees_its_port() {
    let a = Peer::start(config(&[]));
    let front = a.network.front();
    let listen = a.address().clone();
    assert!(a.network.is_running());
    a.stop();
    let refused = front.report(MessageId([0; 20]), HostKey::generate().peer_id(), Verdict::Accept);
    assert_eq!(refused.map_err(|undelivered| undelivered.reason), Err(UndeliveredReason::Stopped));
    Peer::start(NetworkConfig { listen, ..config(&[]) }).stop();
}

#[test]
fn a_stopping_network_closes_its_connections() {
    let mut b = Peer::start(config(&[]));
    let a = Peer::start(config(&[b.address()]));
    let a_id = a.id();
    b.wait_connected(a_id);
    let before = Instant::now();
    a.stop();
    b.wait_disconnected(a_id);
    assert!(before.elapsed() < Duration::from_secs(5), "sooner than QUIC gives a silent peer up");
}

#[test]
fn a_full_lane_hands_the_command_back() {
    let a = Peer::start(config(&[]));
    let front = a.network.front();
    let peer = HostKey::generate().peer_id();
    let refused = std::iter::repeat_with(|| front.disconnect(peer))
        .find_map(Result::err)
        .expect("it fills up");
    assert_eq!(refused.reason, UndeliveredReason::Full);
    assert_eq!(*refused.command, Command::Disconnect { peer });
}

#[test]
fn a_peer_that_restarts_is_dialled_again_and_gossips_again() {
    let host_key = HostKey::generate();
    let mut b = Peer::start(NetworkConfig { host_key: host_key.clone(), ..config(&[]) });
    let (b_id, listen) = (b.id(), b.address().clone());
    let mut a = Peer::start(config(&[&listen]));
    wait_for_gossip_between(&a, &mut b);
    a.wait_connected(b_id);
    b.stop();
    a.wait_disconnected(b_id);
    let mut b = Peer::start(NetworkConfig { host_key, listen, ..config(&[]) });
    a.wait_connected(b_id);
    wait_for_gossip_between(&a, &mut b);
    wait_for_gossip_between(&b, &mut a);
}

#[test]
fn a_killed_and_restarted_peer_gossips_again() {
    let secret = [42; 32];
    let secret_key = secp256k1::SecretKey::try_from_bytes(secret).expect("it is a secret");
    let key = Keypair::from(secp256k1::Keypair::from(secret_key));
    let mut a = Peer::start(config(&[]));
    let raw = RawPeer::start(
        key.clone(),
        "/ip4/127.0.0.1/udp/0/quic-v1",
        Some(a.address().clone()),
        Vec::new(),
    );
    let listen = raw.address.clone();
    a.wait_connected(key.public().to_peer_id());
    // A has announced its topics by now. It will not announce them again while it considers this
    // connection alive.
    raw.wait_subscribed();
    raw.die();
    let host_key = HostKey::from_secret(secret).expect("it is a secret");
    let mut b = Peer::start(NetworkConfig { host_key, listen, ..config(&[a.address()]) });
    wait_for_gossip_between(&b, &mut a);
    wait_for_gossip_between(&a, &mut b);
}

#[test]
fn silent_peers_do_not_disturb_other_peers() {
    // One peer never answers a dial, and another connects and does nothing.
    let deaf = UdpSocket::bind("127.0.0.1:0").expect("a port is free");
    let port = deaf.local_addr().expect("it is bound").port();
    let deaf_address =
        format!("/ip4/127.0.0.1/udp/{port}/quic-v1").parse().expect("it is an address");
    let mut b = Peer::start(config(&[]));
    let mut a = Peer::start(config(&[&deaf_address, b.address()]));
    let mute_key = Keypair::generate_secp256k1();
    let mute_id = mute_key.public().to_peer_id();
    let _mute = RawPeer::start(
        mute_key,
        "/ip4/127.0.0.1/udp/0/quic-v1",
        Some(a.address().clone()),
        Vec::new(),
    );
    a.wait_connected(mute_id);
    wait_for_gossip_between(&a, &mut b);
}

#[test]
fn nodes_dialling_each_other_gossip_in_all_directions() {
    // The ports must be known before any node starts.
    let sockets = [(); 4].map(|()| UdpSocket::bind("127.0.0.1:0").expect("a port is free"));
    let addresses = sockets.each_ref().map(|socket| -> Multiaddr {
        let port = socket.local_addr().expect("it is bound").port();
        format!("/ip4/127.0.0.1/udp/{port}/quic-v1").parse().expect("it is an address")
    });
    drop(sockets);
    // A node's own address is among its peers, because all nodes of a devnet may share one list.
    let mut nodes = addresses.each_ref().map(|listen| {
        Peer::start(NetworkConfig { listen: listen.clone(), ..config(&addresses.each_ref()) })
    });
    for from in 0..nodes.len() {
        for to in (0..nodes.len()).filter(|to| *to != from) {
            let [from, to] = nodes.get_disjoint_mut([from, to]).expect("they are two nodes");
            wait_for_gossip_between(from, to);
        }
    }
    for node in &nodes {
        let counters = node.network.counters();
        // Both sides have dialled, so a peer may have two connections. It counts once, and the
        // node's own address does not count.
        assert_eq!((counters.configured_connected.get(), counters.configured_total.get()), (3, 3));
        assert_eq!(counters.strangers_inbound.get(), 0);
    }
    for node in nodes {
        node.stop();
    }
}

#[test]
fn identify_and_ping_can_be_enabled() {
    let mut b = Peer::start(NetworkConfig { identify: true, ping: true, ..config(&[]) });
    let a = Peer::start(NetworkConfig { identify: true, ping: true, ..config(&[b.address()]) });
    wait_for_gossip_between(&a, &mut b);
    a.network.stop(DEADLINE).expect("the thread ends");
}
