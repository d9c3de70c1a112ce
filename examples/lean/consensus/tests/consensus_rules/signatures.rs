//! XMSS keys: their signatures verify, and a key never signs two messages in one epoch.

use libssz::{SszDecode, SszEncode};
use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};
use xmss::{
    PublicKey, Scheme, SecretKey, SignError, Signature, SignatureError, VerifyError, verify,
};

#[test]
fn signatures_verify_in_every_scheme() {
    for (scheme, first, count) in [
        (Scheme::TEST, 0, 256),
        (Scheme::TEST, 192, 64),
        (Scheme::LONG, 0, 4),
        (Scheme::LONG, 1 << 17, 8),
        (Scheme::LONG, (1 << 18) - 1, 1),
        (Scheme::PRODUCTION, (1 << 32) - 2, 2),
    ] {
        let mut key = SecretKey::generate(scheme, [9; 32], first, count).expect("the range fits");
        assert_eq!((key.scheme(), key.active_epochs()), (scheme, first..first + count));
        for epoch in [first, first + count / 2, first + count - 1] {
            let message = [epoch as u8; 32];
            let signature = key.sign(epoch, &message).expect("active and unused");
            assert_eq!(signature.as_bytes().len(), scheme.signature_length());
            assert_eq!(
                verify(scheme, key.public_key(), epoch, &message, &signature),
                Ok(()),
                "{scheme:?} {epoch}"
            );
        }
    }
}

#[test]
fn a_signature_verifies_only_for_its_key_epoch_message_and_scheme() {
    let mut key = SecretKey::generate(Scheme::TEST, [1; 32], 0, 16).expect("the range fits");
    let other = SecretKey::generate(Scheme::TEST, [2; 32], 0, 16).expect("the range fits");
    let signature = key.sign(5, &[7; 32]).expect("unused");
    let check = |public_key: &PublicKey, epoch, message| {
        verify(Scheme::TEST, public_key, epoch, message, &signature)
    };
    assert_eq!(check(key.public_key(), 5, &[7; 32]), Ok(()));
    assert!(check(key.public_key(), 4, &[7; 32]).is_err());
    assert!(check(key.public_key(), 5, &[8; 32]).is_err());
    assert!(check(other.public_key(), 5, &[7; 32]).is_err());
    assert_eq!(check(key.public_key(), 256, &[7; 32]), Err(VerifyError::EpochOutOfRange));
    assert_eq!(
        check(&PublicKey::new([0xff; 52]), 5, &[7; 32]),
        Err(VerifyError::MalformedPublicKey)
    );
    assert_eq!(
        verify(Scheme::LONG, key.public_key(), 5, &[7; 32], &signature),
        Err(VerifyError::OtherScheme)
    );
}

#[test]
fn an_epoch_signs_one_message_only() {
    let mut key = SecretKey::generate(Scheme::TEST, [1; 32], 0, 16).expect("the range fits");
    let first = key.sign(5, &[1; 32]).expect("unused");
    assert_eq!(key.sign(5, &[1; 32]), Ok(first), "the same message again gives the same signature");
    assert_eq!(key.sign(5, &[2; 32]), Err(SignError::EpochAlreadyUsed { epoch: 5, newest: 5 }));
    assert_eq!(key.sign(4, &[1; 32]), Err(SignError::EpochAlreadyUsed { epoch: 4, newest: 5 }));
    assert!(key.sign(6, &[2; 32]).is_ok());
    assert_eq!(key.newest_used_epoch(), Some(6));
}

#[test]
fn a_regenerated_key_refuses_retired_epochs() {
    let mut key = SecretKey::generate(Scheme::TEST, [1; 32], 0, 16).expect("the range fits");
    key.retire_through(7);
    assert_eq!(key.sign(7, &[1; 32]), Err(SignError::EpochAlreadyUsed { epoch: 7, newest: 7 }));
    assert!(key.sign(8, &[1; 32]).is_ok());
    key.retire_through(3);
    assert_eq!(key.newest_used_epoch(), Some(8), "going back does nothing");
}

#[test]
fn a_key_refuses_epochs_that_it_has_no_one_time_keys_for() {
    let mut key = SecretKey::generate(Scheme::TEST, [1; 32], 16, 16).expect("the range fits");
    for epoch in [0, 15, 32, 256, u64::MAX] {
        assert_eq!(
            key.sign(epoch, &[1; 32]),
            Err(SignError::KeyExhausted { epoch, active: 16..32 })
        );
    }
    let message = key.sign(32, &[1; 32]).expect_err("outside").to_string();
    assert!(message.contains("slots 16 to 31") && message.contains("make new keys"), "{message}");
    assert_eq!(key.newest_used_epoch(), None);
}

#[test]
fn ranges_that_no_key_can_have_are_refused() {
    for (first, count) in [(0, 0), (0, 3), (8, 16), (0, 512), (256, 16), (u64::MAX, 1)] {
        assert!(
            SecretKey::generate(Scheme::TEST, [1; 32], first, count).is_err(),
            "{count} from {first}"
        );
    }
}

#[test]
fn keys_are_functions_of_their_arguments_and_do_not_show_their_seed() {
    let key = |seed, first, count| {
        *SecretKey::generate(Scheme::TEST, [seed; 32], first, count)
            .expect("the range fits")
            .public_key()
    };
    assert_eq!(key(1, 0, 16), key(1, 0, 16));
    assert_ne!(key(1, 0, 16), key(2, 0, 16));
    assert_ne!(key(1, 0, 16), key(1, 16, 16));
    let shown = format!(
        "{:?}",
        SecretKey::generate(Scheme::TEST, [0xab; 32], 0, 2).expect("the range fits")
    );
    assert!(!shown.contains("171, 171") && !shown.contains("seed"), "{shown}");
}

#[test]
fn bytes_that_are_no_signature_are_refused() {
    let mut key = SecretKey::generate(Scheme::TEST, [1; 32], 0, 2).expect("the range fits");
    let valid = key.sign(0, &[1; 32]).expect("unused").as_bytes().to_vec();
    let with = |at: usize, value: [u8; 4]| {
        let mut bytes = valid.clone();
        bytes[at..at + 4].copy_from_slice(&value);
        Signature::from_bytes(&bytes)
    };
    assert!(Signature::from_bytes(&valid).is_ok());
    assert_eq!(Signature::from_bytes(&valid[1..]), Err(SignatureError::UnknownLength(423)));
    for offset in [0, 32, 36] {
        assert!(
            matches!(with(offset, [99, 0, 0, 0]), Err(SignatureError::WrongOffset { .. })),
            "offset at {offset}"
        );
    }
    for element in [4, 28, 40, 292, 296, 420] {
        // p itself is the smallest non-canonical number.
        let refused = with(element, 0x7f00_0001u32.to_le_bytes());
        assert!(matches!(refused, Err(SignatureError::NonCanonical(_))), "element at {element}");
    }
}

proptest! {
    #[test]
    fn a_changed_signature_is_refused(at in 0usize..424, change in 1u8..) {
        let mut key = SecretKey::generate(Scheme::TEST, [3; 32], 0, 1).expect("the range fits");
        let mut bytes = key.sign(0, &[1; 32]).expect("unused").to_ssz();
        bytes[at] ^= change;
        if let Ok(changed) = Signature::from_ssz_bytes(&bytes) {
            prop_assert!(verify(Scheme::TEST, key.public_key(), 0, &[1; 32], &changed).is_err());
        }
    }

    #[test]
    fn a_signature_round_trips_through_its_encoding(message in any::<[u8; 32]>()) {
        let mut key = SecretKey::generate(Scheme::LONG, [3; 32], 0, 1).expect("the range fits");
        let signature = key.sign(0, &message).expect("unused");
        prop_assert_eq!(Signature::from_ssz_bytes(&signature.to_ssz()), Ok(signature.clone()));
        prop_assert_eq!(signature.scheme(), Scheme::LONG);
    }
}
