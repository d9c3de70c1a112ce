//! No key signs twice in a slot: a node is killed and restarted, half of the times with its clock
//! set back, and all its signatures are collected.
//!
//! The ordinary test kills a node 14 times. `SIGNING_KILLS=200 cargo test -p node --test
//! signing_kills -- --nocapture` kills it 200 times, in some minutes.

mod ledger;
mod observer;

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::{Ipv4Addr, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use devnet::{Identities, NetworkPlan};
use keys::SchemeName;
use keys::genesis_file::specified_fork_digest;
use tempfile::TempDir;

use ledger::{Ledger, Signature};
use observer::Observer;

/// The kills of the ordinary test.
const KILLS: usize = 14;

/// The kills of one network: its keys last for 256 slots.
const KILLS_OF_A_NETWORK: usize = 25;

const INTERVAL_MS: u64 = 40;
const SLOT_MS: u64 = 5 * INTERVAL_MS;

/// The time limit for the next line of a node.
const ENOUGH: Duration = Duration::from_secs(120);

/// The part of a node's log that reports signatures and refusals.
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

/// The files of a network of two: the node to be killed, and the observer in its place.
struct Files {
    directory: TempDir,
    config: PathBuf,
    observer: Observer,
}

impl Files {
    fn new() -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let identities =
            Identities::generate(2, 4, SchemeName::Test, 256).expect("the numbers are possible");
        let sockets = [0; 2].map(|_| UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port"));
        let addresses = sockets.map(|socket| socket.local_addr().expect("it is bound")).to_vec();
        let listen = lean_node::config::quic_address(addresses[1]);
        #[expect(clippy::disallowed_methods, reason = "a test has no executor to ask")]
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is after 1970");
        let plan = NetworkPlan {
            genesis_time: now.as_secs(),
            interval_ms: INTERVAL_MS,
            runtime: None,
            addresses,
        };
        let configs = plan.write(&identities, directory.path()).expect("the directory is empty");
        let key = directory.path().join("keys/node-1-network.hex");
        let observer = Observer::start(&key, listen, &specified_fork_digest());
        Self { config: configs[0].clone(), observer, directory }
    }

    fn history(&self) -> PathBuf {
        self.directory.path().join("keys/signing-history")
    }
}

/// A running node, with the lines of its log. Dropping it kills it.
struct Running {
    child: Child,
    lines: Receiver<String>,
}

impl Running {
    fn start(config: &Path, clock_offset_ms: i64) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_node"))
            .arg("run")
            .arg("--config")
            .arg(config)
            .args(["--clock-offset-ms", &clock_offset_ms.to_string()])
            .env("RUST_LOG", LOG)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program runs");
        let stderr = child.stderr.take().expect("it is piped");
        let (sender, lines) = mpsc::sync_channel(1 << 12);
        thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        Self { child, lines }
    }

    /// Kills the node after a number of reports about signatures and a further time, and adds its
    /// signatures to the ledger. Returns the number of refused signatures.
    fn kill_after(mut self, reports: u64, further: Duration, ledger: &mut Ledger) -> usize {
        let mut text = Vec::new();
        let mut refused = 0;
        let mut seen = 0;
        while seen < reports {
            let line = self
                .lines
                .recv_timeout(ENOUGH)
                .unwrap_or_else(|error| panic!("the node reports nothing: {error}: {text:#?}"));
            seen += u64::from(line.contains("signed"));
            text.push(line);
        }
        // The node goes on for a time by chance, to be killed in any of its steps.
        match self.lines.recv_timeout(further) {
            Ok(line) => text.push(line),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => panic!("the node ended by itself: {text:#?}"),
        }
        self.child.kill().expect("it is running");
        self.child.wait().expect("it was started here");
        text.extend(self.lines.iter());
        for line in text {
            refused += usize::from(line.contains("nothing was signed"));
            if let Some(signature) = Signature::from_log(&line) {
                ledger.log(signature);
            }
        }
        refused
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Kills a node of a new network `kills` times, every second time with the clock set back. Returns
/// its signatures, and the number of refused ones.
fn kill(kills: usize, chance: &mut Chance, is_forgetful: bool) -> (Ledger, usize) {
    let files = Files::new();
    let mut ledger = Ledger::default();
    let mut refused = 0;
    for number in 0..kills {
        let back = if number % 2 == 0 { 0 } else { SLOT_MS * (2 + chance.below(10)) };
        if is_forgetful && number > 0 {
            fs::remove_dir_all(files.history()).expect("the node has made it");
        }
        let node = Running::start(&files.config, -(back as i64));
        // Some nodes are killed while they start.
        let reports = if number % 7 == 6 { 0 } else { 1 + chance.below(8) };
        let further = Duration::from_millis(chance.below(2 * SLOT_MS));
        refused += node.kill_after(reports, further, &mut ledger);
        files.observer.signatures.try_iter().for_each(|signature| ledger.receive(signature));
    }
    (ledger, refused)
}

fn wanted_kills() -> usize {
    std::env::var("SIGNING_KILLS").map_or(KILLS, |kills| kills.parse().expect("a number of kills"))
}

#[test]
fn a_killed_node_signs_nothing_twice_and_nothing_in_an_earlier_slot() {
    let mut chance = Chance(10);
    let mut left = wanted_kills();
    let (mut signed, mut received, mut refused) = (0, 0, 0);
    while left > 0 {
        let kills = left.min(KILLS_OF_A_NETWORK);
        left -= kills;
        let (ledger, refused_here) = kill(kills, &mut chance, false);
        assert_eq!(ledger.faults(), Vec::<String>::new());
        signed += ledger.len();
        received += ledger.received;
        refused += refused_here;
    }
    println!(
        "{} kills: {signed} signatures, {received} of them received by a peer, {refused} refused, none twice",
        wanted_kills()
    );
    assert!(signed > wanted_kills() && received > 0, "{signed} signed, {received} received");
    assert!(refused > 0, "a clock set back was never the reason of a refusal");
}

#[test]
fn without_its_history_a_killed_node_signs_twice_and_this_is_found() {
    let (ledger, _) = kill(8, &mut Chance(11), true);
    assert_ne!(ledger.faults(), Vec::<String>::new(), "the test above could not fail");
}
