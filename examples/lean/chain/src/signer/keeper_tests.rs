//! Tests of the owner of the keys, with a signing history on a real disk.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use actor_test::Harness;

use crate::front::Chain;
use crate::message::ChainMessage;
use crate::signer::{Keeper, NotSigned, Signer};
use consensus::{AttestationData, Checkpoint, MockProofs, Root, Slot, ValidatorIndex};
use keys::signing_history::{GenesisIdentity, HeldKey, HistoryPlan, SigningHistory};
use keys::{SchemeName, Seed, ValidatorKeyFiles};

fn key_files() -> Vec<ValidatorKeyFiles> {
    let seeds: Vec<_> = (1..3).map(|n| (Seed::new([n; 32]), Seed::new([10 + n; 32]))).collect();
    keys::generate(SchemeName::Test, &seeds, 16).expect("the slots are possible")
}

fn history(folder: &Path, files: &[ValidatorKeyFiles]) -> SigningHistory {
    let plan = HistoryPlan {
        node: "node".to_owned(),
        genesis: GenesisIdentity { time: 1, validators_root: Root::ZERO },
        folders: BTreeMap::from([(
            folder.join("signing-history"),
            files.iter().flat_map(HeldKey::both).collect(),
        )]),
        also_read: Vec::new(),
        accept_copy: false,
        import: None,
    };
    SigningHistory::open(&plan).expect("no other process has the keys")
}

/// Runs an owner of the keys until it has handled the votes, and returns its results. The root
/// makes the messages of two runs different.
fn run(folder: &Path, root: u8, votes: &[(ValidatorIndex, Slot)]) -> Vec<ChainMessage> {
    let files = key_files();
    let keys = keys::regenerate(&files).expect("the keys match their files");
    let history = history(folder, &files);
    let (chain, mut results) = Chain::new();
    let harness = Harness::new();
    let (handle, _running) = harness.spawn(move || {
        Keeper::new(keys, history, Arc::new(MockProofs::default()), chain.recipient())
    });
    let signer = Signer::new(handle);
    for (validator, slot) in votes {
        let head = Checkpoint { root: Root::new([root; 32]), slot: *slot };
        let data = AttestationData { slot: *slot, head, ..AttestationData::default() };
        signer.sign_vote(*validator, data).expect("the lane has room");
    }
    harness.run_until_idle();
    std::iter::from_fn(|| results.try_recv()).collect()
}

/// Returns each result as the validator, the slot and the counted reason for no signature.
fn outcomes(results: &[ChainMessage]) -> Vec<(ValidatorIndex, Slot, Option<&'static str>)> {
    let outcome = |message: &ChainMessage| match message {
        ChainMessage::OwnVote(vote) => (vote.validator_index, vote.data.slot, None),
        ChainMessage::NotSigned(validator, slot, why) => (*validator, *slot, Some(why.name())),
        other => panic!("{other:?}"),
    };
    results.iter().map(outcome).collect()
}

#[test]
fn a_restarted_owner_of_keys_signs_nothing_in_the_slots_of_the_earlier_one() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let first = run(folder.path(), 1, &[(0, 3), (1, 3), (0, 4)]);
    assert_eq!(outcomes(&first), [(0, 3, None), (1, 3, None), (0, 4, None)]);

    let second = run(folder.path(), 2, &[(0, 3), (0, 4), (1, 4), (1, 5), (0, 5), (7, 6)]);
    let refused = Some("SIGNING_HISTORY_REFUSED");
    assert_eq!(
        outcomes(&second),
        [
            (0, 3, refused),
            (0, 4, refused),
            (1, 4, refused),
            (1, 5, None),
            (0, 5, None),
            (7, 6, Some("NOT_SIGNED"))
        ],
        "slot 4 was reserved for both validators"
    );
}

#[test]
fn a_refusal_by_the_history_names_the_next_possible_slot() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    run(folder.path(), 1, &[(0, 9)]);
    let results = run(folder.path(), 2, &[(0, 8)]);
    let [ChainMessage::NotSigned(0, 8, why @ NotSigned::History(_))] = &results[..] else {
        panic!("{results:?}")
    };
    assert!(why.to_string().ends_with("the key signs again from slot 10 on"), "{why}");
}

#[test]
fn a_clock_once_ahead_of_the_keys_last_slot_does_not_silence_the_keys() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let ahead = run(folder.path(), 1, &[(0, 16), (1, 1 << 40)]);
    let not_signed = Some("NOT_SIGNED");
    assert_eq!(outcomes(&ahead), [(0, 16, not_signed), (1, 1 << 40, not_signed)]);
    let mended = run(folder.path(), 2, &[(0, 3), (1, 3)]);
    assert_eq!(outcomes(&mended), [(0, 3, None), (1, 3, None)]);
}
