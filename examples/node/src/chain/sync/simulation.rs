//! Peers that are honest, slow, silent or lying, and a node that has nothing but synchronization, in simulated time.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use libp2p::PeerId;

use crate::chain::sync::range::BEHIND;
use crate::chain::sync::{Action, ChainView, Claim, Request, Sync, Wanted};
use crate::consensus::{
    AggregatedAttestation, AttestationData, Block, BlockBody, Interval, MultiMessageAggregate, Root, SignedBlock, Slot,
    aggregation_bits,
};
use crate::decoder::Fetched;
use crate::network::Offence;

/// How long a request may take, in intervals, as in the node.
const PATIENCE: Interval = 25;

/// A state root by which the simulated chain tells a block that breaks a rule.
const INVALID: Root = Root::ZERO;

/// Makes a chain of blocks in these slots, on top of `parent`.
pub(super) fn chain_of(parent: Root, slots: impl IntoIterator<Item = Slot>) -> Vec<SignedBlock> {
    let mut parent_root = parent;
    let block = |slot| {
        let state_root = Root::from([1; 32]);
        let block = Block { slot, proposer_index: 0, parent_root, state_root, body: BlockBody::default() };
        parent_root = Root::of(&block);
        SignedBlock { block, proof: MultiMessageAggregate::default() }
    };
    slots.into_iter().map(block).collect()
}

/// Makes a block with more votes than any may have.
pub(super) fn forged(slot: Slot) -> SignedBlock {
    let vote = |slot| AggregatedAttestation {
        aggregation_bits: aggregation_bits([0]).expect("one voter"),
        data: AttestationData { slot, ..AttestationData::default() },
    };
    let mut block = chain_of(Root::ZERO, [slot]).remove(0);
    block.block.body.attestations = (0..9).map(vote).collect::<Vec<_>>().try_into().expect("a body has room");
    block
}

/// How a peer answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Manner {
    /// With what it has, after so many intervals.
    Honest { delay: Interval },
    /// With what it has, of the slots from here on.
    Young { from: Slot },
    /// Never.
    Silent,
    /// With an error.
    Refuses,
    /// With nothing, whatever it is asked for.
    Denies,
    /// Without the second half of its blocks.
    LeavesOutTheEnd,
    /// Without the first half of its blocks.
    LeavesOutTheBeginning,
    /// With a made-up chain that begins nowhere.
    MakesUp,
    /// With its blocks, the last of which breaks a rule.
    Spoils,
    /// With its blocks in the wrong order.
    Shuffles,
    /// With something that is no answer.
    Babbles,
    /// With blocks of another chain altogether.
    OfAnotherChain,
    /// Honestly at times, and in any other manner at others.
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

/// A chain that believes what has a known parent and is not marked as invalid.
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
    /// What each peer has been charged with, and who is left.
    pub(super) charged: HashMap<PeerId, Vec<Offence>>,
    pub(super) banned: BTreeSet<PeerId>,
    /// Answers under way, by when they come.
    answers: BTreeMap<(Interval, u64), Fetched>,
    /// Blocks that were given to be imported, in order.
    pub(super) imported: Vec<Slot>,
    pub(super) now: Interval,
    random: u64,
    pub(super) most_under_way: usize,
}

impl Simulation {
    /// Begins with a node that knows the blocks up to `known` of a chain with blocks in `slots`.
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
            charged: HashMap::new(),
            banned: BTreeSet::new(),
            answers: BTreeMap::new(),
            imported: Vec::new(),
            now: 0,
            random: seed | 1,
            most_under_way: 0,
        }
    }

    /// Gives the node a fork of its own on top of a block of the chain: blocks that nobody else has.
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

    /// Says that everything up to a block of the chain is final.
    pub(super) fn finalize(&mut self, place: usize) {
        let block = &self.chain[place].block;
        self.known.finalized = (block.slot, Root::of(block));
    }

    /// Connects a peer, which says that it has the chain's head.
    pub(super) fn connect(&mut self, manner: Manner) -> PeerId {
        let peer = PeerId::random();
        self.peers.insert(peer, manner);
        self.sync.connected(peer);
        let head = &self.chain.last().expect("the chain is not empty").block;
        self.sync.claims(peer, Claim { root: Root::of(head), slot: head.slot, is_status: true });
        peer
    }

    pub(super) fn head(&self) -> Slot {
        self.known.head
    }

    /// Says whether the node is so near to the head that single blocks are fetched, which nobody does here.
    pub(super) fn is_synchronized(&self) -> bool {
        self.known.head + BEHIND >= self.chain.last().map_or(0, |last| last.block.slot)
    }

    /// Lets time pass until the node has the chain, for so many intervals at most.
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
        while let Some(first) = self.answers.first_entry().filter(|first| first.key().0 <= self.now) {
            let ((_, id), fetched) = first.remove_entry();
            self.sync.answered(id, fetched, self.now);
            self.step();
        }
    }

    fn step(&mut self) {
        loop {
            let mut imports = false;
            for action in self.sync.step(&self.known, self.now) {
                match action {
                    Action::Ask(request) => self.ask(request),
                    Action::Penalise(peer, offence) => self.charge(peer, offence),
                    Action::Import(block, peer) => {
                        imports = true;
                        self.import(&block, peer);
                    }
                    Action::RangesEnded => {}
                }
            }
            self.most_under_way = self.most_under_way.max(self.sync.asking.blocks() + self.sync.asking.ranges());
            if !imports {
                return;
            }
        }
    }

    fn charge(&mut self, peer: PeerId, offence: Offence) {
        let charged = self.charged.entry(peer).or_default();
        charged.push(offence);
        // The slow recovery of standing is left out: peers have it harder here.
        if charged.iter().map(|offence| offence.cost()).sum::<u32>() >= 100 && self.banned.insert(peer) {
            self.sync.disconnected(peer);
        }
    }

    fn import(&mut self, block: &Arc<SignedBlock>, peer: PeerId) {
        let root = Root::of(&block.block);
        if block.block.state_root == INVALID {
            self.charge(peer, Offence::InvalidBlock);
            self.sync.rejected(&root, self.now);
        } else {
            assert!(self.known.contains(&block.block.parent_root), "ranges give a block after its parent");
            self.imported.push(block.block.slot);
            self.known.blocks.insert(root);
            self.known.head = self.known.head.max(block.block.slot);
            self.sync.imported(&root, self.now);
        }
    }

    fn ask(&mut self, request: Request) {
        let Request { id, peer, wanted } = request;
        if self.banned.contains(&peer) {
            // It was charged in the same step.
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
                // The network finds this out.
                self.charge(peer, Offence::BadAnswer);
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
            Wanted::Range(range) => (range.start_slot..range.start_slot + range.count).contains(&block.block.slot),
        };
        self.chain.iter().filter(is_wanted).cloned().collect()
    }

    fn young(&self, wanted: Wanted, from: Slot) -> Fetched {
        match wanted {
            Wanted::Range(range) if range.start_slot + range.count <= from => Fetched::Refused,
            _ => Fetched::Blocks(self.has(wanted).into_iter().filter(|block| block.block.slot >= from).collect()),
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
        // Xorshift: any sequence that a seed repeats will do.
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random % below
    }
}
