//! One pass over a row of slots: its batches, and how far it has come.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use network::PeerId;

use crate::sync::batch::{Answer, Batch};
use consensus::{Interval, Root, SignedBlock, Slot};

/// Slots in a batch. Blocks of the specification's size come to 64 KiB then, the largest possible to 35 MiB.
const BATCH_SLOTS: u64 = 64;

/// Batches that are fetched or held at once.
const BATCHES_AHEAD: usize = 8;

/// Slots from `began` to `target`, fetched ahead and imported in order.
#[derive(Debug)]
pub(super) struct Run {
    /// The only peer that is asked, if what it said of these slots has to be seen as a whole.
    pub(super) leader: Option<Leader>,
    /// Where it begins.
    pub(super) began: Slot,
    /// The first slot after the newest block that was imported.
    pub(super) floor: Slot,
    /// The first slot that no batch covers.
    next: Slot,
    /// The last slot.
    pub(super) target: Slot,
    pub(super) batches: VecDeque<Batch>,
    pub(super) importing: Option<Importing>,
    /// When an answer came, or a block was imported, last.
    pub(super) progress: Interval,
}

/// A peer whose chain is looked at by itself.
#[derive(Debug)]
pub(super) struct Leader {
    pub(super) peer: PeerId,
    /// Whether its blocks have been found to lead to a known one.
    pub(super) is_linked: bool,
    /// How many slots further back this run begins than the one before it.
    pub(super) back: u64,
}

/// An answer whose blocks are being imported.
#[derive(Debug)]
pub(super) struct Importing {
    pub(super) peer: PeerId,
    pub(super) batch_end: Slot,
    /// The last slot that it speaks for.
    pub(super) speaks_to: Slot,
    pub(super) left: VecDeque<(Root, Arc<SignedBlock>)>,
    /// What was given to be imported and has no outcome yet.
    pub(super) unresolved: BTreeMap<Root, Slot>,
}

impl Run {
    pub(super) fn new(leader: Option<Leader>, began: Slot, target: Slot, now: Interval) -> Self {
        Self {
            leader,
            began,
            floor: began,
            next: began,
            target,
            batches: VecDeque::new(),
            importing: None,
            progress: now,
        }
    }

    /// Covers the slots up to the target, a few batches ahead.
    pub(super) fn extend(&mut self) {
        while self.batches.len() < BATCHES_AHEAD && self.next <= self.target {
            let end = (self.next + (BATCH_SLOTS - 1)).min(self.target);
            self.batches.push_back(Batch::new(self.next, end));
            self.next = end + 1;
        }
    }

    /// Says whether every slot has been covered and everything imported.
    pub(super) fn is_over(&self) -> bool {
        self.next > self.target && self.batches.is_empty() && self.importing.is_none()
    }

    /// Says whether nobody is asked for what is next, and it has not come.
    pub(super) fn is_waiting(&self) -> bool {
        self.importing.is_none() && self.batches.front().is_none_or(Batch::is_wanted)
    }

    /// Returns the bytes of the blocks that wait for their turn.
    pub(super) fn held_bytes(&self) -> usize {
        self.batches.iter().filter_map(|batch| batch.answer.as_ref()).map(|answer| answer.bytes).sum()
    }

    /// Begins to import the first batch's answer.
    pub(super) fn import(&mut self, answer: Answer, batch_end: Slot, now: Interval) {
        let speaks_to = answer.speaks_to(batch_end);
        self.progress = now;
        self.importing = Some(Importing {
            peer: answer.peer,
            batch_end,
            speaks_to,
            left: answer.blocks,
            unresolved: BTreeMap::new(),
        });
    }

    /// Wants the slots of a batch that begin at `start` again.
    pub(super) fn want_again(&mut self, start: Slot, end: Slot, from_another_than: Option<PeerId>) {
        if start <= end {
            let mut batch = Batch::new(start, end);
            batch.tried.extend(from_another_than);
            self.batches.push_front(batch);
        }
    }
}
