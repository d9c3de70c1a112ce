//! Tests of gossip: contents, receivers, and the effect of verdicts.

use libp2p::identity::Keypair;
use network::{TopicKind, Verdict};
use wire::raw_snappy;

use crate::{
    peer::{NO_ROOM, Peer, config, wait_for_gossip_between},
    raw_peer::{RawPeer, Tell},
};

/// Starts A, B and C; A and C are connected only to B. Gossip has already flowed from A to B and
/// from B to C.
fn line() -> [Peer; 3] {
    let mut b = Peer::start(config(&[]));
    let a = Peer::start(config(&[b.address()]));
    let mut c = Peer::start(config(&[b.address()]));
    wait_for_gossip_between(&a, &mut b);
    wait_for_gossip_between(&b, &mut c);
    [a, b, c]
}

#[test]
fn a_block_arrives_as_it_was_published() {
    let mut b = Peer::start(config(&[]));
    let a = Peer::start(config(&[b.address()]));
    let ssz: Vec<u8> =
        (0..100_000_u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
    wait_for_gossip_between(&a, &mut b);
    a.publish(&ssz);
    let message = b.wait_gossip(&ssz);
    assert_eq!((message.kind, message.source), (TopicKind::Block, a.id()));
    assert_eq!(a.network.counters().published.get(), b.network.counters().received.get());
}

#[test]
fn a_message_is_forwarded_only_after_it_is_accepted() {
    let [a, mut b, mut c] = line();
    a.publish(b"block");
    let message = b.wait_gossip(b"block");
    // B's own message leaves B after everything B forwarded before.
    b.publish(b"after");
    c.wait_gossip(b"after");
    assert_eq!(c.times_heard(b"block"), 0, "nobody has accepted it");
    b.report(&message, Verdict::Accept);
    let passed_on = c.wait_gossip(b"block");
    assert_eq!((passed_on.id, passed_on.source), (message.id, b.id()));
}

#[test]
fn a_rejected_or_ignored_message_is_not_passed_on() {
    let [a, mut b, mut c] = line();
    for (block, verdict) in
        [(b"bad ", Verdict::Reject), (b"late", Verdict::Ignore), (b"good", Verdict::Accept)]
    {
        a.publish(block);
        let message = b.wait_gossip(block);
        b.report(&message, verdict);
    }
    c.wait_gossip(b"good");
    assert_eq!(c.times_heard(b"bad "), 0);
    assert_eq!(c.times_heard(b"late"), 0);
    assert_eq!(b.network.counters().late_verdicts.get(), 0);
}

#[test]
fn a_message_that_comes_twice_is_delivered_once() {
    let [a, mut b, mut c] = line();
    // D is connected to A and B, so it receives A's message from both.
    let mut d = Peer::start(config(&[a.address(), b.address()]));
    wait_for_gossip_between(&a, &mut d);
    wait_for_gossip_between(&b, &mut d);
    a.publish(b"block");
    let message = b.wait_gossip(b"block");
    b.report(&message, Verdict::Accept);
    b.publish(b"after");
    d.wait_gossip(b"after");
    c.wait_gossip(b"after");
    assert_eq!(d.times_heard(b"block"), 1);
    a.publish(b"block");
    a.publish(b"end");
    d.wait_gossip(b"end");
    assert_eq!(d.times_heard(b"block"), 1);
    assert!(a.network.counters().published_duplicate.get() >= 1);
}

#[test]
fn a_message_that_the_node_has_no_room_for_is_counted_and_not_passed_on() {
    let [a, mut b, mut c] = line();
    a.publish(NO_ROOM);
    a.publish(b"end");
    b.wait_gossip(b"end");
    b.publish(b"after");
    c.wait_gossip(b"after");
    assert_eq!(c.times_heard(NO_ROOM), 0);
    assert_eq!(b.network.counters().refused_by_lane.get(), 1);
}

#[test]
fn without_peers_publishing_is_no_failure() {
    let a = Peer::start(config(&[]));
    a.publish(b"block");
    let counters = a.network.counters();
    a.stop();
    assert_eq!((counters.published_alone.get(), counters.publish_failed.get()), (1, 0));
}

#[test]
fn what_is_not_snappy_or_too_large_is_counted_and_not_delivered() {
    let mut node = Peer::start(config(&[]));
    let listen = "/ip4/127.0.0.1/udp/0/quic-v1";
    let raw = RawPeer::start(
        Keypair::generate_secp256k1(),
        listen,
        Some(node.address().clone()),
        Vec::new(),
    );
    raw.wait_subscribed();
    raw.tell(Tell::Gossip(vec![0xff; 100]));
    let zeros = vec![0; TopicKind::Block.max_payload_size() + 1];
    raw.tell(Tell::Gossip(
        snap::raw::Encoder::new().compress_vec(&zeros).expect("snappy takes it"),
    ));
    raw.tell(Tell::Gossip(raw_snappy::compress(b"good").expect("it is small enough")));
    node.wait_gossip(b"good");
    let counters = node.network.counters();
    assert_eq!(
        (counters.bad_snappy.get(), counters.too_large.get(), counters.received.get()),
        (1, 1, 1)
    );
}

#[test]
fn the_largest_payload_is_delivered() {
    let mut b = Peer::start(config(&[]));
    let a = Peer::start(config(&[b.address()]));
    // Pseudo-random bytes, incompressible for snappy.
    let mut state = 1_u64;
    let noise: Vec<u8> = std::iter::repeat_with(|| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    })
    .take(TopicKind::Block.max_payload_size())
    .collect();
    wait_for_gossip_between(&a, &mut b);
    a.publish(&noise);
    assert_eq!(b.wait_gossip(&noise).ssz.len(), noise.len());
}
