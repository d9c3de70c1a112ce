//! Vectors made here, one file for each rule that has changed after the revision of the
//! specification's own vectors. They are in the folder `made-here`, in the specification's format,
//! for use by other implementations as well.
//!
//! The rejections and checks in them are written by hand after the specification's text. The other
//! fields of a snapshot are this store's. `LEAN_VECTORS_MADE_HERE=write` writes the files again.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use actor_lanes::Runtime;
use actor_lanes::runtime::ThreadRuntime;
use consensus::{
    AttestationData, Block, Checkpoint, HISTORICAL_ROOTS_LIMIT, Rejection, Root, Slot, State,
    Validators, genesis, process_slots,
};
use libssz_types::SszBitlist;
use serde_json::{Map, Value, json};
use vectors::{Outcome, Rule, Verdict};
use xmss::PublicKey;

use crate::made::{self, run, wrong};
use crate::scenario::Scenario;

const NO_CHECKS: Value = Value::Null;

fn vote(slot: Slot, source: Checkpoint, target: Checkpoint) -> AttestationData {
    AttestationData { slot, head: target, target, source }
}

/// #1182: how early a block may be, and how far from its parent.
fn block_slots() -> Value {
    let mut scenario = Scenario::new(4);
    let genesis = scenario.genesis();
    let two = scenario.build(genesis, 2, &[]);
    let repeated = |block: &Block| {
        let data = vote(0, genesis, genesis);
        let bits = consensus::aggregation_bits([0]).expect("a voter");
        let vote = consensus::AggregatedAttestation { aggregation_bits: bits, data };
        let mut block = block.clone();
        block.body.attestations = vec![vote.clone(), vote].try_into().expect("few votes");
        block
    };
    let at = |slot| repeated(&Block { slot, ..two.clone() });
    let limit = HISTORICAL_ROOTS_LIMIT as Slot;
    let mut refuse = |label: &str, block: &Block, reason| {
        scenario.deliver(label, block, false, Some(reason), None, NO_CHECKS);
    };
    refuse("too_far_from_parent", &at(limit + 1), Rejection::BlockSlotGapTooLarge);
    refuse("just_not_too_far", &at(limit), Rejection::BlockTooFarInFuture);
    refuse("two_slots_early", &two, Rejection::BlockTooFarInFuture);
    refuse("early_and_repeated", &at(2), Rejection::BlockTooFarInFuture);
    refuse("one_slot_early_and_repeated", &at(1), Rejection::DuplicateAttestationData);
    scenario.tick(5, json!({"headSlot": 0}));
    let checks = json!({"headRootLabel": "one_slot_early", "time": 5});
    scenario.deliver("one_slot_early", &two, false, None, None, checks);
    scenario.vector()
}

/// Finalizes slot 2 on a chain of 4 blocks, with a branch of 3 blocks on the first. Returns the
/// blocks of slots 1 to 4, and the last one of the branch.
fn finalized(scenario: &mut Scenario) -> ([Checkpoint; 4], Checkpoint) {
    let genesis = scenario.genesis();
    let voters = [0, 1, 2, 3, 4, 5];
    let mut block = |label: &str, parent, slot, votes: &[_]| {
        scenario.block(label, parent, slot, votes, NO_CHECKS)
    };
    let one = block("one", genesis, 1, &[]);
    let two = block("two", one, 2, &[(vote(2, genesis, one), &voters[..])]);
    let three = block("three", two, 3, &[(vote(3, one, two), &voters[..])]);
    let orphan_two = block("orphan_two", one, 2, &[]);
    let orphan_three = block("orphan_three", orphan_two, 3, &[]);
    let orphan = block("orphan", orphan_three, 4, &[]);
    scenario.gossip(vote(4, genesis, orphan), &[6], None, NO_CHECKS);
    let checks = json!({
        "headRootLabel": "four", "latestFinalizedRootLabel": "two", "latestNewAggregatedTargetSlots": [],
    });
    let votes = [(vote(4, two, three), &voters[..])];
    let four = scenario.block("four", three, 4, &votes, checks);
    ([one, two, three, four], orphan)
}

/// #1179: the heads that finality excludes.
fn heads_and_finality() -> Value {
    let mut scenario = Scenario::new(8);
    let genesis = scenario.genesis();
    let ([one, two, three, _], orphan) = finalized(&mut scenario);
    let excluded = Some(Rejection::HeadNotDescendantOfFinalized);
    for data in [
        vote(4, genesis, orphan),
        vote(4, genesis, one),
        AttestationData { slot: 3, ..vote(4, genesis, orphan) },
        AttestationData { slot: 9, ..vote(4, genesis, orphan) },
    ] {
        scenario.gossip(data, &[6], excluded, json!({"latestNewAggregatedTargetSlots": []}));
    }
    // The order of the rules: this one comes after those of ancestry.
    let off_chain = AttestationData { target: two, ..vote(4, genesis, orphan) };
    scenario.gossip(off_chain, &[6], Some(Rejection::TargetNotAncestorOfHead), NO_CHECKS);
    scenario.gossip(vote(4, genesis, two), &[6], None, NO_CHECKS);
    let checks = json!({"latestNewAggregatedTargetSlots": [2, 3]});
    scenario.gossip(vote(4, two, three), &[6], None, checks);
    scenario.vector()
}

/// #1181: a validator with two votes in one slot, in both orders of arrival. Without it, both forks
/// have one vote each.
fn equivocation(larger_first: bool) -> Value {
    let mut scenario = Scenario::new(6);
    let genesis = scenario.genesis();
    let common = scenario.block("common", genesis, 1, &[], NO_CHECKS);
    let one = scenario.block("fork_a", common, 2, &[], NO_CHECKS);
    let other = scenario.block("fork_b", common, 3, &[], NO_CHECKS);
    scenario.tick(18, NO_CHECKS);
    let mut votes = [(vote(3, genesis, one), [0, 1]), (vote(3, genesis, other), [0, 2])];
    votes.sort_by_key(|(data, _)| Root::of(data));
    let (winner, loser) = (votes[1].0.head, votes[0].0.head);
    if larger_first {
        votes.reverse();
    }
    for (data, voters) in votes {
        scenario.gossip(data, &voters, None, NO_CHECKS);
    }
    let checks = json!({
        "headRoot": winner.root,
        "canonicalEquivocationHeadAmong": ["fork_a", "fork_b"],
        "attestationChecks": [{
            "validator": 0, "location": "known", "attestationSlot": 3, "targetSlot": winner.slot,
        }],
    });
    scenario.tick(20, checks);
    let weights = scenario.store.block_weights();
    assert_eq!((weights.get(&winner.root), weights.get(&loser.root)), (Some(&2), Some(&1)));
    scenario.vector()
}

/// #1178: states with tallies that cannot be read.
fn tallies() -> Map<String, Value> {
    let key = |tag: u8| PublicKey::new([tag; PublicKey::LENGTH]);
    let registry = |count: u8| {
        Validators::new((1..=count).map(|tag| (key(tag), key(tag + 100)))).expect("few validators")
    };
    let state = |validators: u8, roots: &[Root], bits: usize| State {
        justifications_roots: roots.to_vec().try_into().expect("few roots"),
        justifications_validators: SszBitlist::with_length(bits).expect("few bits"),
        ..genesis(0, registry(validators)).0
    };
    let root = Root::new([1; 32]);
    let cases = [
        ("empty_registry", state(0, &[], 0), "EMPTY_VALIDATOR_REGISTRY"),
        ("too_few_votes", state(4, &[root], 3), "JUSTIFICATION_VOTES_LENGTH_MISMATCH"),
        ("too_many_votes", state(4, &[root], 5), "JUSTIFICATION_VOTES_LENGTH_MISMATCH"),
        ("votes_without_a_root", state(4, &[], 4), "JUSTIFICATION_VOTES_LENGTH_MISMATCH"),
        ("length_before_zero", state(4, &[Root::ZERO], 3), "JUSTIFICATION_VOTES_LENGTH_MISMATCH"),
        ("zero_root", state(4, &[Root::ZERO], 4), "ZERO_HASH_JUSTIFICATION_ROOT"),
    ];
    let vector = |(name, state, reason): (&str, State, &str)| {
        let advanced = process_slots(&state, 1).expect("slot 1 is after genesis");
        let block = Block {
            slot: 1,
            proposer_index: 1,
            parent_root: Root::of(&advanced.latest_block_header),
            ..Block::default()
        };
        let vector = json!({
            "pre": made::state(&state), "blocks": [made::block(&block)], "rejectionReason": reason,
        });
        (name.to_owned(), vector)
    };
    cases.into_iter().map(vector).collect()
}

/// #1178: slots before the finalized one.
fn justifiability() -> Map<String, Value> {
    let cases = [(5, 5, true), (4, 5, false), (0, 1, false), (0, u64::MAX, false), (11, 5, true)];
    let vector = |(slot, finalized, is_justifiable): (u64, u64, bool)| {
        let output = json!({"isJustifiable": is_justifiable});
        let vector = json!({"slot": slot, "finalizedSlot": finalized, "output": output});
        (format!("slot_{slot}_after_{finalized}"), vector)
    };
    cases.into_iter().map(vector).collect()
}

/// Field elements at and above the field's order.
fn field_elements() -> Map<String, Value> {
    let mut vectors = Map::new();
    for (name, order) in [("order", 0x7f00_0001_u32), ("largest", u32::MAX)] {
        let element = order.to_le_bytes();
        let key = [&[0; 32][..], &element, &[0; 16]].concat();
        let opening = [&[4, 0, 0, 0][..], &[0; 28], &element].concat();
        for (kind, bytes) in
            [("Fp", element.to_vec()), ("PublicKey", key), ("HashTreeOpening", opening)]
        {
            let raw = format!("0x{}", hex::encode(bytes));
            let vector = json!({
                "typeName": kind, "rawBytes": raw, "serialized": raw, "root": "",
                "rejectionReason": "DECODE_ERROR",
            });
            vectors.insert(format!("{kind}_{name}"), vector);
        }
    }
    vectors
}

/// Returns all vectors made here, by file.
fn all() -> BTreeMap<&'static str, Map<String, Value>> {
    let fork_choice = |cases: &[(&str, Value)]| {
        cases.iter().map(|(name, vector)| ((*name).to_owned(), vector.clone())).collect()
    };
    BTreeMap::from([
        ("fork_choice/block_slot/block_slots.json", fork_choice(&[("block_slots", block_slots())])),
        (
            "fork_choice/finality/heads_and_finality.json",
            fork_choice(&[("heads_and_finality", heads_and_finality())]),
        ),
        (
            "fork_choice/latest_vote/equivocation.json",
            fork_choice(&[
                ("smaller_root_first", equivocation(false)),
                ("larger_root_first", equivocation(true)),
            ]),
        ),
        ("justifiability/before_finalized/slots.json", justifiability()),
        ("ssz/field_elements/order.json", field_elements()),
        ("state_transition/tallies/unreadable.json", tallies()),
    ])
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("made-here")
}

#[test]
fn the_files_made_here_are_their_scenarios() {
    let is_written = env::var_os("LEAN_VECTORS_MADE_HERE").is_some_and(|value| value == "write");
    for (path, vectors) in all() {
        let path = folder().join(path);
        if is_written {
            fs::create_dir_all(path.parent().expect("it is in a folder")).expect("can be made");
            let text = serde_json::to_string_pretty(&vectors).expect("it is JSON");
            fs::write(&path, text + "\n").expect("the file can be written");
        }
        let text = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let file: Map<String, Value> = serde_json::from_slice(&text).expect("it is JSON");
        assert_eq!(file, vectors, "{}", path.display());
    }
}

#[test]
fn the_vectors_made_here_pass() {
    let runtime: Arc<dyn Runtime> = Arc::new(ThreadRuntime::new());
    let results = crate::run(&folder(), &runtime);
    assert!(results.all_hold(), "{results}");
    let passed: usize = results.formats.iter().map(|row| row.passed).sum();
    assert_eq!(passed, results.seen(), "none is skipped or superseded: {results}");
    assert_eq!(passed, all().values().map(Map::len).sum::<usize>());
}

fn superseded_by(verdict: &Verdict) -> Vec<(Rule, &str)> {
    let Outcome::Superseded(expectations) = &verdict.outcome else {
        panic!("{:?}", verdict.outcome)
    };
    expectations
        .iter()
        .map(|superseded| (superseded.rule, superseded.difference.what.as_str()))
        .collect()
}

#[test]
fn an_early_block_of_the_older_revision_is_superseded_and_the_rest_is_compared() {
    let mut scenario = Scenario::new(4);
    let genesis = scenario.genesis();
    let early = scenario.build(genesis, 4, &[]);
    let checks = json!({"headRootLabel": "early"});
    scenario.deliver("early", &early, false, None, Some(Slot::MAX), checks);
    scenario.tick(20, json!({"headSlot": 4}));
    let vector = scenario.vector();
    let expected = [(Rule::BlockSlot, "rejection"), (Rule::BlockSlot, "valid")];
    assert_eq!(superseded_by(&run("fork_choice", &vector)), expected);

    for step in 0..2 {
        let mut changed = vector.clone();
        changed["steps"][step]["storeSnapshot"]["headRoot"] = json!(Root::ZERO);
        assert_eq!(wrong(&run("fork_choice", &changed)), ["headRoot"], "in step {step}");
    }
}

#[test]
fn a_vote_excluded_by_finality_is_superseded_in_the_older_revision() {
    let mut scenario = Scenario::new(8);
    let genesis = scenario.genesis();
    let (_, orphan) = finalized(&mut scenario);
    let data = vote(4, genesis, orphan);
    scenario.gossip(data, &[6], Some(Rejection::HeadNotDescendantOfFinalized), NO_CHECKS);
    let mut vector = scenario.vector();
    let step = vector["steps"].as_array_mut().expect("steps").last_mut().expect("a step");
    step["valid"] = true.into();
    step.as_object_mut().expect("a step").remove("rejectionReason");
    step["storeSnapshot"]["newAggregatedPayloads"] =
        json!([{"dataRoot": Root::of(&data), "participantSets": [[6]]}]);
    let rule = Rule::HeadDescendsFromFinalized;
    let expected = [(rule, "rejection"), (rule, "valid")];
    assert_eq!(superseded_by(&run("fork_choice", &vector)), expected);

    let last = vector["steps"].as_array().expect("steps").len() - 1;
    vector["steps"][last]["storeSnapshot"]["newAggregatedPayloads"] = json!([]);
    assert!(wrong(&run("fork_choice", &vector)).contains(&"newAggregatedPayloads"));
}

#[test]
fn the_head_by_the_first_vote_is_superseded_and_no_other_head_is() {
    let vector = equivocation(false);
    let last = vector["steps"].as_array().expect("steps").len() - 1;
    let snapshot = &vector["steps"][last]["storeSnapshot"];
    let head = snapshot["headRoot"].clone();
    let weights = snapshot["blockWeights"].as_array().expect("weights");
    // The smaller root came first. Before #1181, its fork had the weights of the other one.
    let moved: Vec<_> = weights
        .iter()
        .map(|entry| {
            let weight = match entry["weight"].as_u64().expect("a weight") {
                1 => 2,
                2 => 1,
                other => other,
            };
            json!({"root": entry["root"], "weight": weight})
        })
        .collect();
    let loser = weights
        .iter()
        .find(|entry| entry["weight"] == 1)
        .map(|entry| entry["root"].clone())
        .expect("a fork with one vote");
    let mut older = vector.clone();
    older["steps"][last]["storeSnapshot"]["headRoot"] = loser.clone();
    older["steps"][last]["storeSnapshot"]["blockWeights"] = moved.into();
    older["steps"][last]["checks"] = json!({"headRoot": loser});
    let rule = Rule::LatestVoteByRoot;
    let expected = [(rule, "headRoot"), (rule, "blockWeights"), (rule, "headRoot")];
    assert_eq!(superseded_by(&run("fork_choice", &older)), expected);

    // The same expectation after the other order of arrival is wrong by both rules.
    let mut never = equivocation(true);
    assert_eq!(never["steps"][last]["storeSnapshot"]["headRoot"], head);
    never["steps"][last]["storeSnapshot"]["headRoot"] = loser;
    assert_eq!(wrong(&run("fork_choice", &never)), ["headRoot"]);
}
