//! A refusing ring with a share for each source. Sources take turns.
//!
//! Senders count a message at its source (`sources`) and push it into a ring. The consumer moves
//! the messages from the ring into one queue per source (`turns`), and takes from the queues in
//! turn. A message frees its room, in the lane and in its source's share, when it is taken from its
//! queue. So ring and queues together never hold more messages than the lane's capacity.

use crate::mailbox::consumer::ConsumerSide;
use crate::mailbox::ring::{ClaimError, Frees, RefusingRing};
use crate::mailbox::sources::{CountError, Entry, Sources};
use crate::mailbox::turns::Turns;
use crate::sync::AtomicU64;

/// The memory of a lane with a share.
pub(super) struct SourcedRing<T> {
    pub(super) ring: RefusingRing<Sourced<T>>,
    sources: Sources,
    /// Messages refused because of their source's share.
    pub(super) over_share: AtomicU64,
}

/// A message with the entry that counts it. The entry is `None` if the message has no source.
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

impl<T> SourcedRing<T> {
    pub(super) fn new(capacity: usize, share: usize) -> Self {
        Self {
            ring: RefusingRing::new(capacity, Frees::WhenReleased),
            sources: Sources::new(capacity, share),
            over_share: AtomicU64::new(0),
        }
    }

    /// Pushes a value, and returns its position. The caller must check the signal next.
    ///
    /// Calls `back_out` if the value was counted for a moment and is not counted any more. In that
    /// moment another message of its source may have been refused, so senders waiting for room must
    /// check again.
    ///
    /// # Errors
    ///
    /// Returns the value with the reason.
    pub(super) fn push(
        &self,
        source: Option<u64>,
        value: T,
        back_out: impl FnOnce(),
    ) -> Result<u64, (PushError, T)> {
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

    /// Reserves room for one message of the source, in its share and in the lane.
    ///
    /// Calls `back_out` as [`push`](Self::push) does.
    pub(super) fn reserve(
        &self,
        source: Option<u64>,
        back_out: impl FnOnce(),
    ) -> Result<Option<Entry>, PushError> {
        if self.ring.places.is_closed() {
            return Err(PushError::Closed);
        }
        let entry = match source.map(|source| self.sources.add(source)).transpose() {
            Ok(entry) => entry,
            Err(CountError::OverShare) => return Err(PushError::OverShare),
            Err(CountError::Full) => return Err(PushError::Full),
            Err(CountError::Met) => {
                back_out();
                return Err(PushError::OverShare);
            }
        };
        self.ring.reserve().map(|()| entry).map_err(|refused| {
            self.uncount(entry);
            back_out();
            match refused {
                ClaimError::Full => PushError::Full,
                ClaimError::Closed => PushError::Closed,
            }
        })
    }

    /// Pushes a value into its reserved room, and returns its position with the second result of
    /// [`RefusingRing::claim_reserved`]. The caller must check the signal next.
    ///
    /// # Errors
    ///
    /// Returns the value if the ring is closed.
    pub(super) fn push_reserved(&self, entry: Option<Entry>, value: T) -> Result<(u64, bool), T> {
        match self.ring.claim_reserved() {
            Some((claim, was_last)) => {
                Ok((self.ring.fill(claim, Sourced { entry, value }), was_last))
            }
            None => Err(value),
        }
    }

    /// Returns the ring of all sources.
    pub(super) fn ring(&self) -> &RefusingRing<Sourced<T>> {
        &self.ring
    }

    /// Returns reserved room to the lane, unused. The caller notifies the senders waiting for room.
    pub(super) fn give_back(&self, entry: Option<Entry>) {
        // In this order, as in `take`.
        self.ring.give_back();
        self.uncount(entry);
    }

    /// Does the same as [`RefusingRing::take_back`].
    pub(super) fn take_back(&self, position: u64) -> Option<T> {
        self.ring.take_back(position).map(|sourced| sourced.value)
    }

    fn uncount(&self, entry: Option<Entry>) {
        if let Some(entry) = entry {
            self.sources.remove(entry);
        }
    }

    /// Returns the number of a source's queue. The last queue is for messages without a source.
    fn queue(&self, entry: Option<Entry>) -> usize {
        entry.map_or(self.sources.entries(), Entry::index)
    }

    fn entry(&self, queue: usize) -> Option<Entry> {
        (queue < self.sources.entries()).then(|| Entry::from_index(queue))
    }
}

/// The consumer's operations. `turns` belongs to this ring.
impl<T> ConsumerSide<'_, SourcedRing<T>> {
    /// Views the refusing ring.
    pub(super) fn ring_side(&mut self) -> ConsumerSide<'_, RefusingRing<Sourced<T>>> {
        let shared = self.get();
        self.reborrow().field(&shared.ring)
    }

    /// Takes the next message of the source in turn. Returns `None` after the consumer's
    /// [departure](crate::mailbox::places::Places::leave).
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
            // There may have been no memory to sort the messages by source.
            None => {
                let Sourced { entry, value } = self.ring_side().pop()?;
                (entry, value)
            }
        };
        // In this order: a sender admitted by its share then finds room in the lane.
        self.ring_side().release();
        self.uncount(entry);
        Some(value)
    }

    /// Takes the remaining messages one by one, the oldest first: from the queues, and then from
    /// the ring by its own `settle`.
    pub(super) fn settle(&mut self, turns: &mut Turns<T>) -> Option<T> {
        turns.pop_oldest().or_else(|| self.ring_side().settle().map(|sourced| sourced.value))
    }
}
