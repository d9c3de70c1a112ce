//! A validator's vote: its head, target and source.

use crate::checkpoint::{AttestationData, Checkpoint};
use crate::constants::JUSTIFICATION_LOOKBACK_SLOTS;
use crate::slot::{Slot, is_justifiable_after};
use crate::state::State;
use crate::store::fork_choice::ForkChoice;
use crate::store::tree::BlockTree;

/// Returns the target of a vote: the checkpoint to justify (`get_attestation_target`).
///
/// Walks from the head back towards the safe target, at most 3 blocks, and from there to a
/// justifiable slot. Stops at the finalized slot.
pub(super) fn attestation_target(fork_choice: &ForkChoice, tree: &BlockTree) -> Checkpoint {
    let finalized = fork_choice.latest_finalized().slot;
    let safe_target_slot =
        tree.slot_of(&fork_choice.safe_target()).expect("the safe target is a block of the tree");
    let lower_bound = safe_target_slot.max(finalized);
    let mut steps_left = JUSTIFICATION_LOOKBACK_SLOTS;
    let mut target = head_checkpoint(fork_choice, tree);
    for (root, block) in tree.chain(fork_choice.head()) {
        target = Checkpoint { root, slot: block.slot };
        if steps_left > 0 && block.slot > lower_bound {
            steps_left -= 1;
            continue;
        }
        // The walk towards the safe target is over, and does not resume.
        steps_left = 0;
        if block.slot <= finalized || is_justifiable_after(block.slot, finalized) {
            break;
        }
    }
    target
}

/// Returns the vote of `slot`: the head, the target, and the head state's justified checkpoint as
/// the source (`produce_attestation_data`). The target is at least the source.
///
/// The walk to the target can end before the source: a block may justify a checkpoint after the
/// last update of the safe target. The specification then stops with an assertion. Here the vote's
/// target is the source, so the vote is valid and counts for its head.
pub(super) fn attestation_data(
    slot: Slot,
    fork_choice: &ForkChoice,
    tree: &BlockTree,
    head_state: &State,
) -> AttestationData {
    let head = head_checkpoint(fork_choice, tree);
    let target = attestation_target(fork_choice, tree);
    // Not the store's justified checkpoint: a fork without the head may have advanced that one.
    let mut source = head_state.latest_justified;
    if source.root.is_zero() {
        // The genesis state cannot name its own block.
        source.root = head.root;
    }
    AttestationData { slot, head, target: source.advance_to(target), source }
}

fn head_checkpoint(fork_choice: &ForkChoice, tree: &BlockTree) -> Checkpoint {
    let root = fork_choice.head();
    Checkpoint { root, slot: tree.slot_of(&root).expect("the head is a block of the tree") }
}
