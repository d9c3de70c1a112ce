//! States, blocks and votes in the form of vectors, and the run of a single vector.

use std::fs;
use std::sync::Arc;

use actor_lanes::runtime::ThreadRuntime;
use actor_lanes::{Runtime, ThreadConfig};
use consensus::{AttestationData, Block, Checkpoint, State, Validators, genesis};
use serde_json::{Value, json};
use vectors::{Outcome, Verdict, examine, load};
use xmss::PublicKey;

pub(crate) fn run(format: &str, vector: &Value) -> Verdict {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join(format);
    fs::create_dir(&path).expect("a folder can be made");
    fs::write(path.join("a.json"), json!({ "case": vector }).to_string())
        .expect("a file can be written");
    let mut loaded = load(folder.path(), None).expect("the folder is readable");
    let runtime: Arc<dyn Runtime> = Arc::new(ThreadRuntime::new());
    let executor =
        runtime.start_executor(ThreadConfig::named("vectors")).expect("an executor starts");
    let verdict = examine(Arc::new(loaded.cases.remove(0)), &executor, &runtime);
    executor.stop();
    verdict
}

/// Returns the names of the compared values with a difference.
pub(crate) fn wrong(verdict: &Verdict) -> Vec<&str> {
    match &verdict.outcome {
        Outcome::Passed => Vec::new(),
        Outcome::Failed(differences) => {
            differences.iter().map(|difference| difference.what.as_str()).collect()
        }
        Outcome::Superseded(expectations) => panic!("superseded: {expectations:?}"),
        Outcome::Skipped(reason) => panic!("it was skipped: {reason}"),
    }
}

pub(crate) fn anchor() -> (State, Block) {
    let keys = (1..=3).map(|tag| (PublicKey::new([tag; 52]), PublicKey::new([tag + 100; 52])));
    genesis(0, Validators::new(keys).expect("few validators"))
}

pub(crate) fn checkpoint(checkpoint: Checkpoint) -> Value {
    json!({"root": checkpoint.root, "slot": checkpoint.slot})
}

pub(crate) fn data(data: &AttestationData) -> Value {
    let AttestationData { slot, head, target, source } = *data;
    json!({"slot": slot, "head": checkpoint(head), "target": checkpoint(target), "source": checkpoint(source)})
}

pub(crate) fn state(state: &State) -> Value {
    let header = &state.latest_block_header;
    let validators: Vec<_> = state
        .validators
        .iter()
        .map(|validator| {
            json!({
                "attestationPublicKey": validator.attestation_public_key,
                "proposalPublicKey": validator.proposal_public_key,
                "index": validator.index,
            })
        })
        .collect();
    let bits = &state.justifications_validators;
    let votes: Vec<bool> = (0..bits.len()).map(|place| bits.get(place) == Some(true)).collect();
    json!({
        "config": {"genesisTime": state.config.genesis_time},
        "slot": state.slot,
        "latestBlockHeader": {
            "slot": header.slot, "proposerIndex": header.proposer_index, "parentRoot": header.parent_root,
            "stateRoot": header.state_root, "bodyRoot": header.body_root,
        },
        "latestJustified": checkpoint(state.latest_justified),
        "latestFinalized": checkpoint(state.latest_finalized),
        "historicalBlockHashes": {"data": []}, "justifiedSlots": {"data": []},
        "validators": {"data": validators},
        "justificationsRoots": {"data": state.justifications_roots.to_vec()},
        "justificationsValidators": {"data": votes},
    })
}

pub(crate) fn block(block: &Block) -> Value {
    let votes: Vec<_> = block
        .body
        .attestations
        .iter()
        .map(|vote| {
            let bits: Vec<bool> = (0..vote.aggregation_bits.len())
                .map(|place| vote.aggregation_bits.get(place) == Some(true))
                .collect();
            json!({"aggregationBits": {"data": bits}, "data": data(&vote.data)})
        })
        .collect();
    json!({
        "slot": block.slot, "proposerIndex": block.proposer_index, "parentRoot": block.parent_root,
        "stateRoot": block.state_root, "body": {"attestations": {"data": votes}},
    })
}
