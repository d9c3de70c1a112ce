//! A ring that refuses, in which each source has a share and sources take turns.
//!
//! Senders count a message at its source (`sources`) and push it into a ring. The consumer moves
//! what has arrived into queues by source (`turns`), and takes from the queues in turn. A message
//! makes room again, in the lane and in its source's share, when it is taken from its queue. So no
//! more than the lane's capacity wait in both together.

use crate::mailbox::consumer::ConsumerSide;
use crate::mailbox::ring::{ClaimError, Frees, RefusingRing};
use crate::mailbox::sources::{CountError, Entry, Sources};
use crate::mailbox::turns::Turns;
use crate::sync::AtomicU64;

/// The memory of a lane with a share.
pub(super) struct SharedRing<T> {
    pub(super) ring: RefusingRing<Sourced<T>>,
    sources: Sources,
    /// Messages that were refused because of their source's share.
    pub(super) over_share: AtomicU64,
}

/// A message, and where it is counted. `None` if it has no source.
pub(super) struct Sourced<T> {
    entry: Option<Entry>,
    value: T,
}

/// Why a push was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PushError {
    OverShare,
    Full,
    Closed,
}

impl<T> SharedRing<T> {
    pub(super) fn new(capacity: usize, share: usize) -> Self {
        Self {
            ring: RefusingRing::new(capacity, Frees::WhenReleased),
            sources: Sources::new(capacity, share),
            over_share: AtomicU64::new(0),
        }
    }

    /// Puts a value in, and returns its position; or hands it back with the reason. The caller
    /// looks at the signal next.
    ///
    /// Calls `back_out` when the value was counted for a moment and is not any more. Another one of
    /// its source may have been refused because of that, so whoever waits for room looks again.
    pub(super) fn push(&self, source: Option<u64>, value: T, back_out: impl FnOnce()) -> Result<u64, (PushError, T)> {
        if self.ring.places.is_closed() {
            return Err((PushError::Closed, value));
        }
        let entry = match source.map(|source| self.sources.add(source)).transpose() {
            Ok(entry) => entry,
            Err(CountError::OverShare) => return Err((PushError::OverShare, value)),
            Err(CountError::Full) => return Err((PushError::Full, value)),
            Err(CountError::Met) => {
                back_out();
                return Err((PushError::OverShare, value));
            }
        };
        match self.ring.claim() {
            Ok(claim) => Ok(self.ring.fill(claim, Sourced { entry, value })),
            Err(refused) => {
                self.uncount(entry);
                back_out();
                let why = match refused {
                    ClaimError::Full => PushError::Full,
                    ClaimError::Closed => PushError::Closed,
                };
                Err((why, value))
            }
        }
    }

    /// As [`RefusingRing::take_back`].
    pub(super) fn take_back(&self, position: u64) -> Option<T> {
        self.ring.take_back(position).map(|sourced| sourced.value)
    }

    fn uncount(&self, entry: Option<Entry>) {
        if let Some(entry) = entry {
            self.sources.remove(entry);
        }
    }

    /// Returns the number of a source's queue. The last one is that of the messages without a
    /// source.
    fn queue(&self, entry: Option<Entry>) -> usize {
        entry.map_or(self.sources.entries(), Entry::index)
    }

    fn entry(&self, queue: usize) -> Option<Entry> {
        (queue < self.sources.entries()).then(|| Entry::from_index(queue))
    }
}

/// The consumer's operations. `turns` belongs to this ring.
impl<T> ConsumerSide<'_, SharedRing<T>> {
    /// Views the ring beneath.
    pub(super) fn ring_side(&mut self) -> ConsumerSide<'_, RefusingRing<Sourced<T>>> {
        let shared = self.get();
        self.reborrow().field(&shared.ring)
    }

    /// Takes the next message of the source whose turn it is.
    pub(super) fn take(&mut self, turns: &mut Turns<T>) -> Option<T> {
        if self.ring.places.has_left() {
            return None;
        }
        let queues = self.sources.entries().saturating_add(1);
        while turns.has_room(queues) {
            let number = self.ring.head();
            let Some(Sourced { entry, value }) = self.ring_side().pop() else { break };
            turns.push(self.queue(entry), queues, number, value);
        }
        let (entry, value) = match turns.pop() {
            Some((queue, value)) => (self.entry(queue), value),
            // There may have been no memory to sort them by source.
            None => {
                let Sourced { entry, value } = self.ring_side().pop()?;
                (entry, value)
            }
        };
        // In this order: a sender that its share lets in finds room in the lane.
        self.ring_side().release();
        self.uncount(entry);
        Some(value)
    }

    /// Takes whatever is left, in order of age, as [`RefusingRing`]'s `settle`.
    pub(super) fn settle(&mut self, turns: &mut Turns<T>) -> Option<T> {
        turns.pop_oldest().or_else(|| self.ring_side().settle().map(|sourced| sourced.value))
    }
}
