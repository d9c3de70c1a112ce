//! Builds the states and blocks at the start of the generator's tests. Vectors only name them
//! (`build_anchor`).

use std::path::{Path, PathBuf};

use serde::Deserialize;

use consensus::{
    Block, BlockBody, Rejection, Root, Slot, State, Validators, genesis, process_block,
    process_slots, proposer_for_slot,
};
use keys::read_at_most;
use xmss::PublicKey;

/// The size limit of the file with the keys, in bytes. A registry of 4,096 validators has 1.2 MB.
const MOST_BYTES: u64 = 16 << 20;

/// The file with the public keys of the generator's validators, ordered by validator index.
const KEYS_FILE: &str = "test-public-keys.json";

/// The public keys of the generator's validators, each a pair of the attestation key and the
/// proposal key.
pub(super) type TestKeys = Vec<(PublicKey, PublicKey)>;

/// The generator's keys are missing or unreadable.
#[derive(Debug, thiserror::Error)]
#[error(
    "{KEYS_FILE} is not to be had ({0}): put the specification's beside the folder of vectors, into a folder spec there, \
     or into ../shared/spec"
)]
pub(super) struct NoTestKeys(String);

#[derive(Deserialize)]
struct KeysEntry {
    index: u64,
    attestation_public_key: PublicKey,
    proposal_public_key: PublicKey,
}

/// Reads the generator's keys from the folder of vectors, its two parent folders or `../shared`, or
/// from a folder `spec` in one of them.
pub(super) fn test_keys(folder: &Path) -> Result<TestKeys, NoTestKeys> {
    let near = folder.ancestors().take(3).map(Path::to_owned).chain([PathBuf::from("../shared")]);
    let path = near
        .flat_map(|near| [near.join(KEYS_FILE), near.join("spec").join(KEYS_FILE)])
        .find(|path| path.is_file())
        .ok_or_else(|| NoTestKeys(String::from("it was not found")))?;
    let unreadable = |error: String| NoTestKeys(format!("{}: {error}", path.display()));
    let text = read_at_most(&path, MOST_BYTES).map_err(|error| unreadable(error.to_string()))?;
    let entries: Vec<KeysEntry> =
        serde_json::from_slice(&text).map_err(|error| unreadable(error.to_string()))?;
    if entries.iter().zip(0..).any(|(entry, place)| entry.index != place) {
        return Err(unreadable(String::from("its keys are not in the order of their validators")));
    }
    Ok(entries
        .into_iter()
        .map(|entry| (entry.attestation_public_key, entry.proposal_public_key))
        .collect())
}

/// Builds the block at a slot and its post-state. The chain starts at genesis and has one empty
/// block per slot.
///
/// Returns `None` when there are fewer keys than `validators`.
pub(super) fn build_anchor(
    keys: &TestKeys,
    validators: usize,
    genesis_time: u64,
    slot: Slot,
) -> Option<Result<(State, Block), Rejection>> {
    let registry = Validators::new(keys.get(..validators)?.iter().copied())?;
    let genesis = genesis(genesis_time, registry);
    Some((1..=slot).try_fold(genesis, |(state, parent), slot| empty_block(&state, &parent, slot)))
}

fn empty_block(
    parent_state: &State,
    parent: &Block,
    slot: Slot,
) -> Result<(State, Block), Rejection> {
    let proposer = proposer_for_slot(slot, parent_state.validators.len());
    let mut state = process_slots(parent_state, slot)?;
    let mut block = Block {
        slot,
        proposer_index: proposer.ok_or(Rejection::EmptyValidatorRegistry)?,
        parent_root: Root::of(parent),
        state_root: Root::ZERO,
        body: BlockBody::default(),
    };
    process_block(&mut state, &block)?;
    block.state_root = Root::of(&state);
    Ok((state, block))
}
