//! The store: a node's view of the chain, with fork choice.
//!
//! [`Store`] is a thin composition. Its fields are the parts, each with its own file, invariants
//! and methods. Its methods are the specification's handlers, which pass each function no more than
//! the parts it needs.
//!
//! | part | holds |
//! |---|---|
//! | [`tree`] | all known blocks |
//! | [`states`] | the kept states, and how to recompute the others |
//! | [`pools`]: [`signature_pool`], [`proof_pool`]s | signatures, uncounted and counted proofs |
//! | … each bounded as a [`pool`], in fair [`share`]s, with its [`latest_votes`] | |
//! | [`fork_choice`], by [`lmd_ghost`] | head, safe target, justified and finalized checkpoint |
//! | [`time`] | the interval, and the action due |
//!
//! | handlers | functions and work away from the store |
//! |---|---|
//! | [`import`]: `on_block`, recovery of votes | [`candidate`], [`recovery`] |
//! | [`gossip`]: `on_gossip_attestation`, `on_gossip_aggregated_attestation` | [`validation`] |
//! | [`tick`]: `on_tick`, `update_head`, `aggregate` | [`aggregation`] |
//! | [`production`]: `produce_block`, `produce_attestation_data` | [`duty`] |
//! | [`restore`]: blocks and votes of an earlier run | |
//!
//! Everything here is a function of the store and its inputs. A handler leaves the store unchanged
//! when it rejects its input. Each handler has three steps, which a caller can also take one by
//! one: check against the store, verify signatures without the store, and insert. So a node can
//! keep the store on one thread and verify on others.

mod aggregation;
mod candidate;
mod duty;
mod fork_choice;
mod gossip;
mod import;
mod latest_votes;
mod lmd_ghost;
mod pool;
mod pools;
mod production;
mod proof_pool;
mod recovery;
#[cfg(test)]
mod reference_tests;
mod restore;
mod share;
mod signature_pool;
mod states;
mod tick;
mod time;
mod tree;
mod validation;

use std::sync::Arc;

use crate::block::Block;
use crate::checkpoint::Checkpoint;
use crate::rejection::Rejection;
use crate::root::Root;
use crate::slot::{Interval, Slot, ValidatorIndex};
use crate::state::{GenesisConfig, State};
use crate::store::fork_choice::ForkChoice;
use crate::store::states::States;
use crate::store::time::Time;

pub use aggregation::{AggregationPlan, AggregationRound, AggregationTask};
pub use candidate::{BlockCandidate, BlockCheck, VerifiedBlock, block_statements};
pub use fork_choice::HeadChange;
pub use gossip::VoteClaim;
pub use import::BlockImport;
pub use pools::VotePools;
pub use production::ProducedBlock;
pub use recovery::{RecoveredVotes, RecoveryPlan};
pub use tree::BlockTree;

/// A node's view of the chain: the known blocks and votes, and the result of fork choice.
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
    pools: VotePools,
}

impl Store {
    /// Creates a store with a trusted anchor: genesis, or a finalized block and the state after it
    /// (`create_store`).
    ///
    /// # Errors
    ///
    /// [`Rejection::AnchorStateRootMismatch`] if the block does not name the state.
    pub fn new(
        state: State,
        anchor: Block,
        validator_index: Option<ValidatorIndex>,
    ) -> Result<Self, Rejection> {
        if anchor.state_root != Root::of(&state) {
            return Err(Rejection::AnchorStateRootMismatch);
        }
        let root = Root::of(&anchor);
        let (config, time) = (state.config, Time::at_slot(anchor.slot));
        let fork_choice = ForkChoice::new(Checkpoint { root, slot: anchor.slot });
        let tree = BlockTree::new(root, Arc::new(anchor));
        let mut states = States::default();
        states.insert(&tree, root, Arc::new(state), &[root]);
        Ok(Self {
            config,
            validator_index,
            time,
            fork_choice,
            tree,
            states,
            pools: VotePools::default(),
        })
    }

    /// Returns the store's time, in intervals since genesis. Only ticks advance it.
    pub fn time(&self) -> Interval {
        self.time.now()
    }

    /// Returns the chain's configuration.
    pub fn config(&self) -> GenesisConfig {
        self.config
    }

    /// Returns the validator of this view, if it belongs to one.
    pub fn validator_index(&self) -> Option<ValidatorIndex> {
        self.validator_index
    }

    /// Returns the tree of known blocks.
    pub fn tree(&self) -> &BlockTree {
        &self.tree
    }

    /// Returns the pools of votes.
    pub fn pools(&self) -> &VotePools {
        &self.pools
    }

    /// Returns a known block.
    pub fn block(&self, root: &Root) -> Option<&Arc<Block>> {
        self.tree.block(root)
    }

    /// Returns whether a block is known.
    pub fn contains_block(&self, root: &Root) -> bool {
        self.tree.contains(root)
    }

    /// Returns the state after a block, if it is kept.
    ///
    /// The states of the head, of the justified and the finalized checkpoint and of the newest
    /// blocks are kept. For other states see [`forget_states`](Self::forget_states).
    pub fn state(&self, root: &Root) -> Option<&Arc<State>> {
        self.states.get(root)
    }

    /// Returns the number of kept states.
    pub fn state_count(&self) -> usize {
        self.states.len()
    }

    /// Returns the root of the head: the block selected by fork choice.
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
        self.states
            .get(&self.fork_choice.head())
            .expect("the head's state is restored when it becomes the head")
    }

    /// Returns the root of the safe target: the deepest block safe to vote for.
    pub fn safe_target(&self) -> Root {
        self.fork_choice.safe_target()
    }

    /// Returns the safe target's slot.
    #[expect(clippy::missing_panics_doc, reason = "the message says why this cannot fail")]
    pub fn safe_target_slot(&self) -> Slot {
        self.tree
            .block(&self.fork_choice.safe_target())
            .expect("the safe target is a block of the tree")
            .slot
    }

    /// Returns the justified checkpoint with the highest slot in any block's state.
    pub fn latest_justified(&self) -> Checkpoint {
        self.fork_choice.latest_justified()
    }

    /// Returns the finalized checkpoint of the head's chain. A reorganisation can lower it.
    pub fn latest_finalized(&self) -> Checkpoint {
        self.fork_choice.latest_finalized()
    }
}
