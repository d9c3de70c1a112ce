//! The state transition: the state after a block, computed from the state before it.

use crate::block::{Block, BlockHeader};
use crate::block_roots::BlockRoots;
use crate::checkpoint::Checkpoint;
use crate::constants::HISTORICAL_ROOTS_LIMIT;
use crate::rejection::Rejection;
use crate::root::Root;
use crate::slot::{Slot, justified_index_after, proposer_for_slot};
use crate::state::State;
use crate::tally::process_attestations;

/// The end of a stage of a state transition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The state has advanced to the block's slot.
    Slots,
    /// The block's header is in the state.
    Header,
    /// The block's votes are counted.
    Attestations,
}

/// Returns the state after a block, given the state after its parent. Also checks the block's state
/// root against the result.
///
/// Does not check signatures.
///
/// # Errors
///
/// Returns the first [`Rejection`] in the specification's order: of the slot, the header, the
/// votes, the state root.
pub fn state_transition(parent: &State, block: &Block) -> Result<State, Rejection> {
    finish(process_slots(parent, block.slot)?, block, Root::of(&block.body), &mut |_| {})
}

/// Does the same as [`state_transition`], with the roots of the parent's state and of the block's
/// body known to the caller. This avoids computing them. Calls `ended` at the end of each stage.
pub(crate) fn state_transition_from(
    parent: &State,
    parent_state_root: Root,
    block: &Block,
    body_root: Root,
    ended: &mut dyn FnMut(Stage),
) -> Result<State, Rejection> {
    let state = advance(parent, block.slot, || parent_state_root)?;
    ended(Stage::Slots);
    finish(state, block, body_root, ended)
}

/// Does the same as [`state_transition`] for a block already accepted by it. The block's state root
/// is known to be correct, so the resulting state is not hashed.
pub(crate) fn replay(
    parent: &State,
    parent_state_root: Root,
    block: &Block,
) -> Result<State, Rejection> {
    let mut state = advance(parent, block.slot, || parent_state_root)?;
    process_block(&mut state, block)?;
    Ok(state)
}

/// Returns a state advanced through slots without a block, up to `target` (`process_slots`).
///
/// # Errors
///
/// Returns [`Rejection::BlockSlotNotInFuture`] unless `target` is after the state's slot.
pub fn process_slots(state: &State, target: Slot) -> Result<State, Rejection> {
    advance(state, target, || Root::of(state))
}

/// Applies a block to a state already advanced to the block's slot, without checking the block's
/// state root (`process_block`).
///
/// # Errors
///
/// Returns the first [`Rejection`] of the header or the votes. The state is then partly changed and
/// must be discarded.
pub fn process_block(state: &mut State, block: &Block) -> Result<(), Rejection> {
    apply(state, block, Root::of(&block.body), &mut |_| {})
}

fn apply(
    state: &mut State,
    block: &Block,
    body_root: Root,
    ended: &mut dyn FnMut(Stage),
) -> Result<(), Rejection> {
    process_block_header(state, block, body_root)?;
    ended(Stage::Header);
    process_attestations(state, &block.body.attestations)?;
    ended(Stage::Attestations);
    Ok(())
}

fn finish(
    mut state: State,
    block: &Block,
    body_root: Root,
    ended: &mut dyn FnMut(Stage),
) -> Result<State, Rejection> {
    apply(&mut state, block, body_root, ended)?;
    if block.state_root == Root::of(&state) { Ok(state) } else { Err(Rejection::StateRootMismatch) }
}

pub(crate) fn advance(
    state: &State,
    target: Slot,
    state_root: impl FnOnce() -> Root,
) -> Result<State, Rejection> {
    if state.slot >= target {
        return Err(Rejection::BlockSlotNotInFuture);
    }
    // Only the first slot after a block has a state root to fill in, so there is no need to advance
    // slot by slot.
    let mut header = state.latest_block_header;
    if header.state_root.is_zero() {
        header.state_root = state_root();
    }
    Ok(State { latest_block_header: header, slot: target, ..state.clone() })
}

fn process_block_header(
    state: &mut State,
    block: &Block,
    body_root: Root,
) -> Result<(), Rejection> {
    let parent = state.latest_block_header;
    let parent_root = Root::of(&parent);
    if block.slot != state.slot {
        return Err(Rejection::BlockSlotMismatch);
    }
    if block.slot <= parent.slot {
        return Err(Rejection::BlockOlderThanLatestHeader);
    }
    let proposer = proposer_for_slot(state.slot, state.validators.len())
        .ok_or(Rejection::EmptyValidatorRegistry)?;
    if block.proposer_index != proposer {
        return Err(Rejection::WrongProposer);
    }
    if block.parent_root != parent_root {
        return Err(Rejection::ParentRootMismatch);
    }

    // The anchor of a chain is justified and finalized by definition, but the genesis state cannot
    // include its own root.
    if parent.slot == 0 {
        let anchor = Checkpoint { root: parent_root, slot: 0 };
        state.latest_justified = anchor;
        state.latest_finalized = anchor;
    }
    extend_history(&mut state.historical_block_hashes, parent_root, block.slot - parent.slot - 1)?;
    extend_to_slot(state, block.slot - 1)?;
    state.latest_block_header = BlockHeader {
        slot: block.slot,
        proposer_index: block.proposer_index,
        parent_root: block.parent_root,
        state_root: Root::ZERO,
        body_root,
    };
    Ok(())
}

/// Appends the parent's root to a history, and a zero root for each skipped slot after it.
///
/// # Errors
///
/// Returns [`Rejection::HistoricalRootsLimitExceeded`] if the history would exceed the limit of a
/// state. The history is then unchanged.
pub(crate) fn extend_history(
    history: &mut BlockRoots,
    parent_root: Root,
    empty_slots: u64,
) -> Result<(), Rejection> {
    // Check the limit before allocating: the number of slots comes from a peer.
    let empty_slots = usize::try_from(empty_slots)
        .ok()
        .filter(|empty| empty.saturating_add(history.len() + 1) <= HISTORICAL_ROOTS_LIMIT)
        .ok_or(Rejection::HistoricalRootsLimitExceeded)?;
    for root in std::iter::once(parent_root).chain(std::iter::repeat_n(Root::ZERO, empty_slots)) {
        history.push(root).expect("the length was just checked against the limit");
    }
    Ok(())
}

/// Extends the bits of justified slots up to `slot` (`extend_to_slot`).
pub(crate) fn extend_to_slot(state: &mut State, slot: Slot) -> Result<(), Rejection> {
    let Some(index) = justified_index_after(slot, state.latest_finalized.slot) else {
        return Ok(());
    };
    let index = usize::try_from(index).ok().filter(|index| *index < HISTORICAL_ROOTS_LIMIT);
    let index = index.ok_or(Rejection::HistoricalRootsLimitExceeded)?;
    while state.justified_slots.len() <= index {
        state.justified_slots.push(false).expect("the length was just checked against the limit");
    }
    Ok(())
}
