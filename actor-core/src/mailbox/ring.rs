//! A first in, first out ring for many producers and one consumer, messages inline.
//!
//! # Layout
//!
//! The message of position `p` lies in the slot `p & mask`.
//!
//! ```text
//!  producers' line                    consumer's line               slots
//!  tail   next position to claim,     head  next position to take   stamp = p + 1: the message of p is there
//!         top bit: closed                                           value
//!  limit  claims stay below it
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
//! # Progress
//!
//! A push takes a bounded number of steps besides those in which another push succeeds: it is lock-free. A take is
//! wait-free. A producer that was stopped between its claim and (B) holds up what comes after it *in this lane*: the
//! consumer finds "nothing yet" there, goes on to other lanes or sleeps, and is woken by that producer, who still owes a
//! look at the signal. Nobody spins.
//!
//! # The end
//!
//! [`Ring::close`] sets the top bit of `tail`, so the last position is known. A consumer that leaves without waiting for
//! claims still in flight tells so by the signal (`GONE`), and then settles each position with its producer:
//!
//! ```text
//! producer                              consumer
//!   stamp = p + 1        (SeqCst)         GONE is set                   (SeqCst)
//!   GONE?  no -> accepted                 stamp == p + 1? no -> passes p by: it was never accepted
//!          yes: stamp: p + 1 -> 0           yes: stamp: p + 1 -> 0
//!               won  -> comes back               won  -> takes it: undelivered
//!               lost -> accepted                 lost -> it came back
//! ```
//!
//! In the one order of `SeqCst` accesses either the consumer sees the stamp or the producer sees `GONE`, or both, and then
//! one exchange wins. So each message is taken once or comes back once, and nobody waits.
#![expect(unsafe_code, reason = "messages lie inline in memory that threads hand to each other")]

use crate::mailbox::places::{CLOSED, Places};
use crate::sync::{Ordering, store_before_load};

/// A stamp that no position has.
const NOTHING: u64 = 0;

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
}

impl<T> Places<T> {
    /// Makes a message of the value at the claimed position, and tells where that is. The caller looks at the signal next.
    #[inline]
    pub(super) fn fill(&self, claim: Claim, value: T) -> u64 {
        let Claim { position } = claim;
        let slot = self.slots.at(position);
        slot.value.with_mut(|place| {
            // SAFETY: the claim gave this position to this thread alone, and `claim` saw that the consumer has taken the
            // slot's last value out.
            unsafe { (*place).write(value) }
        });
        // Pairs with the load in `pop`: who sees the stamp sees the value. SeqCst, because the signal is looked at next.
        slot.stamp.store(position + 1, Ordering::SeqCst);
        store_before_load();
        position
    }

    /// Claims the next position, or says why there is none. Never waits.
    #[inline]
    pub(super) fn claim(&self) -> Result<Claim, ClaimError> {
        let mut tail = self.producers.tail.load(Ordering::Relaxed);
        loop {
            if tail & CLOSED != 0 {
                return Err(ClaimError::Closed);
            }
            // Acquire: pairs with the Release in `raise_limit`, and through it with the consumer's.
            if tail >= self.producers.limit.load(Ordering::Acquire) && !self.raise_limit(tail) {
                let now = self.producers.tail.load(Ordering::Relaxed);
                if now == tail {
                    return Err(ClaimError::Full);
                }
                // Other producers went on meanwhile: what was seen says nothing of now.
                tail = now;
                continue;
            }
            // Relaxed: the claim hands nothing over. The stamp does that, and the limit.
            match self.producers.tail.compare_exchange_weak(tail, tail + 1, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return Ok(Claim { position: tail }),
                Err(now) => tail = now,
            }
        }
    }

    /// Looks how far the consumer has come. Tells whether `position` may be claimed.
    #[cold]
    fn raise_limit(&self, position: u64) -> bool {
        // Acquire: pairs with the Release in `pop`. The slots below are free.
        let limit = self.consumer.head.load(Ordering::Acquire) + self.capacity;
        self.producers.limit.store(limit, Ordering::Release);
        position < limit
    }

    /// Takes the oldest value out if it is there.
    ///
    /// # Safety
    ///
    /// One thread at a time calls this, [`settle`](Self::settle) and what there is for the consumer in `evicting`.
    #[inline]
    pub(super) unsafe fn pop(&self) -> Option<T> {
        let head = self.consumer.head.load(Ordering::Relaxed);
        let slot = self.slots.at(head);
        // Pairs with the store in `fill`. SeqCst: this may be the last look before a sleep.
        if slot.stamp.load(Ordering::SeqCst) != head + 1 {
            return None;
        }
        let value = slot.value.with(|place| {
            // SAFETY: the stamp says that the value was written, and no other thread takes it out.
            unsafe { place.cast::<T>().read() }
        });
        // Pairs with the load in `raise_limit`: the slot is a producer's from here on.
        self.consumer.head.store(head + 1, Ordering::Release);
        Some(value)
    }

    /// Takes the oldest value out from a closed ring whose consumer will not wait for claims in flight, passing by those.
    /// `None` once there is no position left.
    ///
    /// # Safety
    ///
    /// As [`pop`](Self::pop). The ring is closed, and the signal says `GONE`.
    pub(super) unsafe fn settle(&self) -> Option<T> {
        let tail = self.tail();
        loop {
            let head = self.consumer.head.load(Ordering::Relaxed);
            if head >= tail {
                return None;
            }
            let slot = self.slots.at(head);
            // Pairs with the exchange in `take_back`, and with the store in `fill`.
            let won = slot.stamp.compare_exchange(head + 1, NOTHING, Ordering::SeqCst, Ordering::SeqCst).is_ok();
            let value = won.then(|| {
                slot.value.with(|place| {
                    // SAFETY: the stamp said that the value was written, and the exchange was won, so that its producer
                    // does not take it back.
                    unsafe { place.cast::<T>().read() }
                })
            });
            self.consumer.head.store(head + 1, Ordering::Release);
            if value.is_some() {
                return value;
            }
        }
    }

    /// Takes back what was put at `position` by a producer that then found the consumer gone. `None` if the consumer
    /// has it.
    #[cold]
    pub(super) fn take_back(&self, position: u64) -> Option<T> {
        let slot = self.slots.at(position);
        // Pairs with the exchange in `settle`.
        slot.stamp.compare_exchange(position + 1, NOTHING, Ordering::SeqCst, Ordering::SeqCst).ok()?;
        self.producers.void.fetch_add(1, Ordering::Relaxed);
        Some(slot.value.with(|place| {
            // SAFETY: this thread wrote the value, and the exchange was won, so that the consumer does not take it.
            unsafe { place.cast::<T>().read() }
        }))
    }

    /// Drops what nobody took out of a ring that is going away.
    pub(super) fn drop_rest(&mut self) {
        let head = self.consumer.head.load(Ordering::Relaxed);
        for position in head..self.tail() {
            let slot = self.slots.at(position);
            if slot.stamp.load(Ordering::Acquire) == position + 1 {
                slot.value.with(|place| {
                    // SAFETY: the stamp says that the value was written, nobody took it out, and `self` is borrowed alone.
                    drop(unsafe { place.cast::<T>().read() });
                });
            }
        }
    }
}
