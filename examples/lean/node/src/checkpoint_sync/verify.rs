//! The checks of a block and a state before a node begins at them.

use crate::checkpoint_sync::{Anchor, Mismatch};
use consensus::{BlockHeader, Root, Slot, State, VALIDATOR_REGISTRY_LIMIT};
use keys::genesis_file::GenesisFile;

/// Checks the conditions on any state at the beginning of a chain (`verify_checkpoint_state`).
///
/// # Errors
///
/// Returns [`Mismatch::NoValidators`], [`Mismatch::TooManyValidators`], [`Mismatch::EqualKeys`] or
/// [`Mismatch::Tallies`].
pub fn verify_checkpoint_state(state: &State) -> Result<(), Mismatch> {
    match state.validators.len() {
        0 => Err(Mismatch::NoValidators),
        count if count > VALIDATOR_REGISTRY_LIMIT => Err(Mismatch::TooManyValidators(count)),
        _ => {
            state.validators.check_keys_differ().map_err(Mismatch::EqualKeys)?;
            state.check_justification_votes().map_err(Mismatch::Tallies)
        }
    }
}

/// Checks that a state and a block belong to this network and to each other, and are not from the
/// future (`Anchor.from_checkpoint`).
///
/// The specification compares only the genesis time, because later forks may change the registry.
/// The rules of this fork never change it. A different registry therefore belongs to another
/// network or was invented by the source.
///
/// # Errors
///
/// Returns the first applicable [`Mismatch`] in declaration order.
pub fn verify_anchor(
    anchor: &Anchor,
    genesis: &GenesisFile,
    current_slot: Slot,
) -> Result<(), Mismatch> {
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
    // A state does not contain its own root, so its newest header has a zero root until the next
    // slot.
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
