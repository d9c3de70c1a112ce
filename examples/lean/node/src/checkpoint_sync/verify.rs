//! What must hold of a block and a state before a node begins there.

use crate::checkpoint_sync::{Anchor, Mismatch};
use consensus::{BlockHeader, Root, Slot, State, VALIDATOR_REGISTRY_LIMIT};
use keys::genesis_file::GenesisFile;

/// Checks what must hold of any state that a chain can begin at (`verify_checkpoint_state`).
///
/// # Errors
///
/// [`Mismatch::NoValidators`] or [`Mismatch::TooManyValidators`].
pub fn verify_checkpoint_state(state: &State) -> Result<(), Mismatch> {
    match state.validators.len() {
        0 => Err(Mismatch::NoValidators),
        count if count > VALIDATOR_REGISTRY_LIMIT => Err(Mismatch::TooManyValidators(count)),
        _ => Ok(()),
    }
}

/// Checks that a state and a block belong to this network and to each other (`Anchor.from_checkpoint`), and have been.
///
/// The specification compares the time of genesis only, since later forks may change the registry. No rule of this one
/// does, so another registry is another network's, or made up by the source.
///
/// # Errors
///
/// The first [`Mismatch`] in their order.
pub fn verify_anchor(anchor: &Anchor, genesis: &GenesisFile, current_slot: Slot) -> Result<(), Mismatch> {
    let Anchor { state, block } = anchor;
    verify_checkpoint_state(state)?;
    let (checkpoint, local) = (state.config.genesis_time, genesis.genesis_time);
    if checkpoint != local {
        return Err(Mismatch::GenesisTime { checkpoint, local });
    }
    if state.validators != genesis.registry() {
        return Err(Mismatch::Validators);
    }
    if block.state_root != Root::of(state) {
        return Err(Mismatch::NotItsState);
    }
    // A state does not hold its own root, so its newest header has none until the next slot begins.
    let header = BlockHeader {
        slot: block.slot,
        proposer_index: block.proposer_index,
        parent_root: block.parent_root,
        state_root: Root::ZERO,
        body_root: Root::of(&block.body),
    };
    if state.latest_block_header != header {
        return Err(Mismatch::NotItsBlock);
    }
    if block.slot > current_slot {
        return Err(Mismatch::Future { slot: block.slot, current: current_slot });
    }
    Ok(())
}
