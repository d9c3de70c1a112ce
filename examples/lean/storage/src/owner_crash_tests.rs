//! Crashes of the machine below the owner of a store: nothing that it has announced is lost.

use std::path::Path;
use std::sync::mpsc::Receiver;
use std::time::Duration;

use actor_lanes::{Running, Spawn};
use actor_test::Harness;
use consensus::{Checkpoint, Root};

use crate::changes::Changes;
use crate::crash_disk::{RecordedFile, Step, after_crash};
use crate::crash_tests::seeds;
use crate::forest::{Chance, Forest, identity};
use crate::owner::Storage;
use crate::redb_store::RedbStore;

/// More slots than the tests have, so that a finalized block is never too old to be kept.
const HORIZON: u64 = 3_600;

/// An owner on a recorded disk, and what it has announced.
struct Machine {
    storage: Storage,
    harness: Harness,
    _running: Running,
    before: Vec<u8>,
    record: Receiver<Step>,
    steps: Vec<Step>,
    /// The number of steps before an announcement, and the announced block.
    announced: Vec<(usize, Checkpoint)>,
}

impl Machine {
    /// Starts on a disk. A checkpoint announced before is still announced.
    fn start(before: Vec<u8>, announced: Option<Checkpoint>) -> Self {
        let (file, record) = RecordedFile::with(&before, u64::MAX, u64::MAX);
        let store = RedbStore::in_backend(file, Path::new("the disk of the test"), &identity());
        let store = store.unwrap_or_else(|error| panic!("{error}"));
        let (storage, actor, mailbox) = Storage::new(store, HORIZON).expect("it can be read");
        let harness = Harness::new();
        let running = harness.start(Spawn::new(mailbox), move || actor);
        let announced = announced.map(|announced| (0, announced)).into_iter().collect();
        let steps = Vec::new();
        let mut machine =
            Self { storage, harness, _running: running, before, record, steps, announced };
        machine.note();
        machine
    }

    /// Notes what is announced now, and checks that it is on the announced chain.
    fn note(&mut self) {
        self.steps.extend(self.record.try_iter());
        let durable = self.storage.durable();
        assert_eq!(durable.failure, None);
        let newest = self.announced.last().map(|(_, newest)| *newest);
        match durable.finalized {
            Some(finalized) => {
                assert!(newest.is_none_or(|newest| newest.slot <= finalized.slot));
                if newest != Some(finalized) {
                    self.announced.push((self.steps.len(), finalized));
                }
            }
            None => assert_eq!(newest, None, "nothing announced is lost"),
        }
        let reader = self.storage.reader();
        for (_, Checkpoint { root, slot }) in &self.announced {
            let blocks = reader.blocks(*slot..*slot + 1, 1).expect("it is intact");
            let served = blocks.first().map(|block| Root::of(&block.block));
            assert_eq!(served, Some(*root), "the announced block of slot {slot} is still final");
        }
    }

    fn turn(&mut self, changes: Changes, chance: &mut Chance) {
        self.storage.write(Box::new(changes)).expect("the lane has room");
        // Without this, the next turn is in the same commit.
        if chance.one_in(2) {
            self.harness.run_until_idle();
            self.note();
        }
        if chance.one_in(6) {
            self.harness.advance(Duration::from_secs(1));
            self.note();
        }
    }

    /// Returns the disk after a crash behind some step, and what was announced before it.
    fn crash(&mut self, chance: &mut Chance) -> (Vec<u8>, Option<Checkpoint>) {
        self.note();
        // The creation of the file is on another name.
        let created = if self.before.is_empty() { self.announced[0].0 } else { 0 };
        let count = created + chance.below(self.steps.len() - created + 1);
        let announced = self.announced.iter().rev().find(|(steps, _)| *steps <= count);
        let disk = after_crash(&self.before, &self.steps, count, chance);
        (disk, announced.map(|(_, announced)| *announced))
    }
}

#[test]
fn nothing_that_the_owner_has_announced_is_lost_by_repeated_crashes() {
    let mut advanced = 0;
    for seed in 0..seeds() {
        let mut forest = Forest::new(seed);
        let mut chance = Chance(!seed);
        let mut machine = Machine::start(Vec::new(), None);
        machine.storage.write(Box::new(forest.anchor())).expect("the lane has room");
        machine.harness.run_until_idle();
        machine.note();
        for _ in 0..4 {
            for _ in 0..8 {
                machine.turn(forest.turn(), &mut chance);
            }
            let (disk, announced) = machine.crash(&mut chance);
            advanced += announced.map_or(0, |announced| announced.slot);
            machine = Machine::start(disk, announced);
            let blocks = forest.blocks();
            machine.turn(Changes { blocks, ..Changes::default() }, &mut chance);
        }
    }
    assert!(advanced > 10 * seeds(), "most of the announced blocks are behind the first one");
}
