//! The common part of every kind of ring: its positions, and the figures of both sides.

use std::ops::Deref;

use event_listener::Event;

use crate::sync::{AtomicU64, AtomicUsize, Ordering};

/// The positions of one ring. Messages have positions 0, 1, 2, … in the order of the producers'
/// claims. How a claim becomes a message is described in `ring` and, for evicting lanes, in
/// `evicting`.
pub(super) struct Places {
    pub(super) producers: Line<Producers>,
    pub(super) consumer: Line<Consumer>,
    pub(super) figures: Line<Figures>,
}

/// Written by producers.
pub(super) struct Producers {
    /// The next position to claim, with [`CLOSED`] and the ring's own bits on top.
    pub(super) tail: AtomicU64,
    /// The limits of a refusing ring: claims stay below the first one without [`GROWN`], and below
    /// the second one with it. Every value ever written here stays valid. They are on this line
    /// because a claim reads one of them together with `tail`.
    pub(super) limits: [AtomicU64; 2],
    /// Positions given up without a message, or with their message taken back.
    pub(super) void: AtomicU64,
    pub(super) refused: AtomicU64,
    pub(super) evicted: AtomicU64,
    /// Senders waiting for room or about to wait. The consumer reads this only if the signal
    /// reports a waiting sender.
    pub(super) waiting: AtomicUsize,
    /// The ring's count of the users of its slots. With it, a ring finds out when its slots can be
    /// freed.
    pub(super) users: AtomicU64,
}

/// Written by the consumer alone. Producers read this line when they reach the limit: every few
/// messages in a full lane. So a value written for each message and read by no producer is in
/// [`Figures`] instead.
pub(super) struct Consumer {
    /// The next position to take.
    pub(super) head: AtomicU64,
    /// The number of messages whose room is free again, in a ring that frees room on release
    /// (`Frees::WhenReleased`).
    pub(super) released: AtomicU64,
    /// How often the ring has shrunk.
    pub(super) shrunk: AtomicU64,
    /// The consumer's position at its departure, or [`NOT_LEFT`]. Messages before it were taken,
    /// whatever their senders find out later.
    pub(super) left_at: AtomicU64,
    /// Senders wait here for room. One sender is woken for each message taken. The event is one
    /// pointer, set by the first waiting sender. It is here because this line has space for it, and
    /// because no sender waits at an unused lane.
    pub(super) room: Event,
    /// Messages dropped because of their deadlines. This and the next are figures, and here because
    /// the line of the figures is full.
    pub(super) expired: AtomicU64,
    /// Idle periods in a row with few messages before each of them.
    pub(super) calm: AtomicU64,
}

/// Written by the consumer alone.
pub(super) struct Figures {
    pub(super) handled: AtomicU64,
    /// Messages evicted after they were taken out of the ring.
    pub(super) evicted: AtomicU64,
    pub(super) cancelled: AtomicU64,
    pub(super) undelivered: AtomicU64,
    pub(super) high_water: AtomicU64,
    /// The kind of the message in hand, plus one. 0 once that message has ended. A refusing ring of
    /// a type without kinds never writes it.
    pub(super) in_hand: AtomicU64,
    /// The consumer's position when it was last idle.
    pub(super) rested_at: AtomicU64,
    /// The number of messages with free room when waiting senders were last notified.
    pub(super) announced: AtomicU64,
}

/// A cache line of its own, so that the writes of one side do not slow down the other side.
#[repr(align(64))]
pub(super) struct Line<T>(T);

/// No position: the consumer has not departed.
pub(super) const NOT_LEFT: u64 = u64::MAX;

/// The bit of `tail` for a closed ring: no more claims. No position reaches this bit.
pub(super) const CLOSED: u64 = 1 << 63;

/// The bit of `tail` for a grown ring: positions from here on use the grown slots of a refusing
/// ring.
pub(super) const GROWN: u64 = 1 << 62;

/// The bit of `tail` for the place of a refusing ring's grown slots, in use or to be used next. It
/// flips each time the ring shrinks.
pub(super) const OTHER: u64 = 1 << 61;

/// The bits of `tail` for the place of a claim: the position, and the number of reserved places
/// above it. While a place is reserved, this number is above every limit.
pub(super) const PLACE: u64 = OTHER - 1;

/// One reserved place in `tail`. See `ring::reserve`.
pub(super) const ONE_RESERVED: u64 = 1 << 53;

/// The bits of `tail` for the number of reserved places.
pub(super) const RESERVED: u64 = PLACE - POSITION;

/// The bits of `tail` for the position: enough for 28 years with 10 million messages a second.
pub(super) const POSITION: u64 = ONE_RESERVED - 1;

/// Returns the number of positions claimed so far, and of reserved places: the position after the
/// last message, if each reserved place were used.
#[inline]
pub(super) fn promised(tail: u64) -> u64 {
    (tail & POSITION) + (tail & RESERVED) / ONE_RESERVED
}

impl Places {
    /// Creates the positions of a ring. Its slots begin with a count of `users`.
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
                expired: figure(),
                calm: figure(),
            }),
            figures: Line(Figures {
                handled: figure(),
                evicted: figure(),
                cancelled: figure(),
                undelivered: figure(),
                high_water: figure(),
                in_hand: figure(),
                rested_at: figure(),
                announced: figure(),
            }),
        }
    }

    /// Closes the ring to new claims. Earlier claims may still become messages.
    pub(super) fn close(&self) {
        // SeqCst: the consumer then reads the last position ever claimed. In an evicting ring, a
        // push may still raise `tail` after the close, but to void positions only.
        self.producers.tail.fetch_or(CLOSED, Ordering::SeqCst);
    }

    /// Records the consumer's position at its departure. Called by the consumer before the signal
    /// has `GONE` set. Only the first call has an effect.
    pub(super) fn leave(&self) {
        let Consumer { head, left_at, .. } = &*self.consumer;
        if left_at.load(Ordering::Relaxed) == NOT_LEFT {
            // Relaxed: the signal passes this store on to producers.
            left_at.store(head.load(Ordering::Relaxed), Ordering::Relaxed);
        }
    }

    /// Returns whether the consumer has [departed](Self::leave). Called by the consumer.
    #[inline]
    pub(super) fn has_left(&self) -> bool {
        self.consumer.left_at.load(Ordering::Relaxed) != NOT_LEFT
    }

    pub(super) fn is_closed(&self) -> bool {
        // Relaxed: callers depending on a close are ordered after it by other means.
        self.producers.tail.load(Ordering::Relaxed) & CLOSED != 0
    }

    /// Returns the next position to claim. SeqCst, for a consumer that has announced its sleep.
    pub(super) fn tail(&self) -> u64 {
        self.producers.tail.load(Ordering::SeqCst) & POSITION
    }

    /// Returns the number of positions claimed so far, and of reserved places.
    pub(super) fn promised(&self) -> u64 {
        promised(self.producers.tail.load(Ordering::SeqCst))
    }

    /// Returns whether no further place can be reserved, whatever room there is.
    pub(super) fn is_reserved_out(&self) -> bool {
        self.producers.tail.load(Ordering::SeqCst) & RESERVED == RESERVED
    }

    /// Returns whether every claimed position has been taken or skipped. Called by the consumer.
    pub(super) fn is_drained(&self) -> bool {
        self.consumer.head.load(Ordering::Relaxed) >= self.tail()
    }

    /// Returns the number of accepted messages. It may be too high by the number of claims in
    /// flight.
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

/// Adds to a figure written by one thread only: no read-modify-write is needed.
#[inline(always)]
pub(super) fn add(figure: &AtomicU64, n: u64) {
    figure.store(figure.load(Ordering::Relaxed) + n, Ordering::Relaxed);
}
