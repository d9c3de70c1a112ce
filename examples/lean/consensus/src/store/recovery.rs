//! Recovery: taking a block's proof apart, to count its votes before they arrive by gossip.

use std::sync::Arc;

use crate::attestation::{AggregationBits, SignedAggregatedAttestation, SingleMessageAggregate};
use crate::block::SignedBlock;
use crate::checkpoint::AttestationData;
use crate::coverage::Proofs;
use crate::proof::{ChildProof, ProofScheme, Statement};
use crate::root::Root;
use crate::store::candidate::block_statements;
use crate::store::fork_choice::ForkChoice;
use crate::store::proof_pool::ProofPool;
use crate::store::states::States;
use crate::store::tree::BlockTree;
use crate::validator::Validators;
use crate::voters::Voters;

/// Votes of an imported block to recover from its proof, with all data needed to do so away from
/// the store.
#[derive(Clone, Debug)]
pub struct RecoveryPlan {
    block: Arc<SignedBlock>,
    /// The statements of the block's proof.
    statements: Vec<Statement>,
    validators: Validators,
    /// The votes' places in the block's body, each with the uncounted proofs of the same vote.
    votes: Vec<(usize, Proofs)>,
}

/// Votes recovered from a block, each with the uncounted proofs folded into it.
#[derive(Clone, Debug)]
pub struct RecoveredVotes(Vec<(SignedAggregatedAttestation, Proofs)>);

impl RecoveryPlan {
    /// Chooses the votes worth recovering from an imported block. Returns `None` if there are none,
    /// or if the block or its parent's state is unknown.
    ///
    pub(super) fn new(
        block_root: Root,
        block: &Arc<SignedBlock>,
        tree: &BlockTree,
        states: &States,
        new: &ProofPool,
        fork_choice: &ForkChoice,
    ) -> Option<Self> {
        let attestations = block.block.body.attestations.iter().enumerate();
        let votes: Vec<_> = attestations
            .filter(|(_, vote)| {
                is_worth_recovering(&vote.data, &vote.aggregation_bits, new, fork_choice, tree)
            })
            .map(|(place, vote)| (place, new.proofs(&vote.data).to_vec()))
            .collect();
        if votes.is_empty() || !tree.contains(&block_root) {
            return None;
        }
        let parent = states.find(tree, &block.block.parent_root)?;
        let validators = parent.base().validators.clone();
        let statements = block_statements(&block.block, block_root, &validators).ok()?;
        Some(Self { block: Arc::clone(block), statements, validators, votes })
    }

    /// Splits the votes' proofs off the block's proof, and folds each with its uncounted proofs.
    /// This is expensive, and needs no store.
    ///
    /// Leaves out votes refused by the proof scheme.
    pub fn prove(&self, proofs: &dyn ProofScheme) -> RecoveredVotes {
        let recovered = self.votes.iter().filter_map(|(place, waiting)| {
            let attestation = self.block.block.body.attestations.get(*place)?;
            let statement = self.statements.get(*place)?;
            let participants = attestation.aggregation_bits.clone();
            let split =
                proofs.split(&self.block.proof, &self.statements, *place, participants).ok()?;
            let proof = fold(split, waiting, statement, &self.validators, proofs)?;
            Some((SignedAggregatedAttestation { data: attestation.data, proof }, waiting.clone()))
        });
        RecoveredVotes(recovered.collect())
    }
}

impl RecoveredVotes {
    /// Puts the votes into the pool of uncounted proofs, each in the place of the proofs folded
    /// into it. Returns the votes that are still useful.
    pub(super) fn finish(
        self,
        new: &mut ProofPool,
        fork_choice: &ForkChoice,
        tree: &BlockTree,
    ) -> Vec<SignedAggregatedAttestation> {
        let mut useful = Vec::new();
        for (vote, waiting) in self.0 {
            let SignedAggregatedAttestation { data, proof } = &vote;
            if !is_worth_recovering(data, &proof.participants, new, fork_choice, tree) {
                continue;
            }
            new.fold(tree, *data, &waiting, Arc::new(proof.clone()));
            useful.push(vote);
        }
        useful
    }
}

/// Returns whether a vote's target is after the justified slot, its head descends from the
/// finalized block, and the vote adds voters to the uncounted proofs.
fn is_worth_recovering(
    data: &AttestationData,
    participants: &AggregationBits,
    new: &ProofPool,
    fork_choice: &ForkChoice,
    tree: &BlockTree,
) -> bool {
    let mut held = Voters::default();
    for proof in new.proofs(data) {
        held.join(&Voters::of(&proof.participants));
    }
    data.target.slot > fork_choice.latest_justified().slot
        && fork_choice.descends_from_finalized(data, tree)
        && Voters::of(participants).count_without(&held) > 0
}

/// Folds a proof and the uncounted proofs of the same vote into one.
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
        .map(|proof| {
            Some(ChildProof {
                proof,
                public_keys: validators.attestation_keys(&proof.participants)?,
            })
        })
        .collect::<Option<_>>()?;
    proofs.aggregate(&children, &[], statement.message, statement.slot).ok()
}
