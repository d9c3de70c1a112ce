//! The store: a node's view of the chain, and the fork choice that runs on it.
//!
//! Everything here is a function of the store and its inputs. A handler that refuses its input leaves the store as it
//! was. Each handler is made of three steps that can also be taken one by one: check against the store, verify
//! signatures without it, and insert. So a node can keep the store on one thread and verify on others.
//!
//! Reading order: [`tree`], [`states`] and [`pool`] (what is held), [`lmd_ghost`] and [`fork_choice`] (fork choice),
//! [`validation`], [`gossip`] and [`import`] (what comes in), [`tick`] and [`aggregation`] (what time brings), [`duty`],
//! [`production`] and [`recovery`] (what a validator does).

mod aggregation;
mod candidate;
mod duty;
mod fork_choice;
mod gossip;
mod import;
mod lmd_ghost;
mod pool;
mod pools;
mod production;
mod recovery;
#[cfg(test)]
mod reference_tests;
mod states;
mod tick;
mod time;
mod tree;
mod validation;

use std::sync::Arc;

use crate::consensus::block::Block;
use crate::consensus::checkpoint::{AttestationData, Checkpoint};
use crate::consensus::coverage::Proofs;
use crate::consensus::rejection::Rejection;
use crate::consensus::root::Root;
use crate::consensus::slot::{Interval, Slot, ValidatorIndex};
use crate::consensus::state::{GenesisConfig, State};
use crate::consensus::store::fork_choice::ForkChoice;
use crate::consensus::store::pools::Pools;
use crate::consensus::store::states::States;
use crate::consensus::store::time::Time;
use crate::consensus::store::tree::BlockTree;

pub use aggregation::{AggregationPlan, AggregationRound, AggregationTask};
pub use candidate::{BlockCandidate, BlockCheck, VerifiedBlock, block_statements};
pub use fork_choice::HeadChange;
pub use gossip::VoteClaim;
pub use import::BlockImport;
pub use production::ProducedBlock;
pub use recovery::{RecoveredVotes, RecoveryPlan};

/// A node's view of the chain: the blocks it knows, the votes it has seen, and what it makes of them.
///
/// Blocks and states are shared, so a clone costs a few machine words for each block.
#[derive(Clone, Debug)]
pub struct Store {
    config: GenesisConfig,
    validator_index: Option<ValidatorIndex>,
    time: Time,
    fork_choice: ForkChoice,
    tree: BlockTree,
    states: States,
    pools: Pools,
}

impl Store {
    /// Starts from an anchor that is trusted: genesis, or a finalized block and the state after it (`create_store`).
    ///
    /// # Errors
    ///
    /// [`Rejection::AnchorStateRootMismatch`] when the block does not name the state.
    pub fn new(state: State, anchor: Block, validator_index: Option<ValidatorIndex>) -> Result<Self, Rejection> {
        if anchor.state_root != Root::of(&state) {
            return Err(Rejection::AnchorStateRootMismatch);
        }
        let root = Root::of(&anchor);
        let (config, time) = (state.config, Time::at_slot(anchor.slot));
        let fork_choice = ForkChoice::new(Checkpoint { root, slot: anchor.slot });
        let tree = BlockTree::new(root, Arc::new(anchor));
        let mut states = States::default();
        states.insert(&tree, root, Arc::new(state), &[root]);
        Ok(Self { config, validator_index, time, fork_choice, tree, states, pools: Pools::default() })
    }

    /// Returns how many intervals have passed since genesis, as far as the store has been told by ticks.
    pub fn time(&self) -> Interval {
        self.time.now()
    }

    /// Returns the chain's configuration.
    pub fn config(&self) -> GenesisConfig {
        self.config
    }

    /// Returns the validator whose view this is, if it is one's.
    pub fn validator_index(&self) -> Option<ValidatorIndex> {
        self.validator_index
    }

    /// Returns the root of the block that fork choice selects.
    pub fn head(&self) -> Root {
        self.fork_choice.head()
    }

    /// Returns the head's slot.
    pub fn head_slot(&self) -> Slot {
        self.head_block().slot
    }

    /// Returns the head's block.
    #[expect(clippy::missing_panics_doc, reason = "the message says why this cannot fail")]
    pub fn head_block(&self) -> &Arc<Block> {
        self.tree.block(&self.fork_choice.head()).expect("the head is a block of the tree")
    }

    /// Returns the state after the head.
    #[expect(clippy::missing_panics_doc, reason = "the message says why this cannot fail")]
    pub fn head_state(&self) -> &Arc<State> {
        self.states.get(&self.fork_choice.head()).expect("the head's state is restored when it becomes the head")
    }

    /// Returns the root of the block that is safe to vote for.
    pub fn safe_target(&self) -> Root {
        self.fork_choice.safe_target()
    }

    /// Returns the slot of the block that is safe to vote for.
    #[expect(clippy::missing_panics_doc, reason = "the message says why this cannot fail")]
    pub fn safe_target_slot(&self) -> Slot {
        self.tree.block(&self.fork_choice.safe_target()).expect("the safe target is a block of the tree").slot
    }

    /// Returns the justified checkpoint with the highest slot that any block has shown.
    pub fn latest_justified(&self) -> Checkpoint {
        self.fork_choice.latest_justified()
    }

    /// Returns the finalized checkpoint as the head's chain has it; a reorganisation can lower it.
    pub fn latest_finalized(&self) -> Checkpoint {
        self.fork_choice.latest_finalized()
    }

    /// Finds a block.
    pub fn block(&self, root: &Root) -> Option<&Arc<Block>> {
        self.tree.block(root)
    }

    /// Finds the state after a block, if it is kept: those of the head, of the justified and the finalized checkpoint and
    /// of the newest blocks are; see [`forget_states`](Self::forget_states) for others.
    pub fn state(&self, root: &Root) -> Option<&Arc<State>> {
        self.states.get(root)
    }

    /// Returns how many states are kept.
    pub fn state_count(&self) -> usize {
        self.states.len()
    }

    /// Says whether a block is known.
    pub fn contains_block(&self, root: &Root) -> bool {
        self.tree.contains(root)
    }

    /// Walks all known blocks in the order in which they were imported.
    pub fn blocks(&self) -> impl Iterator<Item = (&Root, &Arc<Block>)> {
        self.tree.blocks()
    }

    /// Returns how many blocks are known.
    pub fn block_count(&self) -> usize {
        self.tree.blocks().len()
    }

    /// Returns the highest slot of any known block.
    pub fn newest_block_slot(&self) -> Slot {
        self.tree.newest_slot()
    }

    /// Walks a block and its known ancestors, newest first.
    pub fn chain(&self, root: Root) -> impl Iterator<Item = (Root, &Arc<Block>)> {
        self.tree.chain(root)
    }

    /// Returns the number of blocks on `old`'s chain and not on `new`'s: the depth of the
    /// reorganisation from `old` to `new`. Returns 0 if `old` is an ancestor of `new`, or if one of
    /// them is unknown.
    pub fn blocks_taken_back(&self, old: Root, new: Root) -> u64 {
        self.tree.reorganisation_depth(old, new)
    }

    /// Returns how many signatures wait to be aggregated.
    pub fn signature_count(&self) -> usize {
        self.pools.signatures.iter().map(|(_, signatures)| signatures.len()).sum()
    }

    /// Returns how many proofs wait to be counted.
    pub fn new_proof_count(&self) -> usize {
        self.new_proofs().map(|(_, proofs)| proofs.len()).sum()
    }

    /// Returns how many proofs fork choice counts.
    pub fn known_proof_count(&self) -> usize {
        self.known_proofs().map(|(_, proofs)| proofs.len()).sum()
    }

    /// Walks the votes with signatures that wait to be aggregated, and who has signed each.
    pub fn attestation_signatures(
        &self,
    ) -> impl Iterator<Item = (&AttestationData, impl Iterator<Item = ValidatorIndex>)> {
        self.pools.signatures.iter().map(|(data, signatures)| (data, signatures.keys().copied()))
    }

    /// Walks the votes with proofs that wait to be counted (`latest_new_aggregated_payloads`).
    pub fn new_proofs(&self) -> impl Iterator<Item = (&AttestationData, &Proofs)> {
        self.pools.new.all_proofs()
    }

    /// Walks the votes that fork choice counts, and their proofs (`latest_known_aggregated_payloads`).
    ///
    /// A vote that has only been seen in a block has no proofs, and no weight.
    pub fn known_proofs(&self) -> impl Iterator<Item = (&AttestationData, &Proofs)> {
        self.pools.known.all_proofs()
    }
}
