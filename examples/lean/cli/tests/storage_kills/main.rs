//! Nodes with a folder of their chain are killed at moments by chance, one of them or all: each
//! start opens its folder, goes on with all finality that was announced, and signs nothing twice.
//!
//! The ordinary test kills nodes 15 times. `STORAGE_KILLS=1000 cargo test -p node --test
//! storage_kills -- --nocapture` kills them 1,000 times.

mod finality;
#[path = "../signing_kills/ledger.rs"]
mod ledger;
#[path = "../signing_kills/observer.rs"]
mod observer;
#[path = "../support/mod.rs"]
mod support;

use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use consensus::Slot;
use keys::genesis_file::specified_fork_digest;
use network::HostKey;

use finality::Announced;
use lean_node::report::ReportLine;
use ledger::{Ledger, Signature};
use observer::Observer;
use support::{Network, RunningNode};

/// The kills of the ordinary test.
const KILLS: usize = 15;

/// The kills of one network. Its keys last for 256 slots.
const KILLS_OF_A_NETWORK: usize = 50;

/// A network is not killed any more from this slot on.
const LAST_SLOT: Slot = 190;

const NODES: usize = 3;

const SLOT_MS: u64 = 500;

/// The time from the start of a process within which some of them are killed again: before, while
/// and after they open their folders.
const STARTING_MS: u64 = 150;

/// The part of a node's log that reports signatures.
const LOG: &str = "error,chain::signer=debug";

/// Numbers by seed (SplitMix64).
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % limit
    }
}

/// The nodes of a network, and everything that was seen of them over all runs.
struct Nodes {
    network: Network,
    observer: Observer,
    running: Vec<Option<RunningNode>>,
    announced: Announced,
    ledger: Ledger,
    slot: Slot,
    kills: usize,
}

impl Nodes {
    fn start() -> Self {
        let network = Network::write(NODES);
        let nodes = (0..NODES).map(|node| network.listen(node)).collect();
        let own = "/ip4/127.0.0.1/udp/0/quic-v1".parse().expect("it is an address");
        let observer = Observer::dial(HostKey::generate(), own, nodes, &specified_fork_digest());
        let mut nodes = Self {
            network,
            observer,
            running: (0..NODES).map(|_| None).collect(),
            announced: Announced::new(NODES),
            ledger: Ledger::default(),
            slot: 0,
            kills: 0,
        };
        (0..NODES).for_each(|node| nodes.spawn(node));
        nodes
    }

    fn spawn(&mut self, node: usize) {
        let mut command = self.network.run(node);
        command.arg("--data-dir").arg(self.folder(node)).env("RUST_LOG", LOG);
        self.running[node] = Some(RunningNode::spawn(command));
    }

    fn folder(&self, node: usize) -> std::path::PathBuf {
        self.network.directory().join(format!("chain-{node}"))
    }

    /// Waits for the next status of a node, and notes it.
    fn next_status(&mut self, node: usize) {
        let running = self.running[node].as_ref().expect("it was started");
        let line = running.until(|line| matches!(line, ReportLine::Status(_)));
        self.note(node, &line);
    }

    fn note(&mut self, node: usize, line: &ReportLine) {
        match line {
            ReportLine::Status(status) => {
                self.slot = self.slot.max(status.slot);
                // Before the first publication of its owner, a node reports no finalized block.
                if !status.finalized_root.is_zero() {
                    self.announced.note(node, status.finalized_slot, status.finalized_root);
                }
            }
            ReportLine::Ready(_) => {}
            ReportLine::Failed(_) | ReportLine::Stopped(_) => panic!("node {node}: {line:?}"),
        }
    }

    /// Kills a node, and notes all that it has reported and signed.
    fn kill(&mut self, node: usize) {
        let running = self.running[node].take().expect("it was started");
        let (status, lines, log) = running.kill();
        assert_eq!(status.code(), None, "node {node} has ended by itself: {status}, {log}");
        lines.iter().for_each(|line| self.note(node, line));
        log.lines().filter_map(Signature::from_log).for_each(|signed| self.ledger.log(signed));
        self.observer.signatures.try_iter().for_each(|signed| self.ledger.receive(signed));
        self.kills += 1;
    }

    /// Waits until each node announces finality above all that was announced before.
    fn finalize_further(&mut self) {
        let before = self.announced.newest();
        for node in 0..NODES {
            while self.announced.newest_of(node) <= before {
                self.next_status(node);
            }
        }
    }

    /// Kills some nodes at a moment by chance, and starts them again.
    fn kill_some(&mut self, chance: &mut Chance) {
        let one = chance.below(NODES as u64) as usize;
        match chance.below(8) {
            // Killed again at once, before the node takes part.
            0 | 1 => {}
            2 | 3 => self.finalize_further(),
            reports => (0..reports - 3).for_each(|_| self.next_status(one)),
        }
        // Nothing unparks this thread: the nodes are killed in any of their steps.
        thread::park_timeout(Duration::from_millis(chance.below(SLOT_MS)));
        let killed = if chance.below(3) == 0 { 0..NODES } else { one..one + 1 };
        killed.clone().for_each(|node| self.kill(node));
        killed.clone().for_each(|node| self.spawn(node));
        if chance.below(3) == 0 {
            thread::park_timeout(Duration::from_millis(chance.below(STARTING_MS)));
            self.kill(one);
            self.spawn(one);
        }
    }

    fn verify(&self, node: usize) {
        let verified = Command::new(env!("CARGO_BIN_EXE_node"))
            .args(["db", "verify", "--data-dir"])
            .arg(self.folder(node))
            .output()
            .expect("the program runs");
        assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stderr));
    }
}

/// Kills the nodes of a new network until there are enough kills or its keys are used up.
fn kill(kills: usize, chance: &mut Chance) -> Nodes {
    let mut nodes = Nodes::start();
    while nodes.kills < kills && nodes.slot < LAST_SLOT {
        nodes.kill_some(chance);
    }
    nodes.finalize_further();
    (0..NODES).for_each(|node| nodes.kill(node));
    (0..NODES).for_each(|node| nodes.verify(node));
    nodes
}

#[test]
fn killed_nodes_open_their_folders_keep_announced_finality_go_on_and_sign_nothing_twice() {
    #[expect(clippy::disallowed_methods, reason = "a test has no executor to ask")]
    let begun = Instant::now();
    let wanted = std::env::var("STORAGE_KILLS");
    let wanted = wanted.map_or(KILLS, |kills| kills.parse().expect("a number of kills"));
    let (mut kills, mut signed, mut received, mut finalized) = (0, 0, 0, 0);
    let mut chance = Chance(12);
    while kills < wanted {
        let nodes = kill((wanted - kills).min(KILLS_OF_A_NETWORK), &mut chance);
        assert_eq!(nodes.ledger.faults(), Vec::<String>::new());
        kills += nodes.kills;
        signed += nodes.ledger.len();
        received += nodes.ledger.received;
        finalized += nodes.announced.newest();
        println!(
            "{kills} kills in {} s: {finalized} slots finalized, {signed} signatures, {received} received by a peer",
            begun.elapsed().as_secs()
        );
    }
    assert!(finalized > 0 && signed > 0 && received > 0, "nothing was seen of the network");
}
