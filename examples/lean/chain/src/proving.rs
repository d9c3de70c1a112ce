//! Proofs are made elsewhere: of the votes that this node aggregates, and of those in a block that was imported.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::effect::Effect;
use crate::state::ChainState;
use crate::verifier::{Job, JobId, RECOVERIES};
use consensus::{AggregationRound, Interval, RecoveredVotes, Root, SignedAggregatedAttestation, SignedBlock};

/// What is being proved.
#[derive(Debug, Default)]
pub(super) struct Proving {
    last_number: u64,
    /// The round of aggregation, since when.
    round: Option<(u64, Interval)>,
    /// The blocks whose votes are being recovered, since when.
    recoveries: BTreeMap<u64, Interval>,
}

impl Proving {
    /// Lists what has been under way since before `oldest`.
    pub(super) fn overdue(&self, oldest: Interval) -> Vec<JobId> {
        let round =
            self.round.iter().filter(|(_, since)| *since < oldest).map(|(number, _)| JobId::Aggregation(*number));
        let recoveries = self.recoveries.iter().filter(|(_, since)| **since < oldest);
        round.chain(recoveries.map(|(number, _)| JobId::Recovery(*number))).collect()
    }

    fn number(&mut self) -> u64 {
        self.last_number += 1;
        self.last_number
    }
}

impl ChainState {
    /// Begins the slot's round of aggregation (`aggregate`). One that is still under way is not doubled: what has come
    /// waits for the next.
    pub(super) fn aggregate(&mut self) -> Vec<Effect> {
        if self.proving.round.is_some() {
            self.count("AGGREGATION_STILL_UNDER_WAY");
            return Vec::new();
        }
        let plan = self.store.plan_aggregation();
        if plan.tasks().is_empty() {
            // There is nothing to prove, and the rule that single proofs are not kept costs nothing.
            self.store.finish_aggregation(plan.prove(&*self.proofs));
            return Vec::new();
        }
        let number = self.proving.number();
        self.proving.round = Some((number, self.store.time()));
        vec![Effect::Work(JobId::Aggregation(number), Job::Aggregation(Box::new(plan)))]
    }

    /// Ends a round of aggregation. It may be late: what came since it began has stayed, and if votes have begun to count
    /// since, these wait for the next time.
    pub(super) fn aggregated(&mut self, number: u64, round: AggregationRound) -> Vec<Effect> {
        if self.proving.round.take_if(|(under_way, _)| *under_way == number).is_none() {
            self.count("AGGREGATION_LATE");
            return Vec::new();
        }
        publish(self.store.finish_aggregation(round))
    }

    /// Begins to recover the votes of a block that was imported, unless too many are under way: its votes then come by
    /// gossip alone.
    pub(super) fn recover(&mut self, root: Root, block: &Arc<SignedBlock>) -> Vec<Effect> {
        let Some(plan) = self.store.plan_recovery(root, block) else { return Vec::new() };
        if self.proving.recoveries.len() >= RECOVERIES {
            self.count("RECOVERY_FULL");
            return Vec::new();
        }
        let number = self.proving.number();
        self.proving.recoveries.insert(number, self.store.time());
        vec![Effect::Work(JobId::Recovery(number), Job::Recovery(Box::new(plan)))]
    }

    /// Takes what was recovered of a block. Aggregators pass it on.
    pub(super) fn recovered(&mut self, number: u64, votes: RecoveredVotes) -> Vec<Effect> {
        if self.proving.recoveries.remove(&number).is_none() {
            self.count("RECOVERY_LATE");
            return Vec::new();
        }
        let taken = self.store.finish_recovery(votes);
        if self.role.is_aggregator { publish(taken) } else { Vec::new() }
    }

    /// Gives up what was to be proved, and counts it. Signatures are still there for the next round.
    pub(super) fn not_proved(&mut self, id: JobId) {
        let is_under_way = match id {
            JobId::Aggregation(number) => self.proving.round.take_if(|(under_way, _)| *under_way == number).is_some(),
            JobId::Recovery(number) => self.proving.recoveries.remove(&number).is_some(),
            JobId::Vote(_) | JobId::Aggregate(_) | JobId::Block(_) => false,
        };
        if is_under_way {
            self.count("NOT_PROVED");
        }
    }
}

fn publish(votes: Vec<SignedAggregatedAttestation>) -> Vec<Effect> {
    votes.into_iter().map(|vote| Effect::PublishAggregate(Box::new(vote))).collect()
}
