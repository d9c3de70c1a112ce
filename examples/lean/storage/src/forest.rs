//! Chains for tests: blocks with their real roots, and states with their histories, by seed. The
//! blocks follow no rule of consensus, because a store knows none.

use std::sync::Arc;

use consensus::{
    AggregatedAttestation, AttestationData, Block, BlockBody, BlockHeader, BlockRoots, Checkpoint,
    GenesisConfig, MultiMessageAggregate, ProofBytes, Root, SignedBlock, Slot, State, Validators,
    aggregation_bits,
};
use xmss::PublicKey;

use crate::changes::{Changes, Finalized};
use crate::identity::ChainIdentity;
use crate::store::Keep;

const GENESIS_TIME: u64 = 1_700_000_000;

/// Numbers by seed (SplitMix64).
#[derive(Clone, Debug)]
pub(crate) struct Chance(pub(crate) u64);

impl Chance {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }

    pub(crate) fn one_in(&mut self, parts: usize) -> bool {
        self.below(parts) == 0
    }
}

/// A block with its root, and the state after it.
#[derive(Clone, Debug)]
pub(crate) struct Tree {
    pub(crate) place: Checkpoint,
    pub(crate) block: Arc<SignedBlock>,
    pub(crate) state: Arc<State>,
    parent: Option<usize>,
}

/// A tree of blocks that grows by chance, and the finalized one of them.
#[derive(Debug)]
pub(crate) struct Forest {
    pub(crate) trees: Vec<Tree>,
    finalized: usize,
    chance: Chance,
}

pub(crate) fn registry() -> Validators {
    let key = |byte| PublicKey::new([byte; PublicKey::LENGTH]);
    let keys = (0..8).map(|validator| (key(2 * validator), key(2 * validator + 1)));
    Validators::new(keys).expect("eight are few")
}

pub(crate) fn identity() -> ChainIdentity {
    ChainIdentity {
        genesis_time: GENESIS_TIME,
        validators_root: Root::of(&registry()),
        fork: "devnet0".to_owned(),
        scheme: "test".to_owned(),
    }
}

impl Forest {
    /// Plants the anchor: the block of slot 0.
    pub(crate) fn new(seed: u64) -> Self {
        let mut forest = Self { trees: Vec::new(), finalized: 0, chance: Chance(seed) };
        forest.grow(None, 0);
        forest
    }

    /// Returns the changes of a new store: its anchor.
    pub(crate) fn anchor(&self) -> Changes {
        Changes {
            blocks: vec![self.block(0)],
            finalized: Some(self.finalized_at(0)),
            ..Changes::default()
        }
    }

    /// Returns the changes of some turns: blocks on any branch, sometimes finality, votes and
    /// peers.
    pub(crate) fn turn(&mut self) -> Changes {
        let mut changes = Changes::default();
        for _ in 0..self.chance.below(4) {
            let parent = self.parent();
            let slot = self.trees[parent].place.slot + 1 + self.chance.below(3) as Slot;
            let grown = self.grow(Some(parent), slot);
            changes.blocks.push(self.block(grown));
        }
        if self.chance.one_in(4) {
            // A block fetched once more, perhaps with the proof that the stored one lacks.
            let tree = self.chance.below(self.trees.len());
            changes.blocks.push(self.with_proof(tree));
        }
        if self.chance.one_in(3) {
            // A descendant of the finalized block, or itself.
            let from = self.finalized;
            let above: Vec<_> =
                (from..self.trees.len()).filter(|tree| self.is_above(*tree, from)).collect();
            self.finalized = above[self.chance.below(above.len())];
            changes.finalized = Some(self.finalized_at(self.finalized));
        }
        for _ in 0..self.chance.below(3) {
            changes.votes.push(self.vote());
        }
        if self.chance.one_in(8) {
            let count = self.chance.below(4);
            changes.peers = Some((0..count).map(|_| self.chance.next().to_string()).collect());
        }
        changes
    }

    /// Returns all blocks.
    pub(crate) fn blocks(&self) -> Vec<(Root, Arc<SignedBlock>)> {
        (0..self.trees.len()).map(|tree| self.block(tree)).collect()
    }

    /// Returns limits of pruning somewhere around the finalized slot.
    pub(crate) fn keep(&mut self) -> Keep {
        let newest = self.trees[self.finalized].place.slot as usize + 8;
        Keep {
            blocks_from: self.chance.below(newest) as Slot,
            states_from: self.chance.below(newest) as Slot,
        }
    }

    pub(crate) fn chance(&mut self) -> &mut Chance {
        &mut self.chance
    }

    pub(crate) fn newest_slot(&self) -> Slot {
        self.trees.iter().map(|tree| tree.place.slot).max().unwrap_or(0)
    }

    fn block(&self, tree: usize) -> (Root, Arc<SignedBlock>) {
        let tree = &self.trees[tree];
        (tree.place.root, Arc::clone(&tree.block))
    }

    fn with_proof(&self, tree: usize) -> (Root, Arc<SignedBlock>) {
        let (root, block) = self.block(tree);
        let proof = ProofBytes::try_from(vec![7; 100]).expect("a proof may be this long");
        let proof = MultiMessageAggregate { proof };
        (root, Arc::new(SignedBlock { block: block.block.clone(), proof }))
    }

    fn finalized_at(&self, tree: usize) -> Finalized {
        let tree = &self.trees[tree];
        Finalized { checkpoint: tree.place, state: Arc::clone(&tree.state) }
    }

    /// Chooses a parent: most often one of the newest blocks above the finalized one.
    fn parent(&mut self) -> usize {
        let count = self.trees.len();
        if self.chance.one_in(4) {
            return self.chance.below(count);
        }
        let above: Vec<_> =
            (0..count).rev().filter(|tree| self.is_above(*tree, self.finalized)).take(3).collect();
        above[self.chance.below(above.len())]
    }

    fn is_above(&self, tree: usize, below: usize) -> bool {
        std::iter::successors(Some(tree), |tree| self.trees[*tree].parent).any(|tree| tree == below)
    }

    fn vote(&mut self) -> AggregatedAttestation {
        let head = self.trees[self.chance.below(self.trees.len())].place;
        let data = AttestationData { slot: head.slot + 1, head, target: head, source: head };
        let voters = (0..8).filter(|_| self.chance.one_in(2));
        let voters: Vec<_> = voters.chain([8]).collect();
        let aggregation_bits = aggregation_bits(voters).expect("validator 8 votes");
        AggregatedAttestation { aggregation_bits, data }
    }

    fn grow(&mut self, parent: Option<usize>, slot: Slot) -> usize {
        let mut history = BlockRoots::default();
        let mut parent_root = Root::ZERO;
        if let Some(parent) = parent {
            let parent = &self.trees[parent];
            history = parent.state.historical_block_hashes.clone();
            parent_root = parent.place.root;
            history.push(parent_root).expect("a chain of a test is short");
            for _ in parent.place.slot + 1..slot {
                history.push(Root::ZERO).expect("a chain of a test is short");
            }
        }
        // Two blocks of one slot with one parent differ in their proposers.
        let proposer_index = self.chance.next() % 8;
        let body = BlockBody::default();
        let state = State {
            config: GenesisConfig { genesis_time: GENESIS_TIME },
            slot,
            latest_block_header: BlockHeader {
                slot,
                proposer_index,
                parent_root,
                state_root: Root::ZERO,
                body_root: Root::of(&body),
            },
            historical_block_hashes: history,
            validators: registry(),
            ..State::default()
        };
        let state_root = Root::of(&state);
        let block = Block { slot, proposer_index, parent_root, state_root, body };
        let place = Checkpoint { root: Root::of(&block), slot };
        // From a part of a page to several pages.
        let length = [0, 100, 5_000, 20_000][self.chance.below(4)];
        let byte = self.chance.next() as u8;
        let proof = ProofBytes::try_from(vec![byte; length]).expect("a proof may be this long");
        let block = Arc::new(SignedBlock { block, proof: MultiMessageAggregate { proof } });
        self.trees.push(Tree { place, block, state: Arc::new(state), parent });
        self.trees.len() - 1
    }
}
