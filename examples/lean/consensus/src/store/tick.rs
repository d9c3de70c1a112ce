//! The handlers of time: one action for each interval of a slot.

use std::collections::BTreeMap;

use crate::attestation::SignedAggregatedAttestation;
use crate::proof::ProofScheme;
use crate::root::Root;
use crate::slot::Interval;
use crate::store::Store;
use crate::store::aggregation::{AggregationPlan, AggregationRound};
use crate::store::time::Action;

impl Store {
    /// Advances the store's time to `target`, in intervals since genesis, with the action of each
    /// interval on the way (`on_tick`). Returns the aggregates made on the way, for the node to
    /// publish.
    ///
    /// `has_proposal` states that this node has a block to propose, or to import, in the slot at
    /// `target`. A target in the past changes nothing.
    pub fn on_tick(
        &mut self,
        target: Interval,
        has_proposal: bool,
        is_aggregator: bool,
        proofs: &dyn ProofScheme,
    ) -> Vec<SignedAggregatedAttestation> {
        let mut aggregates = Vec::new();
        while self.time() < target {
            let is_last = self.time() + 1 == target;
            aggregates.extend(self.tick_interval(has_proposal && is_last, is_aggregator, proofs));
        }
        aggregates
    }

    /// Advances the store's time by one interval, with its action (`tick_interval`). Returns the
    /// aggregates made, for the node to publish.
    ///
    /// | interval | action |
    /// |---|---|
    /// | 0 | count the new votes, if there is a proposal |
    /// | 1 | none |
    /// | 2 | aggregate, if this node is an aggregator |
    /// | 3 | update the safe target |
    /// | 4 | count the new votes |
    pub fn tick_interval(
        &mut self,
        has_proposal: bool,
        is_aggregator: bool,
        proofs: &dyn ProofScheme,
    ) -> Vec<SignedAggregatedAttestation> {
        match self.time.advance() {
            Action::Propose if has_proposal => self.accept_new_attestations(),
            Action::Aggregate if is_aggregator => return self.aggregate(proofs),
            Action::UpdateSafeTarget => self.update_safe_target(),
            Action::Accept => self.accept_new_attestations(),
            Action::Propose | Action::Aggregate | Action::Nothing => {}
        }
        Vec::new()
    }

    /// Moves the store's time to `time` without the actions on the way, because they are too late.
    /// A time in the past changes nothing.
    pub fn skip_to(&mut self, time: Interval) {
        self.time.skip_to(time);
    }

    /// Counts the new proofs, and selects the head (`accept_new_attestations`).
    pub fn accept_new_attestations(&mut self) {
        self.pools.accept_new(&self.tree);
        self.update_head();
    }

    /// Selects the head from the counted votes, and the finalized checkpoint from the head's state
    /// (`update_head`).
    pub fn update_head(&mut self) {
        self.fork_choice.update_head(&self.tree, &mut self.states, self.pools.known.latest());
    }

    /// Selects the deepest block with uncounted votes of two thirds of the validators
    /// (`update_safe_target`).
    pub fn update_safe_target(&mut self) {
        let validator_count = self.head_state().validators.len();
        self.fork_choice.update_safe_target(&self.tree, validator_count, self.pools.new.latest());
    }

    /// Aggregates the votes received (`aggregate`). Returns the aggregates, for the node to
    /// publish.
    ///
    /// Leaves out a vote refused by the proof scheme. Its signatures stay for the next round.
    pub fn aggregate(&mut self, proofs: &dyn ProofScheme) -> Vec<SignedAggregatedAttestation> {
        let round = self.plan_aggregation().prove(proofs);
        self.finish_aggregation(round)
    }

    /// Begins a round: chooses the votes to aggregate. Those have a signature or an uncounted
    /// proof, and something to fold.
    ///
    /// Chooses proofs to cover many voters, uncounted ones before counted ones. Signatures add the
    /// voters without a proof.
    pub fn plan_aggregation(&self) -> AggregationPlan {
        AggregationPlan::new(&self.pools, &self.head_state().validators, self.latest_finalized())
    }

    /// Ends a round: its aggregates replace all proofs uncounted at its beginning, and the
    /// signatures of their voters are dropped. Returns the useful aggregates, for the node to
    /// publish.
    ///
    /// Without any change between plan and end, this is the specification's `aggregate`. If the
    /// round is proved away from the store, the store can change meanwhile:
    ///
    /// * Proofs newer than the plan stay. Signatures newer than the plan stay
    ///   for the next round.
    /// * If votes were accepted, the round's proofs wait for the next acceptance.
    /// * If finality has advanced past a vote, its aggregate is dropped.
    pub fn finish_aggregation(
        &mut self,
        round: AggregationRound,
    ) -> Vec<SignedAggregatedAttestation> {
        round.finish(&mut self.pools, &self.fork_choice, &self.tree)
    }

    /// Returns the weight of each block: the latest votes for it and its descendants
    /// (`compute_block_weights`).
    ///
    /// Leaves out blocks without votes, and blocks up to the finalized slot.
    pub fn block_weights(&self) -> BTreeMap<Root, u64> {
        self.fork_choice.block_weights(&self.tree, self.pools.known.latest())
    }
}
