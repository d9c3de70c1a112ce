//! Chains with validators doing their duties: justification and finalization.

use consensus::{AttestationData, Checkpoint, MockProofs, Root, Slot, Store, interval_from_slot};

use crate::chain::{Signers, anchor, extend, unsigned_store, vote};

/// Runs one slot of two nodes. One has all validators and aggregates; the other only listens.
fn live_slot(
    signers: &mut Signers,
    validators: u64,
    slot: Slot,
    duty: &mut Store,
    listener: &mut Store,
) {
    let proofs = MockProofs::Bound;
    let start = interval_from_slot(slot);

    let block = signers.propose(duty, slot);
    listener.on_tick(start, true, false, &proofs);
    let import = listener.on_block(&block, &proofs).expect("an honest block");
    assert_eq!(import.head.map(|change| change.new), Some(import.root), "slot {slot}");

    duty.on_tick(start + 1, false, true, &proofs);
    listener.on_tick(start + 1, false, false, &proofs);
    duty.update_head();
    let data = duty.produce_attestation_data(slot);
    for validator in 0..validators {
        let attestation = signers.attest(validator, data);
        assert_eq!(duty.on_gossip_attestation(&attestation, true), Ok(true));
        assert_eq!(
            listener.on_gossip_attestation(&attestation, false),
            Ok(false),
            "a listener keeps no signature"
        );
    }

    let aggregates = duty.on_tick(start + 2, false, true, &proofs);
    assert_eq!(aggregates.len(), 1, "all vote alike");
    listener.on_tick(start + 2, false, false, &proofs);
    for aggregate in aggregates {
        assert_eq!(listener.on_gossip_aggregated_attestation(aggregate, &proofs), Ok(true));
    }
    duty.on_tick(start + 4, false, true, &proofs);
    listener.on_tick(start + 4, false, false, &proofs);
}

#[test]
fn an_honest_chain_finalizes_three_slots_behind_its_head_with_real_signatures() {
    let mut signers = Signers::new(4);
    let (mut duty, mut listener) = (signers.store(), signers.store());
    for slot in 1..=10 {
        live_slot(&mut signers, 4, slot, &mut duty, &mut listener);
        assert_eq!(duty.head(), listener.head(), "slot {slot}");
        assert_eq!(duty.head_slot(), slot);
        assert_eq!(duty.latest_finalized(), listener.latest_finalized(), "slot {slot}");
        if slot >= 4 {
            assert!(
                duty.latest_finalized().slot + 3 >= slot,
                "slot {slot}: {:?}",
                duty.latest_finalized()
            );
        }
    }
    assert!(
        duty.pools().known_proof_count() > listener.pools().known_proof_count(),
        "its own blocks do not prune"
    );
    duty.prune_stale_attestation_data();
    assert_eq!(duty.pools().known_proof_count(), listener.pools().known_proof_count());
    assert_eq!(listener.pools().signature_count(), 0);
    assert_eq!(listener.pools().new_proof_count(), 0, "everything has been accepted");
    assert_eq!(listener.tree().blocks().len(), 11);
    assert_eq!(listener.tree().newest_slot(), 10);
}

#[test]
fn two_thirds_of_the_votes_justify_and_less_do_not() {
    for (validators, voters, justifies) in
        [(3, 2, true), (3, 1, false), (4, 3, true), (4, 2, false), (6, 4, true), (6, 3, false)]
    {
        let mut store = unsigned_store(validators);
        let genesis = anchor(&store);
        let first = extend(&mut store, genesis.root, 1, &[]);
        let voters: Vec<u64> = (0..voters).collect();
        let second = extend(&mut store, first.root, 2, &[(vote(1, genesis, first), &voters)]);

        let state = store.state(&second.root).expect("just imported");
        assert_eq!(state.latest_justified == first, justifies, "{voters:?} of {validators}");
        assert_eq!(
            state.justifications_roots.is_empty(),
            justifies,
            "a tally is dropped once it is decided"
        );
    }
}

#[test]
fn votes_add_up_over_several_blocks() {
    let mut store = unsigned_store(4);
    let genesis = anchor(&store);
    let first = extend(&mut store, genesis.root, 1, &[]);
    let second = extend(&mut store, first.root, 2, &[(vote(1, genesis, first), &[0, 1])]);
    assert_eq!(
        store.state(&second.root).expect("imported").justifications_roots.to_vec(),
        [first.root]
    );
    // A second vote by the same validator changes nothing.
    let third = extend(&mut store, second.root, 3, &[(vote(1, genesis, first), &[1])]);
    assert_eq!(store.state(&third.root).expect("imported").latest_justified, genesis);
    let fourth = extend(&mut store, third.root, 4, &[(vote(1, genesis, first), &[2])]);
    assert_eq!(store.state(&fourth.root).expect("imported").latest_justified, first);
    assert_eq!(store.latest_justified(), first);
}

#[test]
fn a_source_is_final_once_the_next_justifiable_slot_is_justified() {
    let mut store = unsigned_store(3);
    let genesis = anchor(&store);
    let first = extend(&mut store, genesis.root, 1, &[]);
    let second = extend(&mut store, first.root, 2, &[(vote(1, genesis, first), &[0, 1, 2])]);
    assert_eq!(store.latest_finalized(), genesis, "a source must be after the finalized slot");
    let third = extend(&mut store, second.root, 3, &[(vote(2, first, second), &[0, 1, 2])]);
    assert_eq!(store.latest_finalized(), first);
    let state = store.state(&third.root).expect("imported");
    assert_eq!(state.latest_justified, second);
    assert_eq!(
        state.justified_slots.len(),
        1,
        "only slot 2 is tracked: the newest header's slot is not"
    );
}

#[test]
fn a_justifiable_slot_in_between_keeps_the_source_from_becoming_final() {
    let mut store = unsigned_store(3);
    let genesis = anchor(&store);
    let first = extend(&mut store, genesis.root, 1, &[]);
    let second = extend(&mut store, first.root, 2, &[(vote(1, genesis, first), &[0, 1, 2])]);
    let third = extend(&mut store, second.root, 3, &[]);
    extend(&mut store, third.root, 4, &[(vote(3, first, third), &[0, 1, 2])]);
    assert_eq!(store.latest_justified(), third);
    assert_eq!(store.latest_finalized(), genesis, "slot 2 could have been justified");
}

#[test]
fn gaps_that_cannot_be_justified_do_not_keep_the_source_from_becoming_final() {
    // After slot 0, slots 6 and 9 are justifiable, and slots 7 and 8 are not.
    let mut store = unsigned_store(3);
    let genesis = anchor(&store);
    let sixth = extend(&mut store, genesis.root, 6, &[]);
    let ninth = extend(&mut store, sixth.root, 9, &[(vote(6, genesis, sixth), &[0, 1, 2])]);
    extend(&mut store, ninth.root, 10, &[(vote(9, sixth, ninth), &[0, 1, 2])]);
    assert_eq!(store.latest_finalized(), sixth);
}

#[test]
fn votes_that_cannot_count_are_skipped() {
    let mut store = unsigned_store(3);
    let genesis = anchor(&store);
    let first = extend(&mut store, genesis.root, 1, &[]);
    let stranger = Checkpoint { root: Root::new([9; 32]), slot: 1 };
    let nowhere = Checkpoint { root: Root::ZERO, slot: 1 };
    for data in [
        vote(1, genesis, stranger),
        vote(1, genesis, nowhere),
        vote(1, genesis, genesis),
        vote(1, first, first),
        AttestationData { slot: 1, head: stranger, target: first, source: genesis },
    ] {
        let block = extend(&mut store, first.root, 2, &[(data, &[0, 1, 2])]);
        let state = store.state(&block.root).expect("imported");
        assert_eq!(state.latest_justified, genesis, "{data:?}");
        assert!(state.justifications_roots.is_empty(), "{data:?}");
    }
}

#[test]
fn skipped_slots_leave_zero_roots_in_the_history() {
    let mut store = unsigned_store(3);
    let genesis = anchor(&store);
    let third = extend(&mut store, genesis.root, 3, &[]);
    let state = store.state(&third.root).expect("imported");
    assert_eq!(state.historical_block_hashes.to_vec(), [genesis.root, Root::ZERO, Root::ZERO]);
    assert_eq!(
        state.latest_justified, genesis,
        "the first block's parent is justified by definition"
    );
}
