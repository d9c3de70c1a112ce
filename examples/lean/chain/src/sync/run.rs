//! One run over consecutive slots: its batches and its progress.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use network::PeerId;

use crate::sync::batch::{Answer, Batch};
use consensus::{Interval, Root, SignedBlock, Slot};

/// Slots in a batch. A batch has 64 KiB with blocks of the specification's size, and 35 MiB with
/// the largest blocks.
const BATCH_SLOTS: u64 = 64;

/// The largest number of batches in flight or held.
const BATCHES_AHEAD: usize = 8;

/// Slots from `began` to `target`, fetched ahead and imported in order.
#[derive(Debug)]
pub(super) struct Run {
    /// The only peer asked, if its claims about these slots must be checked as a whole.
    pub(super) leader: Option<Leader>,
    /// The first slot.
    pub(super) began: Slot,
    /// The slot after the newest imported block.
    pub(super) floor: Slot,
    /// The first slot not in a batch yet.
    next: Slot,
    /// The last slot.
    pub(super) target: Slot,
    pub(super) batches: VecDeque<Batch>,
    pub(super) importing: Option<Importing>,
    /// The time of the last answer or import.
    pub(super) progress: Interval,
}

/// A peer whose chain is checked by itself.
#[derive(Debug)]
pub(super) struct Leader {
    pub(super) peer: PeerId,
    /// Whether its blocks have been linked to a known one.
    pub(super) is_linked: bool,
    /// The number of slots by which this run begins before the previous one.
    pub(super) back: u64,
}

/// An answer being imported.
#[derive(Debug)]
pub(super) struct Importing {
    pub(super) peer: PeerId,
    pub(super) batch_end: Slot,
    /// The last slot covered by it.
    pub(super) covers_to: Slot,
    pub(super) left: VecDeque<(Root, Arc<SignedBlock>)>,
    /// The blocks being imported, without a result yet.
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

    /// Adds batches for the next slots up to the target, a few batches ahead.
    pub(super) fn extend(&mut self) {
        while self.batches.len() < BATCHES_AHEAD && self.next <= self.target {
            let end = (self.next + (BATCH_SLOTS - 1)).min(self.target);
            self.batches.push_back(Batch::new(self.next, end));
            self.next = end + 1;
        }
    }

    /// Returns whether all slots are covered and all their blocks imported.
    pub(super) fn is_over(&self) -> bool {
        self.next > self.target && self.batches.is_empty() && self.importing.is_none()
    }

    /// Returns whether the next batch has neither an answer nor a request in flight.
    pub(super) fn is_waiting(&self) -> bool {
        self.importing.is_none() && self.batches.front().is_none_or(Batch::is_wanted)
    }

    /// Returns the total size of the answers waiting for their turn.
    pub(super) fn held_bytes(&self) -> usize {
        self.batches
            .iter()
            .filter_map(|batch| batch.answer.as_ref())
            .map(|answer| answer.bytes)
            .sum()
    }

    /// Starts the import of the first batch's answer.
    pub(super) fn import(&mut self, answer: Answer, batch_end: Slot, now: Interval) {
        let covers_to = answer.covers_to(batch_end);
        self.progress = now;
        self.importing = Some(Importing {
            peer: answer.peer,
            batch_end,
            covers_to,
            left: answer.blocks,
            unresolved: BTreeMap::new(),
        });
    }

    /// Adds a batch for the slots `start` to `end` again, to be requested next.
    pub(super) fn want_again(&mut self, start: Slot, end: Slot, from_another_than: Option<PeerId>) {
        if start <= end {
            let mut batch = Batch::new(start, end);
            batch.tried.extend(from_another_than);
            self.batches.push_front(batch);
        }
    }
}
