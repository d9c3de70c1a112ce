//! Crashes of the machine at every point of a commit, and disks that are full or fail, by seed.

use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::sync::mpsc::Receiver;

use redb::backends::FileBackend;

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
    store: RedbStore,
    model: MemoryStore,
    record: Receiver<Step>,
    steps: Vec<Step>,
    /// The number of steps before the report of a commit, and the model then.
    commits: Vec<(usize, MemoryStore)>,
}

impl Run {
    fn new(seed: u64, room: u64, syncs: u64) -> Self {
        let (file, record) = RecordedFile::new(room, syncs);
        let store = RedbStore::in_backend(file, Path::new(DISK), &identity());
        let mut run = Self {
            forest: Forest::new(seed),
            store: store.expect("there is room for an empty store"),
            model: MemoryStore::new(),
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

    fn write(&mut self, changes: &Changes) -> Result<(), StorageError> {
        let written = self.store.write(changes);
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
            let pruned = self.store.prune(keep, usize::MAX);
            self.model.prune(keep, usize::MAX).expect("a model takes all");
            pruned?;
            self.committed();
        }
        Ok(())
    }

    /// Crashes behind some step. The store then has the last reported commit, or the next one.
    fn crash(&self, count: usize, chance: &mut Chance) {
        let mut file = tempfile::tempfile().expect("a temporary file");
        file.write_all(&after_crash(&self.steps, count, chance)).expect("there is room");
        file.seek(SeekFrom::Start(0)).expect("it is a file");
        let backend = FileBackend::new(file).expect("it is a file");
        let store = RedbStore::in_backend(backend, Path::new(DISK), &identity());
        let mut store = store.unwrap_or_else(|error| panic!("after {count} steps: {error}"));

        let reported = self.commits.iter().rposition(|(steps, _)| *steps <= count);
        let reported = reported.expect("the crash is after the creation");
        let next = self.commits.get(reported + 1).map_or(&self.model, |(_, model)| model);
        let found = Answers::of(&store.reader(), &self.forest);
        assert!(
            [&self.commits[reported].1, next]
                .iter()
                .any(|model| Answers::of(&model.reader(), &self.forest) == found),
            "after {count} steps, the store is neither at commit {reported} nor at the next one"
        );

        let peers = Some(vec!["again".to_owned()]);
        let changes = Changes { peers, ..Changes::default() };
        store.write(&changes).expect("it takes new changes");
    }

    fn crash_often(&self, crashes: usize, chance: &mut Chance) {
        let created = self.commits[0].0;
        for _ in 0..crashes {
            self.crash(created + chance.below(self.steps.len() - created + 1), chance);
        }
        self.crash(self.steps.len(), chance);
    }
}

#[test]
fn nothing_reported_durable_is_missing_after_a_crash_that_drops_and_tears_unflushed_writes() {
    for seed in 0..12 {
        let mut run = Run::new(seed, u64::MAX, u64::MAX);
        for _ in 0..16 {
            run.turn().expect("the disk works");
        }
        run.crash_often(24, &mut Chance(!seed));
    }
}

#[test]
fn a_full_disk_is_an_error_of_its_own_and_the_store_opens_as_it_was() {
    for seed in 0..6 {
        let room = 400_000 + 100_000 * seed;
        let mut run = Run::new(seed, room, u64::MAX);
        let error = loop {
            let turn = run.forest.turn();
            if let Err(error) = run.write(&turn) {
                break error;
            }
        };
        assert!(matches!(error, StorageError::Full { .. }), "{error:?}");
        assert!(error.to_string().contains("make room on the disk"), "{error}");
        let later = run.store.write(&Changes::default());
        later.expect_err("nothing is written behind a failed write");
        run.crash_often(8, &mut Chance(!seed));
    }
}

#[test]
fn a_disk_that_does_not_answer_loses_nothing_reported_durable() {
    for seed in 0..6 {
        let mut run = Run::new(seed, u64::MAX, 14 + 5 * seed);
        let error = loop {
            if let Err(error) = run.turn() {
                break error;
            }
        };
        assert!(matches!(error, StorageError::Failed { .. }), "{error:?}");
        run.crash_often(8, &mut Chance(!seed));
    }
}
