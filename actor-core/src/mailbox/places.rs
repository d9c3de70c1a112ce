//! What the two rings have in common: slots, the next position to claim, the next to take, and figures of both sides.

use std::ops::Deref;

use crate::mailbox::first_use::FirstUse;
use crate::mailbox::slots::Slots;
use crate::sync::{AtomicU64, AtomicUsize, FIRST_SLOTS, Ordering};

/// One lane's memory. Messages have positions 0, 1, 2, … in the order in which producers claimed them; how a claim becomes
/// a message is told in `ring` and, for lanes that evict, in `evicting`.
pub(super) struct Places<T> {
    /// The slots that it begins with: a few in a ring that refuses, all in a ring that evicts.
    pub(super) first: Slots<T>,
    /// Messages that fit into those.
    pub(super) first_capacity: u64,
    /// Slots for the whole capacity, once more has waited than the first hold.
    pub(super) grown: FirstUse<Slots<T>>,
    /// Messages that may wait at once; there are as many slots or more.
    pub(super) capacity: u64,
    evicts: bool,
    pub(super) producers: Line<Producers>,
    pub(super) consumer: Line<Consumer>,
}

/// Written by producers.
pub(super) struct Producers {
    /// The next position to claim, [`CLOSED`] and [`GROWN`].
    pub(super) tail: AtomicU64,
    /// Claims in a ring that refuses stay below this.
    pub(super) limit: AtomicU64,
    /// Positions that were claimed and given up.
    pub(super) void: AtomicU64,
    pub(super) refused: AtomicU64,
    pub(super) evicted: AtomicU64,
}

/// Written by the consumer alone, but for `waiting`.
pub(super) struct Consumer {
    /// The next position to take.
    pub(super) head: AtomicU64,
    /// Where the consumer was when it left, or [`NOT_LEFT`]: what lies before was taken, whatever its sender finds later.
    pub(super) left_at: AtomicU64,
    pub(super) handled: AtomicU64,
    /// Evicted from what had already been taken out.
    pub(super) evicted: AtomicU64,
    pub(super) cancelled: AtomicU64,
    pub(super) undelivered: AtomicU64,
    pub(super) high_water: AtomicU64,
    /// Where `head` was when senders that wait were last told of room.
    pub(super) told: AtomicU64,
    /// Senders that wait for room or are about to. Here because the consumer looks at it for every message.
    pub(super) waiting: AtomicUsize,
}

/// A cache line of its own, so that one side's writes do not slow the other's down.
#[repr(align(64))]
pub(super) struct Line<T>(T);

/// No position: the consumer is still there.
pub(super) const NOT_LEFT: u64 = u64::MAX;

/// The bit of `tail` that says that nothing more is taken in. Positions never get there.
pub(super) const CLOSED: u64 = 1 << 63;

/// The bit of `tail` that says that positions from here on lie in the grown slots.
pub(super) const GROWN: u64 = 1 << 62;

impl<T> Places<T> {
    /// Makes room for `capacity` messages: for a ring that refuses, or for one that evicts, which has `spare` slots more.
    pub(super) fn new(capacity: usize, spare: Option<usize>) -> Self {
        let figure = || AtomicU64::new(0);
        let first = spare.map_or(capacity.min(FIRST_SLOTS), |spare| capacity + spare);
        let first_capacity = first.min(capacity) as u64;
        Self {
            first: Slots::new(first.next_power_of_two()),
            first_capacity,
            grown: FirstUse::new(),
            capacity: capacity as u64,
            evicts: spare.is_some(),
            producers: Line(Producers {
                tail: figure(),
                limit: AtomicU64::new(first_capacity),
                void: figure(),
                refused: figure(),
                evicted: figure(),
            }),
            consumer: Line(Consumer {
                head: figure(),
                left_at: AtomicU64::new(NOT_LEFT),
                handled: figure(),
                evicted: figure(),
                cancelled: figure(),
                undelivered: figure(),
                high_water: figure(),
                told: figure(),
                waiting: AtomicUsize::new(0),
            }),
        }
    }

    /// Takes nothing in from now on. What was claimed before may still arrive.
    pub(super) fn close(&self) {
        // SeqCst: the position that a consumer then finds is the last that will ever be claimed.
        self.producers.tail.fetch_or(CLOSED, Ordering::SeqCst);
    }

    /// Says up to where the consumer has taken everything. Called by the consumer before the signal says that it is gone;
    /// it may say so again, but the first time counts.
    pub(super) fn leave(&self) {
        let Consumer { head, left_at, .. } = &*self.consumer;
        if left_at.load(Ordering::Relaxed) == NOT_LEFT {
            // Handed on by the signal.
            left_at.store(head.load(Ordering::Relaxed), Ordering::Relaxed);
        }
    }

    pub(super) fn is_closed(&self) -> bool {
        // Relaxed: whoever has to know was told by more than this.
        self.producers.tail.load(Ordering::Relaxed) & CLOSED != 0
    }

    /// Tells the next position to claim. SeqCst, for a consumer that has announced its sleep.
    pub(super) fn tail(&self) -> u64 {
        self.producers.tail.load(Ordering::SeqCst) & !(CLOSED | GROWN)
    }

    /// Tells whether every position that was claimed has been taken or passed by. Asked by the consumer.
    pub(super) fn is_drained(&self) -> bool {
        self.consumer.head.load(Ordering::Relaxed) >= self.tail()
    }

    /// Counts the messages that were taken in. In flight, it may be ahead by claims that are not yet messages.
    pub(super) fn accepted(&self) -> u64 {
        let void = self.producers.void.load(Ordering::Relaxed);
        self.tail().saturating_sub(void)
    }
}

/// Drops what nobody took, if the mailbox was forgotten: else it has taken everything out before.
impl<T> Drop for Places<T> {
    fn drop(&mut self) {
        if self.evicts {
            while self.pop_evicting().is_some() {}
        } else {
            self.drop_rest();
        }
    }
}

impl<T> Deref for Line<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

/// Adds to a figure that one thread alone writes: no read-modify-write is needed.
pub(super) fn add(figure: &AtomicU64, n: u64) {
    figure.store(figure.load(Ordering::Relaxed) + n, Ordering::Relaxed);
}
