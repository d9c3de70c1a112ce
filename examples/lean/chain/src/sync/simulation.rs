//! A simulation: honest, slow, silent and lying peers, and a node with synchronization only, in
//! simulated time.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use network::PeerId;

use crate::decoder::Fetched;
use crate::rank::Rank;
use crate::sender::Sender;
use crate::sync::chain_view::ChainView;
use crate::sync::range::BEHIND;
use crate::sync::{Action, Claim, Request, Sync, Wanted};
use consensus::{
    AggregatedAttestation, AttestationData, Block, BlockBody, Interval, MultiMessageAggregate,
    Root, SignedBlock, Slot, aggregation_bits,
};
use network::Offence;

/// The time for a request, in intervals, as in the node.
const PATIENCE: Interval = 25;

/// The state root of an invalid block in the simulated chain.
const INVALID: Root = Root::ZERO;

/// Creates a chain of blocks in these slots, on top of `parent`.
pub(super) fn chain_of(parent: Root, slots: impl IntoIterator<Item = Slot>) -> Vec<SignedBlock> {
    let mut parent_root = parent;
    let block = |slot| {
        let state_root = Root::from([1; 32]);
        let block =
            Block { slot, proposer_index: 0, parent_root, state_root, body: BlockBody::default() };
        parent_root = Root::of(&block);
        SignedBlock { block, proof: proof() }
    };
    slots.into_iter().map(block).collect()
}

/// A proof. Only the anchor of a checkpoint sync has none.
fn proof() -> MultiMessageAggregate {
    MultiMessageAggregate { proof: vec![1].try_into().expect("one byte") }
}

/// Creates a block with too many votes.
pub(super) fn forged(slot: Slot) -> SignedBlock {
    let vote = |slot| AggregatedAttestation {
        aggregation_bits: aggregation_bits([0]).expect("one voter"),
        data: AttestationData { slot, ..AttestationData::default() },
    };
    let mut block = chain_of(Root::ZERO, [slot]).remove(0);
    block.block.body.attestations =
        (0..9).map(vote).collect::<Vec<_>>().try_into().expect("a body has room");
    block
}

/// A peer's way to answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Manner {
    /// With the blocks it has, after a delay.
    Honest { delay: Interval },
    /// With the blocks it has, from this slot on.
    Young { from: Slot },
    /// Never.
    Silent,
    /// With an error.
    Refuses,
    /// Always without blocks.
    Denies,
    /// Without the second half of its blocks.
    LeavesOutTheEnd,
    /// Without the first half of its blocks.
    LeavesOutTheBeginning,
    /// With a made-up chain without a known parent.
    MakesUp,
    /// With its blocks, the last one invalid.
    Spoils,
    /// With its blocks in the wrong order.
    Shuffles,
    /// With undecodable bytes.
    Babbles,
    /// With blocks of another chain.
    OfAnotherChain,
    /// Sometimes honestly, sometimes in any other manner.
    Moody,
}

impl Manner {
    pub(super) const LIES: [Self; 11] = [
        Self::Silent,
        Self::Refuses,
        Self::Denies,
        Self::LeavesOutTheEnd,
        Self::LeavesOutTheBeginning,
        Self::MakesUp,
        Self::Spoils,
        Self::Shuffles,
        Self::Babbles,
        Self::OfAnotherChain,
        Self::Moody,
    ];

    pub(super) fn is_honest(self) -> bool {
        matches!(self, Self::Honest { .. } | Self::Young { .. })
    }
}

/// A chain that imports any block with a known parent, except those marked as invalid.
#[derive(Default)]
struct Known {
    blocks: HashSet<Root>,
    head: Slot,
    finalized: (Slot, Root),
}

impl ChainView for Known {
    fn contains(&self, root: &Root) -> bool {
        self.blocks.contains(root)
    }

    fn head_slot(&self) -> Slot {
        self.head
    }

    fn finalized_slot(&self) -> Slot {
        self.finalized.0
    }

    fn finalized_root(&self) -> Root {
        self.finalized.1
    }
}

pub(super) struct Simulation {
    pub(super) sync: Sync,
    known: Known,
    chain: Vec<SignedBlock>,
    pub(super) peers: BTreeMap<PeerId, Manner>,
    /// The offences of each peer.
    pub(super) penalised: HashMap<PeerId, Vec<Offence>>,
    pub(super) banned: BTreeSet<PeerId>,
    /// The missing parents of held blocks.
    pub(super) awaited: BTreeSet<Root>,
    /// The requests for single blocks so far.
    pub(super) blocks_asked: usize,
    /// Answers in flight, by their time of arrival.
    answers: BTreeMap<(Interval, u64), Fetched>,
    /// The imported blocks, in order.
    pub(super) imported: Vec<Slot>,
    pub(super) now: Interval,
    random: u64,
    pub(super) most_under_way: usize,
}

impl Simulation {
    /// Creates a chain with blocks in `slots`, and a node with the first `known` of them.
    pub(super) fn new(slots: impl IntoIterator<Item = Slot>, known: usize, seed: u64) -> Self {
        let genesis = Root::from([9; 32]);
        let chain = chain_of(genesis, slots);
        let mut view = Known { blocks: HashSet::from([genesis]), head: 0, finalized: (0, genesis) };
        for block in &chain[..known] {
            view.blocks.insert(Root::of(&block.block));
            view.head = block.block.slot;
        }
        Self {
            sync: Sync::default(),
            known: view,
            chain,
            peers: BTreeMap::new(),
            penalised: HashMap::new(),
            banned: BTreeSet::new(),
            awaited: BTreeSet::new(),
            blocks_asked: 0,
            answers: BTreeMap::new(),
            imported: Vec::new(),
            now: 0,
            random: seed | 1,
            most_under_way: 0,
        }
    }

    /// Adds a fork to the node, on top of a block of the chain. No peer has its blocks.
    pub(super) fn fork(&mut self, place: usize, length: u64) {
        let base = &self.chain[place].block;
        let mut fork = chain_of(Root::of(base), (1..=length).map(|n| base.slot + n));
        fork.iter_mut().for_each(|block| block.block.proposer_index = 1);
        let mut parent = Root::of(base);
        for block in &mut fork {
            block.block.parent_root = parent;
            parent = Root::of(&block.block);
            self.known.blocks.insert(parent);
            self.known.head = self.known.head.max(block.block.slot);
        }
    }

    /// Finalizes the chain up to a block.
    pub(super) fn finalize(&mut self, place: usize) {
        let block = &self.chain[place].block;
        self.known.finalized = (block.slot, Root::of(block));
    }

    /// Connects a peer with a claim to the chain's head.
    pub(super) fn connect(&mut self, manner: Manner) -> PeerId {
        let peer = PeerId::random();
        self.peers.insert(peer, manner);
        self.sync.connected(Sender { peer, is_configured: false });
        let head = &self.chain.last().expect("the chain is not empty").block;
        self.sync.claims(peer, Claim { root: Root::of(head), slot: head.slot, is_status: true });
        peer
    }

    /// Connects a peer that passes on a block, and claims nothing else.
    pub(super) fn connect_without_claim(&mut self, manner: Manner, is_configured: bool) -> PeerId {
        let peer = PeerId::random();
        self.peers.insert(peer, manner);
        self.sync.connected(Sender { peer, is_configured });
        peer
    }

    /// Closes the connection of a peer. Its answers in flight are lost.
    pub(super) fn disconnect(&mut self, peer: PeerId) {
        self.banned.insert(peer);
        self.sync.disconnected(peer);
    }

    /// Holds a child of a missing block of the chain, named by a peer.
    pub(super) fn hold_child_of(&mut self, place: usize, hint: PeerId, rank: Rank) {
        let root = Root::of(&self.chain[place].block);
        self.awaited.insert(root);
        self.sync.want(root, Some(hint), rank);
    }

    pub(super) fn head(&self) -> Slot {
        self.known.head
    }

    /// Returns whether the node is near enough to the head to fetch single blocks. The simulation
    /// ends there.
    pub(super) fn is_synchronized(&self) -> bool {
        self.known.head + BEHIND >= self.chain.last().map_or(0, |last| last.block.slot)
    }

    /// Advances time until the node has the chain, for at most `intervals`. Returns whether it has.
    pub(super) fn run(&mut self, intervals: Interval) -> bool {
        for _ in 0..intervals {
            if self.is_synchronized() {
                return true;
            }
            self.tick();
        }
        self.is_synchronized()
    }

    pub(super) fn tick(&mut self) {
        self.now += 1;
        self.sync.expire(self.now.saturating_sub(PATIENCE), self.now);
        self.step();
        while let Some(first) = self.answers.first_entry().filter(|first| first.key().0 <= self.now)
        {
            let ((_, id), fetched) = first.remove_entry();
            self.sync.answered(id, fetched, self.now);
            self.step();
        }
    }

    fn step(&mut self) {
        loop {
            let mut imports = false;
            let awaited = &self.awaited;
            for action in self.sync.step(&self.known, |root| awaited.contains(root), self.now) {
                match action {
                    Action::Ask(request) => self.ask(request),
                    Action::Penalise(peer, offence) => self.penalise(peer, offence),
                    Action::Import(block, peer) => {
                        imports = true;
                        self.import(&block, peer);
                    }
                    Action::RangesEnded => {}
                }
            }
            self.most_under_way =
                self.most_under_way.max(self.sync.asking.blocks() + self.sync.asking.ranges());
            if !imports {
                return;
            }
        }
    }

    fn penalise(&mut self, peer: PeerId, offence: Offence) {
        let penalised = self.penalised.entry(peer).or_default();
        penalised.push(offence);
        // Scores do not recover here, so peers are treated more strictly than in the node.
        if penalised.iter().map(|offence| offence.cost()).sum::<u32>() >= 100
            && self.banned.insert(peer)
        {
            self.sync.disconnected(peer);
        }
    }

    fn import(&mut self, block: &Arc<SignedBlock>, peer: PeerId) {
        let root = Root::of(&block.block);
        if block.block.state_root == INVALID {
            self.penalise(peer, Offence::InvalidBlock);
            self.sync.rejected(&root, self.now);
        } else {
            assert!(
                self.known.contains(&block.block.parent_root),
                "ranges import a block after its parent"
            );
            self.imported.push(block.block.slot);
            self.awaited.remove(&root);
            self.known.blocks.insert(root);
            self.known.head = self.known.head.max(block.block.slot);
            self.sync.imported(&root, self.now);
        }
    }

    fn ask(&mut self, request: Request) {
        let Request { id, peer, wanted } = request;
        self.blocks_asked += usize::from(matches!(wanted, Wanted::Block(_)));
        if self.banned.contains(&peer) {
            // It was penalised in the same step.
            self.answers.insert((self.now + 1, id), Fetched::Lost);
            return;
        }
        let manner = self.peers[&peer];
        let manner = match manner {
            Manner::Moody if self.random(2) == 0 => Manner::Honest { delay: 1 },
            Manner::Moody => Manner::LIES[self.random(Manner::LIES.len() as u64 - 1) as usize],
            other => other,
        };
        let (fetched, delay) = match manner {
            Manner::Honest { delay } => (Fetched::Blocks(self.has(wanted)), delay),
            Manner::Young { from } => (self.young(wanted, from), 1),
            Manner::Silent => return,
            Manner::Babbles => {
                // In the node, the network detects this.
                self.penalise(peer, Offence::BadAnswer);
                (Fetched::Malformed, 1)
            }
            Manner::Refuses => (Fetched::Refused, 1),
            _ => (Fetched::Blocks(self.lie(manner, wanted)), 1 + self.random(3)),
        };
        self.answers.insert((self.now + delay, id), fetched);
    }

    fn has(&self, wanted: Wanted) -> Vec<SignedBlock> {
        let is_wanted = |block: &&SignedBlock| match wanted {
            Wanted::Block(root) => Root::of(&block.block) == root,
            Wanted::Range(range) => {
                (range.start_slot..range.start_slot + range.count).contains(&block.block.slot)
            }
        };
        self.chain.iter().filter(is_wanted).cloned().collect()
    }

    fn young(&self, wanted: Wanted, from: Slot) -> Fetched {
        match wanted {
            Wanted::Range(range) if range.start_slot + range.count <= from => Fetched::Refused,
            _ => Fetched::Blocks(
                self.has(wanted).into_iter().filter(|block| block.block.slot >= from).collect(),
            ),
        }
    }

    fn lie(&mut self, manner: Manner, wanted: Wanted) -> Vec<SignedBlock> {
        let mut blocks = self.has(wanted);
        let half = blocks.len() / 2;
        match manner {
            Manner::LeavesOutTheEnd => blocks.truncate(half),
            Manner::LeavesOutTheBeginning => drop(blocks.drain(..half)),
            Manner::MakesUp | Manner::OfAnotherChain => {
                let parent = if manner == Manner::MakesUp { self.random(u64::MAX) } else { 7 };
                let slots: Vec<_> = blocks.iter().map(|block| block.block.slot).collect();
                blocks = chain_of(Root::from([parent as u8; 32]), slots);
            }
            Manner::Spoils => {
                if let Some(last) = blocks.last_mut() {
                    last.block.state_root = INVALID;
                }
            }
            Manner::Shuffles => blocks.reverse(),
            _ => blocks.clear(),
        }
        blocks
    }

    fn random(&mut self, below: u64) -> u64 {
        // Xorshift: any sequence repeatable by its seed suffices.
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random % below
    }
}
