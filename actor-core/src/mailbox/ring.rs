//! A first in, first out ring for many producers and one consumer, messages inline.
//!
//! # Layout
//!
//! The message of position `p` lies in the slot `p & mask`: of the first few slots, or of the grown ones.
//!
//! ```text
//!  producers' line                    consumer's line               slots
//!  tail    next position to claim,    head  next position to take   stamp = p + 1: the message of p is there
//!          top bits: closed, grown,                                 value
//!          other
//!  limits  claims stay below
//! ```
//!
//! # Protocol
//!
//! ```text
//! producer                                          consumer (one, alone)
//!   p = tail; closed? -> Closed                       p = head
//!   p < limit? else limit = head + capacity (A)       stamp of p's slot == p + 1?  no -> nothing yet
//!              still not? -> Full                           yes (C):
//!   tail: p -> p + 1 by compare-exchange                    move the value out
//!   write the value                                         head = p + 1        (D)
//!   stamp = p + 1                            (B)
//! ```
//!
//! * (B) pairs with (C): who sees the stamp sees the value.
//! * (D) pairs with (A): a producer writes position `p` only when it has seen `head > p - capacity`, that is, when the
//!   consumer has moved the slot's last message out. `limit` hands on what one producer saw at (A) to the others by
//!   Release and Acquire, so that the consumer's line is read once in many messages. An older value of `limit` is only
//!   more careful than a newer one.
//! * Slots are written by producers alone: the consumer's core never has to own a slot's line.
//!
//! # Growth
//!
//! A ring begins with a few slots, so that an actor of which little is asked stays small. A producer that finds them full,
//! with capacity left, makes slots for all of it and sets `GROWN` in `tail` by compare-exchange. A claim that sees the bit
//! lies in the grown slots, one that does not in the first: the bit and the position are one word, so there is one position
//! from which on all are grown. The consumer need not know it: stamps are unique, so it looks in both. If there is no memory
//! for more slots, the ring is full.
//!
//! A consumer that rests with nothing left shrinks a ring that needed no more than its first slots for a while. There are two
//! places for grown slots, and a bit of `tail` says which is used:
//!
//! ```text
//! consumer: tail == head, GROWN, bit b      tail: head -> head + 1, without GROWN, bit !b, by compare-exchange   (E)
//!                                           position head is void; head = head + 1; frees the slots of b
//! ```
//!
//! At (E) every claim that saw `GROWN` has been taken, and a producer does not touch a slot after its stamp, so nobody is at
//! the slots of `b`. Nobody comes to be: claims after (E) see no `GROWN`, and those that grow the ring again use the other
//! place until the consumer shrinks it again. Position `head` is given up so that an exchange of a producer that read `tail`
//! before (E) fails: no value of `tail` comes twice. Such a producer may have made slots of `b` in vain, which the consumer
//! frees when it next looks. Between (E) and the store of `head` the void position takes the room of one message. What a limit says holds for ever, but for the slots that it is of: so each kind has its own.
//!
//! # Progress
//!
//! A push takes a bounded number of steps besides those in which another push succeeds: it is lock-free. A take is
//! wait-free. A producer that was stopped between its claim and (B) holds up what comes after it *in this lane*: the
//! consumer finds "nothing yet" there, goes on to other lanes or sleeps, and is woken by that producer, who still owes a
//! look at the signal. Nobody spins.
//!
//! # The end
//!
//! Closing sets the top bit of `tail`, so the last position is known. A consumer that leaves without waiting for
//! claims still in flight tells so by the signal (`GONE`), and then settles each position with its producer:
//!
//! ```text
//! producer                              consumer
//!   stamp = p + 1        (SeqCst)         left_at = head
//!   GONE?  no -> accepted                 GONE is set                   (SeqCst)
//!          yes: p < left_at? accepted     stamp == p + 1? no -> passes p by: it was never accepted
//!            no: stamp: p + 1 -> 0          yes: stamp: p + 1 -> 0
//!               won  -> comes back               won  -> takes it: undelivered
//!               lost -> accepted                 lost -> it came back
//! ```
//!
//! In the one order of `SeqCst` accesses either the consumer sees the stamp or the producer sees `GONE`, or both, and then
//! one exchange wins. So each message is taken once or comes back once, and nobody waits. What the consumer took before it
//! left kept its stamp, so that its sender, if it was stopped before it could look at the signal, has to be told: `left_at`
//! is written before `GONE`, and read by those who have seen that. A consumer that has left only settles.
//!
//! # The memory after the end
//!
//! Slots are given back when nobody needs them any more, although handles may keep the ring. `users` counts the consumer, as
//! [`CONSUMER`], producers that are about to take a message back, and one for each position that the consumer passed by
//! without a message. Such a position's producer always finds `GONE` and wins its exchange, so it takes its one away. Whoever
//! brings the count to nothing frees the slots. A producer that finds it there already does not look: what it sent was taken.
#![expect(unsafe_code, reason = "messages lie inline in memory that threads hand to each other")]

use std::ptr;

use crate::mailbox::consumer::ConsumerSide;
use crate::mailbox::envelope::Envelope;
use crate::mailbox::places::{CLOSED, GROWN, OTHER, POSITION, Places, add};
use crate::mailbox::slots::{Slot, Slots, fit};
use crate::reply::Asker;
use crate::sync::{AtomicBool, FIRST_SLOTS, Ordering, fence, prepare_to_write, store_before_load};

/// A stamp that no position has.
const NOTHING: u64 = 0;

/// The consumer among the users of the slots: more than there are ever threads and positions to be counted.
const CONSUMER: u64 = 1 << 62;

/// Rests in a row that needed no more than the first slots, before a ring shrinks.
const CALM: u64 = 64;

/// Bytes of grown slots beyond which a ring shrinks at the first rest that needed no more than the first slots.
const MUCH: u64 = 1 << 20;

/// How far ahead of its own slot a producer asks for the line of another: two lines of small slots, or one large slot.
///
/// Without that, the exchange that publishes a message waits for the slot's line to come from the consumer's core, which read
/// it a lap ago.
const AHEAD_BYTES: usize = 128;

/// Why a position was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ClaimError {
    Full,
    Closed,
}

/// A claimed position, which its producer owes a message.
#[must_use = "the consumer waits for what was claimed"]
pub(super) struct Claim {
    position: u64,
    /// [`GROWN`] and [`OTHER`], as `tail` had them.
    bits: u64,
}

/// When a message makes room for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Frees {
    /// As soon as it is taken out of the ring.
    WhenTaken,
    /// When the consumer says so, which is after it was taken.
    WhenReleased,
}

/// The memory of a lane that refuses the newest message when it is full.
pub(super) struct RefusingRing<T> {
    pub(super) places: Places,
    /// Messages that may wait at once; there are as many grown slots or more.
    capacity: u64,
    /// The slots that it begins with, made for the first message.
    first: Slots<T>,
    /// Slots for the whole capacity, made when more has waited than the first hold. One is in use at a time.
    grown: [Slots<T>; 2],
    frees: Frees,
    /// Whether the consumer has settled every position. Its own.
    is_settled: AtomicBool,
}

/// Returns whether the slots of a ring for `capacity` messages fit into the address space.
pub(super) const fn fits<T>(capacity: usize) -> bool {
    fit::<T>(capacity.next_power_of_two())
}

impl<T> RefusingRing<T> {
    /// Makes a ring for `capacity` messages.
    pub(super) fn new(capacity: usize, frees: Frees) -> Self {
        let grown = || Slots::new(capacity.next_power_of_two());
        Self {
            places: Places::new(CONSUMER),
            capacity: capacity as u64,
            first: Slots::new(capacity.min(FIRST_SLOTS).next_power_of_two()),
            grown: [grown(), grown()],
            frees,
            is_settled: AtomicBool::new(false),
        }
    }

    /// Returns the next position to take. Asked by the consumer.
    pub(super) fn head(&self) -> u64 {
        self.places.consumer.head.load(Ordering::Relaxed)
    }

    /// Returns the number of messages that fit into the first slots.
    fn first_capacity(&self) -> u64 {
        self.capacity.min(FIRST_SLOTS as u64)
    }

    /// Returns the number of messages that may wait at once.
    pub(super) fn capacity(&self) -> u64 {
        self.capacity
    }

    /// Returns the position below which every message has made room again.
    ///
    /// Acquire: pairs with the Release in `pop_with`, so that the slots below are free, or with the one in `release`.
    pub(super) fn freed(&self) -> u64 {
        match self.frees {
            Frees::WhenTaken => self.places.consumer.head.load(Ordering::Acquire),
            Frees::WhenReleased => self.places.consumer.released.load(Ordering::Acquire),
        }
    }

    /// Makes a message of the value at the claimed position, and returns the position. The caller looks at the signal next.
    #[inline(always)]
    pub(super) fn fill(&self, claim: Claim, value: T) -> u64 {
        let Claim { position, bits } = claim;
        let slots = if bits & GROWN == 0 { &self.first } else { self.grown_of(bits) };
        let ahead = position + const { AHEAD_BYTES.div_ceil(size_of::<Slot<T>>()) as u64 };
        let (slot, ahead) = slots
            .at_and_ahead(index(position, slots), index(ahead, slots))
            .expect("made before the limit or `GROWN` let the position be claimed");
        slot.value.with_mut(|place| {
            // SAFETY: the claim gave this position to this thread alone, and `claim` saw that the consumer has taken the
            // slot's last value out.
            unsafe { (*place).write(value) }
        });
        // Pairs with the load in `filled`: who sees the stamp sees the value. SeqCst, because the signal is looked at next.
        slot.stamp.store(position + 1, Ordering::SeqCst);
        store_before_load();
        prepare_to_write(ahead);
        position
    }

    /// Claims the next position, or says why there is none. Never waits.
    #[inline(always)]
    pub(super) fn claim(&self) -> Result<Claim, ClaimError> {
        let mut tail = self.places.producers.tail.load(Ordering::Relaxed);
        loop {
            if tail & CLOSED != 0 {
                return Err(ClaimError::Closed);
            }
            let (position, is_grown) = (tail & POSITION, tail & GROWN != 0);
            // Acquire: pairs with the Release in `raise_limit`, and through it with the consumer's.
            let limit = &self.places.producers.limits[usize::from(is_grown)];
            if position >= limit.load(Ordering::Acquire) && !self.raise_limit(position, is_grown) {
                let has_grown = !is_grown && self.first_capacity() < self.capacity && self.grow(tail);
                let now = self.places.producers.tail.load(Ordering::Relaxed);
                if now == tail && !has_grown {
                    return Err(ClaimError::Full);
                }
                // Others went on meanwhile, or the ring has grown or shrunk: what was seen says nothing of now.
                tail = now;
                continue;
            }
            // Acquire: pairs with the exchange in `grow`, so that who sees the bit finds the slots.
            match self.places.producers.tail.compare_exchange_weak(tail, tail + 1, Ordering::Acquire, Ordering::Relaxed)
            {
                Ok(_) => return Ok(Claim { position, bits: tail & (GROWN | OTHER) }),
                Err(now) => tail = now,
            }
        }
    }

    /// Looks how far the consumer has come. Returns whether `position` may be claimed.
    #[cold]
    fn raise_limit(&self, position: u64, is_grown: bool) -> bool {
        if !is_grown && !self.first.make() {
            return false;
        }
        let room = if is_grown { self.capacity } else { self.first_capacity() };
        let limit = self.freed() + room;
        // Release: who sees the limit finds the slots, and may use those below.
        self.places.producers.limits[usize::from(is_grown)].store(limit, Ordering::Release);
        position < limit
    }

    /// Makes slots for the whole capacity, for all positions from `tail` on, unless another position is claimed first.
    /// Returns whether there is memory for them.
    #[cold]
    fn grow(&self, tail: u64) -> bool {
        // Pairs with the exchange in `shrink` that `tail` may come from: slots that were freed before it are not taken for made.
        fence(Ordering::Acquire);
        if !self.grown_of(tail).make() {
            return false;
        }
        // Release: who sees the bit finds the slots. If it fails, another has grown the ring, or gone on, or the consumer has
        // shrunk it: then what was made here is of no use to anyone, and the consumer frees it.
        let _ = self.places.producers.tail.compare_exchange(tail, tail | GROWN, Ordering::Release, Ordering::Relaxed);
        true
    }

    /// Returns the place for grown slots that the bits of `tail` name.
    #[inline]
    fn grown_of(&self, bits: u64) -> &Slots<T> {
        &self.grown[usize::from(bits & OTHER != 0)]
    }

    /// Returns whether the next message is there to be taken. Unlike [`is_drained`](Places::is_drained) it leaves the line of
    /// the producers alone, and does not count claims in flight.
    #[inline]
    pub(super) fn is_next_there(&self) -> bool {
        self.filled(self.places.consumer.head.load(Ordering::Relaxed)).is_some()
    }

    /// Takes back what was put at `position` by a producer that then found the consumer gone. `None` if the consumer
    /// has it.
    #[cold]
    pub(super) fn take_back(&self, position: u64) -> Option<T> {
        // Relaxed: the signal has handed it on.
        if position < self.places.consumer.left_at.load(Ordering::Relaxed) {
            return None;
        }
        let users = &self.places.producers.users;
        let one_more = |users: u64| (users > 0).then_some(users + 1);
        // Acquire: what others did with the slots comes before, should this thread be the one to free them.
        if users.fetch_update(Ordering::Acquire, Ordering::Relaxed, one_more).is_err() {
            return None;
        }
        // Pairs with the exchange in `settle`.
        let back = self.win(position).map(|slot| {
            slot.value.with(|place| {
                // SAFETY: this thread wrote the value, and the exchange was won, so that the consumer does not take it.
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

    /// Takes `users` away from those that need the slots, and frees the slots if there are no more.
    fn let_go(&self, users: u64) {
        // Release: what this thread did with the slots comes before. Acquire: what others did as well.
        if self.places.producers.users.fetch_sub(users, Ordering::AcqRel) == users {
            for slots in [&self.first, &self.grown[0], &self.grown[1]] {
                // SAFETY: each position's message was taken, by the consumer or by its producer, and both are done with the
                // slot. The ring is closed, and whoever comes from now on sees that nobody is counted.
                unsafe { slots.retire() };
            }
        }
    }

    /// Gives the slot of a position if its message is there.
    #[inline]
    fn filled(&self, position: u64) -> Option<&Slot<T>> {
        // Pairs with the store in `fill`. SeqCst: this may be the last look before a sleep.
        let is_filled = |slot: &&Slot<T>| slot.stamp.load(Ordering::SeqCst) == position + 1;
        let used = self.places.consumer.shrunk.load(Ordering::Relaxed) % 2;
        let grown = &self.grown[used as usize];
        let grown = grown.at(index(position, grown)).filter(is_filled);
        grown.or_else(|| self.first.at(index(position, &self.first)).filter(is_filled))
    }

    /// Takes a position's message away from whoever else may want it, and gives its slot. `None` if it is not there.
    fn win(&self, position: u64) -> Option<&Slot<T>> {
        let slot = self.filled(position)?;
        slot.stamp.compare_exchange(position + 1, NOTHING, Ordering::SeqCst, Ordering::SeqCst).ok()?;
        Some(slot)
    }
}

/// The consumer's operations.
impl<T> ConsumerSide<'_, RefusingRing<T>> {
    /// Takes the oldest value, if it is there. `None` once the consumer has left.
    pub(super) fn pop(&mut self) -> Option<T> {
        let move_out = |place: *const T| {
            // SAFETY: `pop_with` lends a valid value, and forgets it.
            unsafe { place.read() }
        };
        // SAFETY: the value is moved out, and nothing else is run.
        unsafe { self.pop_with(self.head(), move_out) }
    }

    /// Takes the oldest value by `take`, if the value is there.
    ///
    /// A position that the consumer has not taken before it left belongs to `settle` and `take_back`, which agree on it by an
    /// exchange. So there is nothing to take here any more.
    ///
    /// # Safety
    ///
    /// `head` is the next position to take. `take` moves the value out, and runs no other code of
    /// the value's type.
    #[inline(always)]
    unsafe fn pop_with<R>(&mut self, head: u64, take: impl FnOnce(*const T) -> R) -> Option<R> {
        let slot = self.get().filled(head)?;
        if self.places.has_left() {
            return None;
        }
        let taken = slot.value.with(|place| take(place.cast::<T>()));
        // Pairs with the load in `freed`: the slot is a producer's from here on.
        self.places.consumer.head.store(head + 1, Ordering::Release);
        Some(taken)
    }

    /// Makes room for one message more, in a ring that [frees when released](Frees::WhenReleased). At most once for each position that
    /// the consumer has passed.
    pub(super) fn release(&mut self) {
        debug_assert!(
            self.places.consumer.released.load(Ordering::Relaxed) < self.head(),
            "a position is released once"
        );
        self.free_one();
    }

    fn free_one(&mut self) {
        let released = &self.places.consumer.released;
        // Pairs with the load in `freed`. The message of an earlier position lay in a slot that was emptied before.
        released.store(released.load(Ordering::Relaxed) + 1, Ordering::Release);
    }

    /// Gives grown slots back that have been needless for a while. Called whenever the consumer rests.
    #[inline]
    pub(super) fn rest(&mut self) {
        if self.grown.iter().any(Slots::are_made) {
            self.rest_grown();
        }
    }

    #[cold]
    fn rest_grown(&mut self) {
        let (figures, consumer) = (&self.places.figures, &self.places.consumer);
        let head = consumer.head.load(Ordering::Relaxed);
        let came = head - figures.rested_at.load(Ordering::Relaxed);
        figures.rested_at.store(head, Ordering::Relaxed);
        let calm = if came <= self.first_capacity() { figures.calm.load(Ordering::Relaxed) + 1 } else { 0 };
        figures.calm.store(calm, Ordering::Relaxed);
        let bytes = self.grown[0].len().saturating_mul(size_of::<Slot<T>>() as u64);
        if calm >= CALM || (calm > 0 && bytes > MUCH) {
            self.shrink();
        }
    }

    /// Gives the grown slots back, unless a position has been claimed that was not taken.
    pub(super) fn shrink(&mut self) {
        let head = self.head();
        let places = &self.get().places;
        let (producers, consumer) = (&places.producers, &places.consumer);
        let used = if consumer.shrunk.load(Ordering::Relaxed) % 2 == 0 { 0 } else { OTHER };
        // SAFETY: what lies there was made in vain by a producer that read `tail` before the ring was last shrunk; its exchange
        // in `grow` fails. Nobody has claimed a position there since.
        unsafe { self.grown_of(used ^ OTHER).free() };
        let tail = producers.tail.load(Ordering::Relaxed);
        if tail & CLOSED != 0 || tail & POSITION != head {
            return;
        }
        // Release: pairs with the fence in `grow`. The slots were the consumer's when it saw each of their stamps.
        let next = (head + 1) | (used ^ OTHER);
        if producers.tail.compare_exchange(tail, next, Ordering::AcqRel, Ordering::Relaxed).is_err() {
            return;
        }
        producers.void.fetch_add(1, Ordering::Relaxed);
        add(&consumer.shrunk, 1);
        self.places.figures.rested_at.store(head + 1, Ordering::Relaxed);
        if self.frees == Frees::WhenReleased {
            self.free_one();
        }
        // As in `pop_with`.
        consumer.head.store(head + 1, Ordering::Release);
        self.places.figures.calm.store(0, Ordering::Relaxed);
        // SAFETY: every position that was claimed with `GROWN` has been taken, since which its producer does not touch the
        // slot, and no claim from now on uses this place before it is made again.
        unsafe { self.grown_of(used).free() };
    }

    /// Takes the oldest value out from a closed ring whose consumer will not wait for claims in flight, passing by those.
    /// `None` once there is no position left. `None` as well before the ring is closed and
    /// the consumer has [left](Places::leave). The signal says `GONE` by then.
    pub(super) fn settle(&mut self) -> Option<T> {
        if !self.places.has_left() || !self.places.is_closed() {
            return None;
        }
        let tail = self.places.tail();
        loop {
            let head = self.places.consumer.head.load(Ordering::Relaxed);
            if head >= tail {
                if !self.is_settled.swap(true, Ordering::Relaxed) {
                    self.let_go(CONSUMER);
                }
                return None;
            }
            // Pairs with the exchange in `take_back`, and with the store in `fill`.
            let value = self.win(head).map(|slot| {
                slot.value.with(|place| {
                    // SAFETY: the stamp said that the value was written, and the exchange was won, so that its producer
                    // does not take it back.
                    unsafe { place.cast::<T>().read() }
                })
            });
            self.places.consumer.head.store(head + 1, Ordering::Release);
            if value.is_some() {
                return value;
            }
            // Its producer will win it, if it has not already. Relaxed: the consumer is counted until the end.
            self.places.producers.users.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl<M> ConsumerSide<'_, RefusingRing<Envelope<M>>> {
    /// Takes the oldest message and its asker, if the message is there. Returns their position too.
    ///
    /// The parts are moved out in place. A whole envelope that is moved out and taken apart afterwards is written in narrow
    /// stores and read back by wide loads, which a core cannot serve from its store buffer.
    #[inline(always)]
    pub(super) fn pop_parts(&mut self) -> Option<(u64, M, Option<Asker>)> {
        let head = self.head();
        let parts = |envelope: *const Envelope<M>| {
            // SAFETY: `pop_with` lends a valid envelope that no other thread touches.
            let Envelope { message, asker } = unsafe { &*envelope };
            // SAFETY: the ring forgets the envelope, so that each part is moved once.
            let message = unsafe { ptr::from_ref(message).read() };
            // SAFETY: as above.
            (message, unsafe { ptr::from_ref(asker).read() })
        };
        // SAFETY: both parts are moved out, and nothing else is run.
        let (message, asker) = unsafe { self.pop_with(head, parts) }?;
        Some((head, message, asker))
    }
}

/// Returns the index of a position's slot among a power of two of them.
#[inline(always)]
fn index<T>(position: u64, slots: &Slots<T>) -> usize {
    (position & (slots.len() - 1)) as usize
}

/// Drops what nobody took, if the mailbox was forgotten: else it has taken everything out before.
impl<T> Drop for RefusingRing<T> {
    fn drop(&mut self) {
        let head = self.places.consumer.head.load(Ordering::Relaxed);
        for position in head..self.places.tail() {
            if let Some(slot) = self.filled(position) {
                slot.value.with(|place| {
                    // SAFETY: the stamp says that the value was written, nobody took it out, and `self` is borrowed alone.
                    drop(unsafe { place.cast::<T>().read() });
                });
            }
        }
    }
}
