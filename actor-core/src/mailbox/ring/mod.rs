//! A bounded first-in, first-out ring for many producers and one consumer. Messages lie inline.
//!
//! # Terms
//!
//! * *Position*: the number of a message, in the order of the claims: 0, 1, 2, …
//! * *Claim*: a producer reserves the next position by an exchange on `tail`.
//! * *Slot*: memory for one message, with a stamp. Position `p` uses the slot `p & mask`.
//! * *Lap*: one round of positions over all slots.
//! * *Stamp*: an atomic word of the slot. Stamp `p + 1` means: the message of position `p` is here.
//! * *Publish*: store the stamp, after the value. From then on the position is a message.
//! * *Limit*: producers claim only positions below it.
//! * *First slots*: the few slots of a new ring. *Grown slots*: slots for the whole capacity.
//! * *Void*: a position is void if it was given up and never becomes a message.
//! * *Skip*: the consumer moves `head` past a position without taking a message.
//! * *Signal*: the wake signal of the mailbox (`signal`). Its bit `GONE` means: the consumer has
//!   departed.
//! * *Settle*: decide, after the departure, which side gets the message of a position.
//!
//! # Layout
//!
//! ```text
//! producers' line                   consumer's line               slots
//! tail    next position to claim;   head  next position to take   stamp  p + 1: the message of p
//!         top bits: closed, grown,                                       is here
//!         other                                                   value
//! limits  claims stay below these
//! ```
//!
//! # Protocol
//!
//! ```text
//! producer                                       consumer (one, alone)
//!   p = tail; closed? -> Closed                    p = head
//!   p < limit? else limit = head + capacity (A)    stamp of p's slot == p + 1?  no -> nothing yet
//!              still not? -> Full                        yes (C):
//!   tail: p -> p + 1 by compare-exchange                 move the value out
//!   write the value                                      head = p + 1        (D)
//!   stamp = p + 1                            (B)
//! ```
//!
//! * (B) pairs with (C): a consumer seeing the stamp sees the value.
//! * (D) pairs with (A): a producer writes position `p` only after reading `head > p - capacity`.
//!   By then the consumer has moved the slot's previous message out. `limit` hands the result of
//!   one producer's read at (A) to the other producers, by Release and Acquire. So the consumer's
//!   line is read once in many messages. An outdated `limit` is only more cautious than a recent
//!   one.
//! * Only producers write to slots, until the consumer departs. So the consumer's core never needs
//!   to own the cache line of a slot.
//!
//! # Growth
//!
//! A ring begins with the first slots only, so that an actor with little traffic stays small. A
//! producer finding them full, with capacity left, makes the grown slots. It then sets `GROWN` in
//! `tail` by compare-exchange. A claim that saw the bit uses the grown slots. Any other claim uses
//! the first slots. The bit and the position are one word, so the change happens at exactly one
//! position. The consumer does not need to know this position: stamps are unique, so it checks both
//! places. If there is no memory for the grown slots, the ring is full.
//!
//! An idle consumer with an empty ring frees the grown slots, once the first slots have been enough
//! for a while. There are two places for grown slots, and the bit `OTHER` of `tail` names the place
//! in use:
//!
//! ```text
//! consumer: tail == head, open, place b
//!   tail: head -> head + 1, without GROWN, place !b, by compare-exchange    (E)
//!   position head is void; head = head + 1; frees the slots of place b
//! ```
//!
//! After (E), no thread accesses the slots of `b`: every claim that saw `GROWN` has been taken, and
//! a producer does not touch a slot after storing its stamp. No thread can reach them later: claims
//! after (E) see no `GROWN`, and a producer that grows the ring again uses the other place, until
//! the next shrink.
//!
//! Giving up position `head` keeps every value of `tail` unique. So the exchange in `grow` fails
//! for a producer with a `tail` read before (E). Such a producer may have made slots in place `b`
//! in vain. The consumer frees these when it next shrinks the ring. Between (E) and the store of
//! `head`, the void position takes the room of one message.
//!
//! A limit stays valid forever, but only for the kind of slots it was computed for. So the first
//! slots and the grown slots have a limit each.
//!
//! # Progress
//!
//! A push is lock-free. It takes a bounded number of steps, and repeats them only if another push
//! has claimed a position or the ring has grown or shrunk. A take is wait-free. A producer stopped
//! between its claim and (B) delays the later messages *of this lane*. The consumer then finds
//! "nothing yet", and continues with other lanes or sleeps. The stopped producer wakes it later,
//! because it still has to check the signal after (B). No thread spins.
//!
//! # The end
//!
//! Closing sets the top bit of `tail`, so the last position is known. A departing consumer does not
//! wait for claims in flight. It sets `GONE` at the signal, and then settles each position with its
//! producer:
//!
//! ```text
//! producer                              consumer
//!   stamp = p + 1        (SeqCst)         left_at = head
//!   GONE?  no -> accepted                 set GONE                      (SeqCst)
//!          yes: p < left_at? accepted     stamp == p + 1? no -> skips p: it was never accepted
//!            no: stamp: p + 1 -> 0          yes: stamp: p + 1 -> 0
//!               won  -> returned               won  -> takes it: undelivered
//!               lost -> accepted               lost -> it was returned
//! ```
//!
//! In the single order of all `SeqCst` accesses, either the consumer sees the stamp, or the
//! producer sees `GONE`, or both happen. If both happen, one exchange wins. So each message is
//! taken once or returned once, and no thread waits.
//!
//! A message taken before the departure keeps its stamp. Its producer may have been stopped before
//! the check of the signal, and must then learn of the take. `left_at` serves this purpose: it is
//! written before `GONE`, and read only by threads that have seen `GONE`. After its departure the
//! consumer only settles.
//!
//! # The memory after the end
//!
//! The slots are freed as soon as no thread needs them, even if handles keep the ring alive.
//! `users` is the sum of:
//!
//! * [`CONSUMER`], until the consumer has settled every position,
//! * 1 for each producer about to take a message back,
//! * 1 for each position skipped by the consumer.
//!
//! The producer of a skipped position always finds `GONE` and wins its exchange. It then subtracts
//! the 1 of its position. The thread that brings the count to 0 frees the slots. A producer that
//! finds the count at 0 does not look at the slots: its message was taken.
#![expect(unsafe_code, reason = "messages lie inline in memory that threads hand to each other")]

mod consumer;
mod reserve;

use crate::mailbox::places::{CLOSED, GROWN, OTHER, PLACE, POSITION, Places, promised};
use crate::mailbox::slots::{Slot, Slots, fit};
use crate::sync::{AtomicBool, FIRST_SLOTS, Ordering, fence, prepare_to_write, store_before_load};

/// The stamp of no position.
const NOTHING: u64 = 0;

/// The consumer's part of `users`: more than the number of threads and positions ever counted
/// there.
const CONSUMER: u64 = 1 << 62;

/// Idle periods in a row, each with no more messages than the first slots hold, before a ring
/// shrinks.
const CALM: u64 = 64;

/// Size of the grown slots, in bytes. A larger ring shrinks after the first such idle period.
const MUCH: u64 = 1 << 20;

/// Distance, in bytes, from a producer's slot to the slot it prefetches: two cache lines ahead if
/// slots are small, one slot ahead if they are large.
///
/// The consumer's core has read that cache line a lap ago. Without the prefetch, the store of the
/// stamp would wait for the line to arrive from that core.
const AHEAD_BYTES: usize = 128;

/// Why no position was claimed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ClaimError {
    Full,
    Closed,
}

/// A claimed position. Its producer must fill it.
#[must_use = "the consumer waits for what was claimed"]
pub(super) struct Claim {
    position: u64,
    /// [`GROWN`] and [`OTHER`], as read from `tail` by the claim.
    bits: u64,
}

/// When the room of a message becomes free again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Frees {
    /// As soon as the message is taken out of the ring.
    WhenTaken,
    /// When the consumer [releases](ConsumerSide::release) it, which happens after the take.
    WhenReleased,
}

/// The memory of a lane that refuses the newest message when it is full.
pub(super) struct RefusingRing<T> {
    pub(super) places: Places,
    /// The most messages waiting at a time. There are at least as many grown slots.
    capacity: u64,
    /// The first slots, made for the first message.
    first: Slots<T>,
    /// The two places for grown slots. These are made when more messages wait than the first slots
    /// hold. One place is in use at a time.
    grown: [Slots<T>; 2],
    frees: Frees,
    /// Whether the consumer has settled every position. Accessed by the consumer only.
    is_settled: AtomicBool,
    /// Whether nothing more is claimed or reserved. See [`bar`](Self::bar).
    is_barred: reserve::Mark,
}

/// Returns whether the slots of a ring for `capacity` messages fit into the address space.
pub(super) const fn fits<T>(capacity: usize) -> bool {
    fit::<T>(capacity.next_power_of_two())
}

impl<T> RefusingRing<T> {
    /// Creates a ring for `capacity` messages.
    pub(super) fn new(capacity: usize, frees: Frees) -> Self {
        let grown = || Slots::new(capacity.next_power_of_two());
        Self {
            places: Places::new(CONSUMER),
            capacity: capacity as u64,
            first: Slots::new(capacity.min(FIRST_SLOTS).next_power_of_two()),
            grown: [grown(), grown()],
            frees,
            is_settled: AtomicBool::new(false),
            is_barred: reserve::Mark::new(false),
        }
    }

    /// Returns the next position to take. Called by the consumer.
    pub(super) fn head(&self) -> u64 {
        self.places.consumer.head.load(Ordering::Relaxed)
    }

    /// Returns the number of messages that fit into the first slots.
    fn first_capacity(&self) -> u64 {
        self.capacity.min(FIRST_SLOTS as u64)
    }

    /// Returns the most messages waiting at a time.
    pub(super) fn capacity(&self) -> u64 {
        self.capacity
    }

    /// Returns the number of positions with free room again. The slots of the positions below this
    /// number are empty: a position is released only after its message has left the ring, perhaps
    /// out of order.
    ///
    /// Acquire: pairs with the Release of `head` in `pop_with`, so that the slots below are free,
    /// or with the Release in `release`.
    pub(super) fn freed(&self) -> u64 {
        match self.frees {
            Frees::WhenTaken => self.places.consumer.head.load(Ordering::Acquire),
            Frees::WhenReleased => self.places.consumer.released.load(Ordering::Acquire),
        }
    }

    /// Publishes the value at the claimed position, and returns the position. The caller must check
    /// the signal next.
    #[inline(always)]
    pub(super) fn fill(&self, claim: Claim, value: T) -> u64 {
        let Claim { position, bits } = claim;
        let slots = if bits & GROWN == 0 { &self.first } else { self.grown_of(bits) };
        let ahead = position + const { AHEAD_BYTES.div_ceil(size_of::<Slot<T>>()) as u64 };
        let (slot, ahead) = slots
            .at_and_ahead(index(position, slots), index(ahead, slots))
            .expect("made before the limit or `GROWN` let the position be claimed");
        slot.value.with_mut(|place| {
            // SAFETY: the claim reserved this position for this thread alone. `claim` saw that the
            // consumer has moved the slot's previous value out.
            unsafe { (*place).write(value) }
        });
        // Pairs with the load in `filled`: a thread seeing the stamp sees the value. SeqCst,
        // because the caller checks the signal next.
        slot.stamp.store(position + 1, Ordering::SeqCst);
        store_before_load();
        prepare_to_write(ahead);
        position
    }

    /// Claims the next position, or returns why there is none. Never waits.
    #[inline(always)]
    pub(super) fn claim(&self) -> Result<Claim, ClaimError> {
        let mut tail = self.places.producers.tail.load(Ordering::Relaxed);
        loop {
            if tail & CLOSED != 0 {
                return Err(ClaimError::Closed);
            }
            let (place, is_grown) = (tail & PLACE, tail & GROWN != 0);
            // Acquire: pairs with the Release in `has_room`, and through it with the consumer's
            // Release.
            let limit = &self.places.producers.limits[usize::from(is_grown)];
            let mut position = place;
            if place >= limit.load(Ordering::Acquire) {
                if !self.has_room(tail) {
                    tail = self.make_room(tail).ok_or(ClaimError::Full)?;
                    continue;
                }
                // The place may have reserved places in it.
                position = tail & POSITION;
            }
            // Acquire: pairs with the exchange in `grow`. A thread seeing `GROWN` finds the slots.
            // Release: pairs with the load in `claim_reserved`.
            match self.places.producers.tail.compare_exchange_weak(
                tail,
                tail + 1,
                Ordering::AcqRel,
                Ordering::Relaxed,
            ) {
                Ok(_) => return Ok(Claim { position, bits: tail & (GROWN | OTHER) }),
                Err(now) => tail = now,
            }
        }
    }

    /// Returns whether there is room for one more message, beside those waiting and the reserved
    /// places. Raises the limit to match the consumer's progress.
    #[cold]
    fn has_room(&self, tail: u64) -> bool {
        if self.is_barred() {
            return false;
        }
        let (promised, is_grown) = (promised(tail), tail & GROWN != 0);
        let limit = &self.places.producers.limits[usize::from(is_grown)];
        // As in `claim`, where a reserved place leads to this function below the limit too.
        if promised < limit.load(Ordering::Acquire) {
            return true;
        }
        if !is_grown && !self.first.make() {
            return false;
        }
        let room = if is_grown { self.capacity } else { self.first_capacity() };
        // No position reaches the bits above it.
        let raised = (self.freed() + room).min(POSITION);
        // Release: a thread seeing the limit finds the slots, and may use those of positions below
        // it.
        limit.store(raised, Ordering::Release);
        promised < raised
    }

    /// Returns the next `tail` to try if the ring may have room there, after it was found without
    /// room at `tail`.
    #[cold]
    fn make_room(&self, tail: u64) -> Option<u64> {
        let has_grown =
            tail & GROWN == 0 && self.first_capacity() < self.capacity && self.grow(tail);
        let now = self.places.producers.tail.load(Ordering::Relaxed);
        // Otherwise other producers have claimed positions, or the ring has grown or shrunk: the
        // values read before are out of date.
        (now != tail || has_grown).then_some(now)
    }

    /// Makes slots for the whole capacity, used by all positions from `tail` on unless `tail`
    /// changes first. Returns whether there is memory for them.
    #[cold]
    fn grow(&self, tail: u64) -> bool {
        // Acquire: pairs with the exchange in `shrink`, if `tail` comes from there. Without the
        // fence, `make` might still see slots that were freed before this exchange.
        fence(Ordering::Acquire);
        if !self.grown_of(tail).make() {
            return false;
        }
        // Release: a thread seeing `GROWN` finds the slots. The exchange fails if another producer
        // has claimed a position or has grown the ring, or if the ring was closed or shrunk. After
        // a shrink, the slots made here are in the place not in use, and the consumer frees them in
        // its next `shrink`.
        let _ = self.places.producers.tail.compare_exchange(
            tail,
            tail | GROWN,
            Ordering::Release,
            Ordering::Relaxed,
        );
        true
    }

    /// Returns the place for grown slots named by the bits of `tail`.
    #[inline]
    fn grown_of(&self, bits: u64) -> &Slots<T> {
        &self.grown[usize::from(bits & OTHER != 0)]
    }

    /// Returns whether the next message is published. Unlike [`is_drained`](Places::is_drained), it
    /// does not read the producers' line, and does not count claims in flight.
    #[inline]
    pub(super) fn is_next_there(&self) -> bool {
        self.filled(self.places.consumer.head.load(Ordering::Relaxed)).is_some()
    }

    /// Takes back the message published at `position`, for a producer that then found the consumer
    /// gone. Returns `None` if the consumer has the message.
    #[cold]
    pub(super) fn take_back(&self, position: u64) -> Option<T> {
        // Relaxed: seeing `GONE` at the signal orders this load after the store in `leave`.
        if position < self.places.consumer.left_at.load(Ordering::Relaxed) {
            return None;
        }
        let users = &self.places.producers.users;
        let one_more = |users: u64| (users > 0).then_some(users + 1);
        // Acquire: the other threads' accesses to the slots come before, in case this thread frees
        // them.
        if users.fetch_update(Ordering::Acquire, Ordering::Relaxed, one_more).is_err() {
            return None;
        }
        // Pairs with the exchange in `settle`.
        let back = self.win(position).map(|slot| {
            slot.value.with(|place| {
                // SAFETY: this thread wrote the value. The exchange was won, so the consumer does
                // not take it.
                unsafe { place.cast::<T>().read() }
            })
        });
        if back.is_some() {
            self.places.producers.void.fetch_add(1, Ordering::Relaxed);
        }
        self.let_go(1 + u64::from(back.is_some()));
        back
    }

    #[cfg(all(test, any(loom, shuttle)))]
    pub(super) fn has_slots(&self) -> bool {
        self.first.are_made() || self.grown.iter().any(Slots::are_made)
    }

    /// Subtracts `users` from the count of those in need of the slots. Frees the slots if none are
    /// left.
    fn let_go(&self, users: u64) {
        // Release: this thread's accesses to the slots come before. Acquire: so do the other
        // threads'.
        if self.places.producers.users.fetch_sub(users, Ordering::AcqRel) == users {
            for slots in [&self.first, &self.grown[0], &self.grown[1]] {
                // SAFETY: each position's message was taken, by the consumer or by its producer,
                // and both are done with the slot. The ring is closed, and later producers find a
                // count of 0. The consumer checks its departure before it looks at a slot.
                unsafe { slots.retire() };
            }
        }
    }

    /// Returns the slot of a position, if its message is published.
    #[inline]
    fn filled(&self, position: u64) -> Option<&Slot<T>> {
        // Pairs with the store in `fill`. SeqCst: this may be the last check before a sleep.
        let is_filled = |slot: &&Slot<T>| slot.stamp.load(Ordering::SeqCst) == position + 1;
        let used = self.places.consumer.shrunk.load(Ordering::Relaxed) % 2;
        let grown = &self.grown[used as usize];
        let grown = grown.at(index(position, grown)).filter(is_filled);
        grown.or_else(|| self.first.at(index(position, &self.first)).filter(is_filled))
    }

    /// Wins the message of a position by exchange, so that the other side does not get it, and
    /// returns its slot. Returns `None` if the message is not there.
    fn win(&self, position: u64) -> Option<&Slot<T>> {
        let slot = self.filled(position)?;
        slot.stamp
            .compare_exchange(position + 1, NOTHING, Ordering::SeqCst, Ordering::SeqCst)
            .ok()?;
        Some(slot)
    }
}

/// Returns the index of a position's slot. The number of slots is a power of two.
#[inline(always)]
fn index<T>(position: u64, slots: &Slots<T>) -> usize {
    (position & (slots.len() - 1)) as usize
}

/// Drops the messages left in the ring, if the mailbox was forgotten. Otherwise the mailbox has
/// already taken everything out.
impl<T> Drop for RefusingRing<T> {
    fn drop(&mut self) {
        let head = self.places.consumer.head.load(Ordering::Relaxed);
        for position in head..self.places.tail() {
            if let Some(slot) = self.filled(position) {
                slot.value.with(|place| {
                    // SAFETY: the stamp shows that the value was written, no thread took it out,
                    // and `self` is borrowed exclusively.
                    drop(unsafe { place.cast::<T>().read() });
                });
            }
        }
    }
}
