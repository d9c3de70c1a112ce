//! Taking a block's proof apart again, so that its votes count before they come by gossip.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::consensus::attestation::{
    AggregatedAttestation, SignedAggregatedAttestation, SingleMessageAggregate, validator_indices,
};
use crate::consensus::block::SignedBlock;
use crate::consensus::proof::{ChildProof, ProofScheme, Statement};
use crate::consensus::root::Root;
use crate::consensus::store::Store;
use crate::consensus::store::import::block_statements;
use crate::consensus::validator::Validators;

impl Store {
    /// Splits the proofs of an imported block's votes off its proof, and lets those that add voters wait to be counted,
    /// folded together with the proofs that wait already. Gives back what is new, which the node should publish.
    ///
    /// Votes that cannot justify anything any more are passed over, and so is what the proof scheme refuses. A block
    /// that is not known, or whose parent's state is not, gives nothing.
    pub fn recover_votes(&mut self, block: &SignedBlock, proofs: &dyn ProofScheme) -> Vec<SignedAggregatedAttestation> {
        let block_root = Root::of(&block.block);
        let Some(state) = self.tree.state(&block.block.parent_root).cloned() else {
            return Vec::new();
        };
        if !self.contains_block(&block_root) {
            return Vec::new();
        }
        let Ok(statements) = block_statements(&block.block, block_root, &state.validators) else {
            return Vec::new();
        };
        let mut recovered = Vec::new();
        for (index, attestation) in block.block.body.attestations.iter().enumerate() {
            if attestation.data.target.slot <= self.view.latest_justified.slot {
                continue;
            }
            let waiting = self.pools.new.get(&attestation.data).cloned().unwrap_or_default();
            if !adds_voters(attestation, &waiting) {
                continue;
            }
            let split = proofs.split(&block.proof, &statements, index, attestation.aggregation_bits.clone());
            let folded =
                split.ok().and_then(|proof| fold(proof, &waiting, &statements[index], &state.validators, proofs));
            if let Some(proof) = folded {
                let proof = Arc::new(proof);
                *self.pools.new.entry(attestation.data) = vec![Arc::clone(&proof)];
                recovered.push(SignedAggregatedAttestation {
                    data: attestation.data,
                    proof: SingleMessageAggregate::clone(&proof),
                });
            }
        }
        recovered
    }
}

fn adds_voters(attestation: &AggregatedAttestation, waiting: &[Arc<SingleMessageAggregate>]) -> bool {
    let held: BTreeSet<_> = waiting.iter().flat_map(|proof| validator_indices(&proof.participants)).collect();
    validator_indices(&attestation.aggregation_bits).any(|voter| !held.contains(&voter))
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
