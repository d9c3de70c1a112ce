//! Votes from the network: one validator's, and aggregators' proofs of many.

use std::sync::Arc;

use crate::attestation::{SignedAggregatedAttestation, SignedAttestation};
use crate::checkpoint::AttestationData;
use crate::proof::{ProofScheme, Statement};
use crate::rejection::Rejection;
use crate::root::Root;
use crate::slot::{Slot, ValidatorIndex};
use crate::state::State;
use crate::store::Store;
use xmss::{PublicKey, Signature};

/// What a vote's signature must show; everything that is needed to verify it away from the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VoteClaim {
    /// The voter's attestation key.
    pub public_key: PublicKey,
    /// The root of the vote.
    pub message: Root,
    /// The vote's slot, which is the signature's epoch.
    pub slot: Slot,
}

impl VoteClaim {
    /// Verifies a signature, in the scheme that its length tells.
    ///
    /// # Errors
    ///
    /// [`Rejection::InvalidSignature`].
    pub fn verify(&self, signature: &Signature) -> Result<(), Rejection> {
        xmss::verify(signature.scheme(), &self.public_key, self.slot, self.message.as_bytes(), signature)
            .map_err(|_| Rejection::InvalidSignature)
    }
}

impl Store {
    /// Handles a vote from the network: checks it, verifies it, and keeps its signature if this node aggregates
    /// (`on_gossip_attestation`). Says whether the signature was kept.
    ///
    /// # Errors
    ///
    /// What [`check_attestation`](Self::check_attestation) refuses, or [`Rejection::InvalidSignature`].
    pub fn on_gossip_attestation(
        &mut self,
        attestation: &SignedAttestation,
        is_aggregator: bool,
    ) -> Result<bool, Rejection> {
        self.check_attestation(attestation)?.verify(&attestation.signature)?;
        Ok(is_aggregator && self.insert_attestation(attestation))
    }

    /// Checks everything about a vote but its signature.
    ///
    /// # Errors
    ///
    /// What [`validate_attestation`](Self::validate_attestation) refuses, or [`Rejection::ValidatorNotInState`].
    pub fn check_attestation(&self, attestation: &SignedAttestation) -> Result<VoteClaim, Rejection> {
        self.validate_attestation(&attestation.data)?;
        let validators = &self.state_for_votes(&attestation.data).validators;
        let validator = validators.at(attestation.validator_index).ok_or(Rejection::ValidatorNotInState)?;
        Ok(VoteClaim {
            public_key: validator.attestation_public_key,
            message: Root::of(&attestation.data),
            slot: attestation.data.slot,
        })
    }

    /// Keeps the signature of a vote that has been checked and verified, for the next aggregation. Says whether it is
    /// the first one of its validator for this vote.
    pub fn insert_attestation(&mut self, attestation: &SignedAttestation) -> bool {
        let signatures = self.pools.signatures.entry(attestation.data);
        let first = !signatures.contains_key(&attestation.validator_index);
        if first {
            signatures.insert(attestation.validator_index, attestation.signature.clone());
        }
        first
    }

    /// Says whether a signature of this vote by this validator waits to be aggregated.
    pub fn has_signature(&self, data: &AttestationData, validator_index: ValidatorIndex) -> bool {
        self.pools.signatures.get(data).is_some_and(|signatures| signatures.contains_key(&validator_index))
    }

    /// Handles an aggregate from the network: checks it, verifies its proof, and lets it wait to be counted
    /// (`on_gossip_aggregated_attestation`). Says whether it is new.
    ///
    /// # Errors
    ///
    /// What [`check_aggregated_attestation`](Self::check_aggregated_attestation) refuses, or
    /// [`Rejection::InvalidSignature`].
    pub fn on_gossip_aggregated_attestation(
        &mut self,
        attestation: SignedAggregatedAttestation,
        proofs: &dyn ProofScheme,
    ) -> Result<bool, Rejection> {
        let statement = self.check_aggregated_attestation(&attestation)?;
        proofs.verify(&attestation.proof, &statement).map_err(|_| Rejection::InvalidSignature)?;
        Ok(self.insert_aggregated_attestation(attestation))
    }

    /// Checks everything about an aggregate but its proof, and says what the proof must show.
    ///
    /// # Errors
    ///
    /// What [`validate_attestation`](Self::validate_attestation) refuses, or [`Rejection::EmptyAggregationBits`], or
    /// [`Rejection::ValidatorNotInState`].
    pub fn check_aggregated_attestation(
        &self,
        attestation: &SignedAggregatedAttestation,
    ) -> Result<Statement, Rejection> {
        let SignedAggregatedAttestation { data, proof } = attestation;
        self.validate_attestation(data)?;
        if proof.participants.count_ones() == 0 {
            return Err(Rejection::EmptyAggregationBits);
        }
        let validators = &self.state_for_votes(data).validators;
        let public_keys = validators.attestation_keys(&proof.participants).ok_or(Rejection::ValidatorNotInState)?;
        Ok(Statement { public_keys, message: Root::of(data), slot: data.slot })
    }

    /// Lets an aggregate that has been checked and verified wait to be counted. Says whether it is new.
    pub fn insert_aggregated_attestation(&mut self, attestation: SignedAggregatedAttestation) -> bool {
        self.pools.new.add(attestation.data, Arc::new(attestation.proof))
    }

    /// Finds the state whose registry a vote's keys are in: the one after its target.
    ///
    /// That state may have been forgotten; every state of a chain has the same registry, so the head's will do.
    fn state_for_votes(&self, data: &AttestationData) -> &Arc<State> {
        self.states.get(&data.target.root).unwrap_or_else(|| self.head_state())
    }
}
