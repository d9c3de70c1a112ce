//! A block on its way into the store: checked against the store, then verified without it.

use std::collections::HashSet;
use std::sync::Arc;

use crate::block::Block;
use crate::constants::HISTORICAL_ROOTS_LIMIT;
use crate::proof::{ProofScheme, Statement};
use crate::rejection::Rejection;
use crate::root::Root;
use crate::rooted_block::RootedBlock;
use crate::slot::Slot;
use crate::state::State;
use crate::store::states::{Replay, States};
use crate::store::tree::BlockTree;
use crate::transition::{Stage, state_transition_from};
use crate::validator::Validators;

/// The result of checking a block against the store.
#[derive(Clone, Debug)]
pub enum BlockCheck {
    /// The block is already known, under this root. There is nothing to do.
    Known(Root),
    /// The block is new and its parent is known.
    New(BlockCandidate),
}

/// A block with a known parent, and all data needed to verify it away from the store.
#[derive(Clone, Debug)]
pub struct BlockCandidate {
    block: RootedBlock,
    /// How to compute the state after the parent. It is kept unless the parent is an old block.
    parent: Replay,
}

/// A verified block, and the state after it.
#[derive(Clone, Debug)]
pub struct VerifiedBlock {
    pub(super) root: Root,
    pub(super) block: Arc<Block>,
    pub(super) state: Arc<State>,
}

impl BlockCheck {
    /// Checks that a block is new, its parent known, its slot at most `newest_slot` and not too far
    /// from its parent's, and its votes distinct.
    ///
    /// The checks of the slot bound the work of everything after them: a state has an entry for
    /// each empty slot.
    pub(super) fn new(
        block: RootedBlock,
        tree: &BlockTree,
        states: &States,
        newest_slot: Slot,
    ) -> Result<Self, Rejection> {
        if tree.contains(&block.root()) {
            return Ok(Self::Known(block.root()));
        }
        let parent =
            states.find(tree, &block.block().parent_root).ok_or(Rejection::UnknownParentBlock)?;
        let slot = block.block().slot;
        if slot.saturating_sub(parent.slot()) > HISTORICAL_ROOTS_LIMIT as Slot {
            return Err(Rejection::BlockSlotGapTooLarge);
        }
        if slot > newest_slot {
            return Err(Rejection::BlockTooFarInFuture);
        }
        let attestations = &block.block().body.attestations;
        let distinct: HashSet<_> =
            attestations.iter().map(|attestation| &attestation.data).collect();
        if distinct.len() != attestations.len() {
            return Err(Rejection::DuplicateAttestationData);
        }
        Ok(Self::New(BlockCandidate { block, parent }))
    }
}

impl BlockCandidate {
    /// Returns the block's root.
    pub fn root(&self) -> Root {
        self.block.root()
    }

    /// Checks the block's proof and applies the block to its parent's state. This is the expensive
    /// part of an import.
    ///
    /// # Errors
    ///
    /// [`Rejection::EmptyAggregationBits`], [`Rejection::ValidatorIndexOutOfRange`],
    /// [`Rejection::ProposerIndexOutOfRange`] or [`Rejection::InvalidBlockProof`] for the proof, or
    /// the first [`Rejection`] of [`state_transition`](crate::state_transition).
    pub fn verify(self, proofs: &dyn ProofScheme) -> Result<VerifiedBlock, Rejection> {
        self.check_proof(proofs)?;
        self.trust_proof()
    }

    /// Checks the block's proof alone: the first half of [`verify`](Self::verify).
    ///
    /// # Errors
    ///
    /// [`Rejection::EmptyAggregationBits`], [`Rejection::ValidatorIndexOutOfRange`],
    /// [`Rejection::ProposerIndexOutOfRange`] or [`Rejection::InvalidBlockProof`].
    pub fn check_proof(&self, proofs: &dyn ProofScheme) -> Result<(), Rejection> {
        let statements =
            block_statements(self.block.block(), self.root(), &self.parent.base().validators)?;
        proofs
            .verify_merged(&self.block.signed().proof, &statements)
            .map_err(|_| Rejection::InvalidBlockProof)
    }

    /// Applies the block to its parent's state without checking its proof.
    ///
    /// For blocks verified before they were stored, and for blocks of test vectors, which have no
    /// proofs.
    ///
    /// # Errors
    ///
    /// The first [`Rejection`] of [`state_transition`](crate::state_transition).
    pub fn trust_proof(self) -> Result<VerifiedBlock, Rejection> {
        self.trust_proof_in_stages(&mut |_| {})
    }

    /// Does the same as [`trust_proof`](Self::trust_proof), and calls `ended` at the end of each
    /// stage of the state transition. After a rejection, the later stages have no end.
    ///
    /// # Errors
    ///
    /// The first [`Rejection`] of [`state_transition`](crate::state_transition).
    pub fn trust_proof_in_stages(
        self,
        ended: &mut dyn FnMut(Stage),
    ) -> Result<VerifiedBlock, Rejection> {
        let (parent_state, parent_state_root) = self.parent.run()?;
        let block = self.block.block();
        let state = state_transition_from(
            &parent_state,
            parent_state_root,
            block,
            self.block.body_root(),
            ended,
        )?;
        Ok(VerifiedBlock {
            root: self.root(),
            block: Arc::new(block.clone()),
            state: Arc::new(state),
        })
    }
}

impl VerifiedBlock {
    /// Returns the block's root.
    pub fn root(&self) -> Root {
        self.root
    }

    /// Returns the block.
    pub fn block(&self) -> &Arc<Block> {
        &self.block
    }
}

/// Returns the statements of a block's proof: each vote in the body's order, and last the
/// proposer's signature.
///
/// # Errors
///
/// [`Rejection::EmptyAggregationBits`], [`Rejection::ValidatorIndexOutOfRange`] or
/// [`Rejection::ProposerIndexOutOfRange`].
pub fn block_statements(
    block: &Block,
    block_root: Root,
    validators: &Validators,
) -> Result<Vec<Statement>, Rejection> {
    let mut statements = Vec::with_capacity(block.body.attestations.len() + 1);
    for attestation in block.body.attestations.iter() {
        if attestation.aggregation_bits.count_ones() == 0 {
            return Err(Rejection::EmptyAggregationBits);
        }
        let public_keys = validators
            .attestation_keys(&attestation.aggregation_bits)
            .ok_or(Rejection::ValidatorIndexOutOfRange)?;
        let message = Root::of(&attestation.data);
        statements.push(Statement { public_keys, message, slot: attestation.data.slot });
    }
    let proposer = validators.at(block.proposer_index).ok_or(Rejection::ProposerIndexOutOfRange)?;
    let public_keys = vec![proposer.proposal_public_key];
    statements.push(Statement { public_keys, message: block_root, slot: block.slot });
    Ok(statements)
}
