//! A batch of slots fetched by one request, and the checks of one answer by itself.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use libssz::SszEncode as _;
use network::PeerId;

use consensus::{Interval, MAX_ATTESTATIONS_DATA, Root, SignedBlock, Slot};
use network::Offence;

/// The size from which an answer may have been cut short, by its sender or by this node. The slots
/// after its last block then do not count as empty. It is half of the largest answer sent by this
/// node.
const MAY_BE_CUT: usize = 8 << 20;

/// Consecutive slots fetched in one request.
#[derive(Debug)]
pub(super) struct Batch {
    pub(super) start: Slot,
    /// The last slot.
    pub(super) end: Slot,
    /// The peers asked in this round. A round ends when all peers were asked.
    pub(super) tried: BTreeSet<PeerId>,
    /// The requests in flight.
    pub(super) asked: BTreeSet<u64>,
    /// The time of the first request in flight.
    pub(super) asked_at: Interval,
    /// The answer, until its turn to be imported.
    pub(super) answer: Option<Answer>,
}

/// An answer whose blocks form one chain by themselves.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) peer: PeerId,
    pub(super) blocks: VecDeque<(Root, Arc<SignedBlock>)>,
    pub(super) bytes: usize,
}

impl Batch {
    pub(super) fn new(start: Slot, end: Slot) -> Self {
        Self {
            start,
            end,
            tried: BTreeSet::new(),
            asked: BTreeSet::new(),
            asked_at: 0,
            answer: None,
        }
    }

    /// Returns whether it has neither an answer nor a request in flight.
    pub(super) fn is_wanted(&self) -> bool {
        self.answer.is_none() && self.asked.is_empty()
    }
}

impl Answer {
    /// Checks a peer's answer for the slots `start` to `end`. Its blocks must be in these slots,
    /// each later than the one before and its child (the checks of the specification's
    /// `_do_blocks_by_range_request`).
    ///
    /// # Errors
    ///
    /// The offence of the peer.
    pub(super) fn check(
        peer: PeerId,
        start: Slot,
        end: Slot,
        blocks: Vec<SignedBlock>,
    ) -> Result<Self, Offence> {
        let mut answer = Self { peer, blocks: VecDeque::with_capacity(blocks.len()), bytes: 0 };
        let (mut lowest, mut parent) = (start, None);
        for block in blocks {
            let (slot, parent_root) = (block.block.slot, block.block.parent_root);
            let is_chained = parent.is_none_or(|parent| parent == parent_root);
            if !(lowest..=end).contains(&slot) || !is_chained {
                return Err(Offence::BadAnswer);
            }
            if block.block.body.attestations.len() > MAX_ATTESTATIONS_DATA {
                // Hashing such a body would keep the actor busy.
                return Err(Offence::InvalidBlock);
            }
            let root = Root::of(&block.block);
            lowest = slot.saturating_add(1);
            parent = Some(root);
            answer.bytes += block.encoded_len();
            answer.blocks.push_back((root, Arc::new(block)));
        }
        Ok(answer)
    }

    /// Returns the slot and the parent of the first block, or `None` for an empty answer.
    pub(super) fn first(&self) -> Option<(Slot, Root)> {
        self.blocks.front().map(|(_, block)| (block.block.slot, block.block.parent_root))
    }

    /// Returns the slot of the last block, or `None` for an empty answer.
    pub(super) fn last(&self) -> Option<Slot> {
        self.blocks.back().map(|(_, block)| block.block.slot)
    }

    /// Returns the last slot covered by the answer to a request up to `end`.
    pub(super) fn covers_to(&self, end: Slot) -> Slot {
        match self.blocks.back() {
            Some((_, last)) if self.bytes >= MAY_BE_CUT => last.block.slot,
            Some(_) | None => end,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sync::simulation::{chain_of, forged};

    #[test]
    fn the_blocks_of_an_answer_are_in_the_requested_slots_in_order_and_chained() {
        let blocks = chain_of(Root::ZERO, [3, 4, 7]);
        let check = |start, end, blocks: &[SignedBlock]| {
            Answer::check(PeerId::random(), start, end, blocks.to_vec())
                .map(|answer| answer.blocks.len())
        };
        assert_eq!(check(1, 8, &blocks), Ok(3));
        assert_eq!(check(3, 7, &blocks), Ok(3));
        assert_eq!(check(1, 8, &[]), Ok(0));
        assert_eq!(check(4, 8, &blocks), Err(Offence::BadAnswer), "before the range");
        assert_eq!(check(1, 6, &blocks), Err(Offence::BadAnswer), "after the range");
        let unordered = [blocks[1].clone(), blocks[0].clone()];
        assert_eq!(check(1, 8, &unordered), Err(Offence::BadAnswer));
        let twice = [blocks[0].clone(), blocks[0].clone()];
        assert_eq!(check(1, 8, &twice), Err(Offence::BadAnswer));
        let gap = [blocks[0].clone(), blocks[2].clone()];
        assert_eq!(check(1, 8, &gap), Err(Offence::BadAnswer), "not chained");
    }

    #[test]
    fn a_large_answer_does_not_cover_the_slots_after_its_last_block() {
        let block = |slot, size: usize| {
            let mut block = chain_of(Root::ZERO, [slot]).remove(0);
            block.proof.proof = vec![0; size].try_into().expect("a proof may be as large");
            block
        };
        let small =
            Answer::check(PeerId::random(), 1, 64, vec![block(3, 10)]).expect("it is well-formed");
        assert_eq!(small.covers_to(64), 64);
        let mut large = chain_of(Root::ZERO, 1..=20);
        large.iter_mut().for_each(|large| large.proof = block(1, 512 << 10).proof);
        let large = Answer::check(PeerId::random(), 1, 64, large).expect("it is well-formed");
        assert_eq!(large.covers_to(64), 20);
    }

    #[test]
    fn a_block_with_too_large_a_body_is_rejected_before_it_is_hashed() {
        let block = forged(3);
        assert_eq!(
            Answer::check(PeerId::random(), 1, 8, vec![block]).err(),
            Some(Offence::InvalidBlock)
        );
    }
}
