//! The three pools of votes: signatures to aggregate, proofs to count, and counted proofs.

use std::sync::Arc;

use crate::consensus::attestation::SignedAggregatedAttestation;
use crate::consensus::checkpoint::AttestationData;
use crate::consensus::coverage::Proofs;
use crate::consensus::store::pool::{ProofPool, SignaturePool};

/// The three pools. Each one bounds itself; the methods here act on more than one.
#[derive(Clone, Debug, Default)]
pub(super) struct Pools {
    /// Signatures to aggregate (`attestation_signatures`).
    pub(super) signatures: SignaturePool,
    /// Proofs to count at the next acceptance (`latest_new_aggregated_payloads`).
    pub(super) new: ProofPool,
    /// Proofs counted by fork choice (`latest_known_aggregated_payloads`).
    pub(super) known: ProofPool,
}

impl Pools {
    /// Keeps only the votes accepted by `keep`, in all pools.
    pub(super) fn retain(&mut self, keep: impl Fn(&AttestationData) -> bool) {
        self.signatures.retain(&keep);
        self.new.retain(&keep);
        self.known.retain(&keep);
    }

    /// Moves the new proofs to the known ones.
    pub(super) fn accept_new(&mut self) {
        self.known.absorb(&mut self.new);
    }

    /// Removes the proofs of `waited` from the uncounted ones, and puts the aggregates in front of the
    /// rest. Drops the signatures of the aggregates' participants.
    pub(super) fn insert_aggregates(
        &mut self,
        aggregates: &[SignedAggregatedAttestation],
        waited: &[(AttestationData, Proofs)],
    ) {
        let proofs = aggregates.iter().map(|aggregate| (aggregate.data, Arc::new(aggregate.proof.clone())));
        self.new.replace(waited, proofs);
        for SignedAggregatedAttestation { data, proof } in aggregates {
            self.signatures.remove_participants(data, &proof.participants);
        }
    }
}
