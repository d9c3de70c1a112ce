//! Blocks held for a missing parent.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use libssz::SszEncode as _;
use network::PeerId;

use crate::rank::Rank;
use crate::sender::Sender;
use consensus::{Root, SignedBlock, Slot};

/// The bounds on the blocks of a rank and of all ranks after it: their number and their total size.
///
/// A block has about a kilobyte today, but its proof may have half a megabyte.
const BOUNDS: [(Rank, usize, usize); 3] = [
    (Rank::Unknown, 256, 16 << 20),
    (Rank::Proven, 768, 48 << 20),
    (Rank::Configured, 1024, 64 << 20),
];

/// Holds blocks until their parent is imported.
///
/// The blocks are unverified, so their number and their total size are bounded. When it is full,
/// the last rank loses a block: of the peer with the largest share, the block of the highest slot.
/// So a flood evicts only the blocks of its sender, and strangers evict no block of a configured
/// peer. The blocks nearest to the known chain stay, because the others depend on them. An evicted
/// block is fetched again.
#[derive(Debug)]
pub(super) struct PendingBlocks {
    bounds: [(Rank, usize, usize); 3],
    blocks: HashMap<Root, Held>,
    children: HashMap<Root, BTreeSet<(Slot, Root)>>,
    by_slot: BTreeSet<(Slot, Root)>,
    /// The held blocks of each rank, by peer.
    ranks: BTreeMap<Rank, HashMap<PeerId, Share>>,
    evicted: u64,
}

#[derive(Debug)]
struct Held {
    block: Arc<SignedBlock>,
    size: usize,
    sender: Sender,
    rank: Rank,
    /// The length of the longest row of blocks held from this one up when it was added, itself
    /// included.
    depth: usize,
}

#[derive(Debug, Default)]
struct Share {
    bytes: usize,
    by_slot: BTreeSet<(Slot, Root)>,
}

/// A block that is not held any more.
#[derive(Debug)]
pub(super) struct Taken {
    pub(super) root: Root,
    pub(super) block: Arc<SignedBlock>,
    pub(super) sender: Sender,
}

impl Default for PendingBlocks {
    fn default() -> Self {
        Self::new(BOUNDS)
    }
}

impl PendingBlocks {
    fn new(bounds: [(Rank, usize, usize); 3]) -> Self {
        Self {
            bounds,
            blocks: HashMap::new(),
            children: HashMap::new(),
            by_slot: BTreeSet::new(),
            ranks: BTreeMap::new(),
            evicted: 0,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.blocks.len()
    }

    /// Returns the number of blocks evicted for lack of room.
    pub(super) fn evicted(&self) -> u64 {
        self.evicted
    }

    /// Holds a block. Returns whether the block is newly held. A held block keeps its better rank.
    pub(super) fn hold(
        &mut self,
        root: Root,
        block: Arc<SignedBlock>,
        sender: Sender,
        rank: Rank,
    ) -> bool {
        if let Some(held) = self.blocks.get(&root) {
            if held.rank <= rank {
                return false;
            }
            // The copy of the better sender takes over: the other one may have a false proof.
            self.remove(root);
        }
        let (slot, parent, size) = (block.block.slot, block.block.parent_root, block.encoded_len());
        self.by_slot.insert((slot, root));
        self.children.entry(parent).or_default().insert((slot, root));
        let depth = self.depth_above(&root) + 1;
        self.share(root, slot, size, sender.peer, rank);
        self.blocks.insert(root, Held { block, size, sender, rank, depth });
        self.keep_bounds();
        self.blocks.contains_key(&root)
    }

    /// Follows parents from `root` through the held blocks, and returns the first missing one: the
    /// block to fetch. Also returns the number of blocks held in a row above it.
    pub(super) fn first_missing(&self, mut root: Root) -> (Root, usize) {
        // Hashes cannot form a cycle, so the loop ends.
        while let Some(held) = self.blocks.get(&root) {
            root = held.block.block.parent_root;
        }
        (root, self.depth_above(&root))
    }

    /// Returns whether a held block waits for this one.
    pub(super) fn awaits(&self, root: &Root) -> bool {
        self.children.contains_key(root) && !self.blocks.contains_key(root)
    }

    /// Returns the missing parents, each once, with the best rank of a child.
    pub(super) fn missing_parents(&self) -> Vec<(Root, Rank)> {
        let missing = self.children.iter().filter(|(parent, _)| !self.blocks.contains_key(parent));
        let best = |children: &BTreeSet<(Slot, Root)>| {
            children.iter().filter_map(|(_, child)| Some(self.blocks.get(child)?.rank)).min()
        };
        missing.filter_map(|(parent, children)| Some((*parent, best(children)?))).collect()
    }

    /// Removes the children of `parent`, the lowest slot first.
    pub(super) fn take_children(&mut self, parent: Root) -> Vec<Taken> {
        let children = self.children.get(&parent).cloned().unwrap_or_default();
        children.into_iter().filter_map(|(_, root)| self.remove(root)).collect()
    }

    /// Drops the blocks at or below the finalized slot, because they can never be imported.
    pub(super) fn prune(&mut self, finalized: Slot) {
        while let Some(&(slot, root)) = self.by_slot.first()
            && slot <= finalized
        {
            self.remove(root);
        }
    }

    /// Moves the blocks of a departed stranger without merit to the last rank.
    pub(super) fn demote(&mut self, peer: &PeerId) {
        let Some(share) = self.ranks.get_mut(&Rank::Unknown).and_then(|rank| rank.remove(peer))
        else {
            return;
        };
        for (slot, root) in share.by_slot {
            let Some(held) = self.blocks.get_mut(&root) else { continue };
            held.rank = Rank::Doubtful;
            let size = held.size;
            self.share(root, slot, size, *peer, Rank::Doubtful);
        }
    }

    fn share(&mut self, root: Root, slot: Slot, size: usize, peer: PeerId, rank: Rank) {
        let share = self.ranks.entry(rank).or_default().entry(peer).or_default();
        share.by_slot.insert((slot, root));
        share.bytes += size;
    }

    fn keep_bounds(&mut self) {
        for (from, most, most_bytes) in self.bounds {
            loop {
                let shares = || self.ranks.range(from..).flat_map(|(_, rank)| rank.values());
                let is_over = shares().map(|share| share.by_slot.len()).sum::<usize>() > most;
                let bytes: usize = shares().map(|share| share.bytes).sum();
                if !is_over && bytes <= most_bytes {
                    break;
                }
                let taken = |share: &Share| if is_over { share.by_slot.len() } else { share.bytes };
                let last = self.ranks.values().rev().find(|rank| !rank.is_empty());
                let largest = last.and_then(|rank| rank.values().max_by_key(|share| taken(share)));
                let Some(&(_, highest)) = largest.and_then(|share| share.by_slot.last()) else {
                    break;
                };
                self.remove(highest);
                self.evicted += 1;
            }
        }
    }

    fn depth_above(&self, root: &Root) -> usize {
        let children = self.children.get(root).into_iter().flatten();
        children
            .filter_map(|(_, child)| Some(self.blocks.get(child)?.depth))
            .max()
            .unwrap_or_default()
    }

    fn remove(&mut self, root: Root) -> Option<Taken> {
        let Held { block, size, sender, rank, .. } = self.blocks.remove(&root)?;
        let (slot, parent) = (block.block.slot, block.block.parent_root);
        self.by_slot.remove(&(slot, root));
        let shares = self.ranks.entry(rank).or_default();
        if let Some(share) = shares.get_mut(&sender.peer) {
            share.bytes -= size;
            share.by_slot.remove(&(slot, root));
            if share.by_slot.is_empty() {
                shares.remove(&sender.peer);
            }
        }
        if let Some(siblings) = self.children.get_mut(&parent) {
            siblings.remove(&(slot, root));
            if siblings.is_empty() {
                self.children.remove(&parent);
            }
        }
        Some(Taken { root, block, sender })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use consensus::{Block, BlockBody, MultiMessageAggregate};

    const BYTES: usize = 1 << 20;

    fn bounded(most: usize, bytes: usize) -> PendingBlocks {
        PendingBlocks::new([
            (Rank::Unknown, most, bytes),
            (Rank::Proven, most, bytes),
            (Rank::Configured, most, bytes),
        ])
    }

    fn sender(is_configured: bool) -> Sender {
        Sender { peer: PeerId::random(), is_configured }
    }

    fn block(slot: Slot, parent_root: Root) -> (Root, Arc<SignedBlock>) {
        let block = Block {
            slot,
            proposer_index: 0,
            parent_root,
            state_root: Root::default(),
            body: BlockBody::default(),
        };
        (Root::of(&block), Arc::new(SignedBlock { block, proof: MultiMessageAggregate::default() }))
    }

    #[test]
    fn children_wait_for_their_parent_and_are_returned_by_slot() {
        let mut pool = bounded(8, BYTES);
        let parent = Root::from([1; 32]);
        let (late, late_block) = block(9, parent);
        let (early, early_block) = block(7, parent);
        assert!(pool.hold(late, late_block.clone(), sender(false), Rank::Unknown));
        assert!(!pool.hold(late, late_block, sender(false), Rank::Unknown));
        assert!(pool.hold(early, early_block, sender(false), Rank::Unknown));
        assert_eq!(pool.first_missing(late), (parent, 1));
        assert_eq!(pool.missing_parents(), [(parent, Rank::Unknown)]);
        let slots: Vec<_> =
            pool.take_children(parent).iter().map(|taken| taken.block.block.slot).collect();
        assert_eq!(slots, [7, 9]);
        assert_eq!(pool.len(), 0);
    }

    #[test]
    fn a_full_pool_evicts_the_highest_slot() {
        let (mut pool, sender) = (bounded(2, BYTES), sender(false));
        let blocks: Vec<_> = [5, 9, 3].map(|slot| block(slot, Root::from([slot as u8; 32]))).into();
        let held: Vec<_> = blocks
            .iter()
            .map(|(root, block)| pool.hold(*root, block.clone(), sender, Rank::Unknown))
            .collect();
        assert_eq!(held, [true, true, true]);
        assert_eq!((pool.len(), pool.evicted()), (2, 1));
        let (higher, higher_block) = block(20, Root::from([20; 32]));
        assert!(
            !pool.hold(higher, higher_block, sender, Rank::Unknown),
            "the newcomer itself may be the highest"
        );
    }

    #[test]
    fn large_blocks_are_bounded_by_their_total_size() {
        let (root, small) = block(1, Root::from([1; 32]));
        let sender = sender(false);
        let mut pool = bounded(8, 2 * small.encoded_len());
        assert!(pool.hold(root, small.clone(), sender, Rank::Unknown));
        let proof = MultiMessageAggregate {
            proof: vec![0; small.encoded_len()].try_into().expect("it is short"),
        };
        let large =
            Arc::new(SignedBlock { block: Block { slot: 2, ..small.block.clone() }, proof });
        assert!(
            !pool.hold(Root::of(&large.block), large, sender, Rank::Unknown),
            "the two exceed the bound on bytes"
        );
        let (next, next_block) = block(3, Root::from([3; 32]));
        assert!(
            pool.hold(next, next_block, sender, Rank::Unknown),
            "an evicted block no longer counts"
        );
        assert_eq!((pool.len(), pool.evicted()), (2, 1));
    }

    #[test]
    fn blocks_at_or_below_the_finalized_slot_are_dropped() {
        let mut pool = bounded(8, BYTES);
        for slot in [3, 4, 5] {
            let (root, block) = block(slot, Root::from([slot as u8; 32]));
            pool.hold(root, block, sender(false), Rank::Unknown);
        }
        pool.prune(4);
        assert_eq!(pool.len(), 1);
    }

    #[test]
    fn a_flood_of_blocks_evicts_only_those_of_its_sender() {
        let [flooder, honest] = [sender(false), sender(false)];
        let mut pool = bounded(16, BYTES);
        for slot in 1..100 {
            let (root, block) = block(slot, Root::from([slot as u8; 32]));
            pool.hold(root, block, flooder, Rank::Unknown);
        }
        // These are far above the flood, and still held.
        for slot in 200..208 {
            let (root, block) = block(slot, Root::from([slot as u8; 32]));
            assert!(pool.hold(root, block, honest, Rank::Unknown), "slot {slot}");
        }
        let (root, late) = block(3, Root::from([3; 32]));
        assert!(!pool.hold(root, late, flooder, Rank::Unknown), "it is there already");
        assert_eq!((pool.len(), pool.evicted()), (16, 99 + 8 - 16));
        assert_eq!(pool.ranks[&Rank::Unknown][&honest.peer].by_slot.len(), 8);

        let size = block(1, Root::ZERO).1.encoded_len();
        let mut by_bytes = bounded(64, 4 * size);
        for (slot, sender) in [(1, flooder), (2, flooder), (3, flooder), (4, flooder), (9, honest)]
        {
            let (root, block) = block(slot, Root::from([slot as u8; 32]));
            by_bytes.hold(root, block, sender, Rank::Unknown);
        }
        assert_eq!(by_bytes.ranks[&Rank::Unknown][&honest.peer].by_slot.len(), 1);
    }

    #[test]
    fn strangers_evict_no_block_of_a_configured_peer_however_many_they_are() {
        let mut pool = PendingBlocks::default();
        let configured = sender(true);
        let numbered = |number: u64| {
            let mut parent = [7; 32];
            parent[..8].copy_from_slice(&number.to_le_bytes());
            block(number, Root::from(parent))
        };
        for number in 1..=100 {
            let (root, block) = numbered(number);
            assert!(pool.hold(root, block, configured, Rank::Configured));
        }
        let proven = sender(false);
        let (root, block) = numbered(101);
        assert!(pool.hold(root, block, proven, Rank::Proven));
        for number in 1000..3000 {
            let (root, block) = numbered(number);
            pool.hold(root, block, sender(false), Rank::Unknown);
        }
        assert_eq!(pool.len(), 100 + 1 + 256);
        assert_eq!(pool.ranks[&Rank::Configured][&configured.peer].by_slot.len(), 100);
        assert_eq!(pool.ranks[&Rank::Proven].len(), 1);
        for number in 5000..7000 {
            let (root, block) = numbered(number);
            pool.hold(root, block, configured, Rank::Configured);
        }
        assert_eq!(pool.len(), 1024, "configured peers are bounded as well");
    }

    #[test]
    fn the_blocks_of_a_departed_stranger_are_evicted_first() {
        let mut pool = bounded(2, BYTES);
        let [departed, other] = [sender(false), sender(false)];
        let [one, two, three] = [1, 2, 3].map(|slot| block(slot, Root::from([slot as u8; 32])));
        pool.hold(one.0, one.1, departed, Rank::Unknown);
        pool.hold(two.0, two.1, other, Rank::Unknown);
        pool.demote(&departed.peer);
        assert!(pool.hold(three.0, three.1, other, Rank::Unknown));
        assert!(!pool.blocks.contains_key(&one.0));
        assert_eq!(pool.len(), 2);
    }
}
