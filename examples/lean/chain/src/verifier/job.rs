//! What is verified or proved away from the owner, and what comes of it.

use std::sync::Arc;
use std::time::Instant;

use crate::verifier::WorkMeters;
use consensus::{
    AggregationPlan, AggregationRound, BlockCandidate, ProofScheme, RecoveredVotes, RecoveryPlan, Rejection,
    SignedAggregatedAttestation, SignedAttestation, Statement, VerifiedBlock, VoteClaim,
};

/// A piece of work with everything that it needs.
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

/// Names a job: its kind, and its number among those of its kind.
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

/// What a job came to.
#[derive(Debug)]
pub enum Outcome {
    /// Whether the vote is good.
    Vote(Result<(), Rejection>),
    /// Whether the aggregate is good.
    Aggregate(Result<(), Rejection>),
    /// The block with the state after it, or why it is refused.
    Block(Result<VerifiedBlock, Rejection>),
    /// The round's aggregates.
    Aggregation(AggregationRound),
    /// The votes, each with a proof of its own.
    Recovery(RecoveredVotes),
}

/// Says why a job came to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotDone {
    /// Whoever had it ended before it was done, or did not take it.
    Lost,
    /// It panicked.
    Panicked,
}

/// A job's end.
#[derive(Debug)]
pub struct Done {
    /// The job.
    pub id: JobId,
    /// What it came to, if it was done.
    pub outcome: Result<Outcome, NotDone>,
}

impl Job {
    /// Does the work, on the calling thread.
    pub fn run(self, proofs: &dyn ProofScheme) -> Outcome {
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
    /// Does the work as [`run`](Self::run) does, and notes what a block or a vote took by the clock that is given.
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
    /// Says about how many signatures' worth of work the job is; for sharing it out, nothing depends on it.
    pub(super) const fn weight(self) -> u64 {
        match self {
            Self::Vote(_) | Self::Aggregate(_) => 1,
            Self::Block(_) | Self::Aggregation(_) | Self::Recovery(_) => 64,
        }
    }

    /// Says whether the job makes proofs, which may take long, rather than to check some.
    pub(super) const fn is_proving(self) -> bool {
        matches!(self, Self::Aggregation(_) | Self::Recovery(_))
    }
}
