//! The duties of a validator: proposing a block on top of the head, and voting.

use std::sync::Arc;

use crate::attestation::{MultiMessageAggregate, SingleMessageAggregate};
use crate::block::{Block, SignedBlock};
use crate::builder::{BuiltBlock, Proposal, build_block};
use crate::checkpoint::{AttestationData, Checkpoint};
use crate::clock::interval_from_slot;
use crate::proof::{ProofError, ProofScheme, RawSignature};
use crate::rejection::Rejection;
use crate::root::Root;
use crate::slot::{Slot, ValidatorIndex, proposer_for_slot};
use crate::state::State;
use crate::store::Store;
use crate::store::candidate::block_statements;
use crate::store::duty;
use xmss::Signature;

/// A block of this node's own. It is in the store already, and lacks its proposer's signature.
#[derive(Clone, Debug)]
pub struct ProducedBlock {
    root: Root,
    block: Arc<Block>,
    state: Arc<State>,
    proofs: Vec<Arc<SingleMessageAggregate>>,
}

impl ProducedBlock {
    /// Returns the block's root. The proposer signs it with its proposal key, in the epoch of the
    /// block's slot.
    pub fn root(&self) -> Root {
        self.root
    }

    /// Returns the block.
    pub fn block(&self) -> &Arc<Block> {
        &self.block
    }

    /// Merges the votes' proofs and the proposer's signature into the block's proof. This is
    /// expensive, and needs no store.
    ///
    /// # Errors
    ///
    /// [`ProofError`] of the proof scheme, for example if the signature is not the proposer's over
    /// the block's root.
    pub fn sign(
        &self,
        signature: Signature,
        proofs: &dyn ProofScheme,
    ) -> Result<SignedBlock, ProofError> {
        let statements = block_statements(&self.block, self.root, &self.state.validators)
            .map_err(|_| ProofError::KeyCountMismatch)?;
        let proposal = statements.last().ok_or(ProofError::Empty)?;
        let raw = RawSignature {
            validator_index: self.block.proposer_index,
            public_key: *proposal.public_keys.first().ok_or(ProofError::Empty)?,
            signature,
        };
        let proposer = proofs.aggregate(&[], &[raw], self.root, self.block.slot)?;
        let parts: Vec<_> =
            self.proofs.iter().map(Arc::as_ref).chain([&proposer]).zip(statements).collect();
        let proof: MultiMessageAggregate = proofs.merge(&parts)?;
        Ok(SignedBlock { block: Block::clone(&self.block), proof })
    }
}

impl Store {
    /// Proposes a block in `slot` on top of the head, with the votes useful to its chain, and adds
    /// it to the store (`produce_block_with_signatures`).
    ///
    /// First advances the store's time to the slot and counts all new votes. The head stays in
    /// place until [`update_head`](Self::update_head) or the next acceptance of votes.
    ///
    /// # Errors
    ///
    /// [`Rejection::WrongProposer`] if the validator is not the slot's proposer.
    /// [`Rejection::BlockSlotNotInFuture`] if the head is not before the slot. The store is then
    /// unchanged.
    pub fn produce_block(
        &mut self,
        slot: Slot,
        validator_index: ValidatorIndex,
        proofs: &dyn ProofScheme,
    ) -> Result<ProducedBlock, Rejection> {
        // The ticks and the acceptance change only these. The signatures stay, because no tick
        // aggregates.
        let before =
            (self.time, self.fork_choice, self.pools.new.clone(), self.pools.known.clone());
        let produced = self.try_produce_block(slot, validator_index, proofs);
        if produced.is_err() {
            (self.time, self.fork_choice, self.pools.new, self.pools.known) = before;
        }
        produced
    }

    fn try_produce_block(
        &mut self,
        slot: Slot,
        validator_index: ValidatorIndex,
        proofs: &dyn ProofScheme,
    ) -> Result<ProducedBlock, Rejection> {
        self.on_tick(interval_from_slot(slot), true, false, proofs);
        self.accept_new_attestations();

        let head_state = self.head_state();
        let proposer = proposer_for_slot(slot, head_state.validators.len())
            .ok_or(Rejection::EmptyValidatorRegistry)?;
        if validator_index != proposer {
            return Err(Rejection::WrongProposer);
        }
        let proposal = Proposal {
            state: head_state,
            state_root: self.head_block().state_root,
            parent_root: self.head(),
            slot,
            proposer_index: validator_index,
        };
        let is_known = |root: &Root| self.tree.contains(root);
        let BuiltBlock { block, state, proofs } =
            build_block(proposal, is_known, self.pools.known.all_proofs(), proofs)?;

        let root = Root::of(&block);
        let (block, state) = (Arc::new(block), Arc::new(state));
        self.adopt(root, Arc::clone(&block), Arc::clone(&state));
        Ok(ProducedBlock { root, block, state, proofs })
    }

    /// Returns the result of the walk to a vote's target: the checkpoint to justify
    /// (`get_attestation_target`).
    ///
    /// Walks from the head back towards the safe target, at most 3 blocks, and from there to a
    /// justifiable slot. Stops at the finalized slot. The result can be before the head state's
    /// justified checkpoint. [`produce_attestation_data`](Self::produce_attestation_data) then uses
    /// that one.
    pub fn attestation_target(&self) -> Checkpoint {
        duty::attestation_target(&self.fork_choice, &self.tree)
    }

    /// Returns the vote of `slot`: the head, the target, and the head state's justified checkpoint
    /// as the source (`produce_attestation_data`). The target is not before the source.
    ///
    /// A validator should call [`update_head`](Self::update_head) first, to vote for its own block
    /// too.
    pub fn produce_attestation_data(&self, slot: Slot) -> AttestationData {
        duty::attestation_data(slot, &self.fork_choice, &self.tree, self.head_state())
    }
}
