//! Every reason for rejecting gossip. A rejection leaves the store unchanged.

use consensus::{
    AttestationData, Checkpoint, MockProofs, ProofBytes, Rejection, Root, SignedAttestation, Store,
};
use libssz_types::SszBitlist;

use crate::chain::{
    Signers, aggregate, anchor, extend, gossip, tick_to_slot, unsigned_store, vote,
};

struct Tree {
    store: Store,
    genesis: Checkpoint,
    one: Checkpoint,
    two: Checkpoint,
    rival: Checkpoint,
}

/// Returns the chain `genesis - one - two`, and `rival` in slot 3 on genesis. The time is the start
/// of slot 4.
fn tree() -> Tree {
    let mut store = unsigned_store(4);
    let genesis = anchor(&store);
    let one = extend(&mut store, genesis.root, 1, &[]);
    let two = extend(&mut store, one.root, 2, &[]);
    let rival = extend(&mut store, genesis.root, 3, &[]);
    tick_to_slot(&mut store, 4);
    Tree { store, genesis, one, two, rival }
}

#[test]
fn a_vote_is_rejected_for_the_first_rule_it_breaks() {
    let Tree { mut store, genesis, one, two, rival } = tree();
    let nowhere = Checkpoint { root: Root::new([9; 32]), slot: 1 };
    let valid = AttestationData { slot: 4, head: two, target: one, source: genesis };
    let moved = |checkpoint: Checkpoint, slot| Checkpoint { slot, ..checkpoint };
    let cases = [
        (
            AttestationData { source: nowhere, target: nowhere, head: nowhere, ..valid },
            Rejection::UnknownSourceBlock,
        ),
        (
            AttestationData { target: nowhere, head: nowhere, ..valid },
            Rejection::UnknownTargetBlock,
        ),
        (AttestationData { head: nowhere, ..valid }, Rejection::UnknownHeadBlock),
        (AttestationData { source: two, ..valid }, Rejection::SourceAfterTarget),
        (AttestationData { target: two, head: one, ..valid }, Rejection::HeadOlderThanTarget),
        (AttestationData { source: moved(genesis, 1), ..valid }, Rejection::SourceSlotMismatch),
        (AttestationData { target: moved(one, 2), ..valid }, Rejection::TargetSlotMismatch),
        (AttestationData { head: moved(two, 3), ..valid }, Rejection::HeadSlotMismatch),
        (
            AttestationData { source: one, target: rival, head: rival, ..valid },
            Rejection::SourceNotAncestorOfTarget,
        ),
        (AttestationData { head: rival, ..valid }, Rejection::TargetNotAncestorOfHead),
        (AttestationData { slot: 1, ..valid }, Rejection::AttestationSlotBeforeHead),
        (AttestationData { slot: 5, ..valid }, Rejection::AttestationTooFarInFuture),
        (AttestationData { slot: u64::MAX, ..valid }, Rejection::AttestationTooFarInFuture),
    ];
    let before = format!("{store:?}");
    for (data, reason) in cases {
        assert_eq!(store.validate_attestation(&data), Err(reason), "{data:?}");
        let refused =
            store.on_gossip_aggregated_attestation(aggregate(data, &[0]), &MockProofs::Marked);
        assert_eq!(refused, Err(reason), "{data:?}");
        assert_eq!(format!("{store:?}"), before);
    }
    assert_eq!(store.validate_attestation(&valid), Ok(()));
}

#[test]
fn a_vote_for_a_head_that_finality_excludes_is_rejected_and_does_not_come_back() {
    let mut store = unsigned_store(3);
    let genesis = anchor(&store);
    let first = extend(&mut store, genesis.root, 1, &[]);
    let rival = extend(&mut store, genesis.root, 4, &[]);
    tick_to_slot(&mut store, 6);
    let on_rival = vote(4, genesis, rival);
    gossip(&mut store, on_rival, &[0]);
    store.accept_new_attestations();
    let second = extend(&mut store, first.root, 2, &[(vote(1, genesis, first), &[0, 1, 2])]);
    extend(&mut store, second.root, 5, &[(vote(2, first, second), &[0, 1, 2])]);
    assert_eq!(store.latest_finalized(), first);

    let before = format!("{store:?}");
    for data in [
        on_rival,
        // Below the finalized slot, on its chain.
        vote(4, genesis, genesis),
        // This rule comes before those of the slot.
        AttestationData { slot: 3, ..on_rival },
        AttestationData { slot: 99, ..on_rival },
    ] {
        let refused =
            store.on_gossip_aggregated_attestation(aggregate(data, &[0]), &MockProofs::Marked);
        assert_eq!(refused, Err(Rejection::HeadNotDescendantOfFinalized), "{data:?}");
        assert_eq!(format!("{store:?}"), before);
    }
    assert!(!Rejection::HeadNotDescendantOfFinalized.is_sender_at_fault());
    assert_eq!(store.validate_attestation(&vote(4, genesis, first)), Ok(()), "the block itself");
    assert_eq!(store.validate_attestation(&vote(4, first, second)), Ok(()));
    assert_eq!(store.block_weights().get(&rival.root), None);
}

#[test]
fn a_vote_is_admitted_one_interval_before_its_slot() {
    let Tree { mut store, genesis, one, .. } = tree();
    let early = vote(5, genesis, one);
    store.on_tick(23, false, false, &MockProofs::Marked);
    assert_eq!(store.validate_attestation(&early), Err(Rejection::AttestationTooFarInFuture));
    store.on_tick(24, false, false, &MockProofs::Marked);
    assert_eq!(store.validate_attestation(&early), Ok(()));
}

#[test]
fn empty_forged_and_unregistered_aggregates_are_rejected() {
    let Tree { mut store, genesis, one, .. } = tree();
    let data = vote(4, genesis, one);
    let before = format!("{store:?}");
    let mut empty = aggregate(data, &[0]);
    empty.proof.participants = SszBitlist::with_length(4).expect("four bits");
    let strangers = aggregate(data, &[0, 4]);
    let mut forged = aggregate(data, &[0]);
    forged.proof.proof = ProofBytes::default();
    for (attestation, reason) in [
        (empty, Rejection::EmptyAggregationBits),
        (strangers, Rejection::ValidatorNotInState),
        (forged, Rejection::InvalidSignature),
    ] {
        assert_eq!(
            store.on_gossip_aggregated_attestation(attestation, &MockProofs::Marked),
            Err(reason)
        );
    }
    let unbound = store.on_gossip_aggregated_attestation(aggregate(data, &[0]), &MockProofs::Bound);
    assert_eq!(
        unbound,
        Err(Rejection::InvalidSignature),
        "the marker alone does not pass where proofs are bound"
    );
    assert_eq!(format!("{store:?}"), before);
}

#[test]
fn an_aggregate_is_new_only_once() {
    let Tree { mut store, genesis, one, .. } = tree();
    let data = vote(4, genesis, one);
    gossip(&mut store, data, &[0]);
    let again = store.on_gossip_aggregated_attestation(aggregate(data, &[0]), &MockProofs::Marked);
    assert_eq!(again, Ok(false));
    assert_eq!(store.pools().new_proof_count(), 1);
}

#[test]
fn votes_of_unregistered_validators_and_forged_votes_are_rejected() {
    let mut signers = Signers::new(2);
    let mut store = signers.store();
    let genesis = anchor(&store);
    let valid = signers.attest(0, vote(0, genesis, genesis));
    let before = format!("{store:?}");
    for (attestation, reason) in [
        (SignedAttestation { validator_index: 2, ..valid.clone() }, Rejection::ValidatorNotInState),
        (
            SignedAttestation { validator_index: u64::MAX, ..valid.clone() },
            Rejection::ValidatorNotInState,
        ),
        (SignedAttestation { validator_index: 1, ..valid.clone() }, Rejection::InvalidSignature),
    ] {
        assert_eq!(store.on_gossip_attestation(&attestation, true), Err(reason));
        assert_eq!(format!("{store:?}"), before);
    }
    assert_eq!(store.on_gossip_attestation(&valid, true), Ok(true));
    assert_eq!(
        store.on_gossip_attestation(&valid, true),
        Ok(false),
        "one signature of each validator is enough"
    );
    assert_eq!(store.pools().signature_count(), 1);
}

#[test]
fn a_sender_is_not_at_fault_if_this_node_may_be_behind() {
    assert!(!Rejection::UnknownHeadBlock.is_sender_at_fault());
    assert!(!Rejection::AttestationTooFarInFuture.is_sender_at_fault());
    assert!(Rejection::InvalidSignature.is_sender_at_fault());
    assert_eq!(Rejection::SourceNotAncestorOfTarget.to_string(), "SOURCE_NOT_ANCESTOR_OF_TARGET");
}
