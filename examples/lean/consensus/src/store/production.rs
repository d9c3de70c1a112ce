//! Proposing a block on top of the head.

use std::sync::Arc;

use crate::attestation::{MultiMessageAggregate, SingleMessageAggregate};
use crate::block::{Block, SignedBlock};
use crate::builder::{BuiltBlock, Proposal, build_block};
use crate::clock::interval_from_slot;
use crate::proof::{ProofError, ProofScheme, RawSignature};
use crate::rejection::Rejection;
use crate::root::Root;
use crate::slot::{Slot, ValidatorIndex, proposer_for_slot};
use crate::state::State;
use crate::store::Store;
use crate::store::import::block_statements;
use xmss::Signature;

/// A block of this node's own, which is in its store already and waits for its proposer's signature.
#[derive(Clone, Debug)]
pub struct ProducedBlock {
    root: Root,
    block: Arc<Block>,
    state: Arc<State>,
    proofs: Vec<Arc<SingleMessageAggregate>>,
}

impl ProducedBlock {
    /// Returns the block's root, which the proposer signs with its proposal key in the epoch of the block's slot.
    pub fn root(&self) -> Root {
        self.root
    }

    /// Returns the block.
    pub fn block(&self) -> &Arc<Block> {
        &self.block
    }

    /// Merges the votes' proofs and the proposer's signature into the block's proof. This is expensive, and needs no
    /// store.
    ///
    /// # Errors
    ///
    /// What the proof scheme refuses; a signature that is not the proposer's over the block's root, for one.
    pub fn sign(&self, signature: Signature, proofs: &dyn ProofScheme) -> Result<SignedBlock, ProofError> {
        let statements = block_statements(&self.block, self.root, &self.state.validators)
            .map_err(|_| ProofError::KeyCountMismatch)?;
        let proposal = statements.last().ok_or(ProofError::Empty)?;
        let raw = RawSignature {
            validator_index: self.block.proposer_index,
            public_key: *proposal.public_keys.first().ok_or(ProofError::Empty)?,
            signature,
        };
        let proposer = proofs.aggregate(&[], &[raw], self.root, self.block.slot)?;
        let parts: Vec<_> = self.proofs.iter().map(Arc::as_ref).chain([&proposer]).zip(statements).collect();
        let proof: MultiMessageAggregate = proofs.merge(&parts)?;
        Ok(SignedBlock { block: Block::clone(&self.block), proof })
    }
}

impl Store {
    /// Proposes a block in `slot` on top of the head, with the votes that the chain can use, and takes it into the
    /// store (`produce_block_with_signatures`).
    ///
    /// The store's time is first advanced to the slot, and all waiting votes are counted. The head stays where it is
    /// until [`update_head`](Self::update_head) or the next acceptance of votes.
    ///
    /// # Errors
    ///
    /// [`Rejection::WrongProposer`] when it is not this validator's turn; [`Rejection::BlockSlotNotInFuture`] when the
    /// head is not before the slot. The store is then as it was.
    pub fn produce_block(
        &mut self,
        slot: Slot,
        validator_index: ValidatorIndex,
        proofs: &dyn ProofScheme,
    ) -> Result<ProducedBlock, Rejection> {
        // Ticks and votes that begin to count change no more than this: without aggregating, signatures stay.
        let before = (self.view, self.pools.new.clone(), self.pools.known.clone());
        let produced = self.try_produce_block(slot, validator_index, proofs);
        if produced.is_err() {
            (self.view, self.pools.new, self.pools.known) = before;
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
        let proposer = proposer_for_slot(slot, head_state.validators.len()).ok_or(Rejection::EmptyValidatorRegistry)?;
        if validator_index != proposer {
            return Err(Rejection::WrongProposer);
        }
        let proposal = Proposal {
            state: head_state,
            state_root: self.head_block().state_root,
            parent_root: self.view.head,
            slot,
            proposer_index: validator_index,
        };
        let BuiltBlock { block, state, proofs } =
            build_block(proposal, |root| self.contains_block(root), self.known_proofs(), proofs)?;

        let root = Root::of(&block);
        let (block, state) = (Arc::new(block), Arc::new(state));
        self.adopt(root, Arc::clone(&block), Arc::clone(&state));
        Ok(ProducedBlock { root, block, state, proofs })
    }
}
