//! Places reserved in a refusing ring, for messages sent later.
//!
//! # Protocol
//!
//! The number of reserved places is a field of `tail`, above the position. So one exchange compares
//! both, and the sum of messages and reserved places is exact at each step:
//!
//! ```text
//! step                       condition                               tail
//! claim                      position + reserved < freed + capacity  position + 1
//! reserve                    position + reserved < freed + capacity  reserved + 1
//! claim a reserved place     none                                    position + 1, reserved - 1
//! give back                  none                                    reserved - 1
//! ```
//!
//! The consumer only raises `freed`, so an old value of it is cautious. A reserved place is no
//! position: the consumer never meets it, and nothing waits behind it.
//!
//! **A claim without reserved places costs nothing more.** A claim compares the position together
//! with the field above it to a limit, and no limit reaches that field. So while a place is
//! reserved, each claim takes the slow path, and there the sum is compared. Both paths end with the
//! same exchange.
//!
//! # The slot of a reserved place
//!
//! The claim of a reserved place needs no check, but must see that the consumer has emptied the
//! slot. Each step above is a Release of what its thread knew of `freed`, and the claim begins with
//! an Acquire of `tail`. From the reservation on, all steps are in one chain of exchanges. The last
//! step with a condition saw a `freed` with room for the sum, and the steps since then have not
//! raised the sum. So the claim sees room for its position as well.
//!
//! # A barred ring
//!
//! For tests, a ring can be barred: it is full for everyone, except for the places reserved before.
//! A barred ring has one more reserved place, never used, without regard to its room. So each claim
//! takes the slow path, and there the mark is read. A sender that knows of the bar sees both.
//!
//! A ring does not shrink while a place is reserved, so the memory seen by the reservation stays.

use super::{Claim, ClaimError, RefusingRing};
use crate::mailbox::places::{CLOSED, GROWN, ONE_RESERVED, OTHER, POSITION, RESERVED};
use crate::sync::Ordering;

/// The mark of a barred ring. Not the model checkers': no model bars a ring, and the mark would
/// cost them a step in each claim.
pub(super) type Mark = std::sync::atomic::AtomicBool;

impl<T> RefusingRing<T> {
    /// Reserves room for one message. Never waits.
    pub(in crate::mailbox) fn reserve(&self) -> Result<(), ClaimError> {
        let mut tail = self.places.producers.tail.load(Ordering::Relaxed);
        loop {
            if tail & CLOSED != 0 {
                return Err(ClaimError::Closed);
            }
            if tail & RESERVED == RESERVED {
                return Err(ClaimError::Full);
            }
            if !self.has_room(tail) {
                tail = self.make_room(tail).ok_or(ClaimError::Full)?;
                continue;
            }
            // Acquire: as in `claim`. Release: pairs with the load in `claim_reserved`.
            match self.places.producers.tail.compare_exchange_weak(
                tail,
                tail + ONE_RESERVED,
                Ordering::AcqRel,
                Ordering::Relaxed,
            ) {
                Ok(_) => return Ok(()),
                Err(now) => tail = now,
            }
        }
    }

    /// Claims the next position for a reserved place, and ends the reservation. Also returns
    /// whether no further place could be reserved before. `None` if the ring is closed.
    pub(in crate::mailbox) fn claim_reserved(&self) -> Option<(Claim, bool)> {
        // Acquire: pairs with the Release of every step of other threads.
        let mut tail = self.places.producers.tail.load(Ordering::Acquire);
        while tail & CLOSED == 0 {
            let (position, is_grown) = (tail & POSITION, tail & GROWN != 0);
            let room = if is_grown { self.capacity } else { self.first_capacity() };
            // Acquire, in `freed`: the consumer has moved the slot's previous value out.
            assert!(position < self.freed() + room, "room was reserved for this message");
            match self.places.producers.tail.compare_exchange_weak(
                tail,
                tail + 1 - ONE_RESERVED,
                Ordering::AcqRel,
                Ordering::Acquire,
            ) {
                Ok(_) => {
                    let claim = Claim { position, bits: tail & (GROWN | OTHER) };
                    return Some((claim, tail & RESERVED == RESERVED));
                }
                Err(now) => tail = now,
            }
        }
        None
    }

    /// Makes the ring full for everyone. Returns whether it was open and not barred.
    #[cold]
    pub(in crate::mailbox) fn bar(&self) -> bool {
        if self.is_barred.swap(true, Ordering::Relaxed) {
            return false;
        }
        let mut tail = self.places.producers.tail.load(Ordering::Relaxed);
        while tail & CLOSED == 0 && tail & RESERVED != RESERVED {
            // As in `reserve`.
            match self.places.producers.tail.compare_exchange_weak(
                tail,
                tail + ONE_RESERVED,
                Ordering::AcqRel,
                Ordering::Relaxed,
            ) {
                Ok(_) => return true,
                Err(now) => tail = now,
            }
        }
        self.is_barred.store(false, Ordering::Relaxed);
        false
    }

    /// Ends the bar. The caller notifies the senders waiting for room.
    #[cold]
    pub(in crate::mailbox) fn unbar(&self) {
        // Before the release of the place: a sender that finds no reserved place takes the fast
        // path, and a later one on the slow path finds no mark.
        self.is_barred.store(false, Ordering::Relaxed);
        self.give_back();
    }

    /// Returns whether the ring is barred. Relaxed: a sender that knows of the bar sees it.
    pub(super) fn is_barred(&self) -> bool {
        self.is_barred.load(Ordering::Relaxed)
    }

    /// Returns a reserved place to the ring, unused. The caller notifies waiting senders.
    pub(in crate::mailbox) fn give_back(&self) {
        // Release: pairs with the load in `claim_reserved`.
        self.places.producers.tail.fetch_sub(ONE_RESERVED, Ordering::AcqRel);
    }
}
