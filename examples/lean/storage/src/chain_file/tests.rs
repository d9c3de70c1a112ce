//! Round trips of chains through files, and files that must be refused.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use consensus::{SignedBlock, Slot, State};
use libssz::SszDecode as _;
use tempfile::TempDir;

use super::records::{Kind, RecordReader, RecordWriter};
use super::{ChainFileError, Exported, Imported, Selection, check, export, import};
use crate::error::StorageError;
use crate::forest::{Chance, Forest, identity};
use crate::identity::ChainIdentity;
use crate::model_tests::prune_all;
use crate::progress::Progress;
use crate::redb_store::RedbStore;
use crate::store::{ChainStore as _, Keep, Loaded, ReadChain as _};

const TURNS: usize = 40;

fn folder() -> TempDir {
    tempfile::tempdir().expect("a temporary directory")
}

/// Writes a chain into a folder, without blocks of branches that lost to finality.
fn grow(folder: &Path, seed: u64) {
    let mut forest = Forest::new(seed);
    let mut store = RedbStore::open(folder, &identity()).expect("a new folder");
    store.write(&forest.anchor()).expect("the disk works");
    for _ in 0..TURNS {
        store.write(&forest.turn()).expect("the disk works");
    }
    prune_all(&mut store, Keep { blocks_from: 3, states_from: 3 }, 1_000);
}

fn write_file(folder: &Path, to: &Path, selection: Selection) -> Result<Exported, ChainFileError> {
    export(folder, to, selection, &Progress::none(), &Progress::none())
}

fn imported(folder: &Path, from: &Path) -> Result<Imported, ChainFileError> {
    import(folder, from, Progress::none(), Progress::none())
}

/// What a start and a peer read from a folder.
#[derive(Debug, PartialEq)]
struct Kept {
    loaded: Loaded,
    finalized: Vec<Arc<SignedBlock>>,
    states: u64,
    oldest: Option<Slot>,
}

impl Kept {
    fn of(folder: &Path) -> Self {
        let (reader, _) = RedbStore::look(folder, &Progress::none()).expect("it is intact");
        let loaded = reader.load().expect("it is intact").expect("it has an anchor");
        let figures = reader.figures().expect("it is intact");
        Self {
            // The addresses of peers are not exported.
            loaded: Loaded { peers: Vec::new(), ..loaded },
            finalized: reader.blocks(0..Slot::MAX, usize::MAX).expect("it is intact"),
            states: figures.states,
            oldest: figures.oldest_block,
        }
    }
}

/// A folder with a chain, and its file.
struct Chain {
    folder: TempDir,
    file: PathBuf,
    exported: Exported,
}

fn chain(seed: u64) -> Chain {
    let folder = folder();
    grow(&folder.path().join("old"), seed);
    let file = folder.path().join("chain.lean");
    let exported = write_file(&folder.path().join("old"), &file, Selection::default());
    Chain { exported: exported.expect("it is intact"), folder, file }
}

#[test]
fn a_chain_that_went_through_a_file_gives_the_same_answers() {
    for seed in 0..6 {
        let Chain { folder, file, exported } = chain(seed);
        let (old, new) = (folder.path().join("old"), folder.path().join("new"));
        let imported = imported(&new, &file).expect("it is intact");
        assert_eq!(imported.identity, identity());
        assert_eq!((imported.blocks, imported.votes), (exported.blocks, exported.votes));
        assert_eq!(fs::metadata(&file).expect("it is there").len(), exported.bytes);
        assert!(Kept::of(&new) == Kept::of(&old), "seed {seed}");
        let (reader, _) = RedbStore::look(&new, &Progress::none()).expect("it is intact");
        assert_eq!(reader.verify(&Progress::none()).expect("it is intact").blocks, imported.blocks);
        drop(reader);
        RedbStore::open(&new, &identity()).expect("a node starts with it");
        // The same chain is the same file.
        let again = folder.path().join("again.lean");
        write_file(&new, &again, Selection::default()).expect("it is intact");
        assert!(fs::read(&again).expect("it is there") == fs::read(&file).expect("it is there"));
    }
}

#[test]
fn a_part_of_a_chain_begins_and_ends_at_the_selected_slots() {
    let mut with_earlier_state = 0;
    for seed in 0..6 {
        let Chain { folder, exported: whole, .. } = chain(seed);
        let old = folder.path().join("old");
        for to in [whole.finalized.slot / 2, whole.finalized.slot, whole.finalized.slot + 1] {
            let file = folder.path().join(format!("to {to}"));
            let from = if seed % 2 == 0 { 0 } else { to / 2 };
            let selection = Selection { from: Some(from), to: Some(to) };
            let part = match write_file(&old, &file, selection) {
                Ok(part) => part,
                Err(ChainFileError::Slots(said)) => {
                    assert!(said.contains("choose --"), "{said}");
                    assert!(!file.exists());
                    continue;
                }
                Err(error) => panic!("{error}"),
            };
            assert!(part.slots.0 >= from && part.slots.1 <= to && part.finalized.slot <= to);
            with_earlier_state += usize::from(part.finalized != whole.finalized);
            let new = folder.path().join(format!("new {to}"));
            imported(&new, &file).expect("a part can be imported");
            let store = RedbStore::open(&new, &identity()).expect("a node starts with it");
            let load = |loaded: Option<Loaded>| loaded.expect("it has an anchor");
            let part_loaded = load(store.reader().load().expect("it is intact"));
            assert_eq!(part_loaded.finalized, part.finalized);
            let newest = part_loaded.blocks.iter().map(|block| block.block.slot).max();
            assert_eq!(newest.unwrap_or(part.finalized.slot), part.slots.1);
        }
    }
    assert!(with_earlier_state > 0, "no part ended at an earlier state");
}

#[test]
fn a_file_that_exists_is_not_overwritten_and_a_failed_export_leaves_none() {
    let Chain { folder, file, .. } = chain(1);
    let before = fs::read(&file).expect("it is there");
    let error = write_file(&folder.path().join("old"), &file, Selection::default());
    assert!(matches!(error, Err(ChainFileError::Exists(_))), "{error:?}");
    assert!(fs::read(&file).expect("it is there") == before);

    let far: Slot = 1_000_000;
    let out = folder.path().join("out");
    fs::create_dir(&out).expect("it is writable");
    let selection = Selection { from: Some(far), to: None };
    let error = write_file(&folder.path().join("old"), &out.join("file"), selection);
    assert!(matches!(error, Err(ChainFileError::Slots(_))), "{error:?}");
    assert_eq!(fs::read_dir(&out).expect("it is there").count(), 0);
}

#[test]
fn a_folder_with_a_chain_or_of_another_network_takes_no_import_and_stays_as_it_was() {
    let Chain { folder, file, .. } = chain(2);
    let error = imported(&folder.path().join("old"), &file).expect_err("it has a chain");
    let ChainFileError::Storage(StorageError::HasChain { .. }) = &error else {
        panic!("{error:?}")
    };
    let empty = folder.path().join("empty");
    let other = ChainIdentity { genesis_time: 1, ..identity() };
    drop(RedbStore::open(&empty, &other).expect("a new folder"));
    let database = empty.join("chain.redb");
    let before = fs::read(&database).expect("it is there");
    let error = imported(&empty, &file).expect_err("it is of another network");
    let ChainFileError::Storage(StorageError::OtherNetwork { .. }) = &error else {
        panic!("{error:?}")
    };
    assert!(fs::read(&database).expect("it is there") == before);
    // An empty folder of the same network takes it.
    let same = folder.path().join("same");
    drop(RedbStore::open(&same, &identity()).expect("a new folder"));
    imported(&same, &file).expect("it has no chain");
}

#[test]
fn a_cut_file_is_refused_with_its_record_and_leaves_no_folder() {
    let Chain { folder, file, .. } = chain(3);
    let whole = fs::read(&file).expect("it is there");
    let mut chance = Chance(5);
    let places = [0, 1, 8, 11, 12, 19, whole.len() - 1];
    for length in places.into_iter().chain((0..40).map(|_| chance.below(whole.len()))) {
        fs::write(&file, &whole[..length]).expect("it is writable");
        let new = folder.path().join("new");
        match imported(&new, &file).expect_err("a part is missing") {
            ChainFileError::NotAChainFile(_) => assert!(length < 8),
            ChainFileError::Cut { record, .. } => assert!(record > 0),
            error => panic!("{length}: {error:?}"),
        }
        assert!(!new.exists(), "nothing was written");
    }
}

#[test]
fn a_damaged_file_is_refused_with_its_record() {
    let Chain { folder: _folder, file, .. } = chain(4);
    let whole = fs::read(&file).expect("it is there");
    check(&whole).expect("it is intact");
    let mut chance = Chance(6);
    for _ in 0..400 {
        let mut damaged = whole.clone();
        let place = chance.below(whole.len());
        damaged[place] ^= 1 << chance.below(8);
        match check(&damaged).expect_err("a bit differs") {
            ChainFileError::NotAChainFile(_) => assert!(place < 8),
            ChainFileError::Version { .. } => assert!((8..12).contains(&place)),
            ChainFileError::Record { record, .. } | ChainFileError::Cut { record, .. } => {
                assert!(record > 0);
            }
            error => panic!("{place}: {error:?}"),
        }
    }
    let longer = [&whole[..], b"x"].concat();
    let error = check(&longer).expect_err("something follows").to_string();
    assert!(error.contains("something follows the end"), "{error}");
}

#[test]
fn a_file_with_right_checksums_and_a_wrong_chain_is_refused_with_the_reason() {
    let Chain { folder: _folder, file, .. } = chain(5);
    let whole = fs::read(&file).expect("it is there");
    let mut reader = RecordReader::begin(&file, &whole[..], 0, Progress::none()).expect("a file");
    let mut records = Vec::new();
    while let Some(record) = reader.next().expect("it is intact") {
        records.push(record);
    }
    let first = |kind| records.iter().position(|record| record.kind == kind).expect("one");
    let (state, block) = (first(Kind::State), first(Kind::Block));
    let first_state = State::from_ssz_bytes(&records[state].content).expect("a state");
    assert!(state < block - 1, "there is an earlier state");
    let of_state = (block..records.len()).find(|place| {
        let block = SignedBlock::from_ssz_bytes(&records[*place].content);
        block.expect("it is before the votes").block.slot == first_state.slot
    });
    let of_state = of_state.expect("the block of the first state");
    let written = |order: &[usize], change: &dyn Fn(usize, &mut Vec<u8>)| {
        let mut writer = RecordWriter::begin(Vec::new()).expect("memory is writable");
        for place in order {
            let mut content = records[*place].content.clone();
            change(*place, &mut content);
            writer.write(records[*place].kind, &content).expect("memory is writable");
        }
        writer.end().expect("memory is writable").0
    };
    let all: Vec<_> = (0..records.len()).collect();
    assert!(written(&all, &|_, _| {}) == whole, "unchanged, it is the same file");
    let without = |left: usize| all.iter().copied().filter(|place| *place != left).collect();
    let swapped = |one: usize, other: usize| {
        let mut order = all.clone();
        order.swap(one, other);
        order
    };
    let twice = [&all[..=block], &all[block..]].concat();
    // The fork is behind the genesis time, the root and the length.
    let changed = |place: usize, byte: usize| {
        written(&all, &move |at, content: &mut Vec<u8>| {
            if at == place {
                content[byte] ^= 1;
            }
        })
    };
    let until_blocks: Vec<_> = (0..block).collect();
    let plain = |order: Vec<usize>| written(&order, &|_, _| {});
    for (bytes, said) in [
        (plain(without(0)), "it is in a wrong order"),
        (plain(without(of_state)), "the block of state"),
        (plain(without(block - 1)), "the state of the finalized block is missing"),
        (plain(until_blocks), "the finalized block is missing"),
        (plain(swapped(0, 1)), "it is in a wrong order"),
        (plain(swapped(block, block + 1)), "is in a wrong order"),
        (plain(twice), "is not in the finalized chain"),
        (changed(0, 0), "its state is of another network"),
        (changed(1, 0), "is not in the finalized chain"),
        (changed(1, 32), "the state of the finalized block is missing"),
        // The parent's root, behind the offsets, the slot and the proposer.
        (changed(block, 8 + 16), "is not in the finalized chain"),
    ] {
        let error = check(&bytes).expect_err(said).to_string();
        assert!(error.contains(said), "{said}: {error}");
        assert!(error.contains("in record "), "{error}");
    }
}
