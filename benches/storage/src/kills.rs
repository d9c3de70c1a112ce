//! Real kills of a writing process, for each database: nothing acknowledged is missing, and the
//! folder opens.

use std::env;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use consensus::Slot;
use storage::{ChainIdentity, ChainStore, ReadChain as _, RedbStore};

use crate::chain::Chain;
use crate::in_fjall::FjallStore;
use crate::measure::{shown, timed};

/// Few validators, because commits should take most of the time.
const VALIDATORS: usize = 64;
const PROOF_BYTES: usize = 4_096;

/// The databases by name.
pub(crate) const NAMES: [&str; 2] = ["redb", "fjall"];

fn redb(folder: &Path, identity: &ChainIdentity) -> RedbStore {
    RedbStore::open(folder, identity).expect("the folder has this chain")
}

/// Writes slot after slot until it is killed. Prints each durable finalized slot.
pub(crate) fn write_until_killed(name: &str, folder: &Path) {
    match name {
        "redb" => write(redb, folder),
        _ => write(|folder, _| FjallStore::open(folder), folder),
    }
}

fn write<S: ChainStore>(open: impl Fn(&Path, &ChainIdentity) -> S, folder: &Path) {
    let mut chain = Chain::new(VALIDATORS, PROOF_BYTES);
    let mut store = open(folder, &chain.identity());
    let stored = store.reader().figures().expect("it is intact").finalized;
    // The same chain grows again, and its blocks up to the stored finality are written at once.
    let mut changes = chain.anchor();
    while stored.is_some_and(|stored| chain.finalized().slot <= stored.slot) {
        changes.join(chain.grow());
    }
    let mut output = std::io::stdout().lock();
    loop {
        let durable = store.write(&changes).expect("the disk works");
        let slot = durable.map_or(0, |durable| durable.slot);
        if writeln!(output, "{slot}").and_then(|()| output.flush()).is_err() {
            return;
        }
        changes = chain.grow();
    }
}

/// Kills a writing process many times, and prints a row for each database.
pub(crate) fn kill(kills: u64) {
    for name in NAMES {
        let folder = tempfile::tempdir().expect("a temporary directory");
        let (mut acknowledged, mut longest) = (0, Duration::ZERO);
        for number in 0..kills {
            acknowledged = kill_once(name, folder.path(), number, acknowledged);
            let (time, stored) = timed(|| finalized(name, folder.path()));
            longest = longest.max(time);
            assert!(stored >= acknowledged, "{name}: {stored} is stored, of {acknowledged}");
        }
        println!(
            "| {name} | {kills} kills, {acknowledged} finalized slots acknowledged | none missing, longest start {} |",
            shown(longest)
        );
    }
}

fn finalized(name: &str, folder: &Path) -> Slot {
    let loaded = match name {
        "redb" => redb(folder, &Chain::new(VALIDATORS, PROOF_BYTES).identity()).reader().load(),
        _ => FjallStore::open(folder).reader().load(),
    };
    loaded.expect("it is intact").map_or(0, |loaded| loaded.finalized.slot)
}

/// Kills a process after some commits and a further time. Returns the newest acknowledged slot.
fn kill_once(name: &str, folder: &Path, number: u64, before: Slot) -> Slot {
    let mut child = Command::new(env::current_exe().expect("it runs"))
        .args(["write", name])
        .arg(folder)
        .stdout(Stdio::piped())
        .spawn()
        .expect("it runs");
    let mut lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
    let slot = |line: String| line.parse::<Slot>().ok();
    let commits = (1 + number % 7) as usize;
    let mut newest = lines.by_ref().take(commits).map_while(Result::ok).filter_map(slot).max();
    // Nothing unparks this thread: the process is killed in any of its steps.
    std::thread::park_timeout(Duration::from_micros(number.wrapping_mul(0x9e37_79b9) % 30_000));
    child.kill().expect("it is running");
    let status = child.wait().expect("it is ours");
    assert_eq!(status.code(), None, "{name} has ended by itself: {status}");
    // A cut line is a smaller number, and changes nothing.
    newest = newest.max(lines.map_while(Result::ok).filter_map(slot).max());
    newest.map_or(before, |newest| newest.max(before))
}
