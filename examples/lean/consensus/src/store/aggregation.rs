//! Aggregation: from signatures and proofs to fewer, larger proofs.

use std::sync::Arc;

use indexmap::IndexSet;

use crate::attestation::{SignedAggregatedAttestation, SingleMessageAggregate};
use crate::checkpoint::{AttestationData, Checkpoint};
use crate::coverage::{Proofs, select_proofs};
use crate::proof::{ChildProof, ProofError, ProofScheme, RawSignature};
use crate::root::Root;
use crate::store::fork_choice::ForkChoice;
use crate::store::pools::VotePools;
use crate::store::tree::BlockTree;
use crate::validator::Validators;
use xmss::PublicKey;

/// One vote to aggregate, with all data needed to prove it away from the store.
#[derive(Clone, Debug)]
pub struct AggregationTask {
    data: AttestationData,
    children: Vec<(Arc<SingleMessageAggregate>, Vec<PublicKey>)>,
    signatures: Vec<RawSignature>,
}

impl AggregationTask {
    /// Chooses the proofs and signatures of a vote. Returns `None` if there is nothing to fold.
    fn new(data: &AttestationData, pools: &VotePools, validators: &Validators) -> Option<Self> {
        let (children, covered) =
            select_proofs(&[pools.new.proofs(data), pools.known.proofs(data)]);
        let signatures: Vec<RawSignature> = pools
            .signatures
            .of(data)
            .filter(|(voter, _)| !covered.contains(**voter))
            .map(|(voter, signature)| {
                let public_key = validators.at(*voter)?.attestation_public_key;
                Some(RawSignature {
                    validator_index: *voter,
                    public_key,
                    signature: signature.clone(),
                })
            })
            .collect::<Option<_>>()?;
        if signatures.is_empty() && children.len() < 2 {
            return None;
        }
        let children = children
            .into_iter()
            .map(|proof| validators.attestation_keys(&proof.participants).map(|keys| (proof, keys)))
            .collect::<Option<_>>()?;
        Some(Self { data: *data, children, signatures })
    }

    /// Returns the vote.
    pub fn data(&self) -> &AttestationData {
        &self.data
    }

    /// Proves the vote. This is the expensive part.
    ///
    /// # Errors
    ///
    /// [`ProofError`] of the proof scheme.
    pub fn prove(
        &self,
        proofs: &dyn ProofScheme,
    ) -> Result<SignedAggregatedAttestation, ProofError> {
        let children: Vec<_> = self
            .children
            .iter()
            .map(|(proof, keys)| ChildProof { proof, public_keys: keys.clone() })
            .collect();
        let proof =
            proofs.aggregate(&children, &self.signatures, Root::of(&self.data), self.data.slot)?;
        Ok(SignedAggregatedAttestation { data: self.data, proof })
    }
}

/// The beginning of a round of aggregation: the votes to prove, and the proofs to replace.
#[derive(Clone, Debug)]
pub struct AggregationPlan {
    tasks: Vec<AggregationTask>,
    begin: Begin,
}

/// The end of a round of aggregation: the aggregates made, and the proofs to replace.
#[derive(Clone, Debug)]
pub struct AggregationRound {
    aggregates: Vec<SignedAggregatedAttestation>,
    begin: Begin,
}

/// The store's condition at the beginning of a round.
#[derive(Clone, Debug)]
struct Begin {
    /// Every uncounted proof.
    waited: Vec<(AttestationData, Proofs)>,
    finalized: Checkpoint,
}

impl AggregationPlan {
    /// Chooses the votes to aggregate: each vote with a signature or an uncounted proof, and
    /// something to fold.
    pub(super) fn new(pools: &VotePools, validators: &Validators, finalized: Checkpoint) -> Self {
        let waited = pools.new.all_proofs().map(|(data, proofs)| (*data, proofs.clone())).collect();
        let uncounted = pools.new.votes();
        let votes: IndexSet<_> =
            uncounted.chain(pools.signatures.iter().map(|(data, _)| data)).collect();
        let tasks = votes
            .into_iter()
            .filter_map(|data| AggregationTask::new(data, pools, validators))
            .collect();
        Self { tasks, begin: Begin { waited, finalized } }
    }

    /// Returns the votes to prove.
    pub fn tasks(&self) -> &[AggregationTask] {
        &self.tasks
    }

    /// Returns whether the round would change nothing: no vote to prove, and no uncounted proof.
    pub fn is_empty(&self) -> bool {
        self.tasks.is_empty() && self.begin.waited.is_empty()
    }

    /// Proves each vote. This is the expensive part, and needs no store.
    ///
    /// Leaves out a vote refused by the proof scheme. Its signatures stay for the next round.
    pub fn prove(self, proofs: &dyn ProofScheme) -> AggregationRound {
        let aggregates = self.tasks.iter().filter_map(|task| task.prove(proofs).ok()).collect();
        AggregationRound { aggregates, begin: self.begin }
    }
}

impl AggregationRound {
    /// Returns the aggregates made.
    pub fn aggregates(&self) -> &[SignedAggregatedAttestation] {
        &self.aggregates
    }

    /// Puts the aggregates into the pools. Returns the useful ones: those above the finalized
    /// block.
    pub(super) fn finish(
        self,
        pools: &mut VotePools,
        fork_choice: &ForkChoice,
        tree: &BlockTree,
    ) -> Vec<SignedAggregatedAttestation> {
        let Self { mut aggregates, begin } = self;
        if fork_choice.latest_finalized() != begin.finalized {
            aggregates.retain(|aggregate| fork_choice.is_above_finalized(&aggregate.data, tree));
        }
        pools.insert_aggregates(tree, &aggregates, &begin.waited);
        aggregates
    }
}
