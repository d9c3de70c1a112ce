//! Taking a block's proof apart again, so that its votes count before they come by gossip.

use std::sync::Arc;

use crate::attestation::{AggregatedAttestation, SignedAggregatedAttestation, SingleMessageAggregate};
use crate::block::SignedBlock;
use crate::coverage::Proofs;
use crate::proof::{ChildProof, ProofScheme, Statement};
use crate::root::Root;
use crate::rooted_block::RootedBlock;
use crate::store::Store;
use crate::store::import::block_statements;
use crate::validator::Validators;
use crate::voters::Voters;

/// The votes of an imported block that are to be recovered from its proof, with all that is needed to do so away from
/// the store.
#[derive(Clone, Debug)]
pub struct RecoveryPlan {
    block: Arc<SignedBlock>,
    /// What the block's proof shows.
    statements: Vec<Statement>,
    validators: Validators,
    /// The places of the votes in the block's body, and the proofs that wait for the same vote.
    votes: Vec<(usize, Proofs)>,
}

/// Votes recovered from a block, each folded together with the proofs that waited for it.
#[derive(Clone, Debug)]
pub struct RecoveredVotes(Vec<(SignedAggregatedAttestation, Proofs)>);

impl RecoveryPlan {
    /// Splits the votes' proofs off the block's and folds each with those that wait. This is expensive, and needs no
    /// store.
    ///
    /// What the proof scheme refuses is left out.
    pub fn prove(&self, proofs: &dyn ProofScheme) -> RecoveredVotes {
        let recovered = self.votes.iter().filter_map(|(place, waiting)| {
            let attestation = self.block.block.body.attestations.get(*place)?;
            let statement = self.statements.get(*place)?;
            let participants = attestation.aggregation_bits.clone();
            let split = proofs.split(&self.block.proof, &self.statements, *place, participants).ok()?;
            let proof = fold(split, waiting, statement, &self.validators, proofs)?;
            Some((SignedAggregatedAttestation { data: attestation.data, proof }, waiting.clone()))
        });
        RecoveredVotes(recovered.collect())
    }
}

impl Store {
    /// Recovers the votes of an imported block from its proof, and lets those that add voters wait to be counted, folded
    /// together with the proofs that wait already. Gives back what is new, which the node should publish.
    ///
    /// Votes that cannot justify anything any more are passed over, and so is what the proof scheme refuses. A block
    /// that is not known, or whose parent's state is not, gives nothing.
    pub fn recover_votes(
        &mut self,
        block: impl Into<RootedBlock>,
        proofs: &dyn ProofScheme,
    ) -> Vec<SignedAggregatedAttestation> {
        let block = block.into();
        match self.plan_recovery(block.root(), block.signed()) {
            Some(plan) => self.finish_recovery(plan.prove(proofs)),
            None => Vec::new(),
        }
    }

    /// Chooses which votes of an imported block to recover: those that could justify something and add voters to the
    /// proofs that wait. None if there are none.
    pub fn plan_recovery(&self, block_root: Root, block: &Arc<SignedBlock>) -> Option<RecoveryPlan> {
        let attestations = block.block.body.attestations.iter().enumerate();
        let votes: Vec<_> = attestations
            .filter(|(_, attestation)| self.is_worth_recovering(attestation))
            .map(|(place, attestation)| (place, self.pools.new.proofs(&attestation.data).to_vec()))
            .collect();
        if votes.is_empty() || !self.contains_block(&block_root) {
            return None;
        }
        let parent = self.states.find(&self.tree, &block.block.parent_root)?;
        let validators = parent.base().validators.clone();
        let statements = block_statements(&block.block, block_root, &validators).ok()?;
        Some(RecoveryPlan { block: Arc::clone(block), statements, validators, votes })
    }

    /// Lets recovered votes wait to be counted, each in place of the proofs that went into it. Gives back those that are
    /// of use still, which the node should publish.
    ///
    /// A vote that was recovered elsewhere meanwhile may have become useless: it cannot justify anything any more, or
    /// proofs that came since then have all of its voters.
    pub fn finish_recovery(&mut self, recovered: RecoveredVotes) -> Vec<SignedAggregatedAttestation> {
        let mut taken = Vec::new();
        for (vote, waiting) in recovered.0 {
            let SignedAggregatedAttestation { data, proof } = &vote;
            let as_attestation = AggregatedAttestation { aggregation_bits: proof.participants.clone(), data: *data };
            if !self.is_worth_recovering(&as_attestation) {
                continue;
            }
            self.pools.new.remove_proofs(data, &waiting);
            self.pools.new.add(*data, Arc::new(proof.clone()));
            taken.push(vote);
        }
        taken
    }

    fn is_worth_recovering(&self, attestation: &AggregatedAttestation) -> bool {
        let AggregatedAttestation { aggregation_bits, data } = attestation;
        let waiting = self.pools.new.proofs(data);
        let mut held = Voters::default();
        for proof in waiting {
            held.join(&Voters::of(&proof.participants));
        }
        data.target.slot > self.view.latest_justified.slot && Voters::of(aggregation_bits).count_without(&held) > 0
    }
}

/// Folds a proof with those that wait for the same vote into one.
fn fold(
    proof: SingleMessageAggregate,
    waiting: &[Arc<SingleMessageAggregate>],
    statement: &Statement,
    validators: &Validators,
    proofs: &dyn ProofScheme,
) -> Option<SingleMessageAggregate> {
    if waiting.is_empty() {
        return Some(proof);
    }
    let children: Vec<_> = [&proof]
        .into_iter()
        .chain(waiting.iter().map(Arc::as_ref))
        .map(|proof| Some(ChildProof { proof, public_keys: validators.attestation_keys(&proof.participants)? }))
        .collect::<Option<_>>()?;
    proofs.aggregate(&children, &[], statement.message, statement.slot).ok()
}
