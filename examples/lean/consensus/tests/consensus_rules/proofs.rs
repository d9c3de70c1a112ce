//! Mock proofs are bound to their statements, although they prove nothing.

use consensus::{
    ChildProof, MockProofs, ProofError, ProofScheme, RawSignature, Root, SingleMessageAggregate,
    Statement, aggregation_bits,
};
use xmss::{PublicKey, Scheme, SecretKey};

fn key(tag: u8) -> SecretKey {
    SecretKey::generate(Scheme::TEST, [tag; 32], 0, 4).expect("the range fits")
}

fn prove(keys: &mut [SecretKey], message: Root, slot: u64) -> (SingleMessageAggregate, Statement) {
    let signatures: Vec<_> = (0..)
        .zip(keys.iter_mut())
        .map(|(validator_index, key)| RawSignature {
            validator_index,
            public_key: *key.public_key(),
            signature: key.sign(slot, message.as_bytes()).expect("unused"),
        })
        .collect();
    let public_keys = keys.iter().map(|key| *key.public_key()).collect();
    let proof =
        MockProofs::Bound.aggregate(&[], &signatures, message, slot).expect("valid signatures");
    (proof, Statement { public_keys, message, slot })
}

#[test]
fn a_proof_of_one_statement_is_not_valid_for_another() {
    let mut keys = [key(1), key(2)];
    let (proof, statement) = prove(&mut keys, Root::new([1; 32]), 3);
    let check = |statement: &Statement| MockProofs::Bound.verify(&proof, statement);
    assert_eq!(check(&statement), Ok(()));
    assert_eq!(
        check(&Statement { message: Root::ZERO, ..statement.clone() }),
        Err(ProofError::Invalid)
    );
    assert_eq!(check(&Statement { slot: 2, ..statement.clone() }), Err(ProofError::Invalid));
    let mut others = statement.clone();
    others.public_keys[1] = PublicKey::new([0; PublicKey::LENGTH]);
    assert_eq!(check(&others), Err(ProofError::Invalid));
    others.public_keys.pop();
    assert_eq!(check(&others), Err(ProofError::KeyCountMismatch));
    assert_eq!(MockProofs::Marked.verify(&proof, &Statement { slot: 2, ..statement }), Ok(()));
}

#[test]
fn folding_a_proof_with_signatures_gives_the_proof_of_all_signers() {
    let message = Root::new([5; 32]);
    let mut keys = [key(1), key(2)];
    let (child, statement) = prove(&mut keys, message, 0);
    let mut late = key(3);
    let raw = RawSignature {
        validator_index: 7,
        public_key: *late.public_key(),
        signature: late.sign(0, message.as_bytes()).expect("unused"),
    };
    let child = ChildProof { proof: &child, public_keys: statement.public_keys.clone() };
    let folded = MockProofs::Bound.aggregate(&[child], &[raw], message, 0).expect("valid inputs");
    assert_eq!(Some(folded.participants.clone()), aggregation_bits([0, 1, 7]));
    let mut all = statement;
    all.public_keys.push(*late.public_key());
    assert_eq!(MockProofs::Bound.verify(&folded, &all), Ok(()));
}

#[test]
fn no_proof_is_made_without_inputs_or_from_forged_signatures() {
    let proofs = MockProofs::Bound;
    assert_eq!(proofs.aggregate(&[], &[], Root::ZERO, 0), Err(ProofError::Empty));
    assert_eq!(proofs.merge(&[]), Err(ProofError::Empty));
    let mut signer = key(1);
    let raw = RawSignature {
        validator_index: 0,
        public_key: *signer.public_key(),
        signature: signer.sign(0, &[1; 32]).expect("unused"),
    };
    assert_eq!(
        proofs.aggregate(&[], &[raw], Root::ZERO, 0),
        Err(ProofError::Invalid),
        "another message was signed"
    );
}

#[test]
fn a_merged_proof_holds_for_its_statements_in_order_and_can_be_split() {
    let proofs = MockProofs::Bound;
    let (one, first) = prove(&mut [key(1), key(2)], Root::new([1; 32]), 0);
    let (two, second) = prove(&mut [key(3)], Root::new([2; 32]), 1);
    let merged =
        proofs.merge(&[(&one, first.clone()), (&two, second.clone())]).expect("valid proofs");
    let statements = [first.clone(), second.clone()];
    assert_eq!(proofs.verify_merged(&merged, &statements), Ok(()));
    assert_eq!(
        proofs.verify_merged(&merged, &[second.clone(), first.clone()]),
        Err(ProofError::Invalid)
    );
    assert_eq!(proofs.verify_merged(&merged, &statements[..1]), Err(ProofError::Invalid));

    let split =
        proofs.split(&merged, &statements, 0, one.participants.clone()).expect("a valid proof");
    assert_eq!(split, one);
    let past_the_end = proofs.split(&merged, &statements, 2, one.participants.clone());
    assert_eq!(past_the_end, Err(ProofError::Empty));
    assert_eq!(
        proofs.split(&merged, &statements, 1, one.participants.clone()),
        Err(ProofError::KeyCountMismatch)
    );
    let elsewhere = Statement { slot: 9, ..first };
    assert_eq!(proofs.merge(&[(&one, elsewhere)]), Err(ProofError::Invalid));
}
