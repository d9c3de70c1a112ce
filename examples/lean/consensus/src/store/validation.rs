//! The rules of time and ancestry for every gossiped vote.

use crate::checkpoint::AttestationData;
use crate::rejection::Rejection;
use crate::store::fork_choice::ForkChoice;
use crate::store::time::Time;
use crate::store::tree::BlockTree;

/// Checks that a vote names known blocks of one chain, in order, a head not excluded by finality,
/// and a slot already begun (`validate_attestation`).
///
/// # Errors
///
/// The first [`Rejection`] in the specification's order: unknown blocks, order, slots, ancestry,
/// finality, time.
pub(super) fn validate_attestation(
    data: &AttestationData,
    tree: &BlockTree,
    fork_choice: &ForkChoice,
    time: Time,
) -> Result<(), Rejection> {
    let AttestationData { slot, head, target, source } = *data;
    let source_slot = tree.slot_of(&source.root).ok_or(Rejection::UnknownSourceBlock)?;
    let target_slot = tree.slot_of(&target.root).ok_or(Rejection::UnknownTargetBlock)?;
    let head_slot = tree.slot_of(&head.root).ok_or(Rejection::UnknownHeadBlock)?;

    // In the specification's order: the first broken rule is the reason.
    let rules = [
        (source.slot > target.slot, Rejection::SourceAfterTarget),
        (head.slot < target.slot, Rejection::HeadOlderThanTarget),
        (source_slot != source.slot, Rejection::SourceSlotMismatch),
        (target_slot != target.slot, Rejection::TargetSlotMismatch),
        (head_slot != head.slot, Rejection::HeadSlotMismatch),
    ];
    if let Some((_, reason)) = rules.into_iter().find(|(broken, _)| *broken) {
        return Err(reason);
    }
    if !tree.is_ancestor(source, target) {
        return Err(Rejection::SourceNotAncestorOfTarget);
    }
    if !tree.is_ancestor(target, head) {
        return Err(Rejection::TargetNotAncestorOfHead);
    }
    // Fork choice descends from the finalized block only. Such a vote has no weight, and pruning
    // would drop it. So it must not come back by gossip.
    if !fork_choice.descends_from_finalized(data, tree) {
        return Err(Rejection::HeadNotDescendantOfFinalized);
    }
    if slot < head.slot {
        return Err(Rejection::AttestationSlotBeforeHead);
    }
    // Compared in slots, because a slot near 2^64 does not fit in intervals.
    if slot > time.newest_slot_for_votes() {
        return Err(Rejection::AttestationTooFarInFuture);
    }
    Ok(())
}
