//! Fork choice: the head, the safe target, and the pruning of votes and states.

use std::sync::Arc;

use consensus::{
    AttestationData, BlockImport, Checkpoint, ForkChoiceView, ForkChoiceViewer, HeadChange,
    MockProofs, Proofs, Root, Store,
};

use crate::chain::{
    aggregate, anchor, block_on, extend, gossip, import, tick_to_slot, unsigned_store, vote,
};

/// Imports two blocks on genesis, in slots 1 and 2. Returns the block with the larger root second.
fn fork(store: &mut Store) -> (Checkpoint, Checkpoint) {
    let genesis = anchor(store);
    let one = extend(store, genesis.root, 1, &[]);
    let two = extend(store, genesis.root, 2, &[]);
    if one.root < two.root { (one, two) } else { (two, one) }
}

#[test]
fn without_votes_the_larger_root_wins() {
    let mut store = unsigned_store(4);
    let (_, larger) = fork(&mut store);
    assert_eq!(store.head(), larger.root);
}

#[test]
fn a_vote_outweighs_the_larger_root() {
    let mut store = unsigned_store(4);
    let genesis = anchor(&store);
    let (smaller, larger) = fork(&mut store);
    tick_to_slot(&mut store, 3);
    gossip(&mut store, vote(2, genesis, smaller), &[0]);
    assert_eq!(store.head(), larger.root, "a vote that waits does not count");
    store.accept_new_attestations();
    assert_eq!(store.head(), smaller.root);
    assert_eq!(store.block_weights().get(&smaller.root), Some(&1));
    assert_eq!(store.block_weights().get(&larger.root), None);
}

#[test]
fn only_a_validators_newest_vote_counts() {
    let mut store = unsigned_store(4);
    let genesis = anchor(&store);
    let (smaller, larger) = fork(&mut store);
    tick_to_slot(&mut store, 4);
    gossip(&mut store, vote(2, genesis, larger), &[0, 1]);
    gossip(&mut store, vote(3, genesis, smaller), &[0, 1]);
    store.accept_new_attestations();
    assert_eq!(store.head(), smaller.root);
    assert_eq!(store.block_weights().get(&larger.root), None);
}

#[test]
fn of_two_votes_in_one_slot_the_larger_root_counts_in_any_order() {
    for larger_first in [true, false] {
        let mut store = unsigned_store(4);
        let genesis = anchor(&store);
        let (one, other) = fork(&mut store);
        tick_to_slot(&mut store, 3);
        let mut votes = [vote(2, genesis, one), vote(2, genesis, other)];
        votes.sort_by_key(Root::of);
        let winner = votes[1].head.root;
        if larger_first {
            votes.reverse();
        }
        for data in votes {
            gossip(&mut store, data, &[0]);
        }
        store.accept_new_attestations();
        assert_eq!(store.head(), winner);
        assert_eq!(store.block_weights().get(&winner), Some(&1));
        assert_eq!(store.block_weights().values().sum::<u64>(), 1, "it counts once");
    }
}

#[test]
fn one_validator_with_many_votes_of_a_slot_leaves_the_weights_of_others() {
    let mut store = unsigned_store(8);
    let genesis = anchor(&store);
    let (smaller, larger) = fork(&mut store);
    tick_to_slot(&mut store, 3);
    gossip(&mut store, vote(2, genesis, smaller), &[0, 1, 2]);
    // 2,000 different votes for the other block: only their source differs.
    let different = |number| {
        let source = Checkpoint { slot: 0, root: Root::new([number; 32]) };
        AttestationData { source, ..vote(2, genesis, larger) }
    };
    for number in 0..2_000_u16 {
        let [high, low] = number.to_be_bytes();
        let data = AttestationData { slot: 2 + u64::from(high % 2), ..different(low) };
        store.insert_aggregated_attestation(aggregate(data, &[7]));
        if number % 500 == 0 {
            store.accept_new_attestations();
        }
    }
    store.accept_new_attestations();
    assert_eq!(store.head(), smaller.root);
    assert_eq!(store.block_weights().get(&smaller.root), Some(&3));
    assert_eq!(store.block_weights().get(&larger.root), Some(&1));
    let honest = |(data, _): &(&AttestationData, &Proofs)| data.head == smaller;
    assert!(store.pools().known_proofs().any(|vote| honest(&vote)), "a proposal can use it");
}

#[test]
fn the_vote_of_a_silent_validator_counts_after_thousands_of_slots_without_finality() {
    let mut store = unsigned_store(4);
    let genesis = anchor(&store);
    let one = extend(&mut store, genesis.root, 1, &[]);
    tick_to_slot(&mut store, 2);
    gossip(&mut store, vote(1, genesis, one), &[3]);
    for slot in 2..3_000 {
        tick_to_slot(&mut store, slot);
        let waiting = [0, 1].map(|target| AttestationData {
            target: if target == 0 { genesis } else { one },
            ..vote(slot, genesis, one)
        });
        for (data, voter) in waiting.into_iter().zip(0..) {
            gossip(&mut store, data, &[voter]);
        }
        store.accept_new_attestations();
    }
    assert_eq!(store.block_weights().get(&one.root), Some(&3));
    assert!(store.pools().known_proofs().count() <= 1_024);
}

#[test]
fn a_heavier_branch_becomes_the_head_and_a_block_on_it_is_no_reorganisation() {
    let mut store = unsigned_store(4);
    let genesis = anchor(&store);
    let one = extend(&mut store, genesis.root, 1, &[]);
    let two = extend(&mut store, one.root, 2, &[]);
    tick_to_slot(&mut store, 4);
    gossip(&mut store, vote(2, genesis, two), &[0]);
    store.accept_new_attestations();
    assert_eq!(store.head(), two.root);

    let rival = extend(&mut store, genesis.root, 3, &[]);
    assert_eq!(store.head(), two.root, "a block without votes does not take the head");
    gossip(&mut store, vote(3, genesis, rival), &[1, 2]);
    store.accept_new_attestations();
    assert_eq!(store.head(), rival.root);

    let block = block_on(&store, rival.root, 4, &[]);
    let BlockImport { root, is_new, head, justified, finalized } =
        import(&mut store, block).expect("a valid block");
    assert!(is_new);
    assert_eq!(head, Some(HeadChange { old: rival.root, new: root, is_reorganisation: false }));
    assert_eq!((justified, finalized), (None, None));
}

#[test]
fn an_import_that_moves_the_head_to_another_branch_reports_a_reorganisation() {
    let mut store = unsigned_store(4);
    let genesis = anchor(&store);
    let mut slot = 1;
    let first = extend(&mut store, genesis.root, slot, &[]);
    // Without votes the larger root wins, so some block will replace the first one as the head.
    let change = loop {
        slot += 1;
        assert!(slot < 64, "half of all roots are larger than a given one");
        let block = block_on(&store, genesis.root, slot, &[]);
        if let Some(change) = import(&mut store, block).expect("a valid block").head {
            break change;
        }
    };
    assert_eq!(change.old, first.root);
    assert!(change.is_reorganisation);
}

#[test]
fn a_known_block_changes_nothing() {
    let mut store = unsigned_store(4);
    let genesis = anchor(&store);
    let block = block_on(&store, genesis.root, 1, &[]);
    let signed = consensus::SignedBlock { block: block.clone(), proof: Default::default() };
    import(&mut store, block).expect("a valid block");
    let before = format!("{store:?}");
    let again =
        store.on_block(&signed, &MockProofs::Bound).expect("a known block is not even verified");
    assert!(!again.is_new);
    assert_eq!(format!("{store:?}"), before);
}

#[test]
fn the_safe_target_needs_two_thirds_of_the_waiting_votes() {
    let mut store = unsigned_store(4);
    let genesis = anchor(&store);
    let one = extend(&mut store, genesis.root, 1, &[]);
    let two = extend(&mut store, one.root, 2, &[]);
    tick_to_slot(&mut store, 3);
    gossip(&mut store, vote(2, genesis, two), &[0, 1]);
    store.update_safe_target();
    assert_eq!(store.safe_target(), genesis.root);

    gossip(&mut store, vote(2, genesis, one), &[2]);
    store.update_safe_target();
    assert_eq!(store.safe_target(), one.root, "three of four back slot 1, only two of them slot 2");
    assert_eq!(store.safe_target_slot(), 1);

    store.accept_new_attestations();
    store.update_safe_target();
    assert_eq!(store.safe_target(), genesis.root, "votes that count already are not this slot's");
}

#[test]
fn a_tick_does_the_work_of_its_interval() {
    let proofs = MockProofs::Marked;
    let mut store = unsigned_store(3);
    let genesis = anchor(&store);
    let one = extend(&mut store, genesis.root, 1, &[]);
    store.on_tick(5, false, false, &proofs);
    gossip(&mut store, vote(1, genesis, one), &[0, 1, 2]);

    store.on_tick(7, false, false, &proofs);
    assert_eq!(
        (store.pools().new_proof_count(), store.safe_target()),
        (1, genesis.root),
        "nothing at 1, nor at 2"
    );
    store.on_tick(8, false, false, &proofs);
    assert_eq!(
        (store.pools().new_proof_count(), store.safe_target()),
        (1, one.root),
        "the safe target at 3"
    );
    store.on_tick(9, false, false, &proofs);
    assert_eq!(
        (store.pools().new_proof_count(), store.pools().known_proof_count()),
        (0, 1),
        "acceptance at 4"
    );

    gossip(&mut store, vote(1, genesis, one), &[0, 1]);
    store.on_tick(10, false, false, &proofs);
    assert_eq!(store.pools().new_proof_count(), 1, "without a proposal nothing at 0");
    store.on_tick(14, false, false, &proofs);
    gossip(&mut store, vote(1, genesis, one), &[1, 2]);
    store.on_tick(15, true, false, &proofs);
    assert_eq!(store.pools().new_proof_count(), 0, "acceptance at 0 with a proposal");
    store.on_tick(3, true, true, &proofs);
    assert_eq!(store.time(), 15, "time does not go back");
}

#[test]
fn finality_prunes_votes_for_final_and_abandoned_heads() {
    let mut store = unsigned_store(3);
    let genesis = anchor(&store);
    let first = extend(&mut store, genesis.root, 1, &[]);
    let rival = extend(&mut store, genesis.root, 4, &[]);
    tick_to_slot(&mut store, 6);
    let on_rival = vote(4, genesis, rival);
    gossip(&mut store, on_rival, &[0]);
    store.accept_new_attestations();

    let second = extend(&mut store, first.root, 2, &[(vote(1, genesis, first), &[0, 1, 2])]);
    let on_second = vote(2, first, second);
    let third = block_on(&store, second.root, 5, &[(on_second, &[0, 1, 2])]);
    gossip(&mut store, vote(5, genesis, second), &[0, 1, 2]);
    store.accept_new_attestations();
    let finalized = import(&mut store, third).expect("a valid block").finalized;

    assert_eq!(finalized, Some(first));
    let kept: Vec<_> = store.pools().known_proofs().map(|(data, _)| *data).collect();
    assert!(!kept.contains(&on_rival), "its head is on a branch that finality has cut off");
    assert!(!kept.contains(&vote(1, genesis, first)), "its head is final");
    assert!(kept.contains(&on_second));
    assert!(store.contains_block(&rival.root), "blocks are never pruned");
}

#[test]
fn a_block_on_a_forgotten_state_has_an_unknown_parent() {
    let mut store = unsigned_store(3);
    let genesis = anchor(&store);
    let first = extend(&mut store, genesis.root, 1, &[]);
    let second = extend(&mut store, first.root, 2, &[(vote(1, genesis, first), &[0, 1, 2])]);
    let late = block_on(&store, genesis.root, 5, &[]);
    extend(&mut store, second.root, 3, &[(vote(2, first, second), &[0, 1, 2])]);
    assert_eq!(store.latest_finalized(), first);

    store.update_safe_target();
    assert_eq!(store.forget_states(1), 0, "genesis is one slot below");
    assert_eq!(store.forget_states(0), 1);
    assert!(store.contains_block(&genesis.root));
    assert_eq!(import(&mut store, late), Err(consensus::Rejection::UnknownParentBlock));
    extend(&mut store, second.root, 6, &[]);
}

#[test]
fn a_store_can_start_from_a_later_anchor() {
    let mut old = unsigned_store(3);
    let mut parent = anchor(&old).root;
    for slot in 1..=5 {
        parent = extend(&mut old, parent, slot, &[]).root;
    }
    let state = old.head_state().as_ref().clone();
    let block = old.head_block().as_ref().clone();
    let mut store = Store::new(state, block, None).expect("the block names the state");
    assert_eq!(store.time(), 25);
    assert_eq!(store.latest_finalized(), Checkpoint { root: parent, slot: 5 });

    let next = extend(&mut store, parent, 6, &[]);
    assert_eq!(store.head(), next.root);
    assert_eq!(
        store.latest_finalized().slot,
        5,
        "the state's own finalized slot has no block here"
    );
    assert_eq!(store.attestation_target().slot, 5);
}

#[test]
fn a_flood_of_votes_of_all_evicts_only_the_oldest() {
    let mut store = unsigned_store(4);
    let genesis = anchor(&store);
    tick_to_slot(&mut store, 2_000);
    // Insert the newest vote first, to show eviction by slot and not by order of arrival.
    for slot in (0..1_100).rev() {
        gossip(&mut store, vote(slot, genesis, genesis), &[slot % 4]);
    }
    let slots: Vec<_> = store.pools().new_proofs().map(|(data, _)| data.slot).collect();
    assert!((800..=1_024).contains(&slots.len()), "{}", slots.len());
    assert!((400..1_100).all(|slot| slots.contains(&slot)), "the newest are still there");

    store.accept_new_attestations();
    let one = extend(&mut store, genesis.root, 1, &[]);
    extend(&mut store, one.root, 2_000, &[(vote(1_999, genesis, one), &[0])]);
    assert!(store.pools().known_proofs().count() <= 1_024);
    assert!(store.pools().known_proofs().any(|(data, _)| data.slot == 1_999));
}

#[test]
fn the_depth_of_a_reorganisation_is_the_number_of_abandoned_blocks() {
    let mut store = unsigned_store(4);
    let genesis = anchor(&store);
    let common = extend(&mut store, genesis.root, 1, &[]);
    let one = extend(&mut store, common.root, 2, &[]);
    let two = extend(&mut store, one.root, 5, &[]);
    let rival = extend(&mut store, common.root, 3, &[]);
    let newer_rival = extend(&mut store, rival.root, 4, &[]);
    for (old, new, depth) in [
        (genesis, two, 0),
        (two, two, 0),
        (one, rival, 1),
        (two, rival, 2),
        (two, newer_rival, 2),
        (newer_rival, two, 2),
        (two, common, 2),
    ] {
        assert_eq!(
            store.tree().reorganisation_depth(old.root, new.root),
            depth,
            "{} to {}",
            old.slot,
            new.slot
        );
    }
    assert_eq!(
        store.tree().reorganisation_depth(Root::ZERO, two.root),
        0,
        "a block that is not known"
    );
}

#[test]
fn a_view_shows_the_candidate_blocks_and_is_shared_until_fork_choice_moves() {
    let mut store = unsigned_store(4);
    let genesis = anchor(&store);
    let mut viewer = ForkChoiceViewer::default();
    let shown = |view: &ForkChoiceView| {
        view.nodes.iter().map(|node| (node.slot, node.weight)).collect::<Vec<_>>()
    };
    assert_eq!(shown(&viewer.view(&store)), [(0, 0)]);

    let (smaller, larger) = fork(&mut store);
    tick_to_slot(&mut store, 3);
    gossip(&mut store, vote(2, genesis, smaller), &[0, 3]);
    let before = viewer.view(&store);
    assert_eq!(shown(&before), [(0, 0)], "it has not been told");
    viewer.moved();
    assert_eq!(shown(&viewer.view(&store)), [(0, 0), (1, 0), (2, 0)], "the votes do not count yet");
    store.accept_new_attestations();
    viewer.moved();
    let view = viewer.view(&store);
    let weight =
        |root| view.nodes.iter().find(|node| node.root == root).expect("it is shown").weight;
    assert_eq!((weight(smaller.root), weight(larger.root), weight(genesis.root)), (2, 0, 0));
    assert!(Arc::ptr_eq(&view, &viewer.view(&store)), "nothing has moved");

    let late = extend(&mut store, smaller.root, 3, &[]);
    assert!(store.withdraw_block(&late.root));
    viewer.withdrawn();
    assert_eq!(viewer.view(&store).nodes.len(), 3);
}
