//! Tests of key files: a key loads unchanged, or not at all.

use keys::{
    KeyError, KeyFile, NetworkKey, SchemeName, Seed, ValidatorKeyFiles, generate, regenerate,
};
use xmss::verify;

fn key_file(seed: u8) -> KeyFile {
    KeyFile::generate(SchemeName::Long, Seed::new([seed; 32]), 0, 4)
        .expect("the slots are possible")
}

#[test]
fn a_saved_key_loads_unchanged() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("key.toml");
    let file = key_file(1);
    file.save(&path).expect("the directory is empty");

    let loaded = KeyFile::load(&path).expect("it was just written");
    assert_eq!(loaded, file);
    let mut key = loaded.secret_key().expect("the seed belongs to the public key");
    let signature = key.sign(3, &[9; 32]).expect("slot 3 is active");
    assert_eq!(
        verify(SchemeName::Long.scheme(), &file.public_key, 3, &[9; 32], &signature),
        Ok(())
    );
}

#[test]
fn a_seed_of_another_key_is_refused() {
    let spoilt = KeyFile { seed: Seed::new([2; 32]), ..key_file(1) };
    assert!(matches!(spoilt.secret_key(), Err(KeyError::WrongPublicKey { .. })));

    let files = [
        ValidatorKeyFiles {
            index: 4,
            attestation: key_file(3).into(),
            proposal: key_file(4).into(),
        },
        ValidatorKeyFiles { index: 6, attestation: key_file(5).into(), proposal: spoilt.into() },
    ];
    let error = regenerate(&files).expect_err("one of the four is spoilt");
    assert_eq!(error.index, 6);
    assert!(error.to_string().contains("validator 6"), "{error}");
}

#[test]
fn all_keys_of_a_node_are_regenerated_in_order() {
    let seeds: Vec<_> = (0..5).map(|n| (Seed::new([n; 32]), Seed::new([100 + n; 32]))).collect();
    let files = generate(SchemeName::Test, &seeds, 2).expect("the slots are possible");
    let keys = regenerate(&files).expect("nothing was spoilt");
    assert_eq!(keys.len(), 5);
    for ((keys, file), index) in keys.iter().zip(&files).zip(0..) {
        assert_eq!((keys.index, file.index), (index, index));
        assert_eq!(*keys.attestation.public_key(), file.attestation.public_key());
        assert_eq!(*keys.proposal.public_key(), file.proposal.public_key());
    }
}

#[test]
fn a_scheme_has_no_keys_beyond_its_lifetime() {
    let error = KeyFile::generate(SchemeName::Test, Seed::new([1; 32]), 0, 512)
        .expect_err("the lifetime is 256");
    assert!(matches!(error, KeyError::Slots(_)), "{error:?}");
}

#[test]
fn a_saved_network_key_loads_unchanged() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("network.hex");
    let key = NetworkKey::random().expect("randomness");
    key.save(&path).expect("the directory is empty");
    assert_eq!(NetworkKey::load(&path).expect("it was just written"), key);
    assert!(
        key.peer_id().to_string().starts_with("16Uiu2"),
        "a secp256k1 key's identity begins so"
    );
}
