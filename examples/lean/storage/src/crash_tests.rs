//! Crashes of the machine at every point of a commit, and disks that are full or fail, by seed.
//!
//! `STORAGE_SEEDS=1000 cargo test -p storage crash` runs 1,000 seeds. The database's first page is
//! lost and torn as every other one. Left out is a crash before the creation has ended: the file
//! then still has another name, and the next start removes it.

use std::path::Path;
use std::sync::mpsc::Receiver;

use crate::changes::Changes;
use crate::crash_disk::{RecordedFile, Step, after_crash};
use crate::error::StorageError;
use crate::forest::{Chance, Forest, identity};
use crate::memory::MemoryStore;
use crate::model_tests::Answers;
use crate::redb_store::RedbStore;
use crate::store::ChainStore;

const DISK: &str = "the disk of the test";

/// A store on a recorded disk, and the model after each commit.
struct Run {
    forest: Forest,
    /// `None` after a clean end.
    store: Option<RedbStore>,
    model: MemoryStore,
    /// The disk before the first step.
    before: Vec<u8>,
    record: Receiver<Step>,
    steps: Vec<Step>,
    /// The number of steps before the report of a commit, and the model then.
    commits: Vec<(usize, MemoryStore)>,
}

/// A store after a crash.
struct Found {
    store: RedbStore,
    model: MemoryStore,
    disk: Vec<u8>,
    record: Receiver<Step>,
}

impl Run {
    fn new(seed: u64, room: u64, syncs: u64) -> Self {
        let (file, record) = RecordedFile::new(room, syncs);
        let store = RedbStore::in_backend(file, Path::new(DISK), &identity());
        let mut run = Self {
            forest: Forest::new(seed),
            store: Some(store.expect("there is room for an empty store")),
            model: MemoryStore::new(),
            before: Vec::new(),
            record,
            steps: Vec::new(),
            commits: Vec::new(),
        };
        run.committed();
        let anchor = run.forest.anchor();
        run.write(&anchor).expect("there is room for the anchor");
        run
    }

    fn committed(&mut self) {
        self.steps.extend(self.record.try_iter());
        self.commits.push((self.steps.len(), self.model.copy()));
    }

    fn store(&mut self) -> &mut RedbStore {
        self.store.as_mut().expect("it has not ended")
    }

    fn write(&mut self, changes: &Changes) -> Result<(), StorageError> {
        let written = self.store().write(changes);
        // The model has the changes of a failed write too, as one that may be on the disk.
        self.model.write(changes).expect("a model takes all");
        if written.is_ok() {
            self.committed();
        } else {
            self.steps.extend(self.record.try_iter());
        }
        written.map(drop)
    }

    fn turn(&mut self) -> Result<(), StorageError> {
        let turn = self.forest.turn();
        self.write(&turn)?;
        if self.forest.chance().one_in(4) {
            let keep = self.forest.keep();
            let pruned = self.store().prune(keep, usize::MAX);
            self.model.prune(keep, usize::MAX).expect("a model takes all");
            pruned?;
            self.committed();
        }
        Ok(())
    }

    /// Crashes behind some step. The store then has the last reported commit, or the next one.
    fn crash(&self, count: usize, chance: &mut Chance) -> Found {
        let disk = after_crash(&self.before, &self.steps, count, chance);
        let (file, record) = RecordedFile::with(&disk, u64::MAX, u64::MAX);
        let store = RedbStore::in_backend(file, Path::new(DISK), &identity());
        let store = store.unwrap_or_else(|error| panic!("after {count} steps: {error}"));

        let reported = self.commits.iter().rposition(|(steps, _)| *steps <= count);
        let reported = reported.expect("the crash is after the creation");
        let next = self.commits.get(reported + 1).map_or(&self.model, |(_, model)| model);
        let found = Answers::of(&store.reader(), &self.forest);
        let model = [&self.commits[reported].1, next]
            .into_iter()
            .find(|model| Answers::of(&model.reader(), &self.forest) == found);
        let model = model.unwrap_or_else(|| {
            panic!("after {count} steps, the store is not at commit {reported} or the next one")
        });
        Found { model: model.copy(), store, disk, record }
    }

    fn any_crash(&self, chance: &mut Chance) -> Found {
        let created = self.commits[0].0;
        self.crash(created + chance.below(self.steps.len() - created + 1), chance)
    }

    fn crash_often(&self, crashes: usize, chance: &mut Chance) {
        for _ in 0..crashes {
            drop(self.any_crash(chance));
        }
        self.crash(self.steps.len(), chance);
    }

    /// Ends the store in order. A later crash can be in any step of this end.
    fn end(&mut self) {
        self.store = None;
        self.steps.extend(self.record.try_iter());
    }

    /// Crashes and goes on with what the disk has then. The lost blocks come again, as from peers.
    fn go_on_after_a_crash(&mut self, chance: &mut Chance) {
        let Found { store, model, disk, record } = self.any_crash(chance);
        self.end();
        (self.store, self.model, self.before, self.record) = (Some(store), model, disk, record);
        self.steps.clear();
        // A crash can be in any step of the opening, too.
        self.commits = vec![(0, self.model.copy())];
        self.steps.extend(self.record.try_iter());
        let blocks = self.forest.blocks();
        self.write(&Changes { blocks, ..Changes::default() }).expect("it takes new changes");
    }
}

/// The number of seeds: some dozens in the ordinary test, and `STORAGE_SEEDS` in a long one.
pub(crate) fn seeds() -> u64 {
    std::env::var("STORAGE_SEEDS").map_or(32, |seeds| seeds.parse().expect("a number of seeds"))
}

#[test]
fn nothing_reported_durable_is_missing_after_repeated_crashes_that_drop_and_tear_writes() {
    for seed in 0..seeds() {
        let mut run = Run::new(seed, u64::MAX, u64::MAX);
        let mut chance = Chance(!seed);
        for _ in 0..4 {
            for _ in 0..6 {
                run.turn().expect("the disk works");
            }
            if chance.one_in(2) {
                run.end();
            }
            run.crash_often(6, &mut chance);
            run.go_on_after_a_crash(&mut chance);
        }
    }
}

#[test]
fn a_full_disk_is_an_error_of_its_own_and_the_store_opens_as_it_was() {
    for seed in 0..seeds().min(100) / 4 {
        let room = 400_000 + 100_000 * (seed % 8);
        let mut run = Run::new(seed, room, u64::MAX);
        let error = loop {
            let turn = run.forest.turn();
            if let Err(error) = run.write(&turn) {
                break error;
            }
        };
        assert!(matches!(error, StorageError::Full { .. }), "{error:?}");
        assert!(error.to_string().contains("make room on the disk"), "{error}");
        let later = run.store().write(&Changes::default());
        later.expect_err("nothing is written behind a failed write");
        run.crash_often(8, &mut Chance(!seed));
    }
}

#[test]
fn a_disk_that_does_not_answer_loses_nothing_reported_durable() {
    for seed in 0..seeds().min(100) / 4 {
        let mut run = Run::new(seed, u64::MAX, 14 + 5 * (seed % 12));
        let error = loop {
            if let Err(error) = run.turn() {
                break error;
            }
        };
        assert!(matches!(error, StorageError::Failed { .. }), "{error:?}");
        run.crash_often(8, &mut Chance(!seed));
    }
}
