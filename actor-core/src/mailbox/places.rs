//! What every kind of ring has: the next position to claim, the next to take, and the figures of both sides.

use std::ops::Deref;

use event_listener::Event;

use crate::sync::{AtomicU64, AtomicUsize, Ordering};

/// The positions of one ring. Messages have positions 0, 1, 2, … in the order in which producers claimed them; how a claim
/// becomes a message is described in `ring` and, for lanes that evict, in `evicting`.
pub(super) struct Places {
    pub(super) producers: Line<Producers>,
    pub(super) consumer: Line<Consumer>,
    pub(super) figures: Line<Figures>,
}

/// Written by producers.
pub(super) struct Producers {
    /// The next position to claim, [`CLOSED`], and the bits of a ring's own.
    pub(super) tail: AtomicU64,
    /// Claims in a ring that refuses stay below these: without [`GROWN`], and with it. Each once written is right for ever.
    /// They are here because a claim reads one of them together with `tail`.
    pub(super) limits: [AtomicU64; 2],
    /// Positions that were claimed and given up.
    pub(super) void: AtomicU64,
    pub(super) refused: AtomicU64,
    pub(super) evicted: AtomicU64,
    /// Senders that wait for room or are about to. The consumer reads it only when the signal says that one waits.
    pub(super) waiting: AtomicUsize,
    /// What a ring counts to know when its slots are of no more use to anyone.
    pub(super) users: AtomicU64,
}

/// Written by the consumer alone. Producers read it when they reach the limit, which is every few messages in a full lane:
/// what is written per message and read by no producer is in [`Figures`] instead.
pub(super) struct Consumer {
    /// The next position to take.
    pub(super) head: AtomicU64,
    /// How many messages have made room again, in a ring where a message does that later than when it is taken.
    pub(super) released: AtomicU64,
    /// How often the ring has shrunk.
    pub(super) shrunk: AtomicU64,
    /// Where the consumer was when it left, or [`NOT_LEFT`]: what lies before was taken, whatever its sender finds later.
    pub(super) left_at: AtomicU64,
    /// Where senders wait for room; one is woken for each message taken. It is a pointer that the first of them sets. It is
    /// here, because nobody waits at a lane that was never used, and this line has room for it.
    pub(super) room: Event,
}

/// Written by the consumer alone.
pub(super) struct Figures {
    pub(super) handled: AtomicU64,
    /// Evicted from what had already been taken out.
    pub(super) evicted: AtomicU64,
    pub(super) cancelled: AtomicU64,
    pub(super) undelivered: AtomicU64,
    pub(super) high_water: AtomicU64,
    /// Where the consumer was when it last rested.
    pub(super) rested_at: AtomicU64,
    /// Rests in a row before each of which few messages came.
    pub(super) calm: AtomicU64,
    /// How many messages had made room when senders that wait were last told of it.
    pub(super) told: AtomicU64,
}

/// A cache line of its own, so that one side's writes do not slow the other's down.
#[repr(align(64))]
pub(super) struct Line<T>(T);

/// No position: the consumer is still there.
pub(super) const NOT_LEFT: u64 = u64::MAX;

/// The bit of `tail` that says that nothing more is taken in. Positions never get there.
pub(super) const CLOSED: u64 = 1 << 63;

/// The bit of `tail` that says that positions from here on lie in the grown slots of a ring that refuses.
pub(super) const GROWN: u64 = 1 << 62;

/// The bit of `tail` that says which of its grown slots a ring that refuses uses next. It changes each time that the ring
/// shrinks.
pub(super) const OTHER: u64 = 1 << 61;

/// The bits of `tail` that are the position.
pub(super) const POSITION: u64 = OTHER - 1;

impl Places {
    /// Makes the positions of a ring whose slots begin with so many `users`.
    pub(super) fn new(users: u64) -> Self {
        let figure = || AtomicU64::new(0);
        Self {
            producers: Line(Producers {
                tail: figure(),
                limits: [figure(), figure()],
                void: figure(),
                refused: figure(),
                evicted: figure(),
                waiting: AtomicUsize::new(0),
                users: AtomicU64::new(users),
            }),
            consumer: Line(Consumer {
                head: figure(),
                released: figure(),
                shrunk: figure(),
                left_at: AtomicU64::new(NOT_LEFT),
                room: Event::new(),
            }),
            figures: Line(Figures {
                handled: figure(),
                evicted: figure(),
                cancelled: figure(),
                undelivered: figure(),
                high_water: figure(),
                rested_at: figure(),
                calm: figure(),
                told: figure(),
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

    /// Returns whether the consumer has [left](Self::leave). Asked by the consumer.
    #[inline]
    pub(super) fn has_left(&self) -> bool {
        self.consumer.left_at.load(Ordering::Relaxed) != NOT_LEFT
    }

    pub(super) fn is_closed(&self) -> bool {
        // Relaxed: whoever has to know was told by more than this.
        self.producers.tail.load(Ordering::Relaxed) & CLOSED != 0
    }

    /// Tells the next position to claim. SeqCst, for a consumer that has announced its sleep.
    pub(super) fn tail(&self) -> u64 {
        self.producers.tail.load(Ordering::SeqCst) & POSITION
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

impl<T> Deref for Line<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

/// Adds to a figure that one thread alone writes: no read-modify-write is needed.
#[inline(always)]
pub(super) fn add(figure: &AtomicU64, n: u64) {
    figure.store(figure.load(Ordering::Relaxed) + n, Ordering::Relaxed);
}
