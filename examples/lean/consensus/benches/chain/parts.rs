//! The measured parts of the chain's work.

use consensus::{
    BlockCandidate, BlockCheck, ForkChoiceViewer, MockProofs, Root, SignedAttestation, Slot, Store,
    ValidatorIndex, interval_from_slot, process_slots,
};
use xmss::{Scheme, SecretKey, Signature};

use crate::grown::Grown;
use crate::timing::{Times, time};

/// A measurement: a time, or a number of bytes.
pub(crate) struct Part {
    pub(crate) name: &'static str,
    pub(crate) time: Option<Times>,
    bytes: usize,
}

impl Part {
    pub(crate) fn size(&self) -> String {
        format!("{:.1} MB", self.bytes as f64 / 1e6)
    }
}

/// Accepts every proof, to measure the cost of the rules without the cost of mock proofs.
const PROOFS: MockProofs = MockProofs::Marked;

/// Returns the measurements of all parts on one chain.
pub(crate) fn parts(grown: &Grown) -> Vec<Part> {
    let timed = |name, times| Part { name, time: Some(times), bytes: 0 };
    let mut parts = vec![
        timed("import a block with eight votes", import(grown)),
        timed("… its check against the store", check(grown)),
        timed("… its transition", transition(grown)),
        timed("… the owner's part of taking it in", take_in(grown)),
        timed("`hash_tree_root(state)`", time(|| (), |()| Root::of(&**grown.store.head_state()))),
        timed(
            "`process_slots`, one slot",
            time(|| (), |()| process_slots(grown.store.head_state(), next_slot(grown))),
        ),
    ];
    parts.extend(fork_choice(grown));
    parts.extend(votes(grown));
    parts.push(timed("build a block on the votes of all", propose(grown)));
    parts.push(timed("clone the store", time(|| (), |()| grown.store.clone())));
    parts.push(Part { name: "memory of the store", time: None, bytes: grown.bytes });
    parts
}

fn next_slot(grown: &Grown) -> Slot {
    grown.next.block.slot
}

fn import(grown: &Grown) -> Times {
    time(
        || grown.store.clone(),
        |store| store.on_block(&grown.next, &PROOFS).expect("the block is valid"),
    )
}

fn candidate(grown: &Grown) -> BlockCandidate {
    match grown.store.check_block(&grown.next).expect("the block is valid") {
        BlockCheck::New(candidate) => candidate,
        BlockCheck::Known(root) => panic!("{root} is not imported yet"),
    }
}

fn check(grown: &Grown) -> Times {
    time(|| (), |()| candidate(grown))
}

fn transition(grown: &Grown) -> Times {
    time(|| Some(candidate(grown)), |candidate| candidate.take().map(BlockCandidate::trust_proof))
}

fn take_in(grown: &Grown) -> Times {
    let verified = candidate(grown).trust_proof().expect("the block is valid");
    time(
        || (grown.store.clone(), Some(verified.clone())),
        |(store, verified)| verified.take().map(|verified| store.import_block(verified)),
    )
}

fn fork_choice(grown: &Grown) -> [Part; 7] {
    let waiting = grown.with_votes();
    let mut counted = waiting.clone();
    counted.accept_new_attestations();
    let timed = |name, times| Part { name, time: Some(times), bytes: 0 };
    [
        timed("head, votes of all counted", time(|| counted.clone(), Store::update_head)),
        timed(
            "count the votes of all, and head",
            time(|| waiting.clone(), Store::accept_new_attestations),
        ),
        timed(
            "safe target on the votes of all",
            time(|| waiting.clone(), Store::update_safe_target),
        ),
        timed("`block_weights`", time(|| (), |()| counted.block_weights())),
        timed(
            "a view of fork choice for the API, the first",
            time(ForkChoiceViewer::default, |viewer| viewer.view(&counted)),
        ),
        timed(
            "… after fork choice has moved",
            time(|| seen(&counted, true), |viewer| viewer.view(&counted)),
        ),
        timed("… when it has not", time(|| seen(&counted, false), |viewer| viewer.view(&counted))),
    ]
}

/// Returns a viewer with a view of the store. If `has_moved`, fork choice has moved since then.
fn seen(store: &Store, has_moved: bool) -> ForkChoiceViewer {
    let mut viewer = ForkChoiceViewer::default();
    viewer.view(store);
    if has_moved {
        viewer.moved();
    }
    viewer
}

fn votes(grown: &Grown) -> [Part; 4] {
    let signature = signature();
    let vote = |validator_index: ValidatorIndex| SignedAttestation {
        validator_index,
        data: grown.vote,
        signature: signature.clone(),
    };
    let mut ready = grown.store.clone();
    ready.on_tick(interval_from_slot(next_slot(grown)) + 1, false, false, &PROOFS);
    let signed: Vec<_> = (0..grown.validators).map(vote).collect();
    let mut full = ready.clone();
    for vote in &signed {
        full.insert_attestation(vote);
    }
    let timed = |name, times| Part { name, time: Some(times), bytes: 0 };
    [
        timed(
            "check one vote, without its signature",
            time(|| (), |()| ready.check_attestation(&signed[0])),
        ),
        timed(
            "insert the votes of all, one by one",
            time(
                || ready.clone(),
                |store| signed.iter().filter(|vote| store.insert_attestation(vote)).count(),
            ),
        ),
        timed(
            "take in an aggregate of a sixteenth",
            time(
                || (ready.clone(), grown.aggregates[0].clone()),
                |(store, vote)| store.on_gossip_aggregated_attestation(vote.clone(), &PROOFS),
            ),
        ),
        timed(
            "plan the aggregation of the votes of all",
            time(|| (), |()| full.plan_aggregation()),
        ),
    ]
}

fn signature() -> Signature {
    let mut key = SecretKey::generate(Scheme::TEST, [1; 32], 0, 1).expect("the range fits");
    key.sign(0, &[0; 32]).expect("the slot is not used yet")
}

fn propose(grown: &Grown) -> Times {
    let slot = next_slot(grown);
    let proposer = slot % grown.validators;
    time(
        || grown.with_votes(),
        |store| store.produce_block(slot, proposer, &PROOFS).expect("it is its turn"),
    )
}
