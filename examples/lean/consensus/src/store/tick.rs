//! What the passing of time brings, interval by interval.

use crate::attestation::SignedAggregatedAttestation;
use crate::constants::INTERVALS_PER_SLOT;
use crate::proof::ProofScheme;
use crate::slot::Interval;
use crate::store::Store;

/// What the store does at an interval within a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    Propose,
    Nothing,
    Aggregate,
    UpdateSafeTarget,
    Accept,
}

impl Action {
    fn at(time: Interval) -> Self {
        match time % INTERVALS_PER_SLOT {
            0 => Self::Propose,
            2 => Self::Aggregate,
            3 => Self::UpdateSafeTarget,
            4 => Self::Accept,
            _ => Self::Nothing,
        }
    }
}

impl Store {
    /// Advances the store's time to `target`, in intervals since genesis, doing what each interval on the way asks for
    /// (`on_tick`). Gives back the aggregates made on the way, which the node should publish.
    ///
    /// `has_proposal` says that this node has a block to propose, or to import, in the slot that begins at `target`. A
    /// target that is not in the future changes nothing.
    pub fn on_tick(
        &mut self,
        target: Interval,
        has_proposal: bool,
        is_aggregator: bool,
        proofs: &dyn ProofScheme,
    ) -> Vec<SignedAggregatedAttestation> {
        let mut aggregates = Vec::new();
        while self.view.time < target {
            let is_last = self.view.time + 1 == target;
            aggregates.extend(self.tick_interval(has_proposal && is_last, is_aggregator, proofs));
        }
        aggregates
    }

    /// Advances the store's time by one interval and does what that asks for (`tick_interval`).
    ///
    /// In a slot: 0 counts new votes if there is a proposal, 2 aggregates if this node does, 3 updates the safe target,
    /// 4 counts new votes.
    pub fn tick_interval(
        &mut self,
        has_proposal: bool,
        is_aggregator: bool,
        proofs: &dyn ProofScheme,
    ) -> Vec<SignedAggregatedAttestation> {
        self.advance_time();
        match Action::at(self.view.time) {
            Action::Propose if has_proposal => self.accept_new_attestations(),
            Action::Aggregate if is_aggregator => return self.aggregate(proofs),
            Action::UpdateSafeTarget => self.update_safe_target(),
            Action::Accept => self.accept_new_attestations(),
            Action::Propose | Action::Aggregate | Action::Nothing => {}
        }
        Vec::new()
    }

    /// Sets the store's time to `time` without doing what the intervals on the way ask for, for a node that is too late
    /// for them. A time that is not in the future changes nothing.
    pub fn skip_to(&mut self, time: Interval) {
        self.view.time = self.view.time.max(time);
    }

    fn advance_time(&mut self) {
        self.view.time += 1;
    }
}
