//! Unverified blocks waiting for their turn.

use std::cmp::Reverse;
use std::collections::HashMap;

use libssz::SszEncode as _;
use network::PeerId;

use crate::blocks::UnverifiedBlock;
use crate::rank::Rank;

/// The bounds of one rank.
#[derive(Clone, Copy, Debug)]
struct Bounds {
    /// Waiting blocks.
    blocks: usize,
    /// Waiting blocks of one sender.
    of_sender: usize,
    /// The total size of the waiting blocks.
    bytes: usize,
    /// Blocks in verification at the same time.
    in_flight: usize,
    /// Whether the newest block of a sender is the first one, and evicts the oldest.
    newest_first: bool,
}

/// Each rank has places of its own, so no rank waits for another, and a rank without places left
/// delays no other.
const fn bounds(rank: Rank) -> Bounds {
    let (blocks, of_sender, bytes, in_flight, newest_first) = match rank {
        Rank::Configured => (64, 32, 32 << 20, 48, false),
        Rank::Proven => (64, 16, 16 << 20, 4, false),
        Rank::Relayed => (32, 16, 8 << 20, 2, true),
        Rank::Unknown => (64, 4, 8 << 20, 2, false),
        Rank::Doubtful => (16, 2, 4 << 20, 1, true),
    };
    Bounds { blocks, of_sender, bytes, in_flight, newest_first }
}

/// The largest number of blocks in verification for all ranks but the first.
#[cfg(test)]
pub(super) const NOT_FIRST: usize = 9;

/// Blocks waiting for their turn, by rank. Within a rank, the senders take turns.
///
/// A full rank evicts from the sender with the most blocks, so a sender with few of them is not
/// displaced by a sender with many.
#[derive(Debug)]
pub(super) struct Waiting {
    /// The bounds of the ranks are divided by this.
    divisor: usize,
    queues: HashMap<Rank, Queue>,
}

#[derive(Debug, Default)]
struct Queue {
    entries: Vec<Entry>,
    bytes: usize,
    /// The last turn of each sender with waiting blocks.
    turns: HashMap<PeerId, u64>,
    clock: u64,
}

#[derive(Debug)]
struct Entry {
    block: UnverifiedBlock,
    bytes: usize,
    order: u64,
}

impl Waiting {
    /// Creates a queue with the bounds of each rank, divided by `divisor`.
    pub(super) fn new(divisor: usize) -> Self {
        Self { divisor, queues: HashMap::new() }
    }

    /// Adds a block. Returns the blocks without a place: the new one, or others.
    pub(super) fn push(&mut self, block: UnverifiedBlock) -> Vec<UnverifiedBlock> {
        let Bounds { blocks, of_sender, bytes, .. } = bounds(block.rank);
        let bounds = Bounds {
            blocks: blocks / self.divisor,
            of_sender: of_sender.div_ceil(self.divisor),
            bytes: bytes / self.divisor,
            ..bounds(block.rank)
        };
        self.queues.entry(block.rank).or_default().push(block, bounds)
    }

    /// Removes the next block of a rank with places left. `in_flight` returns the number of blocks
    /// of a rank in verification.
    pub(super) fn next(&mut self, in_flight: impl Fn(Rank) -> usize) -> Option<UnverifiedBlock> {
        let is_free = |rank: &Rank| in_flight(*rank) < bounds(*rank).in_flight;
        Rank::ALL
            .into_iter()
            .filter(is_free)
            .find_map(|rank| self.queues.get_mut(&rank)?.next(bounds(rank).newest_first))
    }

    /// Removes the blocks with a property.
    pub(super) fn take(
        &mut self,
        mut is_meant: impl FnMut(&UnverifiedBlock) -> bool,
    ) -> Vec<UnverifiedBlock> {
        let mut taken = Vec::new();
        for queue in self.queues.values_mut() {
            while let Some(place) = queue.entries.iter().position(|entry| is_meant(&entry.block)) {
                taken.push(queue.remove(place));
            }
        }
        taken
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &UnverifiedBlock> {
        self.queues.values().flat_map(|queue| queue.entries.iter().map(|entry| &entry.block))
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut UnverifiedBlock> {
        self.queues
            .values_mut()
            .flat_map(|queue| queue.entries.iter_mut().map(|entry| &mut entry.block))
    }
}

impl Queue {
    fn push(&mut self, block: UnverifiedBlock, bounds: Bounds) -> Vec<UnverifiedBlock> {
        let peer = block.source.sender().peer;
        if self.waiting_of(&peer) >= bounds.of_sender {
            if !bounds.newest_first {
                return vec![block];
            }
            let oldest = self.oldest_of(&peer).expect("it has waiting blocks");
            let evicted = self.remove(oldest);
            return [evicted].into_iter().chain(self.insert(block, bounds)).collect();
        }
        self.insert(block, bounds)
    }

    /// Adds a block of a sender with a place, and evicts until the bounds hold.
    fn insert(&mut self, block: UnverifiedBlock, bounds: Bounds) -> Vec<UnverifiedBlock> {
        let bytes = block.block.encoded_len();
        self.clock += 1;
        self.bytes += bytes;
        self.entries.push(Entry { block, bytes, order: self.clock });
        let mut evicted = Vec::new();
        while self.entries.len() > bounds.blocks || self.bytes > bounds.bytes {
            let place = self.least_fair(bounds.newest_first).expect("it is over its bounds");
            evicted.push(self.remove(place));
        }
        evicted
    }

    fn next(&mut self, newest_first: bool) -> Option<UnverifiedBlock> {
        let turn_of = |entry: &Entry| {
            let turn = self.turns.get(&entry.block.source.sender().peer).copied().unwrap_or(0);
            let order = if newest_first { u64::MAX - entry.order } else { entry.order };
            (turn, order)
        };
        let (place, _) = self.entries.iter().enumerate().min_by_key(|(_, entry)| turn_of(entry))?;
        let block = self.remove(place);
        let peer = block.source.sender().peer;
        if self.waiting_of(&peer) > 0 {
            self.clock += 1;
            self.turns.insert(peer, self.clock);
        }
        Some(block)
    }

    /// Returns the place of the block to evict: of the sender with the most blocks, the oldest one
    /// if the newest is the first, else the newest one.
    fn least_fair(&self, newest_first: bool) -> Option<usize> {
        let mut counts: HashMap<PeerId, usize> = HashMap::new();
        for entry in &self.entries {
            *counts.entry(entry.block.source.sender().peer).or_default() += 1;
        }
        let key = |entry: &Entry| {
            let order = if newest_first { entry.order } else { u64::MAX - entry.order };
            (counts[&entry.block.source.sender().peer], Reverse(order))
        };
        let most = self.entries.iter().enumerate().max_by_key(|(_, entry)| key(entry));
        most.map(|(place, _)| place)
    }

    fn oldest_of(&self, peer: &PeerId) -> Option<usize> {
        let of_peer = |(_, entry): &(usize, &Entry)| entry.block.source.sender().peer == *peer;
        let oldest = self.entries.iter().enumerate().filter(of_peer).min_by_key(|(_, e)| e.order);
        oldest.map(|(place, _)| place)
    }

    fn waiting_of(&self, peer: &PeerId) -> usize {
        self.entries.iter().filter(|entry| entry.block.source.sender().peer == *peer).count()
    }

    fn remove(&mut self, place: usize) -> UnverifiedBlock {
        let Entry { block, bytes, .. } = self.entries.remove(place);
        self.bytes -= bytes;
        let peer = block.source.sender().peer;
        if self.waiting_of(&peer) == 0 {
            self.turns.remove(&peer);
        }
        block
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::blocks::Source;
    use crate::sender::Sender;
    use consensus::{Block, MultiMessageAggregate, Root, SignedBlock, Slot};

    fn sender(is_configured: bool) -> Sender {
        Sender { peer: PeerId::random(), is_configured }
    }

    fn block(slot: Slot, bytes: usize, sender: Sender, rank: Rank) -> UnverifiedBlock {
        let proof = vec![0; bytes].try_into().expect("a proof may be as large");
        let block = Block { slot, ..Block::default() };
        UnverifiedBlock {
            root: Root::of(&block),
            block: Arc::new(SignedBlock { block, proof: MultiMessageAggregate { proof } }),
            source: Source::Held(sender),
            rank,
            is_extra: false,
            is_second_try: false,
            is_needed: false,
        }
    }

    fn slots(blocks: impl IntoIterator<Item = UnverifiedBlock>) -> Vec<Slot> {
        blocks.into_iter().map(|block| block.block.block.slot).collect()
    }

    fn all(waiting: &mut Waiting) -> Vec<Slot> {
        slots(std::iter::from_fn(|| waiting.next(|_| 0)))
    }

    #[test]
    fn senders_of_one_rank_take_turns_and_ranks_are_in_order() {
        let (mut waiting, many, few) = (Waiting::new(1), sender(true), sender(true));
        for slot in 10..14 {
            waiting.push(block(slot, 1, many, Rank::Configured));
        }
        waiting.push(block(20, 1, few, Rank::Configured));
        waiting.push(block(30, 1, sender(false), Rank::Proven));
        waiting.push(block(21, 1, few, Rank::Configured));
        assert_eq!(all(&mut waiting), [10, 20, 11, 21, 12, 13, 30]);
    }

    #[test]
    fn a_rank_without_places_left_delays_no_other_rank() {
        let mut waiting = Waiting::new(1);
        for (slot, rank) in [1, 2, 3, 4, 5].into_iter().zip(Rank::ALL) {
            waiting.push(block(slot, 1, sender(false), rank));
        }
        for (slot, rank) in [1, 2, 3, 4, 5].into_iter().zip(Rank::ALL).rev() {
            let is_full = |other| if other == rank { 0 } else { 1000 };
            assert_eq!(slots(waiting.next(is_full)), [slot]);
        }
        assert_eq!(
            NOT_FIRST,
            Rank::ALL[1..].iter().map(|rank| bounds(*rank).in_flight).sum::<usize>()
        );
    }

    #[test]
    fn a_full_rank_evicts_from_the_sender_with_the_most_blocks() {
        let (mut waiting, honest) = (Waiting::new(1), sender(false));
        waiting.push(block(1, 1, honest, Rank::Unknown));
        for flooder in (0..16).map(|_| sender(false)) {
            (10..14).for_each(|slot| drop(waiting.push(block(slot, 1, flooder, Rank::Unknown))));
        }
        assert_eq!(waiting.iter().count(), 64);
        assert_eq!(slots(waiting.push(block(2, 1, honest, Rank::Unknown))), [13]);
        let taken = waiting.take(|block| block.source.sender().peer == honest.peer);
        assert_eq!(slots(taken), [1, 2]);
    }

    #[test]
    fn one_sender_has_a_bound_and_the_newest_blocks_of_a_relay_stay() {
        let (mut waiting, flooder, relay) = (Waiting::new(1), sender(false), sender(true));
        let push = |waiting: &mut Waiting, slot, sender, rank| {
            slots(waiting.push(block(slot, 1, sender, rank)))
        };
        let refused: Vec<_> =
            (1..=6).flat_map(|slot| push(&mut waiting, slot, flooder, Rank::Unknown)).collect();
        assert_eq!(refused, [5, 6]);
        let evicted: Vec<_> =
            (1..=18).flat_map(|slot| push(&mut waiting, slot, relay, Rank::Relayed)).collect();
        assert_eq!(evicted, [1, 2]);
        assert_eq!(all(&mut waiting)[..3], [18, 17, 16]);
    }

    #[test]
    fn the_total_size_of_a_rank_is_bounded() {
        let mut waiting = Waiting::new(1);
        for slot in 0..64 {
            waiting.push(block(slot, 400 << 10, sender(false), Rank::Unknown));
        }
        let bytes: usize = waiting.iter().map(|block| block.block.encoded_len()).sum();
        assert!((7 << 20..=8 << 20).contains(&bytes), "{bytes}");
    }
}
