//! Tests of requests: status on connecting, and blocks by root and by range.

use std::time::Duration;

use libp2p::identity::Keypair;
use network::{NetworkConfig, RequestFailure, SlotRange};
use wire::{
    request::{Request, encode_request},
    response::{ErrorChunk, ResponseCode, decode_response, write_chunk},
};

use crate::{
    peer::{Peer, config, status_of},
    raw_peer::{RawHeard, RawPeer, Tell},
};

const LOOPBACK: &str = "/ip4/127.0.0.1/udp/0/quic-v1";

/// Starts two connected nodes; the first one sends the requests.
fn pair() -> [Peer; 2] {
    let mut b = Peer::start(config(&[]));
    let mut a = Peer::start(config(&[b.address()]));
    a.wait_connected(b.id());
    b.wait_connected(a.id());
    [a, b]
}

#[test]
fn both_sides_learn_the_others_status_on_connecting() {
    let (listens, dials) = (config(&[]), config(&[]));
    let [status_b, status_a] = [status_of(&listens.host_key), status_of(&dials.host_key)];
    let mut b = Peer::start(listens);
    let mut a = Peer::start(NetworkConfig { peers: vec![b.address().clone()], ..dials });
    assert_eq!(b.wait_status(), (a.id(), status_a));
    assert_eq!(a.wait_status(), (b.id(), status_b));
    assert_eq!(a.network.counters().requests_out.get(), 1);
    assert_eq!(b.network.counters().requests_out.get(), 0, "only the side that dialled asks");
}

#[test]
fn blocks_are_served_by_root() {
    let [mut a, mut b] = pair();
    let roots = vec![[1; 32], [2; 32], [3; 32]];
    a.network.front().request_blocks(b.id(), roots.clone(), 77).expect("the lane has room");
    let (asked, reply) = b.wait_serve();
    assert_eq!(asked, roots);
    let blocks = vec![vec![7; 200_000], Vec::new(), vec![9; 3]];
    let served = blocks.clone();
    std::thread::spawn(move || reply.send(served)).join().expect("any thread may answer");
    let response = a.wait_blocks();
    assert_eq!((response.request_id, response.peer, response.outcome), (77, b.id(), Ok(blocks)));
}

#[test]
fn blocks_are_served_by_range() {
    let [mut a, mut b] = pair();
    let range = SlotRange { start_slot: 5, count: 3 };
    a.network.front().request_range(b.id(), range, 77).expect("the lane has room");
    let (asked, reply) = b.wait_serve_range();
    assert_eq!(asked, range);
    reply.send([vec![7; 200_000], vec![9; 3]]);
    let response = a.wait_blocks();
    let blocks = vec![vec![7; 200_000], vec![9; 3]];
    assert_eq!((response.request_id, response.peer, response.outcome), (77, b.id(), Ok(blocks)));

    a.network.front().request_range(b.id(), range, 78).expect("the lane has room");
    b.wait_serve_range().1.unavailable("pruned");
    let unavailable = ErrorChunk::new(ResponseCode::ResourceUnavailable, "pruned");
    assert_eq!(a.wait_blocks().outcome, Err(RequestFailure::Answered(unavailable)));
}

#[test]
fn an_invalid_range_is_neither_sent_nor_served() {
    let mut node = Peer::start(config(&[]));
    let raw = RawPeer::start(
        Keypair::generate_secp256k1(),
        LOOPBACK,
        Some(node.address().clone()),
        Vec::new(),
    );
    raw.wait_connected();
    let wrong = [(1, 0), (1, 1025), (u64::MAX, 2)]
        .map(|(start_slot, count)| SlotRange { start_slot, count });
    for range in wrong {
        node.network.front().request_range(status_stranger(), range, 1).expect("the lane has room");
        assert_eq!(node.wait_blocks().outcome, Err(RequestFailure::InvalidRequest), "{range:?}");
        let request = encode_request(&Request::BlocksByRange(range)).expect("it is two numbers");
        raw.tell(Tell::RangeRequest(node.id(), request));
        let answer = raw.wait_for(|heard| match heard {
            RawHeard::Answer(answer) => Some(answer),
            RawHeard::Failure(why) => panic!("no answer: {why}"),
            _ => None,
        });
        let chunks = decode_response(&answer).expect("the answer is well-formed");
        assert!(
            matches!(&chunks[..], [Err(error)] if error.code == ResponseCode::InvalidRequest),
            "{chunks:?}"
        );
    }
}

#[test]
fn an_answer_may_have_no_blocks() {
    let [mut a, mut b] = pair();
    a.network.front().request_blocks(b.id(), vec![[1; 32]], 1).expect("the lane has room");
    b.wait_serve().1.send(Vec::new());
    assert_eq!(a.wait_blocks().outcome, Ok(Vec::new()));
}

#[test]
fn a_dropped_reply_answers_unavailable() {
    let [mut a, mut b] = pair();
    a.network.front().request_blocks(b.id(), vec![[1; 32]], 1).expect("the lane has room");
    drop(b.wait_serve());
    let Err(RequestFailure::Answered(error)) = a.wait_blocks().outcome else {
        panic!("it is an answer")
    };
    assert_eq!(error.code, ResponseCode::ResourceUnavailable);
}

#[test]
fn requests_over_the_limit_per_peer_fail_immediately() {
    let [mut a, mut b] = pair();
    for request_id in 0..9 {
        a.network
            .front()
            .request_blocks(b.id(), vec![[1; 32]], request_id)
            .expect("the lane has room");
    }
    let response = a.wait_blocks();
    assert_eq!((response.request_id, response.outcome), (8, Err(RequestFailure::TooMany)));
    for _ in 0..8 {
        b.wait_serve().1.send(vec![vec![1]]);
        assert_eq!(a.wait_blocks().outcome, Ok(vec![vec![1]]));
    }
}

/// The owner is busy: it takes the answers and does not decode them.
#[test]
fn a_peer_whose_answers_are_not_decoded_is_not_asked_for_more() {
    let [mut a, mut b] = pair();
    let mut undecoded = Vec::new();
    for request_id in 0..8 {
        a.network
            .front()
            .request_blocks(b.id(), vec![[1; 32]], request_id)
            .expect("the lane has room");
        b.wait_serve().1.send(vec![vec![1]]);
        undecoded.push(a.wait_blocks());
        assert_eq!(undecoded.last().map(|answer| answer.outcome.is_ok()), Some(true));
    }
    a.network.front().request_blocks(b.id(), vec![[1; 32]], 8).expect("the lane has room");
    assert_eq!(a.wait_blocks().outcome, Err(RequestFailure::TooMany), "no request is in flight");
    undecoded.pop();
    a.network.front().request_blocks(b.id(), vec![[1; 32]], 9).expect("the lane has room");
    b.wait_serve().1.send(vec![vec![2]]);
    assert_eq!(a.wait_blocks().outcome, Ok(vec![vec![2]]));
}

#[test]
fn a_request_that_is_never_answered_times_out() {
    let mut b = Peer::start(config(&[]));
    let quick =
        NetworkConfig { request_timeout: Duration::from_millis(300), ..config(&[b.address()]) };
    let mut a = Peer::start(quick);
    a.wait_connected(b.id());
    a.network.front().request_blocks(b.id(), vec![[1; 32]], 5).expect("the lane has room");
    let held = b.wait_serve();
    let response = a.wait_blocks();
    assert_eq!((response.request_id, response.outcome), (5, Err(RequestFailure::Timeout)));
    assert_eq!(a.network.counters().offences.get(), 0, "being slow is no offence");
    // The late answer has no effect.
    held.1.send(vec![vec![1]]);
    a.network.front().request_blocks(b.id(), vec![[2; 32]], 6).expect("the lane has room");
    b.wait_serve().1.send(vec![vec![2]]);
    assert_eq!(a.wait_blocks().outcome, Ok(vec![vec![2]]));
}

#[test]
fn requests_that_cannot_be_sent_fail_immediately() {
    let mut a = Peer::start(config(&[]));
    let stranger = status_stranger();
    a.network.front().request_blocks(stranger, vec![[1; 32]], 1).expect("the lane has room");
    assert_eq!(a.wait_blocks().outcome, Err(RequestFailure::NotConnected));
    for roots in [Vec::new(), vec![[1; 32]; 1025]] {
        a.network.front().request_blocks(stranger, roots, 2).expect("the lane has room");
        assert_eq!(a.wait_blocks().outcome, Err(RequestFailure::InvalidRequest));
    }
}

fn status_stranger() -> network::PeerId {
    network::HostKey::generate().peer_id()
}

#[test]
fn a_request_in_flight_fails_with_its_connection() {
    let [mut a, mut b] = pair();
    a.network.front().request_blocks(b.id(), vec![[1; 32]], 1).expect("the lane has room");
    let _held = b.wait_serve();
    b.network.front().disconnect(a.id()).expect("the lane has room");
    assert_eq!(a.wait_blocks().outcome, Err(RequestFailure::ConnectionLost));
}

#[test]
fn a_malformed_request_is_answered_with_an_error() {
    let node = Peer::start(config(&[]));
    let raw = RawPeer::start(
        Keypair::generate_secp256k1(),
        LOOPBACK,
        Some(node.address().clone()),
        Vec::new(),
    );
    raw.wait_connected();
    let valid =
        encode_request(&Request::BlocksByRoot(vec![[1; 32]])).expect("it asks for few enough");
    let cut_short = valid[..valid.len() - 1].to_vec();
    // The declared length is 4 GiB.
    let too_large = vec![0xff, 0xff, 0xff, 0xff, 0x0f];
    for request in [cut_short, too_large, b"garbage".to_vec()] {
        raw.tell(Tell::Request(node.id(), request));
        let answer = raw.wait_for(|heard| match heard {
            RawHeard::Answer(answer) => Some(answer),
            RawHeard::Failure(why) => panic!("no answer: {why}"),
            _ => None,
        });
        let chunks = decode_response(&answer).expect("the answer is well-formed");
        assert!(
            matches!(&chunks[..], [Err(error)] if error.code == ResponseCode::InvalidRequest),
            "{chunks:?}"
        );
    }
    assert_eq!(node.network.counters().requests_in_failed.get(), 3);
}

#[test]
fn a_flood_of_requests_is_refused_and_does_not_disturb_other_peers() {
    const FLOOD: usize = 60;
    let mut node = Peer::start(config(&[]));
    let mut friend = Peer::start(config(&[node.address()]));
    let raw = RawPeer::start(
        Keypair::generate_secp256k1(),
        LOOPBACK,
        Some(node.address().clone()),
        Vec::new(),
    );
    raw.wait_connected();
    let request =
        encode_request(&Request::BlocksByRoot(vec![[1; 32]])).expect("it asks for few enough");
    for _ in 0..FLOOD {
        raw.tell(Tell::Request(node.id(), request.clone()));
    }
    let held: Vec<_> = (0..8).map(|_| node.wait_serve()).collect();
    friend.network.front().request_blocks(node.id(), vec![[2; 32]], 1).expect("the lane has room");
    let (roots, reply) = node.wait_serve();
    assert_eq!(roots, [[2; 32]], "the flood fills its own share only");
    reply.send(vec![vec![2]]);
    assert_eq!(friend.wait_blocks().outcome, Ok(vec![vec![2]]));
    drop(held);
    for _ in 0..FLOOD {
        raw.wait_for(|heard| {
            matches!(heard, RawHeard::Answer(_) | RawHeard::Failure(_)).then_some(())
        });
    }
}

/// Returns the outcome of a request for one block to a peer answering with these bytes.
fn outcome_of(answer: Vec<u8>) -> Result<Vec<Vec<u8>>, RequestFailure> {
    let key = Keypair::generate_secp256k1();
    let peer = key.public().to_peer_id();
    let raw = RawPeer::start(key, LOOPBACK, None, answer);
    let mut node = Peer::start(config(&[&raw.address]));
    node.wait_connected(peer);
    node.network.front().request_blocks(peer, vec![[1; 32]], 1).expect("the lane has room");
    let outcome = node.wait_blocks().outcome;
    node.stop();
    outcome
}

#[test]
fn a_malformed_answer_is_a_failure() {
    let mut block = Vec::new();
    write_chunk(Ok(&[1; 100]), &mut block).expect("it is small enough");
    assert_eq!(outcome_of(block.clone()), Ok(vec![vec![1; 100]]));
    assert_eq!(
        outcome_of(block[..block.len() - 1].to_vec()),
        Err(RequestFailure::Malformed),
        "cut short"
    );
    assert_eq!(
        outcome_of(vec![0, 0xff, 0xff, 0xff, 0xff, 0x0f]),
        Err(RequestFailure::Malformed),
        "declares 4 GiB"
    );
    assert_eq!(outcome_of(b"garbage".to_vec()), Err(RequestFailure::Malformed));
    assert_eq!(
        outcome_of(block.repeat(2)),
        Err(RequestFailure::Malformed),
        "more blocks than asked for"
    );
    assert_eq!(outcome_of(Vec::new()), Ok(Vec::new()), "an empty answer has no block");
}
