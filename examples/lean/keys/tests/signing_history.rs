//! Tests of signing histories on a real disk: restarts, shared folders, copies and damage.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use consensus::Root;
use keys::KeyRole::{Attestation, Proposal};
use keys::signing_history::{
    GenesisIdentity, HeldKey, HistoryError, HistoryPlan, ImportError, NotReserved, SigningHistory,
};
use tempfile::TempDir;
use xmss::PublicKey;

const GENESIS: GenesisIdentity =
    GenesisIdentity { time: 1_770_407_233, validators_root: Root::new([3; 32]) };

/// Returns the keys of a validator. The first byte of a public key is the validator's number.
fn keys_of(validator: u64) -> [HeldKey; 2] {
    [Attestation, Proposal].map(|role| {
        let mut bytes = [role as u8; PublicKey::LENGTH];
        bytes[0] = validator as u8;
        HeldKey { validator, role, public_key: PublicKey::new(bytes) }
    })
}

fn plan(folder: &Path, node: &str, validators: &[u64]) -> HistoryPlan {
    let keys = validators.iter().flat_map(|validator| keys_of(*validator)).collect();
    HistoryPlan {
        node: node.to_owned(),
        genesis: GENESIS,
        folders: BTreeMap::from([(folder.join("signing-history"), keys)]),
        also_read: Vec::new(),
        accept_copy: false,
        import: None,
    }
}

fn open(folder: &Path, node: &str, validators: &[u64]) -> Result<SigningHistory, HistoryError> {
    SigningHistory::open(&plan(folder, node, validators))
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("a temporary directory")
}

fn file(folder: &Path, node: &str) -> PathBuf {
    folder.join("signing-history").join(format!("{node}.history"))
}

/// Signs with validators 1 and 2 in slot 7, and with validator 1 as the proposer of slot 9.
fn sign(folder: &Path) {
    let mut history = open(folder, "a", &[1, 2]).expect("a new folder");
    assert_eq!(history.reserve(1, Attestation, 7), Ok(()));
    assert_eq!(history.reserve(1, Proposal, 9), Ok(()));
    history.copy().expect("the disk works");
}

#[test]
fn a_restarted_process_signs_in_later_slots_only() {
    let folder = folder();
    sign(folder.path());
    let mut history = open(folder.path(), "a", &[1, 2]).expect("the other one has ended");
    assert_eq!(history.newest_slot(), Some(9));
    for slot in [6, 7] {
        let refused = Err(NotReserved::NotNewer { newest: 7, slot });
        assert_eq!(history.reserve(1, Attestation, slot), refused);
        assert_eq!(history.reserve(2, Attestation, slot), refused, "reserved together");
    }
    assert_eq!(history.reserve(1, Attestation, 8), Ok(()));
    assert_eq!(history.reserve(2, Proposal, 8), Ok(()), "it has never proposed");
    assert!(history.reserve(1, Proposal, 9).is_err());
    assert_eq!(history.reserve(3, Attestation, 8), Err(NotReserved::UnknownKey));
}

#[test]
fn a_second_process_with_one_of_the_validators_is_refused_with_the_identity_of_the_first() {
    let folder = folder();
    let _first = open(folder.path(), "a", &[1, 2]).expect("a new folder");
    for (node, validators) in [("b", &[2, 3][..]), ("a", &[3]), ("a", &[1, 2])] {
        let error = open(folder.path(), node, validators).expect_err("it must not start");
        let HistoryError::InUse { owner: Some(owner), .. } = &error else { panic!("{error}") };
        assert_eq!((owner.pid, owner.node.as_str()), (std::process::id(), "a"));
        assert!(error.to_string().contains("node \"a\", started at"), "{error}");
    }
}

#[test]
fn nodes_with_different_validators_share_a_folder() {
    let folder = folder();
    let mut first = open(folder.path(), "a", &[1, 2]).expect("a new folder");
    let mut second = open(folder.path(), "b", &[3]).expect("the validators are others");
    assert_eq!(first.reserve(1, Attestation, 4), Ok(()));
    assert_eq!(second.reserve(3, Attestation, 4), Ok(()));
}

#[test]
fn a_node_may_have_any_name() {
    let folder = folder();
    for (validator, node) in
        ["folder", "start", "folder.start", ".", "", "ä b/c"].iter().enumerate()
    {
        let history = open(folder.path(), node, &[validator as u64]);
        assert!(history.is_ok(), "{node:?}: {history:?}");
    }
}

#[test]
fn a_validator_given_to_another_node_keeps_its_newest_slot() {
    let folder = folder();
    sign(folder.path());
    let _first = open(folder.path(), "a", &[1]).expect("it keeps validator 1");
    let mut second = open(folder.path(), "b", &[2]).expect("nobody has validator 2 any more");
    assert!(second.reserve(2, Attestation, 7).is_err());
    assert_eq!(second.reserve(2, Attestation, 8), Ok(()));
}

#[cfg(unix)]
#[test]
fn a_folder_under_another_name_is_the_same_folder() {
    let folder = folder();
    let (real, link) = (folder.path().join("real"), folder.path().join("link"));
    fs::create_dir(&real).expect("the directory is empty");
    std::os::unix::fs::symlink(&real, &link).expect("the directory is empty");
    let _first = open(&real, "a", &[1]).expect("a new folder");
    assert!(matches!(open(&link, "b", &[1]), Err(HistoryError::InUse { .. })));
}

#[test]
fn keys_in_several_folders_have_a_history_in_each() {
    let folder = folder();
    let names = ["one", "two"].map(|name| folder.path().join(name));
    let several = || HistoryPlan {
        folders: names.iter().cloned().zip([1, 2].map(|v| keys_of(v).to_vec())).collect(),
        ..plan(folder.path(), "a", &[])
    };
    let mut history = SigningHistory::open(&several()).expect("new folders");
    assert_eq!(history.reserve(1, Attestation, 5), Ok(()));
    assert_eq!(history.reserve(2, Attestation, 6), Ok(()));
    drop(history);
    let mut history = SigningHistory::open(&several()).expect("the other one has ended");
    assert_eq!(history.reserve(1, Attestation, 6), Ok(()), "slot 5 was its newest");
    assert!(history.reserve(2, Attestation, 6).is_err());
}

#[test]
fn a_history_elsewhere_respects_the_one_in_the_folder_of_the_keys() {
    let (keys, elsewhere) = (folder(), folder());
    sign(keys.path());
    let also_read = vec![keys.path().join("signing-history"), keys.path().join("nothing")];
    let plan = HistoryPlan { also_read, ..plan(elsewhere.path(), "a", &[1, 2]) };
    let mut history = SigningHistory::open(&plan).expect("both can be read");
    assert!(history.reserve(1, Attestation, 7).is_err());
    drop(history);
    let _first = open(keys.path(), "other", &[1]).expect("nobody signs");
    assert!(matches!(SigningHistory::open(&plan), Err(HistoryError::InUse { .. })));
}

#[test]
fn keys_of_another_chain_are_refused_with_what_to_do() {
    let folder = folder();
    sign(folder.path());
    let before = fs::read(file(folder.path(), "a")).expect("it was written");
    for (genesis, other, stranger) in [
        (GenesisIdentity { time: GENESIS.time + 1, ..GENESIS }, "c", 3),
        (GenesisIdentity { validators_root: Root::ZERO, ..GENESIS }, "d", 4),
    ] {
        for node in ["a", "b"] {
            let plan = HistoryPlan { genesis, ..plan(folder.path(), node, &[2]) };
            let error = SigningHistory::open(&plan).expect_err("validator 2 has signed");
            assert!(matches!(error, HistoryError::OtherGenesis { .. }), "{error}");
            assert!(error.to_string().contains("Make new keys with `node genesis`"), "{error}");
        }
        let plan = HistoryPlan { genesis, ..plan(folder.path(), other, &[stranger]) };
        SigningHistory::open(&plan).expect("other keys in the folder are not its concern");
    }
    assert_eq!(fs::read(file(folder.path(), "a")).expect("it is there"), before);
}

#[test]
fn a_copied_history_is_refused_until_it_is_accepted() {
    let (folder, restored) = (folder(), folder());
    sign(folder.path());
    let (from, to) =
        (folder.path().join("signing-history"), restored.path().join("signing-history"));
    fs::create_dir(&to).expect("the directory is empty");
    for entry in fs::read_dir(from).expect("it is there") {
        let path = entry.expect("it can be read").path();
        fs::copy(&path, to.join(path.file_name().expect("a file"))).expect("there is room");
    }
    for node in ["a", "b"] {
        let error = open(restored.path(), node, &[1]).expect_err("it is a copy");
        assert!(matches!(error, HistoryError::Copied(_)), "{error}");
        assert!(error.to_string().contains("--accept-copied-history"), "{error}");
    }
    let accepting = HistoryPlan { accept_copy: true, ..plan(restored.path(), "a", &[1]) };
    let mut history = SigningHistory::open(&accepting).expect("the operator accepts it");
    assert!(history.reserve(1, Attestation, 7).is_err(), "its slots count all the same");
    drop(history);
    open(restored.path(), "a", &[1]).expect("it was written anew here");
}

#[test]
fn a_damaged_history_is_named_and_left_as_it_is() {
    let folder = folder();
    sign(folder.path());
    let path = file(folder.path(), "a");
    let intact = fs::read(&path).expect("it was written");
    let damage = |places: &[usize]| {
        let mut bytes = intact.clone();
        places.iter().for_each(|at| bytes[*at] ^= 1);
        fs::write(&path, &bytes).expect("the folder is writable");
        bytes
    };
    let both = damage(&[100, intact.len() - 1]);
    for node in ["a", "b"] {
        let error = open(folder.path(), node, &[1]).expect_err("both copies are damaged");
        assert!(matches!(error, HistoryError::Damaged { .. }), "{error}");
        assert!(error.to_string().contains("a.history is damaged: its checksum"), "{error}");
    }
    assert_eq!(fs::read(&path).expect("it is there"), both);
    for length in [0, 1, intact.len() / 2, intact.len() - 1] {
        fs::write(&path, &intact[..length]).expect("the folder is writable");
        let refused = open(folder.path(), "a", &[1]);
        assert!(matches!(refused, Err(HistoryError::Damaged { .. })), "{length} bytes");
    }

    damage(&[100]);
    let mut history = open(folder.path(), "a", &[1]).expect("one copy is intact");
    assert!(history.remarks()[0].contains("a.history is damaged"), "{:?}", history.remarks());
    assert!(history.reserve(1, Attestation, 7).is_err());
    assert_ne!(fs::read(&path).expect("it is there"), damage(&[100]), "it was written anew");
}

#[test]
fn nothing_is_signed_after_the_removal_or_replacement_of_the_file() {
    for is_replaced in [false, true] {
        let folder = folder();
        let mut history = open(folder.path(), "a", &[1]).expect("a new folder");
        assert_eq!(history.reserve(1, Attestation, 7), Ok(()));
        let file = file(folder.path(), "a");
        if is_replaced {
            let other = folder.path().join("other");
            fs::copy(&file, &other).expect("the folder is writable");
            fs::rename(&other, &file).expect("the folder is writable");
        } else {
            fs::remove_file(&file).expect("the folder is writable");
        }
        let error = history.reserve(1, Attestation, 8).expect_err("no process would find slot 8");
        assert!(error.to_string().contains("removed or replaced"), "{error}");
    }
}

#[test]
fn a_file_left_by_a_crash_during_a_start_is_ignored() {
    let folder = folder();
    sign(folder.path());
    let new = folder.path().join("signing-history/a.history.new");
    fs::write(&new, b"half a table").expect("the folder is writable");
    let mut history = open(folder.path(), "a", &[1]).expect("the old file is complete");
    assert!(history.reserve(1, Attestation, 7).is_err());
    assert!(!new.exists());
}

#[test]
fn a_key_with_two_duties_is_refused() {
    let folder = folder();
    let mut plan = plan(folder.path(), "a", &[1]);
    let [attestation, _] = keys_of(1);
    for keys in plan.folders.values_mut() {
        keys.push(HeldKey { validator: 2, role: Proposal, ..attestation });
    }
    assert!(matches!(SigningHistory::open(&plan), Err(HistoryError::KeyTwice(_))));
}

#[test]
fn an_imported_history_only_raises_slots() {
    let (folder, other) = (folder(), folder());
    sign(folder.path());
    let export = folder.path().join("export.json");
    let exported = open(folder.path(), "a", &[1, 2]).expect("the other one has ended").export();
    exported.save(&export).expect("the folder is writable");
    assert!(exported.save(&export).is_err(), "an existing file is not overwritten");

    let mut newer = open(other.path(), "b", &[1]).expect("a new folder");
    assert_eq!(newer.reserve(1, Attestation, 20), Ok(()));
    drop(newer);
    let importing =
        HistoryPlan { import: Some(export.clone()), ..plan(other.path(), "b", &[1, 2]) };
    let mut history = SigningHistory::open(&importing).expect("it is an export of this chain");
    assert!(history.reserve(1, Attestation, 20).is_err(), "20 is above the imported 7");
    assert!(history.reserve(1, Proposal, 9).is_err());
    assert!(history.reserve(2, Attestation, 7).is_err());
    assert_eq!(history.reserve(2, Attestation, 8), Ok(()));
    drop(history);

    // A key that no validator of the node has is kept for a later start.
    let importing = HistoryPlan { import: Some(export), ..plan(other.path(), "c", &[5]) };
    assert_eq!(SigningHistory::open(&importing).expect("a new node").export(), exported);
}

#[test]
fn an_unusable_export_imports_nothing() {
    let folder = folder();
    sign(folder.path());
    let path = folder.path().join("import.json");
    let import = |text: &str| {
        fs::write(&path, text).expect("the folder is writable");
        let plan = HistoryPlan { import: Some(path.clone()), ..plan(folder.path(), "a", &[1]) };
        match SigningHistory::open(&plan) {
            Err(HistoryError::Import(error)) => error,
            other => panic!("{other:?}"),
        }
    };
    let metadata = |version: u32, time: u64| {
        format!(
            r#"{{"interchange_format_version":{version},"genesis_time":{time},"genesis_validators_root":"0x{}"}}"#,
            "03".repeat(32)
        )
    };
    let document = |version, time, data: &str| {
        format!(r#"{{"metadata":{},"data":[{data}]}}"#, metadata(version, time))
    };
    let key = "ab".repeat(PublicKey::LENGTH);
    let entry = |key: &str, role: &str, slot: &str| {
        format!(r#"{{"public_key":"0x{key}","role":"{role}","newest_slot":{slot}}}"#)
    };
    for (text, part) in [
        (String::new(), "EOF"),
        ("[]".to_owned(), "import.json is no exported signing history"),
        (document(2, GENESIS.time, ""), "its version is 2"),
        (document(1, GENESIS.time, &entry("ab", "attestation", "1")), "length"),
        (document(1, GENESIS.time, &entry(&key, "sync", "1")), "unknown variant"),
        (document(1, GENESIS.time, &entry(&key, "attestation", "-1")), "invalid value"),
        (document(1, GENESIS.time, r#"{"pubkey":1}"#), "unknown field"),
    ] {
        let error = import(&text);
        assert!(matches!(error, ImportError::Malformed { .. }), "{error}");
        assert!(error.to_string().contains(part), "{part:?} is not in: {error}");
    }
    let other = import(&document(1, GENESIS.time + 5, ""));
    assert!(matches!(other, ImportError::OtherGenesis { .. }), "{other}");
    let large = import(&" ".repeat((32 << 20) + 1));
    assert!(large.to_string().contains("more than"), "{large}");
    fs::remove_file(&path).expect("the folder is writable");
    assert!(Command::new("mkfifo").arg(&path).status().expect("mkfifo runs").success());
    let plan = HistoryPlan { import: Some(path.clone()), ..plan(folder.path(), "a", &[1]) };
    let pipe = SigningHistory::open(&plan).expect_err("nobody writes into the pipe");
    assert!(pipe.to_string().contains("named pipe"), "{pipe}");
    let mut history = open(folder.path(), "a", &[1]).expect("nothing was changed");
    assert!(history.reserve(1, Attestation, 7).is_err());
}
