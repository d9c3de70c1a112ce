//! The consumer's side of a refusing ring: it takes, frees memory, and settles the end.
#![expect(unsafe_code, reason = "messages lie inline in memory that threads hand to each other")]

use std::ptr;

use super::{CALM, CONSUMER, Frees, MUCH, RefusingRing};
use crate::mailbox::consumer::ConsumerSide;
use crate::mailbox::envelope::Envelope;
use crate::mailbox::places::{CLOSED, OTHER, POSITION, RESERVED, add};
use crate::mailbox::slots::{Slot, Slots};
use crate::reply::Asker;
use crate::sync::Ordering;

/// The consumer's operations.
impl<T> ConsumerSide<'_, RefusingRing<T>> {
    /// Takes the oldest message out, if it is published. Returns `None` after the consumer's
    /// [departure](Places::leave).
    pub(in crate::mailbox) fn pop(&mut self) -> Option<T> {
        let move_out = |place: *const T| {
            // SAFETY: `pop_with` lends a valid value, and treats it as moved out afterwards.
            unsafe { place.read() }
        };
        // SAFETY: `head` is the next position. The value is moved out, and no other code is run.
        unsafe { self.pop_with(self.head(), move_out) }
    }

    /// Takes the oldest message out by `take`, if it is published.
    ///
    /// Returns `None` after the consumer's departure. Each position not taken before the departure
    /// belongs to [`settle`](Self::settle) and [`take_back`](RefusingRing::take_back), which settle
    /// it by an exchange.
    ///
    /// # Safety
    ///
    /// `head` is the next position to take. `take` gets a valid value. It must move the value out,
    /// and must run no other code of the value's type.
    #[inline(always)]
    unsafe fn pop_with<R>(&mut self, head: u64, take: impl FnOnce(*const T) -> R) -> Option<R> {
        // Before the slot: after the departure, a producer may free the slots at any time.
        if self.places.has_left() {
            return None;
        }
        let slot = self.get().filled(head)?;
        let taken = slot.value.with(|place| take(place.cast::<T>()));
        // Release: pairs with the load in `freed`. From here on the slot belongs to a producer.
        self.places.consumer.head.store(head + 1, Ordering::Release);
        Some(taken)
    }

    /// Frees the room of one more message, in a ring that
    /// [frees when released](Frees::WhenReleased). Called at most once for each position taken or
    /// given up by the consumer.
    pub(in crate::mailbox) fn release(&mut self) {
        assert!(
            self.places.consumer.released.load(Ordering::Relaxed) < self.head(),
            "a position is released once"
        );
        self.free_one();
    }

    fn free_one(&mut self) {
        let released = &self.places.consumer.released;
        // Pairs with the load in `freed`. The slot of the released message was emptied before.
        released.store(released.load(Ordering::Relaxed) + 1, Ordering::Release);
    }

    /// Frees grown slots that were not needed for a while. Called whenever the consumer becomes
    /// idle.
    #[inline]
    pub(in crate::mailbox) fn rest(&mut self) {
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
        let calm = if came <= self.first_capacity() {
            consumer.calm.load(Ordering::Relaxed) + 1
        } else {
            0
        };
        consumer.calm.store(calm, Ordering::Relaxed);
        let bytes = self.grown[0].len().saturating_mul(size_of::<Slot<T>>() as u64);
        if calm >= CALM || (calm > 0 && bytes > MUCH) {
            self.shrink();
        }
    }

    /// Frees the grown slots, unless the ring is closed, a place is reserved, or a claimed position
    /// has not been taken yet.
    pub(in crate::mailbox) fn shrink(&mut self) {
        let head = self.head();
        let places = &self.get().places;
        let (producers, consumer) = (&places.producers, &places.consumer);
        let used = if consumer.shrunk.load(Ordering::Relaxed) % 2 == 0 { 0 } else { OTHER };
        // SAFETY: slots in this place were made in vain, by a producer with a `tail` read before
        // the last shrink. Its exchange in `grow` fails. No position in this place has been claimed
        // since.
        unsafe { self.grown_of(used ^ OTHER).free() };
        let tail = producers.tail.load(Ordering::Relaxed);
        if tail & (CLOSED | RESERVED) != 0 || tail & POSITION != head {
            return;
        }
        // Release: pairs with the fence in `grow`. The consumer has owned each of the slots since
        // it saw the slot's stamp.
        let next = (head + 1) | (used ^ OTHER);
        if producers.tail.compare_exchange(tail, next, Ordering::AcqRel, Ordering::Relaxed).is_err()
        {
            return;
        }
        producers.void.fetch_add(1, Ordering::Relaxed);
        add(&consumer.shrunk, 1);
        self.places.figures.rested_at.store(head + 1, Ordering::Relaxed);
        if self.frees == Frees::WhenReleased {
            self.free_one();
        }
        // Release: as in `pop_with`.
        consumer.head.store(head + 1, Ordering::Release);
        consumer.calm.store(0, Ordering::Relaxed);
        // SAFETY: every position claimed with `GROWN` has been taken, and its producer does not
        // touch the slot after the stamp. No claim from now on uses this place before it is made
        // again.
        unsafe { self.grown_of(used).free() };
    }

    /// Takes the oldest message out of a closed ring after the consumer's
    /// [departure](Places::leave). Skips claims in flight. The signal has `GONE` set by then.
    ///
    /// Returns `None` once no position is left, and also before the ring is closed or before the
    /// departure.
    pub(in crate::mailbox) fn settle(&mut self) -> Option<T> {
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
                    // SAFETY: the stamp showed that the value was written. The exchange was won, so
                    // the producer does not take the value back.
                    unsafe { place.cast::<T>().read() }
                })
            });
            self.places.consumer.head.store(head + 1, Ordering::Release);
            if value.is_some() {
                return value;
            }
            // The producer of this position wins its exchange, or has already won it. Relaxed: the
            // consumer's part of the count stays until the end.
            self.places.producers.users.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl<M> ConsumerSide<'_, RefusingRing<Envelope<M>>> {
    /// Takes the oldest message and its asker out, if the message is published. Returns their
    /// position too.
    ///
    /// The parts are read in place. If the whole envelope were moved out first and taken apart
    /// afterwards, it would be written in narrow stores and read back by wide loads. A core cannot
    /// serve these from its store buffer.
    #[inline(always)]
    pub(in crate::mailbox) fn pop_parts(&mut self) -> Option<(u64, M, Option<Asker>)> {
        let head = self.head();
        let parts = |envelope: *const Envelope<M>| {
            // SAFETY: `pop_with` lends a valid envelope, out of other threads' reach.
            let Envelope { message, asker } = unsafe { &*envelope };
            // SAFETY: the ring treats the envelope as moved out afterwards, so each part is moved
            // once.
            let message = unsafe { ptr::from_ref(message).read() };
            // SAFETY: as above.
            (message, unsafe { ptr::from_ref(asker).read() })
        };
        // SAFETY: `head` is the next position. Both parts are moved out, and no other code is run.
        let (message, asker) = unsafe { self.pop_with(head, parts) }?;
        Some((head, message, asker))
    }
}
