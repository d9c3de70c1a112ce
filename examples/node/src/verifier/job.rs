//! Jobs: verification and proving outside the chain's actor, and their results.

use std::sync::Arc;
use std::time::Instant;

use crate::consensus::{
    AggregationPlan, AggregationRound, BlockCandidate, ProofScheme, RecoveredVotes, RecoveryPlan, Rejection,
    SignedAggregatedAttestation, SignedAttestation, Statement, VerifiedBlock, VoteClaim,
};
use crate::verifier::WorkMeters;

/// A piece of work with all its inputs.
#[derive(Debug)]
pub(crate) enum Job {
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
pub(crate) enum JobId {
    Vote(u64),
    Aggregate(u64),
    Block(u64),
    Aggregation(u64),
    Recovery(u64),
}

/// The result of a completed job.
#[derive(Debug)]
pub(crate) enum Outcome {
    Vote(Result<(), Rejection>),
    Aggregate(Result<(), Rejection>),
    Block(Result<VerifiedBlock, Rejection>),
    Aggregation(AggregationRound),
    Recovery(RecoveredVotes),
}

/// The reason for a job without a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotDone {
    /// Its worker ended first, or refused it.
    Lost,
    /// It panicked.
    Panicked,
}

/// The end of one job.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) id: JobId,
    pub(crate) outcome: Result<Outcome, NotDone>,
}

/// The ends of a batch of jobs: the message of a worker to the pool's owner.
#[derive(Debug)]
pub(crate) struct JobsDone {
    /// The worker's index in the pool.
    pub(crate) worker: usize,
    pub(crate) done: Vec<Done>,
}

impl Job {
    /// Runs the job on the calling thread.
    pub(crate) fn run(self, proofs: &dyn ProofScheme) -> Outcome {
        match self {
            Self::Vote(claim, vote) => Outcome::Vote(claim.verify(&vote.signature)),
            Self::Aggregate(statement, vote) => {
                Outcome::Aggregate(proofs.verify(&vote.proof, &statement).map_err(|_| Rejection::InvalidSignature))
            }
            Self::Block(candidate) => Outcome::Block(candidate.verify(proofs)),
            Self::Aggregation(plan) => Outcome::Aggregation(plan.prove(proofs)),
            Self::Recovery(plan) => Outcome::Recovery(plan.prove(proofs)),
        }
    }
}

impl Job {
    /// Runs the job as [`run`](Self::run) does, and records the duration of a block or a vote by
    /// the given clock.
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
                    let found = candidate.trust_proof();
                    meters.transitions.observe(since(transition_begun));
                    found
                });
                meters.blocks.observe(since(begun));
                Outcome::Block(found)
            }
            Self::Vote(..) => {
                let outcome = self.run(proofs);
                meters.votes.observe(since(begun));
                outcome
            }
            Self::Aggregate(..) | Self::Aggregation(_) | Self::Recovery(_) => self.run(proofs),
        }
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
