//! What a validator votes for.

use crate::checkpoint::{AttestationData, Checkpoint};
use crate::constants::JUSTIFICATION_LOOKBACK_SLOTS;
use crate::rejection::Rejection;
use crate::slot::{Slot, is_justifiable_after};
use crate::store::Store;

impl Store {
    /// Finds the checkpoint that a vote should try to justify (`get_attestation_target`).
    ///
    /// From the head back towards the safe target, at most 3 blocks, and from there to a slot that can be justified;
    /// never past the finalized slot.
    pub fn attestation_target(&self) -> Checkpoint {
        let finalized = self.view.latest_finalized.slot;
        let lower_bound = self.safe_target_slot().max(finalized);
        let mut steps_left = JUSTIFICATION_LOOKBACK_SLOTS;
        let mut target = (self.view.head, self.head_slot());
        for (root, block) in self.tree.chain(self.view.head) {
            target = (root, block.slot);
            if steps_left > 0 && block.slot > lower_bound {
                steps_left -= 1;
                continue;
            }
            // Once the walk towards the safe target is over it is not taken up again.
            steps_left = 0;
            if block.slot <= finalized || is_justifiable_after(block.slot, finalized) {
                break;
            }
        }
        let (root, slot) = target;
        Checkpoint { root, slot }
    }

    /// Puts together the vote of `slot`: the head, the target, and the head's own justified checkpoint as the source
    /// (`produce_attestation_data`).
    ///
    /// A validator should call [`update_head`](Self::update_head) first, so as to vote for a block of its own too.
    ///
    /// # Errors
    ///
    /// [`Rejection::SourceAfterTarget`] when the safe target lags so far behind that the target would be before the
    /// source; the validator then has nothing to vote for.
    pub fn produce_attestation_data(&self, slot: Slot) -> Result<AttestationData, Rejection> {
        let head = Checkpoint { root: self.view.head, slot: self.head_slot() };
        let target = self.attestation_target();
        // Not the store's: a fork that the head never extended may have advanced that.
        let mut source = self.head_state().latest_justified;
        if source.root.is_zero() {
            // The genesis state cannot name its own block.
            source.root = self.view.head;
        }
        if source.slot > target.slot {
            return Err(Rejection::SourceAfterTarget);
        }
        Ok(AttestationData { slot, head, target, source })
    }
}
