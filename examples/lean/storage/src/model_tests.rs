//! The store on disk and the model in memory give the same answers.

use std::path::Path;
use std::sync::Arc;

use consensus::{Checkpoint, Root, SignedBlock};

use crate::changes::Changes;
use crate::forest::{Forest, identity};
use crate::memory::MemoryStore;
use crate::redb_store::RedbStore;
use crate::store::{ChainStore, Figures, Keep, Loaded, ReadChain};

/// All answers of a reader about the blocks of a forest.
#[derive(Debug, PartialEq)]
pub(crate) struct Answers {
    pub(crate) loaded: Option<Loaded>,
    figures: Figures,
    by_root: Vec<Option<Arc<SignedBlock>>>,
    by_slot: Vec<Vec<Arc<SignedBlock>>>,
    gaps: Vec<Vec<Checkpoint>>,
}

impl Answers {
    pub(crate) fn of(reader: &impl ReadChain, forest: &Forest) -> Self {
        let figures = reader.figures().expect("it is intact");
        let unknown = Root::new([0xff; 32]);
        let roots = forest.trees.iter().map(|tree| tree.place.root).chain([unknown]);
        let end = forest.newest_slot() + 2;
        let ranges = [(0..end, usize::MAX), (0..end, 3), (end / 2..end, 5), (end..0, 5)];
        Self {
            loaded: reader.load().expect("it is intact"),
            figures: Figures { file_bytes: 0, ..figures },
            by_root: roots.map(|root| reader.block(&root).expect("it is intact")).collect(),
            gaps: ranges
                .iter()
                .map(|(slots, most)| reader.gaps(slots.clone(), *most).expect("it is intact"))
                .collect(),
            by_slot: ranges
                .map(|(slots, most)| reader.blocks(slots, most).expect("it is intact"))
                .into(),
        }
    }
}

/// Prunes a store with steps of some size until nothing is left to remove.
pub(crate) fn prune_all(store: &mut impl ChainStore, keep: Keep, most: usize) -> usize {
    let mut removed = 0;
    loop {
        let step = store.prune(keep, most).expect("the disk works");
        assert!(step.removed <= most, "a step is bounded");
        assert!(step.is_done || step.removed == most, "a step is not smaller than asked for");
        removed += step.removed;
        if step.is_done {
            return removed;
        }
    }
}

fn assert_same(store: &RedbStore, model: &MemoryStore, forest: &Forest) {
    assert_eq!(Answers::of(&store.reader(), forest), Answers::of(&model.reader(), forest));
}

fn open(folder: &Path) -> RedbStore {
    RedbStore::open(folder, &identity()).expect("the folder has this network's chain")
}

#[test]
fn a_store_answers_as_the_model_does_for_random_histories_and_after_each_reopening() {
    for seed in 0..24 {
        let folder = tempfile::tempdir().expect("a temporary directory");
        let mut forest = Forest::new(seed);
        let (mut store, mut model) = (open(folder.path()), MemoryStore::new());
        assert_same(&store, &model, &forest);
        let anchor = forest.anchor();
        store.write(&anchor).expect("the disk works");
        model.write(&anchor).expect("a model takes all");
        for _ in 0..40 {
            let mut changes = forest.turn();
            if forest.chance().one_in(4) {
                // The owner joins the changes of two turns if the store's lane was full.
                changes.join(forest.turn());
            }
            let stored = store.write(&changes).expect("the disk works");
            assert_eq!(stored, model.write(&changes).expect("a model takes all"));
            if forest.chance().one_in(3) {
                let (keep, most) = (forest.keep(), 1 + forest.chance().below(5));
                assert_eq!(prune_all(&mut store, keep, most), prune_all(&mut model, keep, most));
            }
            if forest.chance().one_in(4) {
                drop(store);
                store = open(folder.path());
            }
            assert_same(&store, &model, &forest);
        }
    }
}

#[test]
fn a_reader_keeps_its_answer_while_the_owner_writes() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let mut forest = Forest::new(1);
    let mut store = open(folder.path());
    store.write(&forest.anchor()).expect("the disk works");
    let (reader, reading) = (store.reader(), store.reader());
    let (sender, receiver) = std::sync::mpsc::sync_channel(1);
    std::thread::scope(|scope| {
        scope.spawn(move || {
            // Each answer is one commit: its anchor and its blocks belong together.
            while receiver.try_recv().is_err() {
                let loaded = reading.load().expect("it is intact").expect("it has an anchor");
                assert_eq!(loaded.anchor.block.slot, loaded.finalized.slot);
                assert_eq!(Root::of(&loaded.state), loaded.anchor.block.state_root);
            }
        });
        for _ in 0..60 {
            store.write(&forest.turn()).expect("the disk works");
        }
        sender.send(()).expect("the reader waits for it");
    });
    let finalized = reader.figures().expect("it is intact").finalized;
    assert_eq!(finalized, store.write(&Changes::default()).expect("the disk works"));
}

#[test]
fn joined_changes_load_as_those_written_one_after_the_other() {
    for seed in 100..110 {
        let mut forest = Forest::new(seed);
        let (mut each, mut joined) = (MemoryStore::new(), MemoryStore::new());
        let mut all = forest.anchor();
        each.write(&all).expect("a model takes all");
        for _ in 0..20 {
            let turn = forest.turn();
            each.write(&turn).expect("a model takes all");
            all.join(turn);
        }
        joined.write(&all).expect("a model takes all");
        let load = |store: &MemoryStore| store.reader().load().expect("it is intact");
        assert_eq!(load(&each), load(&joined), "seed {seed}");
    }
}
