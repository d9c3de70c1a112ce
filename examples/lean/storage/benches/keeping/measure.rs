//! The measured life of a store: growth, a killed process, a start, readers, pruning.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use storage::{ChainIdentity, ChainStore, Changes, Keep, ReadChain as _};

use crate::chain::Chain;

/// The size of the measured chain.
#[derive(Clone, Copy)]
pub(crate) struct Size {
    pub(crate) slots: u64,
    pub(crate) validators: usize,
    pub(crate) proof_bytes: usize,
}

/// The number of entries removed in a step of pruning.
const STEP: usize = 256;

/// The slots kept by pruning: those that a node must be able to serve.
const HORIZON: u64 = 3_600;

/// Returns the time to grow a chain without a store.
pub(crate) fn without_store(size: Size) -> Duration {
    let mut chain = Chain::new(size.validators, size.proof_bytes);
    timed(|| (0..size.slots).for_each(|_| drop(chain.grow()))).0
}

/// Measures a store, and prints a row of a table for each figure.
///
/// `open` opens the store in a folder. A copy of a running store's folder is what a killed process
/// leaves.
pub(crate) fn measure<S: ChainStore>(
    name: &str,
    size: Size,
    folder: &Path,
    open: impl Fn(&Path, &ChainIdentity) -> S,
) {
    let mut chain = Chain::new(size.validators, size.proof_bytes);
    let identity = chain.identity();
    let home = folder.join("home");
    let (created, mut store) = timed(|| open(&home, &identity));
    row(name, "create an empty store", shown(created));
    store.write(&chain.anchor()).expect("the disk works");

    let mut writes = Vec::new();
    let (total, ()) = timed(|| {
        for _ in 0..size.slots {
            let changes = chain.grow();
            let (time, written) = timed(|| store.write(&changes));
            let stored = written.expect("the disk works");
            assert_eq!(stored, Some(chain.finalized()), "finality is durable");
            writes.push(time);
        }
    });
    let finalized = chain.finalized().slot;
    assert!(finalized + 16 > size.slots, "only slot {finalized} was finalized");
    row(name, "grow the chain, one commit in each slot", shown(total));
    row(name, "a commit of a slot", quantiles(&mut writes));
    row(name, "size on disk", bytes(disk(&home)));

    let killed = folder.join("killed");
    copy(&home, &killed);
    let (time, opened) = timed(|| open(&killed, &identity));
    row(name, "open after a kill", shown(time));
    drop(opened);
    drop(store);
    let (time, mut store) = timed(|| open(&home, &identity));
    row(name, "open after a clean end", shown(time));
    let reader = store.reader();
    let (time, loaded) = timed(|| reader.load().expect("it is intact"));
    let loaded = loaded.expect("it has an anchor");
    assert_eq!(loaded.finalized, chain.finalized());
    row(name, "load the anchor, its state and the tree", shown(time));

    let mut ranges = Vec::new();
    for start in (1..size.slots.saturating_sub(128)).step_by(97) {
        let (time, blocks) = timed(|| reader.blocks(start..start + 64, 64));
        assert_eq!(blocks.expect("they are intact").len(), 64);
        ranges.push(time);
    }
    row(name, "read 64 blocks of a range", quantiles(&mut ranges));
    drop(reader);

    let keep = Keep {
        blocks_from: finalized.saturating_sub(HORIZON),
        states_from: finalized.saturating_sub(64),
    };
    let (mut steps, mut removed) = (Vec::new(), 0);
    loop {
        let (time, step) = timed(|| store.prune(keep, STEP).expect("the disk works"));
        steps.push(time);
        removed += step.removed;
        if step.is_done {
            break;
        }
    }
    let total: Duration = steps.iter().sum();
    row(name, "prune to 3,600 slots", format!("{}, {removed} entries", shown(total)));
    row(name, "a step of 256 entries", quantiles(&mut steps));
    let mut writes = Vec::new();
    for _ in 0..size.slots / 10 {
        let changes = chain.grow();
        writes.push(timed(|| store.write(&changes).expect("the disk works")).0);
    }
    row(name, "a commit after pruning", quantiles(&mut writes));
    store.write(&Changes::default()).expect("the disk works");
    row(name, "size on disk after pruning and a tenth more", bytes(disk(&home)));
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures the machine's time")]
pub(crate) fn timed<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    let start = Instant::now();
    let output = work();
    (start.elapsed(), output)
}

fn row(name: &str, what: &str, figure: String) {
    println!("| {name} | {what} | {figure} |");
}

fn quantiles(times: &mut [Duration]) -> String {
    times.sort();
    let at = |part: usize| shown(times[(times.len() - 1) * part / 1_000]);
    format!("median {}, 99 % {}, longest {}", at(500), at(990), at(1_000))
}

pub(crate) fn shown(time: Duration) -> String {
    let micros = time.as_secs_f64() * 1e6;
    match micros {
        ..1_000.0 => format!("{micros:.0} µs"),
        1_000.0..1_000_000.0 => format!("{:.1} ms", micros / 1e3),
        _ => format!("{:.2} s", micros / 1e6),
    }
}

fn bytes(count: u64) -> String {
    format!("{:.1} MB", count as f64 / 1e6)
}

/// Returns the size of all files in a folder. A file with holes counts as long as it is.
fn disk(folder: &Path) -> u64 {
    let entries =
        fs::read_dir(folder).expect("it is a folder").map(|entry| entry.expect("it stays"));
    entries
        .map(|entry| match entry.metadata().expect("it stays") {
            found if found.is_dir() => disk(&entry.path()),
            found => found.len(),
        })
        .sum()
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("the folder is writable");
    for entry in fs::read_dir(from).expect("it is a folder") {
        let entry = entry.expect("it stays");
        let (path, to) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            copy(&path, &to);
        } else {
            fs::copy(&path, &to).expect("there is room");
        }
    }
}
