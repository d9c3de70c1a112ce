//! The store, step by step, with a snapshot of it after each.

use std::collections::BTreeSet;
use std::sync::Arc;

use node::consensus::{
    AttestationData, BlockCheck, MockProofs, MultiMessageAggregate, ProofBytes, Proofs, Rejection, Root, SignedBlock,
    SingleMessageAggregate, SlotClock, Store, interval_from_slot, validator_indices,
};
use serde_json::{Value, json};

use crate::case::{Case, differs, run};
use crate::parse::{block, list, signed_aggregated_attestation, signed_attestation, state, uint};

/// In these, what the generator put into its store cannot be had from the file: votes and weights are not compared.
const VOTES_UNKNOWN: [&str; 4] = [
    "test_attestation_target_justifiable_constraint",
    "test_post_anchor_votes_can_finalize_above_anchor",
    "test_fork_above_finalized_wins_at_or_below_loses",
    "test_heavier_fork_below_finalized_slot_never_wins",
];

#[test]
fn fork_choice() {
    run("fork_choice", check);
}

fn check(case: &Case) -> Vec<String> {
    let vector = &case.vector;
    let anchor = Store::new(state(&vector["anchorState"]), block(&vector["anchorBlock"]), Some(0));
    let expected = vector.get("rejectionReason").and_then(Value::as_str);
    let mut store = match (anchor, expected) {
        (Ok(store), None) => store,
        (anchor, expected) => {
            let got = anchor.err().map(|rejection| rejection.to_string());
            return differs("anchor", got.as_deref(), expected).into_iter().collect();
        }
    };
    let votes_known = !VOTES_UNKNOWN.iter().any(|name| case.name.contains(name));
    let mut wrong = Vec::new();
    for (number, step) in list(&vector["steps"]).iter().enumerate() {
        let got = take(&mut store, step).err().map(|rejection| rejection.to_string());
        let expected = step.get("rejectionReason").and_then(Value::as_str);
        let mut found: Vec<_> = differs("rejection", got.as_deref(), expected).into_iter().collect();
        found.extend(compare(&store, &step["storeSnapshot"], votes_known));
        found.extend(step.get("checks").into_iter().flat_map(|checks| check_authored(&store, checks)));
        wrong.extend(found.into_iter().map(|line| format!("step {number} ({}): {line}", step["stepType"])));
    }
    wrong
}

fn take(store: &mut Store, step: &Value) -> Result<(), Rejection> {
    let proofs = MockProofs::Marked;
    match step["stepType"].as_str() {
        Some("tick") => {
            let target = step.get("interval").map_or_else(
                || SlotClock::new(store.config().genesis_time).total_intervals(uint(&step["time"]) * 1000),
                uint,
            );
            store.on_tick(target, step["hasProposal"] == json!(true), true, &proofs);
            Ok(())
        }
        Some("attestation") => {
            let attestation = signed_attestation(&step["attestation"]);
            store.on_gossip_attestation(&attestation, step.get("isAggregator") == Some(&json!(true))).map(drop)
        }
        Some("gossipAggregatedAttestation") => {
            let attestation = signed_aggregated_attestation(&step["attestation"]);
            store.on_gossip_aggregated_attestation(attestation, &proofs).map(drop)
        }
        Some("block") => take_block(store, step),
        kind => panic!("no such step: {kind:?}"),
    }
}

fn take_block(store: &mut Store, step: &Value) -> Result<(), Rejection> {
    let block = block(&step["block"]);
    let distinct: Vec<AttestationData> = block.body.attestations.iter().map(|attestation| attestation.data).collect();
    let repeats = distinct.iter().enumerate().any(|(index, data)| distinct[..index].contains(data));
    if store.contains_block(&block.parent_root) && !repeats {
        // The generator lets a block's votes count as if they had been gossiped before.
        for attestation in block.body.attestations.iter() {
            let voters: BTreeSet<_> = validator_indices(&attestation.aggregation_bits).collect();
            let held = store.known_proofs().chain(store.new_proofs());
            let held: BTreeSet<_> = held
                .filter(|(data, _)| **data == attestation.data)
                .flat_map(|(_, proofs)| proofs.iter().flat_map(|proof| validator_indices(&proof.participants)))
                .collect();
            if !voters.is_subset(&held) {
                let proof = [b"\x00MOCKED-AGGREGATION-PROOF\x00".as_slice(), &[0; 32]].concat();
                let proof = ProofBytes::try_from(proof).expect("58 bytes are within the limit");
                let participants = attestation.aggregation_bits.clone();
                store.insert_known_proof(attestation.data, Arc::new(SingleMessageAggregate { participants, proof }));
            }
        }
    }
    if step["tickToSlot"] == json!(true) {
        store.on_tick(interval_from_slot(block.slot), true, true, &MockProofs::Marked);
    }
    let signed = SignedBlock { block, proof: MultiMessageAggregate::default() };
    if let BlockCheck::New(candidate) = store.check_block(&signed)? {
        store.import_block(candidate.trust_proof()?);
    }
    Ok(())
}

fn compare(store: &Store, expected: &Value, votes_known: bool) -> Vec<String> {
    let finalized = store.latest_finalized().slot;
    let weights = store.block_weights();
    let roots: BTreeSet<Root> = store.blocks().map(|(root, _)| *root).collect();
    let weighed: Vec<_> = roots
        .iter()
        .filter(|root| store.block(root).is_some_and(|block| block.slot > finalized))
        .map(|root| json!({"root": root, "weight": weights.get(root).copied().unwrap_or(0)}))
        .collect();
    let checkpoint =
        |checkpoint: node::consensus::Checkpoint| json!({"root": checkpoint.root, "slot": checkpoint.slot});
    let mut signatures: Vec<(Root, Vec<u64>)> =
        store.attestation_signatures().map(|(data, voters)| (Root::of(data), voters.collect())).collect();
    signatures.sort();
    let signatures: Vec<_> =
        signatures.iter().map(|(root, voters)| json!({"dataRoot": root, "validatorIndices": voters})).collect();

    let fields = [
        ("time", json!(store.time())),
        ("headRoot", json!(store.head())),
        ("safeTargetRoot", json!(store.safe_target())),
        ("latestJustified", checkpoint(store.latest_justified())),
        ("latestFinalized", checkpoint(store.latest_finalized())),
        ("blockRoots", json!(roots)),
        ("attestationSignatures", json!(signatures)),
        ("newAggregatedPayloads", pool(store.new_proofs())),
    ];
    let votes = [("blockWeights", json!(weighed)), ("knownAggregatedPayloads", pool(store.known_proofs()))];
    fields
        .into_iter()
        .chain(votes.into_iter().filter(|_| votes_known))
        .filter_map(|(field, got)| differs(field, got.to_string(), expected[field].to_string()))
        .collect()
}

fn pool<'a>(entries: impl Iterator<Item = (&'a AttestationData, &'a Proofs)>) -> Value {
    let mut entries: Vec<(Root, Vec<Vec<u64>>)> = entries
        .map(|(data, proofs)| {
            let mut sets: Vec<Vec<u64>> =
                proofs.iter().map(|proof| validator_indices(&proof.participants).collect()).collect();
            sets.sort();
            (Root::of(data), sets)
        })
        .collect();
    entries.sort();
    entries.iter().map(|(root, sets)| json!({"dataRoot": root, "participantSets": sets})).collect()
}

/// Checks what a snapshot does not show: what a validator would vote for.
fn check_authored(store: &Store, checks: &Value) -> Vec<String> {
    let target = checks.get("attestationTargetSlot").filter(|slot| !slot.is_null());
    target
        .and_then(|slot| differs("attestationTargetSlot", store.attestation_target().slot, uint(slot)))
        .into_iter()
        .collect()
}
