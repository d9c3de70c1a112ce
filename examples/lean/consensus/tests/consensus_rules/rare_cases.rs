//! Rare cases, each with the result required by the specification.

use consensus::{
    AggregatedAttestation, AttestationData, Checkpoint, Root, Store, VALIDATOR_REGISTRY_LIMIT,
    Validators, genesis, process_block, process_slots,
};
use libssz_types::SszBitlist;
use xmss::PublicKey;

use crate::chain::{anchor, block_on, extend, gossip, tick_to_slot, unsigned_store, vote};

#[test]
fn a_vote_with_a_checkpoint_off_the_chain_is_skipped() {
    let mut store = unsigned_store(4);
    let genesis = anchor(&store);
    let first = extend(&mut store, genesis.root, 1, &[]);
    let good = AttestationData { slot: 2, head: first, target: first, source: genesis };
    let off = Root::new([0x55; 32]);
    for data in [
        AttestationData { head: Checkpoint { root: Root::ZERO, slot: 1 }, ..good },
        AttestationData { head: Checkpoint { root: off, slot: 2 }, ..good },
        AttestationData { source: Checkpoint { root: off, slot: 0 }, ..good },
        AttestationData { source: Checkpoint { root: Root::ZERO, slot: 0 }, ..good },
        AttestationData { target: Checkpoint { root: Root::ZERO, slot: 1 }, ..good },
    ] {
        let second = extend(&mut store, first.root, 2, &[(data, &[0, 1, 2])]);
        let state = store.state(&second.root).expect("imported");
        assert_eq!(state.latest_justified.slot, 0, "{data:?}");
        assert!(
            state.justifications_roots.is_empty() && state.justifications_validators.is_empty(),
            "{data:?}"
        );
    }
    let second = extend(&mut store, first.root, 2, &[(good, &[0, 1, 2])]);
    assert_eq!(store.state(&second.root).expect("imported").latest_justified, first);
}

#[test]
fn unset_bits_past_the_registry_are_accepted() {
    let mut store = unsigned_store(4);
    let genesis = anchor(&store);
    let first = extend(&mut store, genesis.root, 1, &[]);
    let mut block = block_on(&store, first.root, 2, &[]);
    let bits = [true, true, true, false, false, false];
    let long = AggregatedAttestation {
        aggregation_bits: SszBitlist::try_from(bits.to_vec()).expect("few bits"),
        data: vote(2, genesis, first),
    };
    block.body.attestations = vec![long].try_into().expect("one vote");
    let mut state =
        process_slots(store.state(&first.root).expect("imported"), 2).expect("it is later");
    assert_eq!(process_block(&mut state, &block), Ok(()));
    assert_eq!(state.latest_justified, first);
}

#[test]
fn a_tally_above_the_finalized_slot_survives_finality() {
    let mut store = unsigned_store(4);
    let genesis = anchor(&store);
    let first = extend(&mut store, genesis.root, 1, &[]);
    let second = extend(&mut store, first.root, 2, &[(vote(2, genesis, first), &[0, 1, 2])]);
    let third = extend(&mut store, second.root, 3, &[]);
    let fourth = extend(&mut store, third.root, 4, &[]);
    let votes: [(AttestationData, &[u64]); 2] =
        [(vote(5, first, second), &[0, 1, 2]), (vote(4, first, third), &[0])];
    for votes in [votes, [votes[1], votes[0]]] {
        let fifth = extend(&mut store, fourth.root, 5, &votes);
        let state = store.state(&fifth.root).expect("imported");
        assert_eq!((state.latest_justified, state.latest_finalized), (second, first));
        assert_eq!(
            state.justified_slots,
            SszBitlist::try_from(vec![true, false, false]).expect("few bits")
        );
        assert_eq!(state.justifications_roots.to_vec(), [third.root]);
        assert_eq!(
            state.justifications_validators,
            SszBitlist::try_from(vec![true, false, false, false]).expect("few bits")
        );
    }
}

#[test]
fn a_registry_of_the_largest_size_justifies_at_two_thirds() {
    let key = |index: usize| {
        let mut bytes = [0; PublicKey::LENGTH];
        bytes[..8].copy_from_slice(&index.to_le_bytes());
        PublicKey::new(bytes)
    };
    let keys = (0..VALIDATOR_REGISTRY_LIMIT).map(|index| (key(index), key(index)));
    let (anchor_state, anchor_block) =
        genesis(0, Validators::new(keys).expect("the limit is within it"));
    let mut store = Store::new(anchor_state, anchor_block, None).expect("genesis names its state");
    let genesis = anchor(&store);
    let first = extend(&mut store, genesis.root, 1, &[]);
    let threshold = (2 * VALIDATOR_REGISTRY_LIMIT as u64).div_ceil(3);
    for (voters, justified) in [(threshold - 1, genesis), (threshold, first)] {
        let voters: Vec<u64> = (0..voters).collect();
        let second = extend(&mut store, first.root, 2, &[(vote(2, genesis, first), &voters)]);
        assert_eq!(store.state(&second.root).expect("imported").latest_justified, justified);
    }
}

#[test]
fn a_rival_of_the_same_slot_does_not_replace_the_justified_checkpoint() {
    let mut store = unsigned_store(8);
    let genesis = anchor(&store);
    let voters = [0, 1, 2, 3, 4, 5];
    let ours = extend(&mut store, genesis.root, 1, &[]);
    let head = extend(&mut store, ours.root, 2, &[(vote(2, genesis, ours), &voters)]);
    assert_eq!(store.latest_justified(), ours);
    // Only the genesis vote in its body distinguishes it from the other block of slot 1.
    let rival = extend(&mut store, genesis.root, 1, &[(vote(1, genesis, genesis), &[0])]);
    extend(&mut store, rival.root, 2, &[(vote(2, genesis, rival), &voters)]);
    assert_eq!(store.latest_justified(), ours, "on a tie the store keeps its checkpoint");
    assert_eq!(store.head(), head.root);
}

#[test]
fn finality_moves_back_with_a_head_on_a_branch_with_less_finality() {
    let mut store = unsigned_store(8);
    let genesis = anchor(&store);
    let voters: &[u64] = &[0, 1, 2, 3, 4, 5];
    let one = extend(&mut store, genesis.root, 1, &[]);
    let two = extend(&mut store, one.root, 2, &[(vote(2, genesis, one), voters)]);
    let three = extend(&mut store, two.root, 3, &[(vote(3, one, two), voters)]);
    let four = extend(&mut store, three.root, 4, &[(vote(4, two, three), voters)]);
    let five = extend(&mut store, four.root, 5, &[(vote(5, three, four), voters)]);
    let six = extend(&mut store, five.root, 6, &[(vote(6, four, five), voters)]);
    assert_eq!(
        (store.head(), store.latest_justified(), store.latest_finalized()),
        (six.root, five, four)
    );

    let seven = extend(&mut store, three.root, 7, &[]);
    assert_eq!(store.head(), six.root);
    let eight = extend(&mut store, seven.root, 8, &[(vote(8, two, seven), voters)]);
    assert_eq!((store.head(), store.latest_justified()), (eight.root, seven));
    assert_eq!(store.latest_finalized(), one, "what the losing branch had finalized does not stay");
}

#[test]
fn votes_already_counted_do_not_move_the_safe_target() {
    let mut store = unsigned_store(6);
    let genesis = anchor(&store);
    let one = extend(&mut store, genesis.root, 1, &[]);
    let two = extend(&mut store, one.root, 2, &[]);
    tick_to_slot(&mut store, 3);
    gossip(&mut store, vote(3, genesis, two), &[0, 1]);
    store.accept_new_attestations();
    tick_to_slot(&mut store, 4);
    gossip(&mut store, vote(4, genesis, two), &[2, 3]);
    store.update_safe_target();
    assert_eq!(store.safe_target_slot(), 0, "two of six wait, and the two that count do not help");
}
