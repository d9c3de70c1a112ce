//! The handlers of gossiped votes: one validator's vote, and an aggregator's proof of many.

use std::sync::Arc;

use crate::attestation::{SignedAggregatedAttestation, SignedAttestation, SingleMessageAggregate};
use crate::checkpoint::AttestationData;
use crate::proof::{ProofScheme, Statement};
use crate::rejection::Rejection;
use crate::root::Root;
use crate::slot::Slot;
use crate::state::State;
use crate::store::Store;
use crate::store::validation::validate_attestation;
use xmss::{PublicKey, Signature};

/// The statement of a vote's signature, with all data needed to verify it away from the store.
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
    /// Verifies a signature. Its length determines the signature scheme.
    ///
    /// # Errors
    ///
    /// [`Rejection::InvalidSignature`].
    pub fn verify(&self, signature: &Signature) -> Result<(), Rejection> {
        xmss::verify(
            signature.scheme(),
            &self.public_key,
            self.slot,
            self.message.as_bytes(),
            signature,
        )
        .map_err(|_| Rejection::InvalidSignature)
    }
}

impl Store {
    /// Checks that a vote names known blocks of one chain, in order, a head not excluded by
    /// finality, and a slot already begun (`validate_attestation`).
    ///
    /// A slot begins up to one interval early for this check, because clocks differ.
    ///
    /// # Errors
    ///
    /// The first [`Rejection`] in the specification's order: unknown blocks, order, slots,
    /// ancestry, finality, time.
    pub fn validate_attestation(&self, data: &AttestationData) -> Result<(), Rejection> {
        validate_attestation(data, &self.tree, &self.fork_choice, self.time)
    }

    /// Handles a vote from the network: checks it, verifies it, and keeps its signature if this
    /// node aggregates (`on_gossip_attestation`). Returns whether the signature was kept.
    ///
    /// # Errors
    ///
    /// A [`Rejection`] of [`check_attestation`](Self::check_attestation), or
    /// [`Rejection::InvalidSignature`].
    pub fn on_gossip_attestation(
        &mut self,
        attestation: &SignedAttestation,
        is_aggregator: bool,
    ) -> Result<bool, Rejection> {
        self.check_attestation(attestation)?.verify(&attestation.signature)?;
        Ok(is_aggregator && self.insert_attestation(attestation))
    }

    /// Checks a vote except for its signature. Returns the statement of the signature.
    ///
    /// # Errors
    ///
    /// A [`Rejection`] of [`validate_attestation`](Self::validate_attestation), or
    /// [`Rejection::ValidatorNotInState`].
    pub fn check_attestation(
        &self,
        attestation: &SignedAttestation,
    ) -> Result<VoteClaim, Rejection> {
        self.validate_attestation(&attestation.data)?;
        let validators = &self.state_for_votes(&attestation.data).validators;
        let validator =
            validators.at(attestation.validator_index).ok_or(Rejection::ValidatorNotInState)?;
        Ok(VoteClaim {
            public_key: validator.attestation_public_key,
            message: Root::of(&attestation.data),
            slot: attestation.data.slot,
        })
    }

    /// Keeps the signature of a verified vote for the next aggregation. Returns whether it is the
    /// first signature of its validator for this vote.
    pub fn insert_attestation(&mut self, attestation: &SignedAttestation) -> bool {
        self.pools.signatures.insert(attestation)
    }

    /// Handles an aggregate from the network: checks it, verifies its proof, and keeps it for the
    /// next acceptance (`on_gossip_aggregated_attestation`). Returns whether it is new.
    ///
    /// # Errors
    ///
    /// A [`Rejection`] of [`check_aggregated_attestation`](Self::check_aggregated_attestation), or
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

    /// Checks an aggregate except for its proof. Returns the statement of the proof.
    ///
    /// # Errors
    ///
    /// A [`Rejection`] of [`validate_attestation`](Self::validate_attestation), or
    /// [`Rejection::EmptyAggregationBits`], or [`Rejection::ValidatorNotInState`].
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
        let public_keys = validators
            .attestation_keys(&proof.participants)
            .ok_or(Rejection::ValidatorNotInState)?;
        Ok(Statement { public_keys, message: Root::of(data), slot: data.slot })
    }

    /// Keeps a verified aggregate for the next acceptance. Returns whether it is new.
    pub fn insert_aggregated_attestation(
        &mut self,
        attestation: SignedAggregatedAttestation,
    ) -> bool {
        self.pools.new.add(&self.tree, attestation.data, Arc::new(attestation.proof))
    }

    /// Adds a proof to the counted votes, unchecked, before the next acceptance.
    ///
    /// The specification's test vectors put the votes of their blocks there. Never use this for a
    /// proof from the network.
    pub fn insert_known_proof(
        &mut self,
        data: AttestationData,
        proof: Arc<SingleMessageAggregate>,
    ) {
        self.pools.known.add(&self.tree, data, proof);
    }

    /// Returns the state with the registry for a vote's keys: the state after its target.
    ///
    /// Falls back to the head's state if that one is not kept. Every state of a chain has the same
    /// registry.
    fn state_for_votes(&self, data: &AttestationData) -> &Arc<State> {
        self.states.get(&data.target.root).unwrap_or_else(|| self.head_state())
    }
}
