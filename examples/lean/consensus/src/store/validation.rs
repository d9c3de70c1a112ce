//! The laws of time and topology that every gossiped vote must respect.

use crate::checkpoint::{AttestationData, Checkpoint};
use crate::constants::{GOSSIP_DISPARITY_INTERVALS, INTERVALS_PER_SLOT};
use crate::rejection::Rejection;
use crate::slot::Slot;
use crate::store::Store;

impl Store {
    /// Checks that a vote names known blocks of one chain, in order, and a slot that has begun
    /// (`validate_attestation`).
    ///
    /// A slot may be up to one interval ahead of the store's time, for clocks that differ.
    ///
    /// # Errors
    ///
    /// The first [`Rejection`] in the specification's order: unknown blocks, order, slots, ancestry, time.
    pub fn validate_attestation(&self, data: &AttestationData) -> Result<(), Rejection> {
        let AttestationData { slot, head, target, source } = *data;
        let source_slot = self.slot_of(source).ok_or(Rejection::UnknownSourceBlock)?;
        let target_slot = self.slot_of(target).ok_or(Rejection::UnknownTargetBlock)?;
        let head_slot = self.slot_of(head).ok_or(Rejection::UnknownHeadBlock)?;

        // In the specification's order: the first that holds is the reason.
        let laws = [
            (source.slot > target.slot, Rejection::SourceAfterTarget),
            (head.slot < target.slot, Rejection::HeadOlderThanTarget),
            (source_slot != source.slot, Rejection::SourceSlotMismatch),
            (target_slot != target.slot, Rejection::TargetSlotMismatch),
            (head_slot != head.slot, Rejection::HeadSlotMismatch),
        ];
        if let Some((_, reason)) = laws.into_iter().find(|(broken, _)| *broken) {
            return Err(reason);
        }
        if !self.tree.is_ancestor(source, target) {
            return Err(Rejection::SourceNotAncestorOfTarget);
        }
        if !self.tree.is_ancestor(target, head) {
            return Err(Rejection::TargetNotAncestorOfHead);
        }
        if slot < head.slot {
            return Err(Rejection::AttestationSlotBeforeHead);
        }
        // Compared in slots, because a slot near 2^64 does not fit in intervals.
        if slot > (self.view.time + GOSSIP_DISPARITY_INTERVALS) / INTERVALS_PER_SLOT {
            return Err(Rejection::AttestationTooFarInFuture);
        }
        Ok(())
    }

    fn slot_of(&self, checkpoint: Checkpoint) -> Option<Slot> {
        self.tree.block(&checkpoint.root).map(|block| block.slot)
    }
}
