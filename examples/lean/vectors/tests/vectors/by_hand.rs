//! Vectors built from states created in these tests. They check the runner's detection of errors,
//! not the consensus rules.

use consensus::{
    AggregatedAttestation, AttestationData, Block, Checkpoint, Root, State, aggregation_bits,
    process_block, process_slots, validator_indices,
};
use serde_json::{Value, json};
use vectors::Outcome;

use crate::made::{anchor, block, checkpoint, data, run, state, wrong};

const MARKER: &str = "0x004d4f434b45442d4147475245474154494f4e2d50524f4f4600";

/// A signed block with its proof, to be checked against the registry of a state.
fn signed(state_after: &State, signed_block: &Block, setting: u8, proof: &str) -> Value {
    json!({
        "proofSetting": setting,
        "anchorState": state(state_after),
        "signedBlock": {"block": block(signed_block), "proof": {"proof": {"data": proof}}},
    })
}

#[test]
fn the_signers_of_a_block_are_checked_before_its_proof() {
    let (anchor, _) = anchor();
    let good = Block { slot: 1, proposer_index: 1, ..Block::default() };
    let stranger = Block { proposer_index: 3, ..good.clone() };
    let with_voters = |bits: Vec<bool>| {
        let mut block = good.clone();
        let vote = AggregatedAttestation {
            aggregation_bits: bits.try_into().expect("few bits"),
            data: AttestationData::default(),
        };
        block.body.attestations = vec![vote].try_into().expect("one vote");
        block
    };
    for (block, setting, proof, expected) in [
        (&good, 0, MARKER, None),
        (&with_voters(vec![true, false, true]), 0, MARKER, None),
        (&good, 0, "0x00010203", Some("INVALID_BLOCK_PROOF")),
        (&good, 2, "0x", Some("INVALID_BLOCK_PROOF")),
        (&stranger, 1, "0x00", Some("PROPOSER_INDEX_OUT_OF_RANGE")),
        (&with_voters(vec![false; 3]), 1, "0x00", Some("EMPTY_AGGREGATION_BITS")),
        (
            &with_voters(vec![false, false, false, true]),
            1,
            "0x00",
            Some("VALIDATOR_INDEX_OUT_OF_RANGE"),
        ),
    ] {
        let mut vector = signed(&anchor, block, setting, proof);
        assert_eq!(
            wrong(&run("verify_signatures", &vector)).is_empty(),
            expected.is_none(),
            "{expected:?}"
        );
        if let Some(reason) = expected {
            vector["rejectionReason"] = reason.into();
            assert!(wrong(&run("verify_signatures", &vector)).is_empty(), "{reason}");
        }
    }
    let verdict = run("verify_signatures", &signed(&anchor, &good, 1, "0x0102"));
    assert!(matches!(verdict.outcome, Outcome::Skipped(reason) if reason.contains("leanMultisig")));
}

/// A vector with an aggregate of two of three validators for genesis, gossiped in slot 0, and the
/// expected store.
fn aggregate(setting: u8) -> Value {
    let (anchor, anchor_block) = anchor();
    let root = Root::of(&anchor_block);
    let genesis = Checkpoint { root, slot: 0 };
    let vote = AttestationData { slot: 0, head: genesis, target: genesis, source: genesis };
    let bits = aggregation_bits([0, 2]).expect("two voters");
    let voters: Vec<u64> = validator_indices(&bits).collect();
    let proof = if setting == 0 { MARKER } else { "0x0102" };
    json!({
        "proofSetting": setting,
        "anchorState": state(&anchor),
        "anchorBlock": block(&anchor_block),
        "steps": [{
            "stepType": "gossipAggregatedAttestation",
            "valid": true,
            "attestation": {
                "data": data(&vote),
                "proof": {"participants": {"data": [true, false, true]}, "proof": {"data": proof}},
            },
            "checks": {
                "headRootLabel": "genesis",
                "latestNewAggregatedTargetSlots": [0],
                "newPoolProofParticipants": {"0": [0, 2]},
                "attestationChecks": [{"validator": 2, "location": "new", "attestationSlot": 0}],
            },
            "storeSnapshot": {
                "time": 0, "headRoot": root, "safeTargetRoot": root,
                "latestJustified": checkpoint(genesis), "latestFinalized": checkpoint(genesis),
                "blockRoots": [root], "blockWeights": [], "attestationSignatures": [],
                "newAggregatedPayloads": [{"dataRoot": Root::of(&vote), "participantSets": [voters]}],
                "knownAggregatedPayloads": [],
            },
        }],
    })
}

#[test]
fn every_field_of_a_snapshot_is_compared() {
    let vector = aggregate(0);
    assert!(wrong(&run("fork_choice", &vector)).is_empty());
    let fields = vector["steps"][0]["storeSnapshot"].as_object().expect("a snapshot").clone();
    for field in fields.keys() {
        let mut changed = vector.clone();
        changed["steps"][0]["storeSnapshot"][field] =
            json!([{"dataRoot": Root::ZERO, "participantSets": []}]);
        assert_eq!(wrong(&run("fork_choice", &changed)), [field.as_str()]);
        changed["steps"][0]["storeSnapshot"].as_object_mut().expect("a snapshot").remove(field);
        assert_eq!(wrong(&run("fork_choice", &changed)), ["the vector"], "without {field}");
    }
}

#[test]
fn every_check_written_by_an_author_is_run() {
    for (check, value) in [
        ("time", json!(1)),
        ("headSlot", json!(1)),
        ("headRoot", json!(Root::ZERO)),
        ("latestJustifiedSlot", json!(1)),
        ("latestJustifiedRoot", json!(Root::ZERO)),
        ("latestFinalizedSlot", json!(1)),
        ("latestFinalizedRoot", json!(Root::ZERO)),
        ("safeTarget", json!(Root::ZERO)),
        ("safeTargetSlot", json!(1)),
        ("attestationTargetSlot", json!(1)),
        ("attestationSignatureTargetSlots", json!([1])),
        ("latestNewAggregatedTargetSlots", json!([1])),
        ("latestKnownAggregatedTargetSlots", json!([1])),
        ("newPoolProofParticipants", json!({"0": [1]})),
        ("attestationChecks", json!([{"validator": 1, "location": "new"}])),
        ("attestationChecks", json!([{"validator": 2, "location": "known"}])),
        ("attestationChecks", json!([{"validator": 2, "location": "signatures"}])),
        ("attestationChecks", json!([{"validator": 2, "location": "new", "targetSlot": 1}])),
        ("reorgDepth", json!(1)),
        // A missing label or block cannot be checked. An unknown check must not pass unnoticed.
        ("headRootLabel", json!("nobody")),
        ("blockAttestationCount", json!(0)),
        ("surprise", json!(0)),
    ] {
        let mut changed = aggregate(0);
        changed["steps"][0]["checks"] = json!({ check: value });
        assert_eq!(wrong(&run("fork_choice", &changed)).len(), 1, "{check}: {value}");
    }
}

#[test]
fn a_rejection_must_be_the_one_that_is_expected() {
    let mut vector = aggregate(0);
    vector["steps"][0]["rejectionReason"] = "INVALID_SIGNATURE".into();
    assert_eq!(wrong(&run("fork_choice", &vector)), ["rejection"]);
    // This proof is not a placeholder.
    vector["steps"][0]["attestation"]["proof"]["proof"]["data"] = "0x00".into();
    vector["steps"][0]["valid"] = false.into();
    vector["steps"][0]["storeSnapshot"]["newAggregatedPayloads"] = json!([]);
    assert!(wrong(&run("fork_choice", &vector)).is_empty());
}

#[test]
fn a_real_proof_is_trusted_and_a_vector_expecting_its_rejection_is_skipped() {
    let verdict = run("fork_choice", &aggregate(1));
    assert!(wrong(&verdict).is_empty());
    assert_eq!(verdict.not_compared.len(), 1);
    assert!(verdict.not_compared[0].reason.contains("leanMultisig"));

    let mut refused = aggregate(1);
    refused["steps"][0]["rejectionReason"] = "INVALID_SIGNATURE".into();
    assert!(matches!(run("fork_choice", &refused).outcome, Outcome::Skipped(_)));
}

#[test]
fn fields_and_root_of_a_transition_are_compared_and_only_the_last_block_may_be_rejected() {
    let (pre, _) = anchor();
    let root = Root::of(&pre);
    let vector = json!({"pre": state(&pre), "blocks": [], "post": {"slot": 0, "validatorCount": 3}, "postStateRoot": root});
    assert!(wrong(&run("state_transition", &vector)).is_empty());
    let mut changed = vector.clone();
    changed["post"] = json!({
        "slot": 1, "latestJustifiedSlot": 1, "latestJustifiedRoot": root, "latestFinalizedSlot": 1,
        "latestFinalizedRoot": root, "latestBlockHeaderSlot": 1, "latestBlockHeaderProposerIndex": 1,
        "latestBlockHeaderParentRoot": root, "latestBlockHeaderStateRoot": root, "latestBlockHeaderBodyRoot": root,
        "configGenesisTime": 1, "validatorCount": 2, "validators": [], "historicalBlockHashesCount": 1,
        "historicalBlockHashes": [root], "justifiedSlots": [true], "justificationsRootsCount": 1,
        "justificationsRoots": [root], "justificationsValidatorsCount": 1, "justificationsValidators": [true],
    });
    changed["postStateRoot"] = json!(Root::ZERO);
    assert_eq!(wrong(&run("state_transition", &changed)).len(), 21);

    let bad = Block { slot: 1, proposer_index: 2, ..Block::default() };
    let mut refused =
        json!({"pre": state(&pre), "blocks": [block(&bad)], "rejectionReason": "WRONG_PROPOSER"});
    assert!(wrong(&run("state_transition", &refused)).is_empty());
    refused["blocks"] = json!([block(&bad), block(&bad)]);
    assert_eq!(wrong(&run("state_transition", &refused)), ["refused block"]);
}

/// A vector with a block without votes, and a snapshot with a vote found nowhere else in the
/// vector.
fn left_out(shown: Root) -> Value {
    let (pre, anchor_block) = anchor();
    let genesis = Checkpoint { root: Root::of(&anchor_block), slot: 0 };
    let mut first =
        Block { slot: 1, proposer_index: 1, parent_root: genesis.root, ..Block::default() };
    let mut post = process_slots(&pre, 1).expect("it is later");
    process_block(&mut post, &first).expect("the block is valid");
    first.state_root = Root::of(&post);
    let root = Root::of(&first);
    let mut roots = [genesis.root, root];
    roots.sort();
    json!({
        "proofSetting": 0,
        "anchorState": state(&pre),
        "anchorBlock": block(&anchor_block),
        "steps": [{
            "stepType": "block", "valid": true, "tickToSlot": true, "block": block(&first),
            "storeSnapshot": {
                "time": 5, "headRoot": root, "safeTargetRoot": genesis.root,
                "latestJustified": checkpoint(genesis), "latestFinalized": checkpoint(genesis),
                "blockRoots": roots, "blockWeights": [{"root": root, "weight": 0}],
                "attestationSignatures": [], "newAggregatedPayloads": [],
                "knownAggregatedPayloads": [{"dataRoot": shown, "participantSets": [[0, 1]]}],
            },
        }],
    })
}

#[test]
fn only_an_acceptable_vote_left_out_of_a_block_is_found_by_its_root() {
    let (_, anchor_block) = anchor();
    let genesis = Checkpoint { root: Root::of(&anchor_block), slot: 0 };
    let vote = AttestationData { slot: 1, head: genesis, target: genesis, source: genesis };
    assert!(wrong(&run("fork_choice", &left_out(Root::of(&vote)))).is_empty());
    // The store would accept neither vote: the slot has not begun, or the head is unknown.
    let early = AttestationData { slot: 2, ..vote };
    let lost = AttestationData { head: Checkpoint { root: Root::ZERO, slot: 0 }, ..vote };
    for vote in [early, lost] {
        assert_eq!(
            wrong(&run("fork_choice", &left_out(Root::of(&vote)))),
            ["knownAggregatedPayloads"]
        );
    }
}
