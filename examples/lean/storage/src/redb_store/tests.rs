//! Folders and files that must be refused, each with an error of its own.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use consensus::{Checkpoint, Root, State};
use redb::Database;
use tempfile::TempDir;

use super::RedbStore;
use super::schema;
use super::tables::{META, VOTES};
use crate::chain_file;
use crate::changes::{Changes, Finalized};
use crate::error::StorageError;
use crate::forest::{Chance, Forest, identity};
use crate::identity::ChainIdentity;
use crate::model_tests::Answers;
use crate::progress::Progress;
use crate::store::{ChainStore as _, Loaded, ReadChain as _};

fn folder() -> TempDir {
    tempfile::tempdir().expect("a temporary directory")
}

fn open(folder: &Path) -> Result<RedbStore, StorageError> {
    RedbStore::open(folder, &identity())
}

fn file(folder: &Path) -> PathBuf {
    folder.join("chain.redb")
}

/// Writes a chain into a folder. Returns its blocks, and the answers of the store.
fn grown(folder: &Path) -> (Forest, Answers) {
    let mut forest = Forest::new(7);
    let mut store = open(folder).expect("a new folder");
    store.write(&forest.anchor()).expect("the disk works");
    for _ in 0..12 {
        store.write(&forest.turn()).expect("the disk works");
    }
    let answers = Answers::of(&store.reader(), &forest);
    (forest, answers)
}

/// Returns the files of a folder with their bytes.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let entries = fs::read_dir(folder).expect("there is a folder");
    let paths = entries.map(|entry| entry.expect("it can be read").path());
    paths.map(|path| (path.clone(), fs::read(path).expect("it can be read"))).collect()
}

/// Opens a folder that must be refused, and checks that it stays as it was.
fn refused(folder: &Path, identity: &ChainIdentity) -> StorageError {
    let before = files(folder);
    let error = RedbStore::open(folder, identity).expect_err("it must be refused");
    assert!(files(folder) == before, "the folder has changed: {error}");
    error
}

/// Copies the database of an open store, as a killed process leaves it.
fn killed(from: &Path) -> TempDir {
    let copy = folder();
    fs::copy(file(from), file(copy.path())).expect("there is room");
    copy
}

/// Writes an entry of the first table into a closed database.
fn set_meta(folder: &Path, name: &str, value: &str) {
    let database = Database::open(file(folder)).expect("it is closed");
    let transaction = schema::begin(&database).expect("the disk works");
    {
        let mut meta = transaction.open_table(META).expect("it has the table");
        meta.insert(name, value).expect("the disk works");
    }
    transaction.commit().expect("the disk works");
}

#[test]
fn a_second_process_is_refused_and_the_first_one_is_named() {
    let folder = folder();
    let store = open(folder.path()).expect("a new folder");
    let error = refused(folder.path(), &identity());
    let owner = format!("process {}", std::process::id());
    assert!(
        matches!(&error, StorageError::InUse { owner: Some(named), .. } if *named == owner),
        "{error:?}"
    );
    drop(store);
    open(folder.path()).expect("the folder is free");
}

#[test]
fn a_reader_that_is_left_keeps_the_file_from_a_second_owner() {
    let folder = folder();
    let reader = open(folder.path()).expect("a new folder").reader();
    assert!(matches!(open(folder.path()), Err(StorageError::InUse { .. })));
    drop(reader);
    open(folder.path()).expect("the folder is free");
}

#[test]
fn the_chain_of_another_network_or_scheme_is_refused_by_name_and_kept() {
    let folder = folder();
    let (forest, answers) = grown(folder.path());
    let others = [
        ChainIdentity { genesis_time: 1, ..identity() },
        ChainIdentity { validators_root: Root::new([9; 32]), ..identity() },
        ChainIdentity { fork: "another".to_owned(), ..identity() },
    ];
    for other in others {
        let error = refused(folder.path(), &other);
        let StorageError::OtherNetwork { found, expected, .. } = &error else {
            panic!("{error:?}")
        };
        assert_eq!((&**found, &**expected), (&identity(), &other));
    }
    let other = ChainIdentity { scheme: "production".to_owned(), ..identity() };
    let error = refused(folder.path(), &other);
    assert!(matches!(error, StorageError::OtherScheme { .. }), "{error:?}");
    assert!(error.to_string().contains("\"test\", and this node has \"production\""), "{error}");

    let store = open(folder.path()).expect("it is as it was");
    assert_eq!(Answers::of(&store.reader(), &forest), answers);
}

#[test]
fn a_file_of_a_newer_version_is_refused() {
    let folder = folder();
    drop(grown(folder.path()));
    set_meta(folder.path(), "schema", "2");
    let error = refused(folder.path(), &identity());
    assert!(matches!(error, StorageError::NewerVersion { found: 2, newest: 1, .. }), "{error:?}");
    assert!(error.to_string().contains("use the newer version of the node"), "{error}");
}

#[test]
fn an_unknown_schema_and_a_network_that_cannot_be_read_are_refused_by_name() {
    for (name, value, said) in [
        ("schema", "0", "has schema 0, and the first schema of a node is 1"),
        ("schema", "one", "its entry \"schema\" cannot be read"),
        ("genesis_time", "never", "its entry \"genesis_time\" cannot be read"),
    ] {
        let folder = folder();
        drop(grown(folder.path()));
        set_meta(folder.path(), name, value);
        let error = refused(folder.path(), &identity());
        assert!(error.to_string().contains(said), "{error}");
    }
}

#[test]
fn the_folder_of_a_killed_node_stays_as_it_was_if_it_is_refused_and_opens_otherwise() {
    let folder = folder();
    let mut forest = Forest::new(8);
    let mut store = open(folder.path()).expect("a new folder");
    store.write(&forest.anchor()).expect("the disk works");
    let other = ChainIdentity { genesis_time: 1, ..identity() };
    for _ in 0..6 {
        store.write(&forest.turn()).expect("the disk works");
        let copy = killed(folder.path());
        let error = refused(copy.path(), &other);
        assert!(matches!(error, StorageError::OtherNetwork { .. }), "{error:?}");
        // The same with the lock of the killed process.
        fs::write(copy.path().join("chain.lock"), "process 1\n").expect("it is writable");
        let error = refused(copy.path(), &other);
        assert!(matches!(error, StorageError::OtherNetwork { .. }), "{error:?}");
        let opened = open(copy.path()).expect("it is of this network");
        let expected = Answers::of(&store.reader(), &forest);
        assert_eq!(Answers::of(&opened.reader(), &forest), expected);
    }
}

#[test]
fn a_database_of_another_program_is_refused() {
    let folder = folder();
    let database = Database::create(file(folder.path())).expect("a new file");
    let transaction = database.begin_write().expect("the disk works");
    transaction.open_table(VOTES).expect("a table");
    transaction.commit().expect("the disk works");
    drop(database);
    let error = refused(folder.path(), &identity());
    assert!(matches!(error, StorageError::NotAChain { .. }), "{error:?}");
}

#[test]
fn a_file_in_place_of_the_folder_is_refused() {
    let folder = folder();
    let letter = folder.path().join("letter");
    fs::write(&letter, "a letter").expect("it is writable");
    for error in [
        RedbStore::open(&letter, &identity()).map(drop),
        RedbStore::open_any(&letter, &Progress::none()).map(drop),
        RedbStore::look(&letter, &Progress::none()).map(drop),
    ] {
        let error = error.expect_err("it is no folder");
        assert!(matches!(error, StorageError::NotAFolder { .. }), "{error:?}");
    }
    assert_eq!(fs::read(&letter).expect("it is there"), b"a letter");
}

#[test]
fn a_first_start_that_was_killed_at_any_step_starts_anew() {
    let lock = |folder: &Path, text| fs::write(folder.join("chain.lock"), text);
    let new = |folder: &Path, bytes| fs::write(folder.join("chain.redb.new"), bytes);
    let whole = {
        let folder = folder();
        drop(open(folder.path()).expect("a new folder"));
        fs::read(file(folder.path())).expect("it is there")
    };
    for step in 0..5 {
        let folder = folder();
        let made = match step {
            0 => Ok(()),
            1 => lock(folder.path(), ""),
            2 => lock(folder.path(), "process 1\n"),
            3 => new(folder.path(), &whole[..whole.len() / 2]),
            _ => new(folder.path(), &whole),
        };
        made.expect("the folder is writable");
        let store = open(folder.path()).expect("nothing was stored yet");
        assert_eq!(store.reader().load().expect("it is intact"), None);
        assert!(!folder.path().join("chain.redb.new").exists());
    }
}

#[test]
fn a_look_writes_nothing_and_keeps_a_node_away() {
    let folder = folder();
    let (forest, answers) = grown(folder.path());
    let copy = killed(folder.path());
    for path in [folder.path(), copy.path()] {
        let before = files(path);
        let look = || RedbStore::look(path, &Progress::none()).expect("it is intact");
        let ((first, found), (second, _)) = (look(), look());
        assert_eq!(found, identity());
        assert_eq!(Answers::of(&first, &forest), answers);
        assert_eq!(Answers::of(&second, &forest), answers);
        if path == folder.path() {
            let error = refused(path, &identity());
            assert!(error.to_string().contains("in use by a command that reads it"), "{error}");
        }
        drop((first, second));
        assert!(files(path) == before);
    }
    let _store = open(folder.path()).expect("the looks have ended");
    let error = RedbStore::look(folder.path(), &Progress::none()).expect_err("it is in use");
    let owner = format!("in use by process {}", std::process::id());
    assert!(error.to_string().contains(&owner), "{error}");
}

#[test]
fn a_file_of_another_kind_and_an_empty_one_are_refused_and_not_overwritten() {
    for (content, is_other) in
        [(&b"a letter to the editor"[..], true), (b"a note", true), (b"", false), (b"redb", false)]
    {
        let folder = folder();
        fs::write(file(folder.path()), content).expect("the folder is writable");
        match refused(folder.path(), &identity()) {
            StorageError::NotAChain { .. } => assert!(is_other),
            StorageError::Incomplete { .. } => assert!(!is_other),
            error => panic!("{error:?}"),
        }
        assert_eq!(fs::read(file(folder.path())).expect("it is there"), content);
    }
}

#[test]
fn the_rest_of_an_interrupted_creation_is_removed() {
    let folder = folder();
    let rest = folder.path().join("chain.redb.new");
    fs::write(&rest, b"half of a file").expect("the folder is writable");
    let store = open(folder.path()).expect("nothing was stored yet");
    assert_eq!(store.reader().load().expect("it is intact"), None);
    assert!(!rest.exists());
}

#[test]
fn a_shortened_file_is_refused() {
    let folder = folder();
    drop(grown(folder.path()));
    let whole = fs::read(file(folder.path())).expect("there is a file");
    let mut chance = Chance(3);
    for _ in 0..24 {
        let length = chance.below(whole.len());
        fs::write(file(folder.path()), &whole[..length]).expect("the folder is writable");
        match refused(folder.path(), &identity()) {
            StorageError::Incomplete { .. } | StorageError::Damaged { .. } => {}
            other => panic!("{length} of {} bytes: {other:?}", whole.len()),
        }
    }
}

#[test]
fn a_damaged_file_is_refused_or_answers_as_before() {
    let folder = folder();
    let (forest, intact) = grown(folder.path());
    let whole = fs::read(file(folder.path())).expect("there is a file");
    let mut chance = Chance(4);
    let mut found = 0;
    for _ in 0..120 {
        let mut damaged = whole.clone();
        // Behind the header, whose commits can be told apart by nothing but their numbers.
        let place = 4096 + chance.below(whole.len() - 4096);
        damaged[place] ^= 1 << chance.below(8);
        fs::write(file(folder.path()), &damaged).expect("the folder is writable");
        match open(folder.path()) {
            Ok(store) => assert_eq!(Answers::of(&store.reader(), &forest), intact, "{place}"),
            Err(StorageError::Damaged { .. }) => {
                found += 1;
                assert!(fs::read(file(folder.path())).is_ok_and(|left| left == damaged));
            }
            Err(error) => panic!("{place}: {error:?}"),
        }
    }
    assert!(found > 10, "much of the file is in use, and only {found} faults were found");
}

#[test]
fn finality_only_advances_and_never_to_another_branch() {
    let folder = folder();
    let mut store = open(folder.path()).expect("a new folder");
    let (forest, other) = (Forest::new(1), Forest::new(2));
    store.write(&forest.anchor()).expect("the disk works");
    let error = store.write(&other.anchor()).expect_err("another block of the same slot");
    assert!(matches!(error, StorageError::Contradiction { .. }), "{error:?}");

    // A block above the anchor, and one above another anchor. Neither was stored.
    let above = |anchor: &Forest| {
        let anchor = &anchor.trees[0];
        let mut state = State::clone(&anchor.state);
        state.historical_block_hashes.push(anchor.place.root).expect("it is short");
        let checkpoint = Checkpoint { root: Root::new([5; 32]), slot: 1 };
        let finalized = Some(Finalized { checkpoint, state: Arc::new(state) });
        Changes { finalized, ..Changes::default() }
    };
    let error = store.write(&above(&forest)).expect_err("its block was never stored");
    assert!(matches!(error, StorageError::UnknownBlock { .. }), "{error:?}");
    let error = store.write(&above(&other)).expect_err("it is above another anchor");
    assert!(matches!(error, StorageError::Contradiction { .. }), "{error:?}");
    let stored = store.write(&Changes::default()).expect("nothing was written");
    assert_eq!(stored, Some(forest.trees[0].place));
}

#[test]
fn a_look_at_a_folder_needs_no_network_and_checks_every_entry() {
    let folder = folder();
    let missing =
        RedbStore::open_any(folder.path(), &Progress::none()).expect_err("there is no chain");
    assert!(matches!(missing, StorageError::NoChain { .. }), "{missing:?}");
    assert!(!file(folder.path()).exists(), "a look creates nothing");

    let (forest, _) = grown(folder.path());
    let opened = RedbStore::open_any(folder.path(), &Progress::none());
    let (store, found) = opened.expect("it is intact");
    assert_eq!(found, identity());
    let (reader, calls) = (store.reader(), Arc::new(AtomicU64::new(0)));
    let counted = Arc::clone(&calls);
    let progress = Progress::new(move |done, _| counted.store(done, Relaxed));
    let verified = reader.verify(&progress).expect("it is intact");
    let figures = reader.figures().expect("it is intact");
    assert_eq!((verified.blocks, verified.states), (figures.blocks, figures.states));
    // Two blocks of a forest can be the same.
    let roots: HashSet<_> = forest.trees.iter().map(|tree| tree.place.root).collect();
    assert_eq!(verified.blocks, roots.len() as u64);
    assert_eq!(verified.blocks, calls.load(Relaxed));
    assert!(verified.links > 0);
}

#[test]
fn pruning_below_a_horizon_removes_all_older_blocks_and_compaction_shrinks_the_file() {
    let folder = folder();
    let mut forest = Forest::new(9);
    let mut store = open(folder.path()).expect("a new folder");
    store.write(&forest.anchor()).expect("the disk works");
    for _ in 0..80 {
        store.write(&forest.turn()).expect("the disk works");
    }
    let before = store.reader().figures().expect("it is intact");
    let finalized = before.finalized.expect("it has an anchor").slot;
    let loaded = store.reader().load().expect("it is intact");
    let reader = store.reader();
    assert!(store.compact().is_err(), "a reader is left");
    drop(reader);
    let removed = store.prune_below(4, &Progress::none()).expect("the disk works");
    assert!(removed > 0);
    store.compact().expect("no reader is left");
    let after = store.reader().figures().expect("it is intact");
    assert!(after.oldest_block.is_some_and(|oldest| oldest + 4 >= finalized));
    assert!(after.file_bytes < before.file_bytes, "{after:?}");
    assert_eq!(store.reader().load().expect("it is intact"), loaded);
    store.close().expect("the disk works");
    let store = open(folder.path()).expect("it is intact");
    assert_eq!(store.reader().load().expect("it is intact"), loaded);
}

/// A folder's file and an exported file, as the first version of the node has written them.
const FIRST_SCHEMA: &[u8] = include_bytes!("../fixtures/schema-1.redb");
const FIRST_FORMAT: &[u8] = include_bytes!("../fixtures/version-1.lean");

/// The finalized block in both of them.
const FIRST_FINALIZED: (u64, &str) =
    (8, "0x68c55efff9a3270da77d504fb06de8711a67d974dc6c51c1c678cc79d962a863");

#[test]
fn the_files_of_the_first_version_are_read() {
    let folder = folder();
    let (old, new) = (folder.path().join("old"), folder.path().join("new"));
    fs::create_dir(&old).expect("it is writable");
    fs::write(file(&old), FIRST_SCHEMA).expect("there is room");
    let exported = folder.path().join("exported");
    fs::write(&exported, FIRST_FORMAT).expect("there is room");
    chain_file::import(&new, &exported, Progress::none(), Progress::none()).expect("it is intact");
    let load = |folder: &Path| {
        let store = open(folder).expect("it is of this network");
        store.reader().verify(&Progress::none()).expect("it is intact");
        let loaded = store.reader().load().expect("it is intact").expect("it has an anchor");
        // The addresses of peers are not exported.
        Loaded { peers: Vec::new(), ..loaded }
    };
    let loaded = load(&old);
    assert_eq!(loaded, load(&new));
    let Checkpoint { slot, root } = loaded.finalized;
    assert_eq!((slot, root.to_string().as_str()), FIRST_FINALIZED);
}
