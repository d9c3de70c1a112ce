//! The three pools of votes: signatures to aggregate, proofs to count, and counted proofs.

use std::sync::Arc;

use crate::attestation::SignedAggregatedAttestation;
use crate::checkpoint::AttestationData;
use crate::coverage::Proofs;
use crate::slot::ValidatorIndex;
use crate::store::proof_pool::ProofPool;
use crate::store::signature_pool::SignaturePool;
use crate::store::tree::BlockTree;

/// The three pools of votes: signatures to aggregate, proofs to count, and counted proofs.
///
/// Each pool is bounded, and its room is shared fairly among validators. A proof is *uncounted*
/// until the next acceptance (`accept_new_attestations`). A proof that was dropped for lack of room
/// still counts in fork choice.
#[derive(Clone, Debug, Default)]
pub struct VotePools {
    /// Signatures to aggregate (`attestation_signatures`).
    pub(super) signatures: SignaturePool,
    /// Proofs to count at the next acceptance (`latest_new_aggregated_payloads`).
    pub(super) new: ProofPool,
    /// Proofs counted by fork choice (`latest_known_aggregated_payloads`).
    pub(super) known: ProofPool,
}

impl VotePools {
    /// Returns the votes with signatures to aggregate, and the signers of each vote
    /// (`attestation_signatures`).
    pub fn attestation_signatures(
        &self,
    ) -> impl Iterator<Item = (&AttestationData, impl Iterator<Item = ValidatorIndex>)> {
        self.signatures.iter().map(|(data, signatures)| (data, signatures.keys().copied()))
    }

    /// Returns whether a signature of this vote by this validator waits for aggregation.
    pub fn has_signature(&self, data: &AttestationData, validator_index: ValidatorIndex) -> bool {
        self.signatures.contains(data, validator_index)
    }

    /// Returns the number of signatures to aggregate.
    pub fn signature_count(&self) -> usize {
        self.signatures.iter().map(|(_, signatures)| signatures.len()).sum()
    }

    /// Returns the votes with uncounted proofs, and their proofs
    /// (`latest_new_aggregated_payloads`).
    pub fn new_proofs(&self) -> impl Iterator<Item = (&AttestationData, &Proofs)> {
        self.new.all_proofs()
    }

    /// Returns the number of uncounted proofs.
    pub fn new_proof_count(&self) -> usize {
        self.new_proofs().map(|(_, proofs)| proofs.len()).sum()
    }

    /// Returns the votes counted by fork choice, and their proofs
    /// (`latest_known_aggregated_payloads`).
    ///
    /// A vote seen only in a block has no proofs, and no weight.
    pub fn known_proofs(&self) -> impl Iterator<Item = (&AttestationData, &Proofs)> {
        self.known.all_proofs()
    }

    /// Returns the number of counted proofs.
    pub fn known_proof_count(&self) -> usize {
        self.known_proofs().map(|(_, proofs)| proofs.len()).sum()
    }

    /// Keeps only the votes accepted by `keep`, in all pools.
    pub(super) fn retain(&mut self, keep: impl Fn(&AttestationData) -> bool) {
        self.signatures.retain(&keep);
        self.new.retain(&keep);
        self.known.retain(&keep);
    }

    /// Moves the new proofs to the known ones.
    pub(super) fn accept_new(&mut self, tree: &BlockTree) {
        self.known.absorb(tree, &mut self.new);
    }

    /// Removes the proofs of `waited` from the uncounted ones, and adds the aggregates. Drops the
    /// signatures of the aggregates' participants.
    pub(super) fn insert_aggregates(
        &mut self,
        tree: &BlockTree,
        aggregates: &[SignedAggregatedAttestation],
        waited: &[(AttestationData, Proofs)],
    ) {
        let proofs =
            aggregates.iter().map(|aggregate| (aggregate.data, Arc::new(aggregate.proof.clone())));
        self.new.replace(tree, waited, proofs);
        for SignedAggregatedAttestation { data, proof } in aggregates {
            self.signatures.remove_participants(data, &proof.participants);
        }
    }
}
