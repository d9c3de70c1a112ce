//! Taking a block's proof apart again, so that its votes count before they come by gossip.

use std::sync::Arc;

use crate::consensus::attestation::{AggregatedAttestation, SignedAggregatedAttestation, SingleMessageAggregate};
use crate::consensus::proof::{ChildProof, ProofScheme, Statement};
use crate::consensus::rooted_block::RootedBlock;
use crate::consensus::store::Store;
use crate::consensus::store::import::block_statements;
use crate::consensus::validator::Validators;
use crate::consensus::voters::Voters;

impl Store {
    /// Splits the proofs of an imported block's votes off its proof, and lets those that add voters wait to be counted,
    /// folded together with the proofs that wait already. Gives back what is new, which the node should publish.
    ///
    /// Votes that cannot justify anything any more are passed over, and so is what the proof scheme refuses. A block
    /// that is not known, or whose parent's state is not, gives nothing.
    pub fn recover_votes(
        &mut self,
        block: impl Into<RootedBlock>,
        proofs: &dyn ProofScheme,
    ) -> Vec<SignedAggregatedAttestation> {
        let block = block.into();
        let Some(parent) = self.states.find(&self.tree, &block.block().parent_root) else {
            return Vec::new();
        };
        let validators = &parent.base().validators;
        if !self.contains_block(&block.root()) {
            return Vec::new();
        }
        let Ok(statements) = block_statements(block.block(), block.root(), validators) else {
            return Vec::new();
        };
        let mut recovered = Vec::new();
        for (index, attestation) in block.block().body.attestations.iter().enumerate() {
            if attestation.data.target.slot <= self.view.latest_justified.slot {
                continue;
            }
            let waiting = self.pools.new.proofs(&attestation.data);
            if !adds_voters(attestation, waiting) {
                continue;
            }
            let bits = attestation.aggregation_bits.clone();
            let split = proofs.split(&block.signed().proof, &statements, index, bits);
            let folded = split.ok().and_then(|proof| fold(proof, waiting, &statements[index], validators, proofs));
            if let Some(proof) = folded {
                recovered.push(SignedAggregatedAttestation { data: attestation.data, proof: proof.clone() });
                self.pools.new.set(attestation.data, Arc::new(proof));
            }
        }
        recovered
    }
}

fn adds_voters(attestation: &AggregatedAttestation, waiting: &[Arc<SingleMessageAggregate>]) -> bool {
    let mut held = Voters::default();
    for proof in waiting {
        held.join(&Voters::of(&proof.participants));
    }
    Voters::of(&attestation.aggregation_bits).count_without(&held) > 0
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
