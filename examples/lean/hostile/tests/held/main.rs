//! Attacks on nodes in this process. Each attack continues until its condition is met: the node
//! does its duties meanwhile.
//!
//! The nodes run in real time, so the tests follow each other.

mod network;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hostile::attack::Attack;
use network::{Attacker, Nodes};

/// The slots of finality that must be gained during an attack.
const SLOTS: u64 = 3;

/// The places of a node for inbound connections.
const PLACES: u64 = 64;

/// Attacks that must not stop finality.
const FLOODS: [&str; 16] = [
    "invalid-blocks",
    "invalid-full-blocks",
    "decompression-bomb",
    "not-snappy",
    "other-topics",
    "iwant",
    "ihave",
    "graft-prune",
    "status",
    "ranges",
    "votes-of-one-validator",
    "equivocating-proposer",
    "orphan-blocks",
    "false-status-wrong-answers",
    "false-votes",
    "http-flood",
];

/// Attacks by the number of frames or requests, or by malformed ones. Their author is banned.
const BANNED: [&str; 4] = ["not-snappy", "iwant", "status", "malformed-requests"];

#[test]
fn finality_advances_during_every_attack_and_the_authors_of_floods_are_banned() {
    let _turn = turn();
    let mut nodes = Nodes::start(&[]);
    nodes.wait_finalized(1);
    for name in FLOODS {
        let attacker = Attacker::start(attack(name), nodes.targets(), nodes.apis(), 8);
        nodes.wait_advance(SLOTS, name);
        attacker.wait_until(name, |tally| tally.sent.get() > 0);
        attacker.stop();
    }
    for name in BANNED {
        let attacker = Attacker::start(attack(name), nodes.targets(), nodes.apis(), 2);
        attacker.wait_until(name, |tally| tally.lost.get() > 0);
        attacker.stop();
    }
    nodes.wait_advance(SLOTS, "the end of all attacks");
    nodes.stop();
}

#[test]
fn the_http_api_answers_while_silent_sockets_fill_its_places() {
    let _turn = turn();
    let nodes = Nodes::start(&[]);
    for name in ["http-silent", "http-slow-heads"] {
        let attacker = Attacker::start(attack(name), nodes.targets(), nodes.apis(), 256);
        attacker.wait_until(name, |tally| tally.connections.get() >= 256);
        nodes.assert_answers(name);
        attacker.stop();
    }
    nodes.stop();
}

#[test]
fn a_configured_peer_connects_while_strangers_fill_all_places() {
    let _turn = turn();
    let mut nodes = Nodes::prepare(&[]);
    nodes.launch(0);
    // The strangers wait for the second node as well, so they are there before its peer.
    let attack = attack("fill-places");
    let attacker = Attacker::start(attack, nodes.targets(), nodes.apis(), 256);
    attacker.wait_until("all places", |tally| {
        tally.connections.get() >= PLACES / 2 && tally.refused.get() > 0
    });
    nodes.launch(1);
    nodes.wait_finalized(2);
    attacker.stop();
    nodes.stop();
}

#[test]
fn relays_of_invalid_content_stay_connected_and_finality_advances() {
    let _turn = turn();
    let relays = network::Relays::start(2);
    let mut nodes = Nodes::start(&relays.addresses());
    nodes.wait_finalized(1);
    let attack = attack("random-content-through-relays");
    let attacker = Attacker::start(attack, relays.targets(), nodes.apis(), 2);
    attacker.wait_until("thirty messages to each relay", |tally| tally.sent.get() >= 60);
    nodes.wait_advance(2 * SLOTS, "messages through relays");
    assert!(nodes.fewest_peers() >= 2, "no relay is disconnected");
    attacker.stop();
    nodes.stop();
}

/// The tests take turns, because the nodes keep time and have few cores.
static TURN: Mutex<()> = Mutex::new(());

fn turn() -> MutexGuard<'static, ()> {
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

fn attack(name: &str) -> &'static Attack {
    Attack::by_name(name).unwrap_or_else(|| panic!("there is no attack {name}"))
}

/// The longest wait of a test that fails.
const ENOUGH: Duration = Duration::from_secs(40);
