//! Proofs made by workers: of the votes aggregated by this node, and of the votes in an imported
//! block.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::base::Base;
use crate::verifier::{Job, JobId, RECOVERIES, Turn};
use consensus::{
    AggregationRound, Interval, RecoveredVotes, Root, SignedAggregatedAttestation, SignedBlock,
};

/// The proofs in flight.
#[derive(Debug, Default)]
pub(super) struct Proving {
    last_number: u64,
    /// The round of aggregation in flight: its number and its start.
    round: Option<(u64, Interval)>,
    /// The recoveries of blocks' votes in flight: their numbers and their starts.
    recoveries: BTreeMap<u64, Interval>,
}

impl Proving {
    /// Returns the jobs started before `oldest` and without a result.
    pub(super) fn overdue(&self, oldest: Interval) -> Vec<JobId> {
        let round = self
            .round
            .iter()
            .filter(|(_, since)| *since < oldest)
            .map(|(number, _)| JobId::Aggregation(*number));
        let recoveries = self.recoveries.iter().filter(|(_, since)| **since < oldest);
        round.chain(recoveries.map(|(number, _)| JobId::Recovery(*number))).collect()
    }

    /// Starts the slot's round of aggregation (`aggregate`). If the last round is still in flight,
    /// the new votes wait for the next one.
    pub(super) fn aggregate(&mut self, base: &mut Base) {
        if self.round.is_some() {
            base.counters.meters.rounds_still_busy += 1;
            base.counters.drop_for("AGGREGATION_STILL_UNDER_WAY");
            return;
        }
        let plan = base.store.plan_aggregation();
        if plan.tasks().is_empty() {
            // With nothing to prove, the round ends here. It only drops single proofs, which costs
            // nothing.
            base.store.finish_aggregation(plan.prove(&*base.proofs));
            return;
        }
        let number = self.next_number();
        self.round = Some((number, base.now()));
        base.effects.job(JobId::Aggregation(number), Job::Aggregation(Box::new(plan)), Turn::First);
    }

    /// Ends a round of aggregation, and publishes its aggregates.
    ///
    /// A late round is harmless. The votes inserted since its start are still in the store. If the
    /// store has counted votes since, the new aggregates wait for the next count.
    pub(super) fn aggregated(&mut self, number: u64, round: AggregationRound, base: &mut Base) {
        if self.round.take_if(|(in_flight, _)| *in_flight == number).is_none() {
            base.counters.drop_for("AGGREGATION_LATE");
            return;
        }
        let aggregates = base.store.finish_aggregation(round);
        publish(aggregates, base);
    }

    /// Starts the recovery of an imported block's votes. With too many recoveries in flight, the
    /// votes arrive by gossip alone.
    pub(super) fn recover(&mut self, root: Root, block: &Arc<SignedBlock>, base: &mut Base) {
        let Some(plan) = base.store.plan_recovery(root, block) else { return };
        if self.recoveries.len() >= RECOVERIES {
            base.counters.drop_for("RECOVERY_FULL");
            return;
        }
        let number = self.next_number();
        self.recoveries.insert(number, base.now());
        base.effects.job(JobId::Recovery(number), Job::Recovery(Box::new(plan)), Turn::First);
    }

    /// Inserts a block's recovered votes. An aggregator publishes them as well.
    pub(super) fn recovered(&mut self, number: u64, votes: RecoveredVotes, base: &mut Base) {
        if self.recoveries.remove(&number).is_none() {
            base.counters.drop_for("RECOVERY_LATE");
            return;
        }
        let inserted = base.store.finish_recovery(votes);
        if base.role.is_aggregator {
            publish(inserted, base);
        }
    }

    /// Abandons a proof and counts it. Its signatures remain for the next round.
    pub(super) fn not_proved(&mut self, id: JobId, base: &mut Base) {
        let was_in_flight = match id {
            JobId::Aggregation(number) => {
                self.round.take_if(|(in_flight, _)| *in_flight == number).is_some()
            }
            JobId::Recovery(number) => self.recoveries.remove(&number).is_some(),
            JobId::Vote(_) | JobId::Aggregate(_) | JobId::Block(_) => false,
        };
        if was_in_flight {
            base.counters.drop_for("NOT_PROVED");
        }
    }

    fn next_number(&mut self) -> u64 {
        self.last_number += 1;
        self.last_number
    }
}

fn publish(votes: Vec<SignedAggregatedAttestation>, base: &mut Base) {
    for vote in votes {
        base.effects.publish_aggregate(vote);
    }
}
