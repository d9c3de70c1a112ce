//! Tests of the owner of a store, without threads.

use actor_lanes::Spawn;
use actor_test::Harness;

use crate::changes::Changes;
use crate::error::StorageError;
use crate::forest::Forest;
use crate::memory::{MemoryReader, MemoryStore};
use crate::model_tests::Answers;
use crate::owner::Storage;
use crate::store::{ChainStore, Keep, Pruned};
use consensus::Checkpoint;

/// A model that counts its commits in the list of peers, and has room for some of them.
#[derive(Debug)]
struct Counted {
    model: MemoryStore,
    room: usize,
}

impl ChainStore for Counted {
    type Reader = MemoryReader;

    fn reader(&self) -> MemoryReader {
        self.model.reader()
    }

    fn write(&mut self, changes: &Changes) -> Result<Option<Checkpoint>, StorageError> {
        match self.room.checked_sub(1) {
            Some(room) => self.room = room,
            None => {
                let full = std::io::ErrorKind::StorageFull.into();
                return Err(StorageError::io("write", "chain.redb")(full));
            }
        }
        self.model.write(changes)
    }

    fn prune(&mut self, keep: Keep, most: usize) -> Result<Pruned, StorageError> {
        self.model.prune(keep, most)
    }
}

fn counted(room: usize) -> Counted {
    Counted { model: MemoryStore::new(), room }
}

#[test]
fn changes_that_wait_are_one_commit_and_all_of_them_are_durable_then() {
    let harness = Harness::new();
    let (storage, actor, mailbox) = Storage::new(counted(1), 3_600).expect("it can be read");
    let (mut forest, mut model) = (Forest::new(5), MemoryStore::new());
    let turns = [forest.anchor()].into_iter().chain((0..30).map(|_| forest.turn()));
    for turn in turns.collect::<Vec<_>>() {
        model.write(&turn).expect("a model takes all");
        storage.write(Box::new(turn)).expect("the lane has room");
    }
    assert_eq!(storage.durable().finalized, None, "nothing is durable yet");
    let _running = harness.start(Spawn::new(mailbox), move || actor);
    harness.run_until_idle();
    let durable = storage.durable();
    assert_eq!((durable.commits, &durable.failure), (1, &None));
    let expected = Answers::of(&model.reader(), &forest);
    assert!(durable.finalized.is_some() && durable.finalized == durable.figures.finalized);
    assert_eq!(storage.reader().load().expect("it is intact"), expected.loaded);
}

#[test]
fn a_full_lane_returns_the_changes() {
    let (storage, _actor, _mailbox) = Storage::new(counted(1), 3_600).expect("it can be read");
    let changes = |number: usize| {
        let peers = Some(vec![number.to_string()]);
        Box::new(Changes { peers, ..Changes::default() })
    };
    let refused = (0..100).find_map(|number| storage.write(changes(number)).err());
    assert_eq!(refused.and_then(|refused| refused.peers), Some(vec!["64".to_owned()]));
}

#[test]
fn a_full_disk_ends_the_owner_and_leaves_the_last_commit_published() {
    let harness = Harness::new();
    let (storage, actor, mailbox) = Storage::new(counted(1), 3_600).expect("it can be read");
    let running = harness.start(Spawn::new(mailbox), move || actor);
    let forest = Forest::new(5);
    storage.write(Box::new(forest.anchor())).expect("the lane has room");
    harness.run_until_idle();
    let peers = Some(vec!["late".to_owned()]);
    storage.write(Box::new(Changes { peers, ..Changes::default() })).expect("the lane has room");
    harness.run_until_idle();
    let durable = storage.durable();
    let failure = durable.failure.as_deref().expect("the disk is full");
    assert!(failure.contains("make room on the disk and start again"), "{failure}");
    assert_eq!(durable.finalized, Some(forest.trees[0].place));
    assert!(storage.write(Box::default()).is_err(), "the owner has ended");
    drop(running);
}

#[test]
fn old_blocks_are_pruned_in_steps_between_the_commits() {
    let harness = Harness::new();
    let (storage, actor, mailbox) = Storage::new(counted(usize::MAX), 4).expect("it can be read");
    let _running = harness.start(Spawn::new(mailbox), move || actor);
    let mut forest = Forest::new(6);
    storage.write(Box::new(forest.anchor())).expect("the lane has room");
    for _ in 0..60 {
        let mut turn = forest.turn();
        // An old block would be pruned with the next finality only, which may not come.
        let oldest = storage.durable().finalized.map_or(0, |finalized| finalized.slot);
        turn.blocks.retain(|(_, block)| block.block.slot >= oldest);
        storage.write(Box::new(turn)).expect("the lane has room");
        harness.run_until_idle();
        harness.advance(std::time::Duration::from_secs(1));
    }
    let durable = storage.durable();
    let finalized = durable.finalized.expect("it has an anchor").slot;
    assert!(durable.pruned > 0 && finalized > 8);
    let oldest = durable.figures.oldest_block.expect("it has blocks");
    assert!((finalized - 4..=finalized).contains(&oldest), "{oldest} of {finalized}");
}
