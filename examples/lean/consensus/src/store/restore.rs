//! Starting again: blocks and votes of an earlier run, kept on disk.

use crate::attestation::{AggregatedAttestation, aggregation_bits};
use crate::rejection::Rejection;
use crate::root::Root;
use crate::rooted_block::RootedBlock;
use crate::slot::Slot;
use crate::store::Store;
use crate::store::candidate::BlockCheck;
use crate::store::import::{BlockImport, unchanged};
use crate::voters::Voters;

impl Store {
    /// Returns the votes to be counted at the next acceptance, each with its voters, for a store on
    /// disk.
    pub fn uncounted_votes(&self) -> Vec<AggregatedAttestation> {
        let votes = self.pools.new.latest().iter();
        votes
            .filter_map(|(data, voters)| {
                let aggregation_bits = aggregation_bits(voters.iter())?;
                Some(AggregatedAttestation { aggregation_bits, data: *data })
            })
            .collect()
    }

    /// Imports a block of an earlier run. Its proof was verified before it was stored, so only the
    /// state transition is repeated. Its slot may be later than the store's time.
    ///
    /// # Errors
    ///
    /// [`Rejection::UnknownParentBlock`] if its parent is not restored yet, or the first
    /// [`Rejection`] of [`state_transition`](crate::state_transition).
    pub fn restore_block(
        &mut self,
        block: impl Into<RootedBlock>,
    ) -> Result<BlockImport, Rejection> {
        match self.check_block_before(block, Slot::MAX)? {
            BlockCheck::Known(root) => Ok(unchanged(root)),
            BlockCheck::New(candidate) => Ok(self.import_block(candidate.trust_proof()?)),
        }
    }

    /// Counts votes of an earlier run, and selects the head. The votes have no proofs, so no
    /// proposal has them. Skips votes for unknown blocks, and voters outside of the registry.
    /// Returns the number of counted votes.
    pub fn restore_votes(&mut self, votes: &[AggregatedAttestation]) -> usize {
        let validators = self.head_state().validators.len();
        let mut counted = 0;
        for AggregatedAttestation { aggregation_bits, data } in votes {
            let voters = Voters::of(aggregation_bits);
            // Only the head counts. The source may be below the anchor, and so not in the tree.
            let is_known = self.tree.slot_of(&data.head.root) == Some(data.head.slot);
            if is_known && voters.are_below(validators) {
                self.pools.known.restore(&self.tree, (data.slot, Root::of(data)), data, &voters);
                counted += 1;
            }
        }
        self.update_head();
        counted
    }
}
