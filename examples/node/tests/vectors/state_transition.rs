//! Blocks applied to states.

use node::consensus::{Block, Rejection, Root, State, process_block, state_transition};
use serde_json::Value;

use crate::case::{Case, differs, run};
use crate::parse::{bits, block, list, root, roots, state, uint};

/// These two call block processing without slot processing, which a vector cannot say.
const WITHOUT_SLOTS: [&str; 2] =
    ["test_block_with_wrong_slot", "test_block_at_parent_slot_rejected_when_slot_processing_skipped"];

#[test]
fn state_transitions() {
    run("state_transition", check);
}

fn check(case: &Case) -> Vec<String> {
    let vector = &case.vector;
    let blocks: Vec<_> = list(&vector["blocks"]).iter().map(block).collect();
    let reason = vector.get("rejectionReason").and_then(Value::as_str);
    if blocks.is_empty() && reason.is_some() {
        // The generator failed to build the block, so there is no input that could be refused.
        return Vec::new();
    }
    let skips_slots = WITHOUT_SLOTS.iter().any(|name| case.name.contains(name));
    match (apply(state(&vector["pre"]), &blocks, skips_slots), reason) {
        (Err(rejection), Some(reason)) => {
            differs("rejection", rejection.to_string(), reason.to_owned()).into_iter().collect()
        }
        (Err(rejection), None) => vec![format!("expected a state, got {rejection}")],
        (Ok(_), Some(reason)) => vec![format!("expected {reason}, got a state")],
        (Ok(post), None) => {
            let mut wrong: Vec<_> = vector["post"]
                .as_object()
                .expect("a vector selects fields of the state")
                .iter()
                .filter_map(|(field, expected)| check_field(&post, field, expected))
                .collect();
            wrong.extend(differs("postStateRoot", Root::of(&post), root(&vector["postStateRoot"])));
            wrong
        }
    }
}

fn apply(pre: State, blocks: &[Block], skips_slots: bool) -> Result<State, Rejection> {
    blocks.iter().try_fold(pre, |state, block| {
        if skips_slots {
            let mut state = state;
            process_block(&mut state, block)?;
            Ok(state)
        } else {
            state_transition(&state, block)
        }
    })
}

fn check_field(post: &State, field: &str, expected: &Value) -> Option<String> {
    let header = &post.latest_block_header;
    let number = |got: u64| differs(field, got, uint(expected));
    let is_root = |got: Root| differs(field, got, root(expected));
    match field {
        "slot" => number(post.slot),
        "latestJustifiedSlot" => number(post.latest_justified.slot),
        "latestJustifiedRoot" => is_root(post.latest_justified.root),
        "latestFinalizedSlot" => number(post.latest_finalized.slot),
        "latestFinalizedRoot" => is_root(post.latest_finalized.root),
        "latestBlockHeaderSlot" => number(header.slot),
        "latestBlockHeaderProposerIndex" => number(header.proposer_index),
        "latestBlockHeaderParentRoot" => is_root(header.parent_root),
        "latestBlockHeaderStateRoot" => is_root(header.state_root),
        "latestBlockHeaderBodyRoot" => is_root(header.body_root),
        "configGenesisTime" => number(post.config.genesis_time),
        "validatorCount" => number(post.validators.len() as u64),
        "historicalBlockHashesCount" => number(post.historical_block_hashes.len() as u64),
        "historicalBlockHashes" => differs(field, &post.historical_block_hashes, &roots(expected)),
        "justifiedSlots" => differs(field, &post.justified_slots, &bits(expected)),
        "justificationsRootsCount" => number(post.justifications_roots.len() as u64),
        "justificationsRoots" => differs(field, &post.justifications_roots, &roots(expected)),
        "justificationsValidatorsCount" => number(post.justifications_validators.len() as u64),
        "justificationsValidators" => differs(field, &post.justifications_validators, &bits(expected)),
        // The blocks of a vector do not carry their labels; the state root covers what these say.
        "latestJustifiedRootLabel" | "latestFinalizedRootLabel" | "justificationsRootsLabels" => None,
        field => Some(format!("no such field here: {field}")),
    }
}
