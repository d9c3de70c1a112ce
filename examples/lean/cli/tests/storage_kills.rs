//! A node with a folder of its chain is killed at moments by chance: each start goes on with all
//! finality that was announced, and never with another chain.
//!
//! The ordinary test kills a node 10 times. `STORAGE_KILLS=1000 cargo test -p node --test
//! storage_kills -- --nocapture` kills it 1,000 times.

mod support;

use std::collections::BTreeMap;
use std::process::Command;
use std::thread;
use std::time::Duration;

use consensus::{Root, Slot};
use lean_node::report::{ReportLine, StatusLine};
use support::{Network, RunningNode};

/// The kills of the ordinary test.
const KILLS: usize = 10;

/// The kills of one network: its keys last for 256 slots.
const KILLS_OF_A_NETWORK: usize = 20;

const SLOT_MS: u64 = 500;

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

/// The finality announced by all runs of a node.
#[derive(Default)]
struct Announced {
    roots: BTreeMap<Slot, Root>,
}

impl Announced {
    /// Notes a report, which must not be behind or beside an earlier one.
    fn note(&mut self, status: &StatusLine) {
        let (slot, root) = (status.finalized_slot, status.finalized_root);
        assert!(slot >= self.newest(), "slot {} was announced, and now {slot}", self.newest());
        let known = *self.roots.entry(slot).or_insert(root);
        assert_eq!(known, root, "two blocks of slot {slot} were announced as finalized");
    }

    fn newest(&self) -> Slot {
        self.roots.keys().next_back().copied().unwrap_or(0)
    }
}

fn command(network: &Network) -> Command {
    let mut command = network.run(0);
    command.arg("--data-dir").arg(network.directory().join("chain"));
    command
}

fn next_status(node: &RunningNode, announced: &mut Announced) {
    let ReportLine::Status(status) = node.until(|line| matches!(line, ReportLine::Status(_)))
    else {
        unreachable!("it was waited for")
    };
    announced.note(&status);
}

/// Kills a node of a new network `kills` times. Returns the newest finalized slot.
fn kill(kills: usize, chance: &mut Chance) -> Slot {
    let network = Network::write(1);
    let mut announced = Announced::default();
    for number in 0..kills {
        let node = RunningNode::start(command(&network));
        // Some nodes are killed at once, and the others go on until finality moves.
        let reports = if number % 5 == 4 { 0 } else { 1 + chance.below(6) };
        for _ in 0..reports {
            next_status(&node, &mut announced);
        }
        // Nothing unparks this thread: the node is killed in any of its steps.
        thread::park_timeout(Duration::from_millis(chance.below(SLOT_MS)));
        drop(node);
    }
    let node = RunningNode::start(command(&network));
    let before = announced.newest();
    while announced.newest() <= before {
        next_status(&node, &mut announced);
    }
    drop(node);
    let verified = Command::new(env!("CARGO_BIN_EXE_node"))
        .args(["db", "verify", "--data-dir"])
        .arg(network.directory().join("chain"))
        .output()
        .expect("the program runs");
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stderr));
    announced.newest()
}

#[test]
fn a_killed_node_opens_its_folder_and_keeps_all_announced_finality() {
    let wanted = std::env::var("STORAGE_KILLS");
    let mut left = wanted.map_or(KILLS, |kills| kills.parse().expect("a number of kills"));
    let mut chance = Chance(12);
    while left > 0 {
        let kills = left.min(KILLS_OF_A_NETWORK);
        left -= kills;
        let finalized = kill(kills, &mut chance);
        println!("{kills} kills, and slot {finalized} is finalized");
    }
}
