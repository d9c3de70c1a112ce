//! The votes of validators, their aggregation, and their inclusion in blocks.

use consensus::{
    AttestationData, Checkpoint, INTERVALS_PER_SLOT, MAX_ATTESTATIONS_DATA, MockProofs, Root,
    SignedAggregatedAttestation, Store, ValidatorIndex, interval_from_slot, validator_indices,
};

use crate::chain::{Signers, anchor, extend, gossip, tick_to_slot, unsigned_store, vote};

fn linear(store: &mut Store, slots: u64) -> Vec<Checkpoint> {
    let mut chain = vec![anchor(store)];
    for slot in 1..=slots {
        let parent = chain[chain.len() - 1].root;
        chain.push(extend(store, parent, slot, &[]));
    }
    chain
}

/// Returns an aggregate with real signatures of these validators.
fn aggregate_of(
    signers: &mut Signers,
    data: AttestationData,
    voters: &[ValidatorIndex],
) -> SignedAggregatedAttestation {
    let mut store = signers.store();
    for &voter in voters {
        store.on_gossip_attestation(&signers.attest(voter, data), true).expect("an honest vote");
    }
    store.aggregate(&MockProofs::Bound).remove(0)
}

#[test]
fn a_target_is_at_most_three_blocks_behind_the_head_and_justifiable() {
    // The safe target stays at genesis: the walk goes three blocks back from the head, and then on
    // to a justifiable slot.
    for (head, target) in
        [(1, 0), (2, 0), (3, 0), (4, 1), (8, 5), (9, 6), (10, 6), (12, 9), (15, 12), (17, 12)]
    {
        let mut store = unsigned_store(3);
        let chain = linear(&mut store, head);
        assert_eq!(store.attestation_target(), chain[target], "head {head}");
    }
}

#[test]
fn a_target_is_not_behind_the_safe_target() {
    let mut store = unsigned_store(3);
    let chain = linear(&mut store, 4);
    tick_to_slot(&mut store, 5);
    gossip(&mut store, vote(4, chain[0], chain[3]), &[0, 1, 2]);
    store.update_safe_target();
    assert_eq!(store.safe_target(), chain[3].root);
    assert_eq!(store.attestation_target(), chain[3]);
}

#[test]
fn a_vote_at_genesis_names_genesis_three_times() {
    let store = unsigned_store(3);
    let genesis = anchor(&store);
    assert_eq!(store.produce_attestation_data(0), vote(0, genesis, genesis));
}

#[test]
fn a_vote_whose_target_would_be_before_its_source_has_its_source_as_target() {
    let mut store = unsigned_store(3);
    let genesis = anchor(&store);
    let first = extend(&mut store, genesis.root, 1, &[]);
    let second = extend(&mut store, first.root, 2, &[(vote(1, genesis, first), &[0, 1, 2])]);
    assert_eq!(store.latest_justified(), first);
    assert_eq!(store.attestation_target(), genesis, "the safe target is still genesis");
    let data = store.produce_attestation_data(2);
    assert_eq!(data, AttestationData { slot: 2, head: second, target: first, source: first });
    tick_to_slot(&mut store, 2);
    assert_eq!(store.validate_attestation(&data), Ok(()), "other nodes accept it");
}

#[test]
fn after_a_late_aggregate_validators_vote_in_the_next_slot() {
    let mut store = unsigned_store(4);
    let genesis = anchor(&store);
    let first = extend(&mut store, genesis.root, 1, &[]);
    // In slot 1, the aggregate arrives between intervals 3 and 4: after the safe target's update,
    // and before the acceptance.
    let interval = |slot, interval| slot * INTERVALS_PER_SLOT + interval;
    store.on_tick(interval(1, 3), false, false, &MockProofs::Marked);
    gossip(&mut store, vote(1, genesis, first), &[0, 1, 2, 3]);
    store.on_tick(interval(1, 4), false, false, &MockProofs::Marked);
    assert_eq!(store.safe_target(), genesis.root);

    // The block of slot 2 has these votes, and justifies slot 1.
    let produced = store.produce_block(2, 2, &MockProofs::Marked).expect("its turn");
    store.update_head();
    assert_eq!(store.latest_justified(), first);
    store.on_tick(interval(2, 1), false, false, &MockProofs::Marked);
    let data = store.produce_attestation_data(2);
    assert_eq!((data.head.root, data.source, data.target), (produced.root(), first, first));
    assert_eq!(store.validate_attestation(&data), Ok(()));

    // The votes count for their head, and the next target is new.
    gossip(&mut store, data, &[0, 1, 2, 3]);
    store.on_tick(interval(2, 4), false, false, &MockProofs::Marked);
    assert_eq!(store.safe_target(), produced.root());
    assert_eq!(store.produce_attestation_data(3).target, data.head);
}

#[test]
fn aggregation_folds_signatures_and_proofs_and_removes_them() {
    let proofs = MockProofs::Bound;
    let mut signers = Signers::new(4);
    let mut store = signers.store();
    let genesis = anchor(&store);
    let data = vote(0, genesis, genesis);
    for validator in [2, 0] {
        store
            .on_gossip_attestation(&signers.attest(validator, data), true)
            .expect("an honest vote");
    }
    let aggregates = store.aggregate(&proofs);
    assert_eq!(aggregates.len(), 1);
    assert_eq!(validator_indices(&aggregates[0].proof.participants).collect::<Vec<_>>(), [0, 2]);
    assert_eq!((store.pools().signature_count(), store.pools().new_proof_count()), (0, 1));
    assert!(store.check_aggregated_attestation(&aggregates[0]).is_ok());

    store.on_gossip_attestation(&signers.attest(3, data), true).expect("an honest vote");
    store.on_gossip_attestation(&signers.attest(2, data), true).expect("an honest vote");
    let aggregates = store.aggregate(&proofs);
    assert_eq!(validator_indices(&aggregates[0].proof.participants).collect::<Vec<_>>(), [0, 2, 3]);

    assert!(store.aggregate(&proofs).is_empty(), "a lone proof needs no folding");
    assert_eq!(store.pools().new_proof_count(), 0, "and what is not aggregated again is gone");
}

#[test]
fn aggregation_can_run_on_another_thread() {
    let mut signers = Signers::new(2);
    let mut store = signers.store();
    let genesis = anchor(&store);
    let data = vote(0, genesis, genesis);
    store.on_gossip_attestation(&signers.attest(1, data), true).expect("an honest vote");
    let plan = store.plan_aggregation();
    assert_eq!(plan.tasks().iter().map(|task| *task.data()).collect::<Vec<_>>(), [data]);
    let proving = std::thread::spawn(move || plan.prove(&MockProofs::Bound));
    let round = proving.join().expect("the prover does not panic");
    assert_eq!(store.finish_aggregation(round).len(), 1);
    assert_eq!((store.pools().signature_count(), store.pools().new_proof_count()), (0, 1));
}

#[test]
fn inputs_received_while_a_round_is_proved_are_kept_for_the_next_round() {
    let proofs = MockProofs::Bound;
    let mut signers = Signers::new(4);
    let mut store = signers.store();
    let genesis = anchor(&store);
    let data = vote(0, genesis, genesis);
    let waits = aggregate_of(&mut signers, data, &[0]);
    store.insert_aggregated_attestation(waits);
    store.on_gossip_attestation(&signers.attest(1, data), true).expect("an honest vote");
    let plan = store.plan_aggregation();

    let late = aggregate_of(&mut signers, data, &[3]);
    store.insert_aggregated_attestation(late.clone());
    store.on_gossip_attestation(&signers.attest(2, data), true).expect("an honest vote");
    let made = store.finish_aggregation(plan.prove(&proofs));
    assert_eq!(validator_indices(&made[0].proof.participants).collect::<Vec<_>>(), [0, 1]);
    let held: Vec<_> = store
        .pools()
        .new_proofs()
        .flat_map(|(_, held)| held.iter().map(|proof| (**proof).clone()))
        .collect();
    assert_eq!(held.len(), 2);
    assert!(held.contains(&made[0].proof) && held.contains(&late.proof), "none is lost");
    let waiting: Vec<_> = store
        .pools()
        .attestation_signatures()
        .flat_map(|(_, voters)| voters.collect::<Vec<_>>())
        .collect();
    assert_eq!(waiting, [2], "this signature went into no proof");
}

#[test]
fn a_round_finished_after_its_votes_were_accepted_waits_for_the_next_acceptance() {
    let proofs = MockProofs::Bound;
    let mut signers = Signers::new(4);
    let mut store = signers.store();
    let genesis = anchor(&store);
    let data = vote(0, genesis, genesis);
    let waits = aggregate_of(&mut signers, data, &[0]);
    store.insert_aggregated_attestation(waits);
    store.on_gossip_attestation(&signers.attest(1, data), true).expect("an honest vote");
    let plan = store.plan_aggregation();
    store.accept_new_attestations();
    assert_eq!((store.pools().known_proof_count(), store.pools().new_proof_count()), (1, 0));
    store.finish_aggregation(plan.prove(&proofs));
    assert_eq!((store.pools().known_proof_count(), store.pools().new_proof_count()), (1, 1));
}

#[test]
fn a_proposer_folds_each_votes_proofs_into_one() {
    let proofs = MockProofs::Marked;
    let mut store = unsigned_store(4);
    let genesis = anchor(&store);
    let first = extend(&mut store, genesis.root, 1, &[]);
    tick_to_slot(&mut store, 2);
    let data = vote(1, genesis, first);
    gossip(&mut store, data, &[0, 1]);
    gossip(&mut store, data, &[1, 2]);
    gossip(&mut store, data, &[1]);

    let block = store.produce_block(2, 2, &proofs).expect("its turn");
    let attestations = &block.block().body.attestations;
    assert_eq!(attestations.len(), 1);
    assert_eq!(validator_indices(&attestations[0].aggregation_bits).collect::<Vec<_>>(), [0, 1, 2]);
    assert_eq!(store.latest_justified(), first, "its own block justifies at once");
    assert_eq!(store.head(), first.root, "and becomes the head with the next update");
    store.update_head();
    assert_eq!(store.head(), block.root());
    assert_eq!(
        store.state(&block.root()).map(|state| Root::of(state.as_ref())),
        Some(block.block().state_root)
    );
}

#[test]
fn a_proposer_also_includes_votes_on_sources_justified_by_its_block() {
    let mut store = unsigned_store(3);
    let chain = linear(&mut store, 3);
    tick_to_slot(&mut store, 4);
    // The source of the second vote is justified only after the first vote has been counted.
    gossip(&mut store, vote(3, chain[1], chain[2]), &[0, 1, 2]);
    gossip(&mut store, vote(2, chain[0], chain[1]), &[0, 1, 2]);
    let block = store.produce_block(4, 1, &MockProofs::Marked).expect("its turn");
    assert_eq!(block.block().body.attestations.len(), 2);
    assert_eq!(store.latest_justified(), chain[2]);
    store.update_head();
    assert_eq!(store.latest_finalized(), chain[1]);
}

#[test]
fn a_proposer_keeps_to_the_limit_of_votes_per_block() {
    let mut store = unsigned_store(4);
    let chain = linear(&mut store, 1);
    tick_to_slot(&mut store, 20);
    for slot in 1..=12 {
        gossip(&mut store, vote(slot, chain[0], chain[1]), &[slot % 2]);
    }
    let block = store.produce_block(20, 0, &MockProofs::Marked).expect("its turn");
    assert_eq!(block.block().body.attestations.len(), MAX_ATTESTATIONS_DATA);
}

#[test]
fn a_few_validators_with_many_votes_do_not_keep_the_others_out_of_blocks() {
    let mut store = unsigned_store(30);
    let chain = linear(&mut store, 2);
    tick_to_slot(&mut store, 20);
    // Each of nine validators has a vote of its own, for a target before that of the others.
    for voter in 0..9 {
        gossip(&mut store, vote(voter + 1, chain[0], chain[1]), &[voter]);
    }
    let others: Vec<_> = (9..30).collect();
    gossip(&mut store, vote(2, chain[0], chain[2]), &others);
    let block = store.produce_block(20, 20, &MockProofs::Marked).expect("its turn");
    assert!(block.block().body.attestations.len() <= MAX_ATTESTATIONS_DATA);
    assert_eq!(store.latest_justified(), chain[2], "21 of 30 are a majority of two thirds");
}

#[test]
fn a_blocks_votes_can_be_recovered_from_its_proof() {
    let proofs = MockProofs::Bound;
    let mut signers = Signers::new(4);
    let (mut duty, mut listener) = (signers.store(), signers.store());
    let first = signers.propose(&mut duty, 1);
    listener.on_block(&first, &proofs).expect("an honest block");
    duty.update_head();
    duty.on_tick(interval_from_slot(1) + 1, false, true, &proofs);
    let genesis = anchor(&duty);
    let head = Checkpoint { root: duty.head(), slot: 1 };
    // Half of the validators: enough to be included in a block, too few to justify.
    for validator in [0, 1] {
        let attestation = signers.attest(validator, vote(1, genesis, head));
        duty.on_gossip_attestation(&attestation, true).expect("an honest vote");
    }
    duty.on_tick(interval_from_slot(1) + 4, false, true, &proofs);
    let second = signers.propose(&mut duty, 2);
    assert_eq!(second.block.body.attestations.len(), 1);

    listener.on_tick(interval_from_slot(2), true, false, &proofs);
    assert!(listener.recover_votes(&second, &proofs).is_empty(), "the block is not known yet");
    listener.on_block(&second, &proofs).expect("an honest block");
    assert_eq!(
        listener.pools().known_proof_count(),
        0,
        "a block's votes have no weight of their own"
    );
    let recovered = listener.recover_votes(&second, &proofs);
    assert_eq!(recovered.len(), 1);
    let statement = listener.check_aggregated_attestation(&recovered[0]).expect("a valid vote");
    assert_eq!(consensus::ProofScheme::verify(&proofs, &recovered[0].proof, &statement), Ok(()));
    assert_eq!(listener.pools().new_proof_count(), 1);
    assert!(listener.recover_votes(&second, &proofs).is_empty(), "it adds no voters any more");
}

#[test]
fn recovered_votes_are_folded_with_waiting_votes() {
    let proofs = MockProofs::Bound;
    let mut signers = Signers::new(4);
    let (mut duty, mut listener) = (signers.store(), signers.store());
    let first = signers.propose(&mut duty, 1);
    for store in [&mut duty, &mut listener] {
        store.on_block(&first, &proofs).expect("an honest block");
        store.update_head();
        store.on_tick(interval_from_slot(1) + 1, false, true, &proofs);
    }
    let genesis = anchor(&duty);
    let data = vote(1, genesis, Checkpoint { root: duty.head(), slot: 1 });
    for validator in [0, 1] {
        duty.on_gossip_attestation(&signers.attest(validator, data), true).expect("an honest vote");
    }
    // The listener aggregates a different half of the voters itself.
    for validator in [1, 2] {
        listener
            .on_gossip_attestation(&signers.attest(validator, data), true)
            .expect("an honest vote");
    }
    duty.on_tick(interval_from_slot(1) + 4, false, true, &proofs);
    listener.on_tick(interval_from_slot(1) + 2, false, true, &proofs);
    let second = signers.propose(&mut duty, 2);

    listener.on_block(&second, &proofs).expect("an honest block");
    let recovered = listener.recover_votes(&second, &proofs);
    assert_eq!(recovered.len(), 1);
    assert_eq!(validator_indices(&recovered[0].proof.participants).collect::<Vec<_>>(), [0, 1, 2]);
    assert_eq!(
        listener.pools().new_proof_count(),
        1,
        "the folded proof takes the place of what it was made of"
    );
    let statement = listener.check_aggregated_attestation(&recovered[0]).expect("a valid vote");
    assert_eq!(consensus::ProofScheme::verify(&proofs, &recovered[0].proof, &statement), Ok(()));
}
