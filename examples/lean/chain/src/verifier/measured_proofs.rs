//! A proof scheme that records the durations of its operations.

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use crate::verifier::meters::WorkMeters;
use consensus::{
    AggregationBits, ChildProof, MultiMessageAggregate, ProofError, ProofScheme, RawSignature,
    Root, SingleMessageAggregate, Slot, Statement,
};

/// A proof scheme for the verifiers and the prover. It does the same as the scheme inside.
pub struct MeasuredProofs {
    inner: Arc<dyn ProofScheme>,
    meters: Arc<WorkMeters>,
}

impl MeasuredProofs {
    /// Measures this scheme.
    pub fn new(inner: Arc<dyn ProofScheme>, meters: Arc<WorkMeters>) -> Self {
        Self { inner, meters }
    }
}

impl fmt::Debug for MeasuredProofs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

#[expect(clippy::disallowed_methods, reason = "only a metric: no decision depends on it")]
fn now() -> Instant {
    Instant::now()
}

impl ProofScheme for MeasuredProofs {
    fn aggregate(
        &self,
        children: &[ChildProof<'_>],
        signatures: &[RawSignature],
        message: Root,
        slot: Slot,
    ) -> Result<SingleMessageAggregate, ProofError> {
        let begun = now();
        let made = self.inner.aggregate(children, signatures, message, slot);
        if let Ok(made) = &made {
            self.meters.aggregate_building.observe(begun.elapsed());
            self.meters.aggregated_votes.add(made.participants.count_ones() as u64);
        }
        made
    }

    fn verify(
        &self,
        proof: &SingleMessageAggregate,
        statement: &Statement,
    ) -> Result<(), ProofError> {
        let begun = now();
        let found = self.inner.verify(proof, statement);
        self.meters.aggregate_verification.observe(begun.elapsed());
        self.meters.aggregates.count(found.is_ok());
        found
    }

    fn merge(
        &self,
        parts: &[(&SingleMessageAggregate, Statement)],
    ) -> Result<MultiMessageAggregate, ProofError> {
        self.inner.merge(parts)
    }

    fn verify_merged(
        &self,
        proof: &MultiMessageAggregate,
        statements: &[Statement],
    ) -> Result<(), ProofError> {
        self.inner.verify_merged(proof, statements)
    }

    fn split(
        &self,
        proof: &MultiMessageAggregate,
        statements: &[Statement],
        index: usize,
        participants: AggregationBits,
    ) -> Result<SingleMessageAggregate, ProofError> {
        self.inner.split(proof, statements, index, participants)
    }
}
