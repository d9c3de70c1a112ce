//! Tests of keys in the specification's format: reading, signatures equal to the specification's,
//! and damaged keys.

use keys::{SchemeName, Seed, StoredKey, generate_trees};
use proptest::prelude::{any, proptest};
use proptest::sample::Index;
use serde_json::Value;
use xmss::{PublicKey, Scheme, SecretKey, SignError, TreeKey, TreeKeyError, verify};

/// A key for slots 16 to 63 of the test scheme, created by `GeneralizedXmssScheme.key_gen`, and its
/// signatures. The message of each slot is 32 bytes, all equal to the slot's number. `advanced` is
/// the key after `advance_preparation`.
fn fixture() -> Value {
    serde_json::from_str(include_str!("data/specification_key.json")).expect("the file is JSON")
}

fn bytes(value: &Value) -> Vec<u8> {
    hex::decode(value.as_str().expect("it is a text")).expect("it is hexadecimal")
}

fn key() -> TreeKey {
    TreeKey::from_ssz(&bytes(&fixture()["secret_key"])).expect("the specification wrote it")
}

#[test]
fn a_specifications_key_has_its_public_key_and_its_slots() {
    let expected: PublicKey =
        fixture()["public_key"].as_str().expect("a text").parse().expect("52 bytes");
    assert_eq!(key().public_key(), expected);
    assert_eq!((key().scheme(), key().active_epochs()), (Scheme::TEST, 16..64));
}

#[test]
fn a_specifications_key_signs_as_the_specification_does() {
    for stored in ["secret_key", "advanced"] {
        let mut key =
            SecretKey::from(TreeKey::from_ssz(&bytes(&fixture()[stored])).expect("it is a key"));
        for signed in fixture()["signatures"].as_array().expect("a list") {
            let slot = signed["slot"].as_u64().expect("a number");
            let message = [slot as u8; 32];
            let signature = key.sign(slot, &message).expect("the slot is active and unused");
            assert_eq!(signature.as_bytes(), bytes(&signed["signature"]), "{stored}, slot {slot}");
            assert_eq!(verify(Scheme::TEST, key.public_key(), slot, &message, &signature), Ok(()));
        }
    }
}

#[test]
fn a_stored_key_signs_once_in_a_slot_and_only_in_its_slots() {
    let mut key = SecretKey::from(key());
    assert!(matches!(key.sign(15, &[1; 32]), Err(SignError::KeyExhausted { .. })));
    assert!(matches!(key.sign(64, &[1; 32]), Err(SignError::KeyExhausted { .. })));
    key.sign(50, &[1; 32]).expect("slot 50 is active");
    assert!(matches!(key.sign(50, &[2; 32]), Err(SignError::EpochAlreadyUsed { .. })));
    assert!(matches!(key.sign(49, &[1; 32]), Err(SignError::EpochAlreadyUsed { .. })));
}

#[test]
fn a_key_that_is_written_is_read_back_byte_for_byte() {
    let grown = TreeKey::generate(Scheme::TEST, [3; 32], 16, 48).expect("three bottom trees");
    let ssz = grown.to_ssz();
    // The specification's container stores an additional root beside the top tree's, padded to a
    // pair.
    assert_eq!(ssz.len() + 32, bytes(&fixture()["secret_key"]).len());
    let read = TreeKey::from_ssz(&ssz).expect("it was just written");
    assert_eq!((read.to_ssz(), read), (ssz, grown));
}

#[test]
fn a_written_key_signs_in_every_slot() {
    let stored = TreeKey::generate(Scheme::TEST, [4; 32], 0, 64).expect("four bottom trees");
    let mut key = SecretKey::from(stored.clone());
    for slot in 0..64 {
        let signature = key.sign(slot, &[5; 32]).expect("the slot is active");
        assert_eq!(
            verify(Scheme::TEST, &stored.public_key(), slot, &[5; 32], &signature),
            Ok(()),
            "slot {slot}"
        );
    }
}

#[test]
fn keys_have_two_or_more_whole_bottom_trees() {
    for (first, slots) in [(0, 16), (0, 24), (8, 32), (240, 32), (0, 0)] {
        assert!(
            TreeKey::generate(Scheme::TEST, [1; 32], first, slots).is_err(),
            "{first}, {slots}"
        );
    }
    let error = generate_trees(SchemeName::Test, &[(Seed::new([1; 32]), Seed::new([2; 32]))], 16)
        .expect_err("one tree");
    assert!(error.to_string().contains("validator 0"), "{error}");
}

#[test]
fn a_key_of_an_unknown_height_is_refused() {
    let mut ssz = bytes(&fixture()["secret_key"]);
    // The first tree starts with its depth.
    let at = u32::from_le_bytes(ssz[68..72].try_into().expect("four bytes")) as usize;
    ssz[at] = 9;
    assert_eq!(
        TreeKey::from_ssz(&ssz).expect_err("no scheme has 9 levels"),
        TreeKeyError::UnknownScheme(9)
    );
}

#[test]
fn a_secret_of_another_key_is_refused() {
    let mut ssz = bytes(&fixture()["secret_key"]);
    ssz[0] ^= 1;
    assert_eq!(
        TreeKey::from_ssz(&ssz).expect_err("another secret"),
        TreeKeyError::Inconsistent("prf_key")
    );
}

#[test]
fn bytes_that_are_not_a_key_are_refused() {
    for bytes in [&[][..], &[0; 31], &[0xff; 4096], b"seed = 1"] {
        let error = TreeKey::from_ssz(bytes).expect_err("it is none");
        assert!(matches!(error, TreeKeyError::NotSsz(_)), "{error}");
    }
}

#[test]
fn the_error_for_a_bad_key_file_names_the_file() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("validator_0_attester_key_sk.ssz");
    let missing = StoredKey::load_ssz(&path).expect_err("there is none").to_string();
    assert!(
        missing.contains("validator_0_attester") && missing.contains("node genesis --lean"),
        "{missing}"
    );
    std::fs::write(&path, b"nothing").expect("the directory is there");
    let malformed = StoredKey::load_ssz(&path).expect_err("it is none").to_string();
    assert!(
        malformed.contains("validator_0_attester") && malformed.contains("not the SSZ of an XMSS"),
        "{malformed}"
    );
}

#[test]
fn the_secret_does_not_reach_a_log() {
    let shown = format!("{:?}", key());
    let secret = hex::encode(&bytes(&fixture()["secret_key"])[..32]);
    assert!(!shown.contains(&secret) && shown.contains("public_key"), "{shown}");
}

proptest! {
    #[test]
    fn no_damage_to_a_key_makes_reading_it_panic(at in any::<Index>(), change in 1_u8.., cut in any::<Index>()) {
        let mut ssz = bytes(&fixture()["secret_key"]);
        let at = at.index(ssz.len());
        ssz[at] ^= change;
        let _ = TreeKey::from_ssz(&ssz);
        let _ = TreeKey::from_ssz(&ssz[..cut.index(ssz.len())]);
    }

    #[test]
    fn no_bytes_make_reading_a_key_panic(noise: Vec<u8>) {
        let _ = TreeKey::from_ssz(&noise);
    }
}
