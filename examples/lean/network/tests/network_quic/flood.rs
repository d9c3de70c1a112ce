//! Tests with peers that flood: each kind of flood is dropped, muted or banned according to the
//! tables of the network, and another peer is served all the time.

use libp2p::{PeerId, identity::Keypair};
use network::{NetworkCounters, Offence, SlotRange, Verdict};
use wire::{
    gossip_rpc::{Control, Graft, IHave, MessageIds, Published, Rpc, Subscription, encode_rpc},
    raw_snappy,
    request::{Request, encode_request},
    response::{ResponseCode, decode_response},
    varint::write_varint,
};

use crate::{
    peer::{Peer, config, wait_for_gossip_between},
    raw_peer::{BLOCK_TOPIC, RawHeard, RawPeer, Tell},
};

/// A node, an honest peer of it, and a flooder, all connected. For the node, both are strangers.
struct Scene {
    node: Peer,
    friend: Peer,
    raw: RawPeer,
    flooder: PeerId,
}

impl Scene {
    fn start() -> Self {
        let mut node = Peer::start(config(&[]));
        let friend = Peer::start(config(&[node.address()]));
        wait_for_gossip_between(&friend, &mut node);
        let (raw, flooder) = raw_peer(&node);
        node.wait_connected(flooder);
        Self { node, friend, raw, flooder }
    }

    fn counters(&self) -> std::sync::Arc<NetworkCounters> {
        self.node.network.counters()
    }

    /// Sends frames on one stream.
    fn send(&self, frames: impl IntoIterator<Item = Rpc>) {
        self.raw.tell(Tell::Rpc(self.node.id(), in_frames(frames)));
    }

    /// Waits for a block of the friend. It proves that the node is responsive.
    fn friend_is_heard(&mut self) {
        wait_for_gossip_between(&self.friend, &mut self.node);
    }

    /// Floods with frames, and waits for the ban.
    fn bans_the_flooder(mut self, frames: impl IntoIterator<Item = Rpc>) {
        self.send(frames);
        self.friend_is_heard();
        self.node.wait_disconnected(self.flooder);
        assert_eq!(self.counters().bans_for(Offence::Flood), 1);
        assert_eq!(self.counters().peers_banned.get(), 1);
        self.friend_is_heard();
    }
}

fn raw_peer(node: &Peer) -> (RawPeer, PeerId) {
    let key = Keypair::generate_secp256k1();
    let peer = key.public().to_peer_id();
    let listen = "/ip4/127.0.0.1/udp/0/quic-v1";
    let raw = RawPeer::start(key, listen, Some(node.address().clone()), Vec::new());
    raw.wait_subscribed();
    (raw, peer)
}

fn in_frames(frames: impl IntoIterator<Item = Rpc>) -> Vec<u8> {
    let mut bytes = Vec::new();
    for frame in frames {
        let rpc = encode_rpc(&frame);
        write_varint(rpc.len() as u64, &mut bytes);
        bytes.extend(rpc);
    }
    bytes
}

fn published(topic: &str, data: Vec<u8>) -> Rpc {
    let (data, topic) = (Some(data), Some(topic.to_owned()));
    let message = Published { from: None, data, seqno: None, topic, signature: None, key: None };
    Rpc { subscriptions: vec![], publish: vec![message], control: None }
}

fn block(ssz: &[u8]) -> Rpc {
    published(BLOCK_TOPIC, raw_snappy::compress(ssz).expect("it is small enough"))
}

fn control(control: Control) -> Rpc {
    Rpc { subscriptions: vec![], publish: vec![], control: Some(control) }
}

#[test]
fn a_second_copy_from_one_peer_is_not_decompressed_again() {
    let mut scene = Scene::start();
    let bomb = vec![0; 500_000];
    let copies = std::iter::repeat_with(|| block(&bomb)).take(60);
    scene.send(copies.chain([block(b"end")]));
    let message = scene.node.wait_gossip(&bomb);
    scene.node.report(&message, Verdict::Reject);
    scene.node.wait_gossip(b"end");
    assert_eq!(scene.node.times_heard(&bomb), 0, "it was delivered once");
    assert_eq!(scene.counters().gossip_repeated.get(), 59);
    assert_eq!(scene.counters().offences.get(), 0, "so few may be a mistake");
    scene.friend_is_heard();
}

#[test]
fn a_message_in_ever_new_compressed_forms_mutes_its_relay() {
    let mut scene = Scene::start();
    let ssz: Vec<u8> = (0..50).collect();
    // Two literals instead of one: valid snappy, with a different cut in each form.
    let form = |cut: u8| {
        let (first, second) = ssz.split_at(usize::from(cut));
        let literal = |bytes: &[u8]| [&[(bytes.len() as u8 - 1) << 2], bytes].concat();
        published(BLOCK_TOPIC, [vec![50], literal(first), literal(second)].concat())
    };
    scene.send((1..40).map(form));
    scene.node.wait_gossip(&ssz);
    while scene.counters().gossip_muted.get() == 0 {
        scene.friend_is_heard();
    }
    assert_eq!(scene.node.times_heard(&ssz), 0, "it was delivered once");
    let repeated = scene.counters().gossip_repeated.get();
    assert!((9..20).contains(&repeated), "{repeated}");
    still_connected(scene);
}

#[test]
fn the_longest_list_of_announced_messages_is_read() {
    let mut scene = Scene::start();
    let message_ids = (0..5000_u32).map(|id| id.to_le_bytes().repeat(5)).collect::<Vec<_>>();
    let ihave = vec![IHave { topic_id: Some(BLOCK_TOPIC.to_owned()), message_ids }];
    scene.send([control(Control { ihave, ..Control::default() }), block(b"after")]);
    scene.node.wait_gossip(b"after");
    assert_eq!(scene.counters().control_over_allowance.get(), 0);
}

#[test]
fn copies_of_one_message_from_two_peers_are_both_honest() {
    let mut scene = Scene::start();
    let (second, _) = raw_peer(&scene.node);
    scene.send([block(b"block")]);
    scene.node.wait_gossip(b"block");
    second.tell(Tell::Rpc(scene.node.id(), in_frames([block(b"block"), block(b"end")])));
    scene.node.wait_gossip(b"end");
    assert_eq!(scene.counters().gossip_repeated.get(), 0);
    assert_eq!(scene.node.times_heard(b"block"), 0);
}

#[test]
fn a_flood_of_second_copies_is_banned() {
    Scene::start().bans_the_flooder(std::iter::repeat_with(|| block(b"again")).take(1000));
}

#[test]
fn a_flood_of_frames_is_banned() {
    Scene::start().bans_the_flooder(std::iter::repeat_with(Rpc::default).take(40_000));
}

#[test]
fn a_flood_of_wanted_messages_is_banned() {
    let ids = (0..1000_u32).map(|id| id.to_le_bytes().repeat(5)).collect::<Vec<_>>();
    let iwant = vec![MessageIds { message_ids: ids }];
    let frame = control(Control { iwant, ..Control::default() });
    Scene::start().bans_the_flooder(std::iter::repeat_n(frame, 120));
}

#[test]
fn a_flood_of_grafts_is_banned() {
    let graft = vec![Graft { topic_id: Some(BLOCK_TOPIC.to_owned()) }; 200];
    let frame = control(Control { graft, ..Control::default() });
    Scene::start().bans_the_flooder(std::iter::repeat_n(frame, 200));
}

#[test]
fn a_flood_of_subscriptions_is_banned() {
    let subscription = |subscribe| Subscription {
        subscribe: Some(subscribe),
        topic_id: Some(BLOCK_TOPIC.to_owned()),
    };
    let subscriptions = (0..100).map(|n| subscription(n % 2 == 0)).collect();
    let frame = Rpc { subscriptions, publish: vec![], control: None };
    Scene::start().bans_the_flooder(std::iter::repeat_n(frame, 60));
}

#[test]
fn a_flood_on_topics_that_nobody_follows_is_banned() {
    let frames = (0..1000_u32).map(|n| published("other", n.to_le_bytes().to_vec()));
    Scene::start().bans_the_flooder(frames);
}

#[test]
fn a_flood_that_is_not_snappy_mutes_its_relay_and_does_not_disconnect_it() {
    let mut scene = Scene::start();
    // Half of them have an invalid header; the other half fails in the middle.
    let frames = (0..200_u8).map(|n| {
        let data = if n % 2 == 0 { vec![0xff; 20] } else { vec![100, 0xfc, n, n] };
        published(BLOCK_TOPIC, data)
    });
    scene.send(frames.chain([block(b"muted")]));
    while scene.counters().gossip_muted.get() == 0 {
        scene.friend_is_heard();
    }
    let counters = scene.counters();
    assert!(counters.bad_snappy.get() < 20, "the rest was not looked at");
    assert!(counters.gossip_mutes.get() >= 1);
    still_connected(scene);
}

#[test]
fn a_relay_of_invalid_blocks_is_muted_and_never_disconnected() {
    let mut scene = Scene::start();
    for n in 0..9_u8 {
        scene.send_own(&[n]);
        let message = scene.node.wait_gossip(&[n]);
        scene.node.report(&message, Verdict::Reject);
    }
    while scene.counters().gossip_mutes.get() == 0 {
        scene.friend_is_heard();
    }
    scene.send_own(b"muted");
    while scene.counters().gossip_muted.get() == 0 {
        scene.friend_is_heard();
    }
    assert_eq!(scene.node.times_heard(b"muted"), 0);
    assert_eq!(scene.counters().gossip_rejected.get(), 9);
    // Another peer's copy of the dropped message is new to the node.
    scene.friend.publish(b"muted");
    scene.node.wait_gossip(b"muted");
    still_connected(scene);
}

#[test]
fn a_message_over_the_limit_of_undecided_ones_is_accepted_later_from_another_peer() {
    let mut scene = Scene::start();
    for n in 0..6_u8 {
        scene.send_own(&[n]);
    }
    let messages = [0_u8, 1, 2, 3].map(|n| scene.node.wait_gossip(&[n]));
    while scene.counters().gossip_over_undecided.get() < 2 {
        scene.friend_is_heard();
    }
    assert_eq!((scene.node.times_heard(&[4]), scene.node.times_heard(&[5])), (0, 0));
    scene.friend.publish(&[4]);
    assert_eq!(scene.node.wait_gossip(&[4]).source, scene.friend.id());
    // A verdict frees a place for the flooder.
    scene.node.report(&messages[0], Verdict::Ignore);
    scene.friend_is_heard();
    scene.send_own(b"new");
    assert_eq!(scene.node.wait_gossip(b"new").source, scene.flooder);
    still_connected(scene);
}

#[test]
fn a_peer_in_debt_for_answers_waits_and_others_do_not() {
    let mut scene = Scene::start();
    let range = Request::BlocksByRange(SlotRange { start_slot: 1, count: 8 });
    let request = encode_request(&range).expect("it is two numbers");
    let ask = |scene: &Scene| {
        scene.raw.tell(Tell::RangeRequest(scene.node.id(), request.clone()));
    };
    let answer = |scene: &Scene| {
        scene.raw.wait_for(|heard| match heard {
            RawHeard::Answer(bytes) => Some(decode_response(&bytes).expect("it is well-formed")),
            _ => None,
        })
    };
    // Zeros compress well. The size before compression counts.
    for _ in 0..4 {
        ask(&scene);
        scene.node.wait_serve_range().1.send([vec![0; 10 << 20]]);
        assert!(answer(&scene).iter().all(Result::is_ok));
    }
    ask(&scene);
    let refused = answer(&scene).remove(0).expect_err("it is in debt");
    assert_eq!(refused.code, ResponseCode::ResourceUnavailable);
    assert_eq!(scene.counters().requests_over_allowance.get(), 1);
    scene.friend.network.front().request_blocks(scene.node.id(), vec![[2; 32]], 1).expect("room");
    scene.node.wait_serve().1.send([vec![2]]);
    assert_eq!(scene.friend.wait_blocks().outcome, Ok(vec![vec![2]]));
    assert_eq!(scene.counters().offences.get(), 0);
}

#[test]
fn a_configured_peer_that_floods_is_not_disconnected() {
    let key = Keypair::generate_secp256k1();
    let peer = key.public().to_peer_id();
    let raw = RawPeer::start(key, "/ip4/127.0.0.1/udp/0/quic-v1", None, Vec::new());
    let mut node = Peer::start(config(&[&raw.address]));
    let friend = Peer::start(config(&[node.address()]));
    raw.wait_subscribed();
    node.wait_connected(peer);
    wait_for_gossip_between(&friend, &mut node);
    let frames = std::iter::repeat_with(Rpc::default).take(100_000);
    raw.tell(Tell::Rpc(node.id(), in_frames(frames)));
    while node.network.counters().frames_over_allowance.get() == 0 {
        wait_for_gossip_between(&friend, &mut node);
    }
    let again = std::iter::repeat_with(|| block(b"again")).take(1000);
    raw.tell(Tell::Rpc(node.id(), in_frames(again)));
    wait_for_gossip_between(&friend, &mut node);
    still_connected(Scene { node, friend, raw, flooder: peer });
}

impl Scene {
    /// Publishes a block as gossip of the flooder itself.
    fn send_own(&self, ssz: &[u8]) {
        self.raw.tell(Tell::Gossip(raw_snappy::compress(ssz).expect("it is small enough")));
    }
}

/// Checks that the flooder still has its connection: a request on it is answered.
fn still_connected(mut scene: Scene) {
    let request = Request::BlocksByRoot(vec![[9; 32]]);
    let request = encode_request(&request).expect("it asks for few enough");
    scene.raw.tell(Tell::Request(scene.node.id(), request));
    let (roots, reply) = scene.node.wait_serve();
    assert_eq!(roots, [[9; 32]]);
    reply.send([vec![9]]);
    scene.raw.wait_for(|heard| matches!(heard, RawHeard::Answer(_)).then_some(()));
    assert_eq!(scene.counters().peers_banned.get(), 0);
}
