//! Aggregation: from signatures and proofs to fewer, larger proofs.

use std::sync::Arc;

use indexmap::IndexSet;

use crate::attestation::{SignedAggregatedAttestation, SingleMessageAggregate};
use crate::checkpoint::{AttestationData, Checkpoint};
use crate::coverage::{Proofs, select_proofs};
use crate::proof::{ChildProof, ProofError, ProofScheme, RawSignature};
use crate::root::Root;
use crate::store::Store;
use xmss::PublicKey;

/// One vote to be aggregated, with all that is needed to prove it away from the store.
#[derive(Clone, Debug)]
pub struct AggregationTask {
    data: AttestationData,
    children: Vec<(Arc<SingleMessageAggregate>, Vec<PublicKey>)>,
    signatures: Vec<RawSignature>,
}

impl AggregationTask {
    /// Returns the vote.
    pub fn data(&self) -> &AttestationData {
        &self.data
    }

    /// Proves the vote. This is the expensive part.
    ///
    /// # Errors
    ///
    /// What the proof scheme refuses.
    pub fn prove(&self, proofs: &dyn ProofScheme) -> Result<SignedAggregatedAttestation, ProofError> {
        let children: Vec<_> =
            self.children.iter().map(|(proof, keys)| ChildProof { proof, public_keys: keys.clone() }).collect();
        let proof = proofs.aggregate(&children, &self.signatures, Root::of(&self.data), self.data.slot)?;
        Ok(SignedAggregatedAttestation { data: self.data, proof })
    }
}

/// One round of aggregation as it begins: what is to be proved, and what its result takes the place of.
#[derive(Clone, Debug)]
pub struct AggregationPlan {
    tasks: Vec<AggregationTask>,
    begin: Begin,
}

/// One round of aggregation as it ends.
#[derive(Clone, Debug)]
pub struct AggregationRound {
    aggregates: Vec<SignedAggregatedAttestation>,
    begin: Begin,
}

/// How the store stood when a round began.
#[derive(Clone, Debug)]
struct Begin {
    /// Every proof that waited to be counted.
    waited: Vec<(AttestationData, Proofs)>,
    finalized: Checkpoint,
}

impl AggregationPlan {
    /// Returns what is to be proved.
    pub fn tasks(&self) -> &[AggregationTask] {
        &self.tasks
    }

    /// Says whether the round would change nothing: nothing is to be proved, and nothing waits.
    pub fn is_empty(&self) -> bool {
        self.tasks.is_empty() && self.begin.waited.is_empty()
    }

    /// Proves each vote. This is the expensive part, and needs no store.
    ///
    /// A vote that cannot be proved is left out; its signatures stay for the next time.
    pub fn prove(self, proofs: &dyn ProofScheme) -> AggregationRound {
        let aggregates = self.tasks.iter().filter_map(|task| task.prove(proofs).ok()).collect();
        AggregationRound { aggregates, begin: self.begin }
    }
}

impl AggregationRound {
    /// Returns the aggregates that were made.
    pub fn aggregates(&self) -> &[SignedAggregatedAttestation] {
        &self.aggregates
    }
}

impl Store {
    /// Aggregates what has come in (`aggregate`), and gives back the aggregates, which the node should publish.
    ///
    /// A vote that cannot be proved is left out; its signatures stay for the next time.
    pub fn aggregate(&mut self, proofs: &dyn ProofScheme) -> Vec<SignedAggregatedAttestation> {
        let round = self.plan_aggregation().prove(proofs);
        self.finish_aggregation(round)
    }

    /// Begins a round: chooses what to aggregate. That is each vote with a signature or an uncounted proof, if there is
    /// anything to fold.
    ///
    /// Proofs are chosen to cover many voters, uncounted ones before counted ones; signatures fill in the rest.
    pub fn plan_aggregation(&self) -> AggregationPlan {
        let waited = self.pools.new.all_proofs().map(|(data, proofs)| (*data, proofs.clone())).collect();
        let begin = Begin { waited, finalized: self.latest_finalized() };
        AggregationPlan { tasks: self.plan_tasks(), begin }
    }

    /// Ends a round: its proofs take the place of all that waited to be counted when it began, and the signatures of
    /// those that they cover are dropped. Gives back the aggregates that are of use, which the node should publish.
    ///
    /// A round that ends at the instant at which it began does what `aggregate` does. In one that was proved elsewhere
    /// meanwhile, whatever came since it began stays: proofs wait behind the round's, signatures for the next round.
    /// If votes have begun to count meanwhile, the round's proofs wait for the next time that they do; if finality has
    /// passed a vote by, its aggregate is dropped.
    pub fn finish_aggregation(&mut self, round: AggregationRound) -> Vec<SignedAggregatedAttestation> {
        let AggregationRound { mut aggregates, begin } = round;
        if self.latest_finalized() != begin.finalized {
            aggregates.retain(|aggregate| self.is_under_finalized(&aggregate.data));
        }
        let proofs = aggregates.iter().map(|aggregate| (aggregate.data, Arc::new(aggregate.proof.clone())));
        self.pools.new.replace(&begin.waited, proofs);
        for SignedAggregatedAttestation { data, proof } in &aggregates {
            self.pools.drop_signatures(data, &proof.participants);
        }
        aggregates
    }

    fn plan_tasks(&self) -> Vec<AggregationTask> {
        let votes: IndexSet<_> = self
            .pools
            .new
            .iter()
            .map(|(data, _)| data)
            .chain(self.pools.signatures.iter().map(|(data, _)| data))
            .collect();
        votes.into_iter().filter_map(|data| self.plan_vote(data)).collect()
    }

    fn plan_vote(&self, data: &AttestationData) -> Option<AggregationTask> {
        let validators = &self.head_state().validators;
        let (children, covered) = select_proofs(&[self.pools.new.proofs(data), self.pools.known.proofs(data)]);
        let signatures: Vec<RawSignature> = self
            .pools
            .signatures
            .get(data)
            .into_iter()
            .flatten()
            .filter(|(voter, _)| !covered.contains(**voter))
            .map(|(voter, signature)| {
                let public_key = validators.at(*voter)?.attestation_public_key;
                Some(RawSignature { validator_index: *voter, public_key, signature: signature.clone() })
            })
            .collect::<Option<_>>()?;
        if signatures.is_empty() && children.len() < 2 {
            return None;
        }
        let children = children
            .into_iter()
            .map(|proof| validators.attestation_keys(&proof.participants).map(|keys| (proof, keys)))
            .collect::<Option<_>>()?;
        Some(AggregationTask { data: *data, children, signatures })
    }
}
