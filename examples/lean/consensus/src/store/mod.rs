//! The store: a node's view of the chain, and the fork choice that runs on it.
//!
//! Everything here is a function of the store and its inputs. A handler that refuses its input leaves the store as it
//! was. Each handler is made of three steps that can also be taken one by one: check against the store, verify
//! signatures without it, and insert. So a node can keep the store on one thread and verify on others.
//!
//! Reading order: [`tree`], [`states`] and [`pool`] (what is held), [`votes`] and [`head`] (fork choice), [`validation`],
//! [`gossip`] and [`import`] (what comes in), [`tick`] and [`aggregation`] (what time brings), [`duty`],
//! [`production`] and [`recovery`] (what a validator does).

mod aggregation;
mod duty;
mod gossip;
mod head;
mod import;
mod pool;
mod production;
mod recovery;
#[cfg(test)]
mod reference_tests;
mod states;
mod tick;
mod tree;
mod validation;
mod votes;

use std::sync::Arc;

use crate::attestation::SingleMessageAggregate;
use crate::block::Block;
use crate::checkpoint::{AttestationData, Checkpoint};
use crate::clock::interval_from_slot;
use crate::coverage::Proofs;
use crate::rejection::Rejection;
use crate::root::Root;
use crate::slot::{Interval, Slot, ValidatorIndex};
use crate::state::{GenesisConfig, State};
use crate::store::pool::Pools;
use crate::store::states::States;
use crate::store::tree::BlockTree;

pub use aggregation::{AggregationPlan, AggregationRound, AggregationTask};
pub use gossip::VoteClaim;
pub use import::{BlockCandidate, BlockCheck, BlockImport, HeadChange, VerifiedBlock, block_statements};
pub use production::ProducedBlock;
pub use recovery::{RecoveredVotes, RecoveryPlan};

/// A node's view of the chain: the blocks it knows, the votes it has seen, and what it makes of them.
///
/// Blocks and states are shared, so a clone costs a few machine words for each block.
#[derive(Clone, Debug)]
pub struct Store {
    config: GenesisConfig,
    validator_index: Option<ValidatorIndex>,
    view: View,
    tree: BlockTree,
    states: States,
    pools: Pools,
}

/// What fork choice has come to.
#[derive(Clone, Copy, Debug)]
struct View {
    time: Interval,
    head: Root,
    safe_target: Root,
    latest_justified: Checkpoint,
    /// Seen from the head, so a reorganisation can lower it.
    latest_finalized: Checkpoint,
}

impl View {
    /// The blocks whose states are always kept.
    fn pinned(&self) -> [Root; 4] {
        [self.head, self.safe_target, self.latest_justified.root, self.latest_finalized.root]
    }
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
        let (root, config, time) = (Root::of(&anchor), state.config, interval_from_slot(anchor.slot));
        let checkpoint = Checkpoint { root, slot: anchor.slot };
        let tree = BlockTree::new(root, Arc::new(anchor));
        let mut states = States::default();
        states.insert(&tree, root, Arc::new(state), &[root]);
        Ok(Self {
            config,
            validator_index,
            view: View {
                time,
                head: root,
                safe_target: root,
                latest_justified: checkpoint,
                latest_finalized: checkpoint,
            },
            tree,
            states,
            pools: Pools::default(),
        })
    }

    /// Returns how many intervals have passed since genesis, as far as the store has been told by ticks.
    pub fn time(&self) -> Interval {
        self.view.time
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
        self.view.head
    }

    /// Returns the head's slot.
    pub fn head_slot(&self) -> Slot {
        self.head_block().slot
    }

    /// Returns the head's block.
    #[expect(clippy::missing_panics_doc, reason = "the message says why this cannot fail")]
    pub fn head_block(&self) -> &Arc<Block> {
        self.tree.block(&self.view.head).expect("the head is a block of the tree")
    }

    /// Returns the state after the head.
    #[expect(clippy::missing_panics_doc, reason = "the message says why this cannot fail")]
    pub fn head_state(&self) -> &Arc<State> {
        self.states.get(&self.view.head).expect("the head's state is restored when it becomes the head")
    }

    /// Returns the root of the block that is safe to vote for.
    pub fn safe_target(&self) -> Root {
        self.view.safe_target
    }

    /// Returns the slot of the block that is safe to vote for.
    #[expect(clippy::missing_panics_doc, reason = "the message says why this cannot fail")]
    pub fn safe_target_slot(&self) -> Slot {
        self.tree.block(&self.view.safe_target).expect("the safe target is a block of the tree").slot
    }

    /// Returns the justified checkpoint with the highest slot that any block has shown.
    pub fn latest_justified(&self) -> Checkpoint {
        self.view.latest_justified
    }

    /// Returns the finalized checkpoint as the head's chain has it; a reorganisation can lower it.
    pub fn latest_finalized(&self) -> Checkpoint {
        self.view.latest_finalized
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
        self.tree.block(root).is_some()
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

    /// Counts the blocks of one head's chain that are not on another's: how deep the reorganisation from the one to the
    /// other goes. 0 when the old head is an ancestor of the new one, or one of them is not known.
    pub fn blocks_taken_back(&self, old: Root, new: Root) -> u64 {
        let (mut old_chain, mut new_chain) = (self.chain(old).peekable(), self.chain(new).peekable());
        let mut taken_back = 0;
        while let (Some((old, old_block)), Some((new, new_block))) = (old_chain.peek(), new_chain.peek()) {
            if old == new {
                break;
            }
            // The one that is ahead steps back; two blocks of one slot both do.
            let (old_slot, new_slot) = (old_block.slot, new_block.slot);
            if old_slot >= new_slot {
                taken_back += 1;
                old_chain.next();
            }
            if new_slot >= old_slot {
                new_chain.next();
            }
        }
        taken_back
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

    /// Puts a block that has passed every check into the tree, and follows the checkpoint that it justifies.
    fn adopt(&mut self, root: Root, block: Arc<Block>, state: Arc<State>) {
        let justified = self.view.latest_justified.advance_to(state.latest_justified);
        self.tree.insert(root, block);
        self.states.insert(&self.tree, root, state, &self.view.pinned());
        // Fork choice starts there, so it must be a block of the tree. It always is, unless the anchor's state was
        // made up by whoever it came from.
        if self.contains_block(&justified.root) {
            self.view.latest_justified = justified;
            self.restore_state(justified.root);
        }
    }

    /// Makes sure that the state after a block that the store is to point at is kept, and says whether it is.
    fn restore_state(&mut self, root: Root) -> bool {
        self.states.restore(&self.tree, root, &self.view.pinned())
    }

    /// Gives up the states of blocks more than `slots` below the finalized slot, and says how many those were.
    ///
    /// The specification keeps every state. The store keeps those of the newest 64 blocks, of the head, the safe target and
    /// the two checkpoints, and of each chain one in 32 slots, 512 at most, so that others are made again by applying few
    /// blocks. A block on top of one whose state was given up here, or would take more than 1,024 blocks to make, is
    /// refused as if its parent were unknown.
    pub fn forget_states(&mut self, slots: u64) -> usize {
        let before = self.view.latest_finalized.slot.saturating_sub(slots);
        self.states.forget(&self.tree, before, &self.view.pinned())
    }

    /// Takes back a block of this node's own that was not signed after all, unless others build on it. Says whether it is
    /// gone.
    ///
    /// The specification keeps such a block, and with it a head that no other node can know.
    pub fn withdraw_block(&mut self, root: &Root) -> bool {
        let is_kept = self.view.latest_justified.root == *root || self.view.latest_finalized.root == *root;
        if is_kept || !self.tree.remove_leaf(root) {
            return false;
        }
        self.states.remove(root);
        let justified = self.view.latest_justified.root;
        for pointer in [&mut self.view.head, &mut self.view.safe_target] {
            if *pointer == *root {
                *pointer = justified;
            }
        }
        self.update_head();
        true
    }

    /// Adds a proof to the votes that fork choice counts, unchecked, without waiting for the next acceptance.
    ///
    /// The specification's test vectors put the votes of their blocks there. Nothing that comes from the network may.
    pub fn insert_known_proof(&mut self, data: AttestationData, proof: Arc<SingleMessageAggregate>) {
        self.pools.known.add(data, proof);
    }
}
