//! Jobs: verification and proving outside the chain's actor, and their results.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::verifier::meters::WorkMeters;
use consensus::{
    AggregationPlan, AggregationRound, BlockCandidate, ProofScheme, RecoveredVotes, RecoveryPlan,
    Rejection, SignedAggregatedAttestation, SignedAttestation, Stage, Statement, VerifiedBlock,
    VoteClaim,
};

/// A piece of work with all its inputs.
#[derive(Debug)]
pub enum Job {
    /// Verify a vote's signature.
    Vote(VoteClaim, Arc<SignedAttestation>),
    /// Verify an aggregate's proof.
    Aggregate(Statement, Arc<SignedAggregatedAttestation>),
    /// Verify a block's proof and apply the block to its parent's state.
    Block(Box<BlockCandidate>),
    /// Aggregate what a store has collected.
    Aggregation(Box<AggregationPlan>),
    /// Take a block's proof apart.
    Recovery(Box<RecoveryPlan>),
}

/// The name of a job: its kind, and its number within the kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum JobId {
    /// The verification of a vote.
    Vote(u64),
    /// The verification of an aggregate.
    Aggregate(u64),
    /// The verification of a block.
    Block(u64),
    /// A round of aggregation.
    Aggregation(u64),
    /// The recovery of a block's votes.
    Recovery(u64),
}

/// The result of a completed job.
#[derive(Debug)]
pub enum Outcome {
    /// Whether the vote is valid.
    Vote(Result<(), Rejection>),
    /// Whether the aggregate is valid.
    Aggregate(Result<(), Rejection>),
    /// The verified block, or the reason for its rejection.
    Block(Result<VerifiedBlock, Rejection>),
    /// The aggregates of the round.
    Aggregation(AggregationRound),
    /// The votes of the block, each with its own proof.
    Recovery(RecoveredVotes),
}

/// The reason for a job without a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotDone {
    /// Its worker ended first, or refused it.
    Lost,
    /// It panicked.
    Panicked,
}

/// The end of one job.
#[derive(Debug)]
pub struct Done {
    /// The job.
    pub id: JobId,
    /// Its outcome, or the reason for its absence.
    pub outcome: Result<Outcome, NotDone>,
}

/// The ends of a batch of jobs: the message of a worker to the pool's owner.
#[derive(Debug)]
pub struct JobsDone {
    /// The worker's index in the pool.
    pub worker: usize,
    /// The end of each job.
    pub done: Vec<Done>,
}

impl Job {
    /// Runs the job on the calling thread.
    pub fn run(self, proofs: &dyn ProofScheme) -> Outcome {
        match self {
            Self::Vote(claim, vote) => Outcome::Vote(claim.verify(&vote.signature)),
            Self::Aggregate(statement, vote) => Outcome::Aggregate(
                proofs.verify(&vote.proof, &statement).map_err(|_| Rejection::InvalidSignature),
            ),
            Self::Block(candidate) => Outcome::Block(candidate.verify(proofs)),
            Self::Aggregation(plan) => Outcome::Aggregation(plan.prove(proofs)),
            Self::Recovery(plan) => Outcome::Recovery(plan.prove(proofs)),
        }
    }
}

impl Job {
    /// Runs the job as [`run`](Self::run) does, and records its duration by the given clock.
    pub(super) fn run_measured(
        self,
        proofs: &dyn ProofScheme,
        meters: &WorkMeters,
        now: impl Fn() -> Instant,
    ) -> Outcome {
        let begun = now();
        let since = |begun: Instant| now().saturating_duration_since(begun);
        match self {
            Self::Block(candidate) => {
                let found = candidate.check_proof(proofs).and_then(|()| {
                    let transition_begun = now();
                    let mut stages =
                        Stages { meters, ended: transition_begun, header: Duration::ZERO };
                    let found =
                        candidate.trust_proof_in_stages(&mut |stage| stages.ended(stage, now()));
                    meters.transitions.observe(since(transition_begun));
                    found
                });
                meters.blocks.observe(since(begun));
                Outcome::Block(found)
            }
            Self::Vote(..) => {
                let outcome = self.run(proofs);
                meters.votes.observe(since(begun));
                meters.vote_results.count(matches!(outcome, Outcome::Vote(Ok(()))));
                outcome
            }
            Self::Aggregation(_) => {
                let outcome = self.run(proofs);
                meters.rounds.observe(since(begun));
                outcome
            }
            Self::Aggregate(..) | Self::Recovery(_) => self.run(proofs),
        }
    }
}

/// Records the duration of the stages of one state transition.
struct Stages<'a> {
    meters: &'a WorkMeters,
    /// The end of the last stage.
    ended: Instant,
    /// The time for the block's header.
    header: Duration,
}

impl Stages<'_> {
    fn ended(&mut self, stage: Stage, now: Instant) {
        let time = now.saturating_duration_since(self.ended);
        match stage {
            Stage::Slots => self.meters.slots.observe(time),
            Stage::Header => self.header = time,
            Stage::Attestations => {
                self.meters.attestations.observe(time);
                self.meters.block_processing.observe(self.header + time);
            }
        }
        self.ended = now;
    }
}

impl JobId {
    /// Returns the job's approximate cost, in signatures. Used only for balancing; correctness does
    /// not depend on it.
    pub(super) const fn weight(self) -> u64 {
        match self {
            Self::Vote(_) | Self::Aggregate(_) => 1,
            Self::Block(_) | Self::Aggregation(_) | Self::Recovery(_) => 64,
        }
    }

    /// Returns whether the job makes proofs, which may take long, instead of checking them.
    pub(super) const fn is_proving(self) -> bool {
        matches!(self, Self::Aggregation(_) | Self::Recovery(_))
    }
}
