//! Parsing of the answers from a checkpoint's source.

use crate::ssz::decoded;
use consensus::{Root, SignedBlock, State, Store, process_slots};
use keys::SchemeName;
use keys::genesis_file::{GenesisFile, GenesisValidator};
use lean_node::checkpoint_sync::{Anchor, Mismatch, verify_anchor};

/// A slot beyond that of any real chain.
const NOW: u64 = 1 << 40;

/// Checks the two answers: a block and a state. The first four bytes are the length of the block,
/// in little-endian order.
///
/// Random blocks and states almost never match. The function therefore also makes them match and
/// starts a chain from them, because a source can send any matching pair.
pub fn checkpoint(bytes: &[u8]) {
    let Some((length, answers)) = bytes.split_first_chunk() else { return };
    let length = usize::try_from(u32::from_le_bytes(*length)).unwrap_or(usize::MAX);
    let Some((block, state)) = answers.split_at_checked(length) else { return };
    let (Some(SignedBlock { block, .. }), Some(state)) = (decoded(block), decoded::<State>(state))
    else {
        return;
    };
    let genesis = genesis_of(&state);
    let mut anchor = Anchor { state, block };
    let verdict = verify_anchor(&anchor, &genesis, NOW);
    if anchor.state.validators.is_empty() {
        assert_eq!(verdict, Err(Mismatch::NoValidators));
        return;
    }
    anchor.state.latest_block_header.slot = anchor.block.slot;
    anchor.state.latest_block_header.proposer_index = anchor.block.proposer_index;
    anchor.state.latest_block_header.parent_root = anchor.block.parent_root;
    anchor.state.latest_block_header.body_root = Root::of(&anchor.block.body);
    anchor.state.latest_block_header.state_root = Root::ZERO;
    anchor.block.state_root = Root::of(&anchor.state);
    match verify_anchor(&anchor, &genesis, NOW) {
        Ok(()) => begin(anchor),
        // The repairs above change no slot, no key and no tally.
        Err(Mismatch::Future { .. } | Mismatch::EqualKeys(_) | Mismatch::Tallies(_)) => {}
        Err(mismatch) => panic!("{mismatch}"),
    }
}

/// Starts a chain at the anchor, and advances its state by one slot.
fn begin(anchor: Anchor) {
    let root = Root::of(&anchor.block);
    let store = Store::new(anchor.state.clone(), anchor.block, None).expect("it was verified");
    assert_eq!(store.tree().chain(root).count(), 1);
    if let Some(next) = anchor.state.slot.checked_add(1) {
        let advanced = process_slots(&anchor.state, next).expect("the slot is in the future");
        assert_eq!(advanced.slot, next);
    }
}

/// Creates the genesis file of the state's chain.
fn genesis_of(state: &State) -> GenesisFile {
    GenesisFile {
        genesis_time: state.config.genesis_time,
        interval_ms: 800,
        scheme: SchemeName::Test,
        fork_digest: "12345678".to_owned(),
        validators: state
            .validators
            .iter()
            .map(|validator| GenesisValidator {
                attestation_public_key: validator.attestation_public_key,
                proposal_public_key: validator.proposal_public_key,
            })
            .collect(),
    }
}
