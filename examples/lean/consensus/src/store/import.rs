//! Blocks from the network: check, verify, import.

use std::collections::HashSet;
use std::sync::Arc;

use crate::block::Block;
use crate::checkpoint::{AttestationData, Checkpoint};
use crate::proof::{ProofScheme, Statement};
use crate::rejection::Rejection;
use crate::root::Root;
use crate::rooted_block::RootedBlock;
use crate::state::State;
use crate::store::Store;
use crate::store::states::Replay;
use crate::store::tree::BlockTree;
use crate::transition::state_transition_from;
use crate::validator::Validators;

/// What a look at a block against the store comes to.
#[derive(Clone, Debug)]
pub enum BlockCheck {
    /// The block is known already, under this root. There is nothing to do.
    Known(Root),
    /// The block is new and its parent is known.
    New(BlockCandidate),
}

/// A block whose parent is known, with all that is needed to verify it away from the store.
#[derive(Clone, Debug)]
pub struct BlockCandidate {
    block: RootedBlock,
    /// How to make the state after the parent, which is at hand unless the parent is an old block.
    parent: Replay,
}

/// A block that has passed every check, and the state after it.
#[derive(Clone, Debug)]
pub struct VerifiedBlock {
    root: Root,
    block: Arc<Block>,
    state: Arc<State>,
}

/// What importing a block has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockImport {
    /// The block's root.
    pub root: Root,
    /// Whether the block was not known before; nothing has changed if it was.
    pub is_new: bool,
    /// How the head has moved, if it has.
    pub head: Option<HeadChange>,
    /// The store's new justified checkpoint, if it has advanced.
    pub justified: Option<Checkpoint>,
    /// The store's new finalized checkpoint, if it has advanced.
    pub finalized: Option<Checkpoint>,
}

/// How the head has moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeadChange {
    /// The head before.
    pub old: Root,
    /// The head now.
    pub new: Root,
    /// Whether the old head is not an ancestor of the new one.
    pub is_reorganisation: bool,
}

impl BlockCandidate {
    /// Returns the block's root.
    pub fn root(&self) -> Root {
        self.block.root()
    }

    /// Checks the block's proof and applies the block to its parent's state. This is the expensive part of an import.
    ///
    /// # Errors
    ///
    /// [`Rejection::EmptyAggregationBits`], [`Rejection::ValidatorIndexOutOfRange`],
    /// [`Rejection::ProposerIndexOutOfRange`] or [`Rejection::InvalidBlockProof`] of the proof; or what
    /// [`state_transition`](crate::state_transition) refuses.
    pub fn verify(self, proofs: &dyn ProofScheme) -> Result<VerifiedBlock, Rejection> {
        self.check_proof(proofs)?;
        self.trust_proof()
    }

    /// Checks the block's proof alone, which is the half of [`verify`](Self::verify) that comes first.
    ///
    /// # Errors
    ///
    /// [`Rejection::EmptyAggregationBits`], [`Rejection::ValidatorIndexOutOfRange`],
    /// [`Rejection::ProposerIndexOutOfRange`] or [`Rejection::InvalidBlockProof`].
    pub fn check_proof(&self, proofs: &dyn ProofScheme) -> Result<(), Rejection> {
        let statements = block_statements(self.block.block(), self.root(), &self.parent.base().validators)?;
        proofs.verify_merged(&self.block.signed().proof, &statements).map_err(|_| Rejection::InvalidBlockProof)
    }

    /// Applies the block to its parent's state without looking at its proof.
    ///
    /// For a block that was verified before it was stored, and for test vectors, whose blocks have no proofs.
    ///
    /// # Errors
    ///
    /// What [`state_transition`](crate::state_transition) refuses.
    pub fn trust_proof(self) -> Result<VerifiedBlock, Rejection> {
        let (parent_state, parent_state_root) = self.parent.run()?;
        let block = self.block.block();
        let state = state_transition_from(&parent_state, parent_state_root, block, self.block.body_root())?;
        Ok(VerifiedBlock { root: self.root(), block: Arc::new(block.clone()), state: Arc::new(state) })
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

impl Store {
    /// Handles a block: checks it, verifies it, and imports it (`on_block`).
    ///
    /// # Errors
    ///
    /// The first [`Rejection`] of [`check_block`](Self::check_block) or [`BlockCandidate::verify`].
    pub fn on_block(
        &mut self,
        block: impl Into<RootedBlock>,
        proofs: &dyn ProofScheme,
    ) -> Result<BlockImport, Rejection> {
        match self.check_block(block)? {
            BlockCheck::Known(root) => Ok(unchanged(root)),
            BlockCheck::New(candidate) => Ok(self.import_block(candidate.verify(proofs)?)),
        }
    }

    /// Looks whether a block is new, its parent known, and its votes distinct. Cheap.
    ///
    /// # Errors
    ///
    /// [`Rejection::UnknownParentBlock`] or [`Rejection::DuplicateAttestationData`].
    pub fn check_block(&self, block: impl Into<RootedBlock>) -> Result<BlockCheck, Rejection> {
        let block = block.into();
        if self.contains_block(&block.root()) {
            return Ok(BlockCheck::Known(block.root()));
        }
        let parent = self.states.find(&self.tree, &block.block().parent_root);
        let parent = parent.ok_or(Rejection::UnknownParentBlock)?;
        let attestations = &block.block().body.attestations;
        let distinct: HashSet<_> = attestations.iter().map(|attestation| &attestation.data).collect();
        if distinct.len() != attestations.len() {
            return Err(Rejection::DuplicateAttestationData);
        }
        Ok(BlockCheck::New(BlockCandidate { block, parent }))
    }

    /// Takes in a block that has passed every check, and selects the head anew.
    ///
    /// A block that has become known in the meantime changes nothing, and neither does one whose parent has been
    /// [withdrawn](Self::withdraw_block).
    pub fn import_block(&mut self, verified: VerifiedBlock) -> BlockImport {
        let VerifiedBlock { root, block, state } = verified;
        if self.contains_block(&root) || !self.contains_block(&block.parent_root) {
            return unchanged(root);
        }
        let before = self.view;
        // The block's votes take their place in the order, without weight: their proofs come by gossip.
        let votes = block.body.attestations.iter().map(|attestation| attestation.data);
        self.pools.known.bring_to_front(votes);
        self.adopt(root, block, state);
        self.update_head();
        if self.view.latest_finalized.slot > before.latest_finalized.slot {
            self.prune_stale_attestation_data();
        }
        self.changes_since(root, before)
    }

    /// Drops votes that cannot influence fork choice any more: those whose head is not above the finalized block
    /// (`prune_stale_attestation_data`).
    ///
    /// An import does this itself when it advances finality. When finality has advanced otherwise, through a block of
    /// this node's own or votes that began to count, the specification waits for the next such import; a node may call
    /// this instead.
    pub fn prune_stale_attestation_data(&mut self) {
        let finalized = self.view.latest_finalized;
        let tree = &self.tree;
        self.pools.retain(|data| is_under(tree, finalized, data));
    }

    /// Says whether a vote is for a head above the finalized block, so that pruning would keep it.
    pub fn is_under_finalized(&self, data: &AttestationData) -> bool {
        is_under(&self.tree, self.view.latest_finalized, data)
    }

    fn changes_since(&self, root: Root, before: super::View) -> BlockImport {
        let after = self.view;
        let head = (after.head != before.head).then(|| HeadChange {
            old: before.head,
            new: after.head,
            is_reorganisation: !self.tree.is_ancestor(self.checkpoint(before.head), self.checkpoint(after.head)),
        });
        let advanced = |new: Checkpoint, old: Checkpoint| (new.slot > old.slot).then_some(new);
        BlockImport {
            root,
            is_new: true,
            head,
            justified: advanced(after.latest_justified, before.latest_justified),
            finalized: advanced(after.latest_finalized, before.latest_finalized),
        }
    }

    fn checkpoint(&self, root: Root) -> Checkpoint {
        Checkpoint { root, slot: self.tree.block(&root).map_or(0, |block| block.slot) }
    }
}

fn is_under(tree: &BlockTree, finalized: Checkpoint, data: &AttestationData) -> bool {
    data.head.slot > finalized.slot && tree.is_ancestor(finalized, data.head)
}

fn unchanged(root: Root) -> BlockImport {
    BlockImport { root, is_new: false, head: None, justified: None, finalized: None }
}

/// Puts together what a block's proof must show: each vote in the body's order, and last the proposer's signature.
///
/// # Errors
///
/// [`Rejection::EmptyAggregationBits`], [`Rejection::ValidatorIndexOutOfRange`] or
/// [`Rejection::ProposerIndexOutOfRange`].
pub fn block_statements(block: &Block, block_root: Root, validators: &Validators) -> Result<Vec<Statement>, Rejection> {
    let mut statements = Vec::with_capacity(block.body.attestations.len() + 1);
    for attestation in block.body.attestations.iter() {
        if attestation.aggregation_bits.count_ones() == 0 {
            return Err(Rejection::EmptyAggregationBits);
        }
        let public_keys =
            validators.attestation_keys(&attestation.aggregation_bits).ok_or(Rejection::ValidatorIndexOutOfRange)?;
        let message = Root::of(&attestation.data);
        statements.push(Statement { public_keys, message, slot: attestation.data.slot });
    }
    let proposer = validators.at(block.proposer_index).ok_or(Rejection::ProposerIndexOutOfRange)?;
    let public_keys = vec![proposer.proposal_public_key];
    statements.push(Statement { public_keys, message: block_root, slot: block.slot });
    Ok(statements)
}
