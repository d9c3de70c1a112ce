//! Aggregation: from signatures and proofs to fewer, larger proofs.

use std::sync::Arc;

use indexmap::IndexSet;

use crate::consensus::attestation::{SignedAggregatedAttestation, SingleMessageAggregate};
use crate::consensus::checkpoint::AttestationData;
use crate::consensus::coverage::select_proofs;
use crate::consensus::proof::{ChildProof, ProofError, ProofScheme, RawSignature};
use crate::consensus::root::Root;
use crate::consensus::store::Store;
use crate::xmss::PublicKey;

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

impl Store {
    /// Aggregates what has come in (`aggregate`), and gives back the aggregates, which the node should publish.
    ///
    /// A vote that cannot be proved is left out; its signatures stay for the next time.
    pub fn aggregate(&mut self, proofs: &dyn ProofScheme) -> Vec<SignedAggregatedAttestation> {
        let aggregates: Vec<_> = self.plan_aggregation().iter().filter_map(|task| task.prove(proofs).ok()).collect();
        self.finish_aggregation(&aggregates);
        aggregates
    }

    /// Chooses what to aggregate: each vote with a signature or an uncounted proof, if there is anything to fold.
    ///
    /// Proofs are chosen to cover many voters, uncounted ones before counted ones; signatures fill in the rest.
    pub fn plan_aggregation(&self) -> Vec<AggregationTask> {
        let votes: IndexSet<_> = self
            .pools
            .new
            .iter()
            .map(|(data, _)| data)
            .chain(self.pools.signatures.iter().map(|(data, _)| data))
            .collect();
        votes.into_iter().filter_map(|data| self.plan_vote(data)).collect()
    }

    /// Takes the place of everything that waited to be counted with this round's proofs, and drops the signatures that
    /// went into them.
    pub fn finish_aggregation(&mut self, aggregates: &[SignedAggregatedAttestation]) {
        let proofs = aggregates.iter().map(|aggregate| (aggregate.data, Arc::new(aggregate.proof.clone())));
        self.pools.new.replace(proofs);
        for aggregate in aggregates {
            self.pools.signatures.remove(&aggregate.data);
        }
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
