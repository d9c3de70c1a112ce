//! Folders and files that must be refused, each with an error of its own.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use consensus::{Checkpoint, Root, State};
use redb::Database;
use tempfile::TempDir;

use super::RedbStore;
use super::schema;
use super::tables::META;
use crate::changes::{Changes, Finalized};
use crate::error::StorageError;
use crate::forest::{Chance, Forest, identity};
use crate::identity::ChainIdentity;
use crate::model_tests::Answers;
use crate::store::{ChainStore as _, ReadChain as _};

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

fn refused(folder: &Path, identity: &ChainIdentity) -> StorageError {
    RedbStore::open(folder, identity).expect_err("it must be refused")
}

#[test]
fn a_second_process_is_refused_and_the_first_one_is_named() {
    let folder = folder();
    let store = open(folder.path()).expect("a new folder");
    let error = open(folder.path()).expect_err("the folder is in use");
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
    let database = Database::open(file(folder.path())).expect("it is closed");
    let transaction = schema::begin(&database).expect("the disk works");
    {
        let mut meta = transaction.open_table(META).expect("it has the table");
        meta.insert("schema", "2").expect("the disk works");
    }
    transaction.commit().expect("the disk works");
    drop(database);
    let error = refused(folder.path(), &identity());
    assert!(matches!(error, StorageError::NewerVersion { found: 2, newest: 1, .. }), "{error:?}");
    assert!(error.to_string().contains("use the newer version of the node"), "{error}");
}

#[test]
fn a_file_of_another_kind_and_an_empty_one_are_refused_and_not_overwritten() {
    for (content, is_other) in
        [(&b"a letter to the editor"[..], true), (b"a note", true), (b"", false), (b"redb", false)]
    {
        let folder = folder();
        fs::write(file(folder.path()), content).expect("the folder is writable");
        let error = open(folder.path()).expect_err("it is no chain");
        match error {
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
        match open(folder.path()) {
            Err(StorageError::Incomplete { .. } | StorageError::Damaged { .. }) => {}
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
            Err(StorageError::Damaged { .. }) => found += 1,
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
    let missing = RedbStore::open_any(folder.path()).expect_err("there is no chain");
    assert!(matches!(missing, StorageError::Failed { .. }), "{missing:?}");
    assert!(!file(folder.path()).exists(), "a look creates nothing");

    let (forest, _) = grown(folder.path());
    let (store, found) = RedbStore::open_any(folder.path()).expect("it is intact");
    assert_eq!(found, identity());
    let (reader, mut calls) = (store.reader(), 0);
    let verified = reader.verify(|_, _| calls += 1).expect("it is intact");
    let figures = reader.figures().expect("it is intact");
    assert_eq!((verified.blocks, verified.states), (figures.blocks, figures.states));
    // Two blocks of a forest can be the same.
    let roots: HashSet<_> = forest.trees.iter().map(|tree| tree.place.root).collect();
    assert_eq!(verified.blocks, roots.len() as u64);
    assert_eq!(verified.blocks, calls);
    assert!(verified.links > 0);
}
