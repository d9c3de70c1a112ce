//! Tests with misbehaving peers: each is limited, penalised or banned, and other peers are not
//! affected.

use std::time::Duration;

use libp2p::identity::Keypair;
use network::{NetworkConfig, RequestFailure, SlotRange};
use tokio::time::Instant;
use wire::{
    raw_snappy,
    request::{Request, encode_request},
    response::write_chunk,
};

use crate::{
    peer::{Peer, config, wait_for_gossip_between},
    raw_peer::{Manner, RawHeard, RawPeer, Tell},
};

const LOOPBACK: &str = "/ip4/127.0.0.1/udp/0/quic-v1";

fn chunk(ssz: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    write_chunk(Ok(ssz), &mut bytes).expect("it is small enough");
    bytes
}

/// Returns bytes incompressible for snappy.
fn noise(size: usize) -> Vec<u8> {
    let mut state = 1_u64;
    let next = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    };
    std::iter::repeat_with(next).take(size).collect()
}

/// Requests blocks and returns whether they arrive.
fn is_served(asker: &mut Peer, server: &mut Peer) -> bool {
    asker.network.front().request_blocks(server.id(), vec![[2; 32]], 1).expect("the lane has room");
    let reply = server.wait_for("the friend's request", |heard| match heard {
        crate::peer::Heard::ServeBlocks(roots, reply) if roots == [[2; 32]] => Ok(reply),
        other => Err(Box::new(other)),
    });
    reply.send([vec![2]]);
    asker.wait_blocks().outcome == Ok(vec![vec![2]])
}

#[test]
fn a_peer_without_points_is_banned_and_redialled_after_the_ban() {
    const BAN: Duration = Duration::from_secs(2);
    let key = Keypair::generate_secp256k1();
    let peer = key.public().to_peer_id();
    let raw = RawPeer::start(key, LOOPBACK, None, b"garbage".to_vec());
    let friend = Peer::start(config(&[]));
    let mut node =
        Peer::start(NetworkConfig { ban: BAN, ..config(&[&raw.address, friend.address()]) });
    node.wait_connected(peer);
    for request_id in 0..2 {
        node.network
            .front()
            .request_blocks(peer, vec![[1; 32]], request_id)
            .expect("the lane has room");
        assert_eq!(node.wait_blocks().outcome, Err(RequestFailure::Malformed));
    }
    node.wait_disconnected(peer);
    let left = Instant::now();
    let counters = node.network.counters();
    assert_eq!((counters.offences.get(), counters.peers_banned.get()), (2, 1));
    wait_for_gossip_between(&friend, &mut node);
    node.wait_connected(peer);
    assert!(left.elapsed() > BAN / 2, "it was left for a while");
}

#[test]
fn an_endless_slow_answer_times_out() {
    let key = Keypair::generate_secp256k1();
    let peer = key.public().to_peer_id();
    let raw = RawPeer::start_with(key, LOOPBACK, None, chunk(&[1; 100]), Manner::Drips);
    let mut friend = Peer::start(config(&[]));
    let quick = NetworkConfig {
        request_timeout: Duration::from_secs(1),
        ..config(&[&raw.address, friend.address()])
    };
    let mut node = Peer::start(quick);
    node.wait_connected(peer);
    node.wait_connected(friend.id());
    node.network.front().request_blocks(peer, vec![[1; 32]; 1024], 1).expect("the lane has room");
    assert_eq!(node.wait_blocks().outcome, Err(RequestFailure::Timeout));
    assert!(is_served(&mut node, &mut friend));
}

#[test]
fn a_slow_answer_with_too_many_blocks_is_malformed() {
    let key = Keypair::generate_secp256k1();
    let peer = key.public().to_peer_id();
    let raw = RawPeer::start_with(key, LOOPBACK, None, chunk(&[1; 100]), Manner::Drips);
    let mut node = Peer::start(config(&[&raw.address]));
    node.wait_connected(peer);
    node.network.front().request_blocks(peer, vec![[1; 32]; 3], 1).expect("the lane has room");
    assert_eq!(node.wait_blocks().outcome, Err(RequestFailure::Malformed));
}

#[test]
fn a_peer_that_does_not_read_its_answers_uses_up_only_its_own_share() {
    let mut node =
        Peer::start(NetworkConfig { request_timeout: Duration::from_secs(3), ..config(&[]) });
    let mut friend = Peer::start(config(&[node.address()]));
    let key = Keypair::generate_secp256k1();
    let raw = RawPeer::start_with(
        key,
        LOOPBACK,
        Some(node.address().clone()),
        Vec::new(),
        Manner::NeverReads,
    );
    raw.wait_connected();
    let request =
        encode_request(&Request::BlocksByRoot(vec![[1; 32]; 4])).expect("it asks for few enough");
    for _ in 0..8 {
        raw.tell(Tell::Request(node.id(), request.clone()));
    }
    // Two of these answers fit in the limit per peer; the others become errors.
    let block = noise(5 << 20);
    for _ in 0..8 {
        node.wait_serve().1.send(vec![block.clone(); 3]);
    }
    assert!(is_served(&mut friend, &mut node), "while the answers lie there");
    // Six of the eight answers are errors and are sent. At least the two answers exceeding the
    // peer's flow-control window time out.
    while node.network.counters().requests_in_failed.get() < 8 {
        wait_for_gossip_between(&friend, &mut node);
    }
    assert!(is_served(&mut friend, &mut node), "and after they were given up");
    assert_eq!(node.network.counters().peers_banned.get(), 0, "it may only be slow");
}

#[test]
fn too_many_streams_of_one_peer_do_not_disturb_other_peers() {
    const STREAMS: usize = 200;
    let mut node = Peer::start(config(&[]));
    let mut friend = Peer::start(config(&[node.address()]));
    let raw = RawPeer::start(
        Keypair::generate_secp256k1(),
        LOOPBACK,
        Some(node.address().clone()),
        Vec::new(),
    );
    raw.wait_connected();
    let by_root =
        encode_request(&Request::BlocksByRoot(vec![[1; 32]])).expect("it asks for few enough");
    let range = Request::BlocksByRange(SlotRange { start_slot: 1, count: 64 });
    let by_range = encode_request(&range).expect("it is two numbers");
    for _ in 0..STREAMS / 2 {
        raw.tell(Tell::Request(node.id(), by_root.clone()));
        raw.tell(Tell::RangeRequest(node.id(), by_range.clone()));
    }
    assert!(is_served(&mut friend, &mut node));
    wait_for_gossip_between(&friend, &mut node);
    // Every stream ends: by an answer, or by the requester's own timeout.
    for _ in 0..STREAMS {
        raw.wait_for(|heard| {
            matches!(heard, RawHeard::Answer(_) | RawHeard::Failure(_)).then_some(())
        });
    }
}

#[test]
fn gossip_of_another_network_is_not_delivered() {
    let mut node = Peer::start(config(&[]));
    let friend = Peer::start(config(&[node.address()]));
    let foreign =
        NetworkConfig { network_name: "87654321".to_owned(), ..config(&[node.address()]) };
    let foreigner = Peer::start(foreign);
    let raw = RawPeer::start(
        Keypair::generate_secp256k1(),
        LOOPBACK,
        Some(node.address().clone()),
        Vec::new(),
    );
    raw.wait_subscribed();
    node.wait_connected(foreigner.id());
    foreigner.publish(b"foreign");
    // An honest gossipsub node sends nothing on a topic without subscribers. This peer does so
    // nevertheless.
    let topic = "/leanconsensus/87654321/block/ssz_snappy";
    raw.tell(Tell::Rpc(
        node.id(),
        publish_rpc(topic, &raw_snappy::compress(b"forced").expect("it is small enough")),
    ));
    while node.network.counters().other_topic.get() == 0 {
        wait_for_gossip_between(&friend, &mut node);
    }
    assert_eq!((node.times_heard(b"forced"), node.times_heard(b"foreign")), (0, 0));
}

/// Encodes a message in gossipsub's framing: an RPC with one publication.
fn publish_rpc(topic: &str, data: &[u8]) -> Vec<u8> {
    let field = |tag: u8, bytes: &[u8]| {
        let length = u8::try_from(bytes.len())
            .ok()
            .filter(|length| *length < 128)
            .expect("one byte of length is enough");
        [&[tag, length], bytes].concat()
    };
    let message = [field(0x12, data), field(0x22, topic.as_bytes())].concat();
    let rpc = field(0x12, &message);
    [&[u8::try_from(rpc.len()).expect("it is short")], rpc.as_slice()].concat()
}

#[test]
fn identify_and_ping_open_no_stream_unless_they_are_asked_for() {
    let unwelcome = |identify, ping| {
        let mut node = Peer::start(NetworkConfig { identify, ping, ..config(&[]) });
        let key = Keypair::generate_secp256k1();
        let peer = key.public().to_peer_id();
        let raw = RawPeer::start(key, LOOPBACK, Some(node.address().clone()), chunk(&[1]));
        node.wait_connected(peer);
        let mut opened = Vec::new();
        // Streams opened on connecting are opened before the first request.
        node.network.front().request_blocks(peer, vec![[1; 32]], 1).expect("the lane has room");
        node.wait_blocks().outcome.expect("the peer answers");
        let request =
            encode_request(&Request::BlocksByRoot(vec![[1; 32]])).expect("it asks for few enough");
        raw.tell(Tell::Request(node.id(), request));
        node.wait_serve().1.send([vec![1]]);
        let expected = usize::from(identify) + usize::from(ping);
        let mut is_answered = false;
        while !is_answered || opened.len() < expected {
            raw.wait_for(|heard| match heard {
                RawHeard::Answer(_) => {
                    is_answered = true;
                    Some(())
                }
                RawHeard::Unwelcome(protocol) => {
                    opened.push(protocol);
                    Some(())
                }
                _ => None,
            });
        }
        opened.sort();
        opened
    };
    assert_eq!(unwelcome(true, true), ["/ipfs/id/1.0.0", "/ipfs/ping/1.0.0"]);
    assert_eq!(unwelcome(false, false), Vec::<String>::new());
}
