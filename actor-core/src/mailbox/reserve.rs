//! Room of a lane, reserved for one message that is sent later.
//!
//! The room is a field of the ring's `tail` (`ring/reserve`), and in a lane with a share also a
//! count at the source. Lanes with eviction have room at any time, so nothing is reserved there.
//!
//! ```text
//! waiting sender or reserver (room.rs)      holder of reserved room
//!   reserve -> full                           gives the room back
//!   waiting += 1; listen                      fence SeqCst            (2)
//!   fence SeqCst             (1)              waiting > 0 -> notifies all listeners
//!   reserve -> full: wait
//! ```
//!
//! If (1) precedes (2), the holder sees the waiting sender. If (2) precedes (1), the second try
//! sees the room. All listeners are notified, as in `back_out`: nobody depends on the next poll of
//! another one. A send into reserved room frees no room, so it notifies nobody but the consumer.
//! Only a send with the last reservation possible notifies, because another place can be reserved.

use crate::mailbox::envelope::Envelope;
use crate::mailbox::message::Message;
use crate::mailbox::queue::{LaneQueue, Ring};
use crate::mailbox::ring::{ClaimError, Frees, RefusingRing};
use crate::mailbox::share::{PushError, SourcedRing};
use crate::mailbox::signal::Signal;
use crate::mailbox::sources::Entry;

/// Reserved room for one message. Must be used up or given back.
#[must_use = "the room stays reserved"]
#[derive(Debug)]
pub(crate) enum Reservation {
    /// A place in a refusing ring.
    Place,
    /// A place in a ring with a share, and the entry that counts it at its source.
    Sourced(Option<Entry>),
    /// Nothing: the lane has room at any time.
    Evicting,
}

/// Why no room was reserved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unreserved {
    Full,
    Closed,
}

impl From<ClaimError> for Unreserved {
    fn from(error: ClaimError) -> Self {
        match error {
            ClaimError::Full => Self::Full,
            ClaimError::Closed => Self::Closed,
        }
    }
}

impl From<PushError> for Unreserved {
    fn from(error: PushError) -> Self {
        match error {
            PushError::Full | PushError::OverShare => Self::Full,
            PushError::Closed => Self::Closed,
        }
    }
}

impl<M: Message> LaneQueue<M> {
    /// Reserves room for one message of the source. Never waits.
    pub(super) fn reserve(&self, source: Option<u64>) -> Result<Reservation, Unreserved> {
        let capacity = self.lane.capacity();
        match &self.ring {
            Ring::Refusing(ring) => {
                let ring = ring
                    .get_or_make(|| RefusingRing::new(capacity, Frees::WhenTaken))
                    .ok_or(Unreserved::Closed)?;
                ring.reserve()?;
                Ok(Reservation::Place)
            }
            Ring::Shared(ring) => {
                let share = self.lane.share_of_source().unwrap_or(capacity);
                let ring = ring
                    .get_or_make(|| SourcedRing::new(capacity, share))
                    .ok_or(Unreserved::Closed)?;
                Ok(Reservation::Sourced(ring.reserve(source, || self.back_out())?))
            }
            Ring::Evicting(_) | Ring::Keyed(_) => Ok(Reservation::Evicting),
        }
    }

    /// Pushes a message into its reserved room, marks the lane as filled and checks the signal.
    /// Returns the message if the lane is closed.
    pub(super) fn send_reserved(
        &self,
        reservation: Reservation,
        envelope: Envelope<M>,
        signal: &Signal,
        mark: impl FnOnce(),
    ) -> Result<(), Envelope<M>> {
        let pushed = match (&self.ring, reservation) {
            (Ring::Refusing(ring), Reservation::Place) => {
                let ring = ring.get().expect("room in it was reserved");
                match ring.claim_reserved() {
                    Some((claim, was_last)) => Ok((ring.fill(claim, envelope), was_last)),
                    None => Err(envelope),
                }
            }
            (Ring::Shared(ring), Reservation::Sourced(entry)) => {
                ring.get().expect("room in it was reserved").push_reserved(entry, envelope)
            }
            _ => unreachable!("room is reserved in a lane that refuses"),
        };
        let (position, was_last) = pushed?;
        mark();
        // Before the signal, whose waker is foreign code.
        if was_last {
            self.back_out();
        }
        // As in `send_refusing`.
        if signal.notify() { self.take_back(position).map_or(Ok(()), Err) } else { Ok(()) }
    }

    /// Takes a message back from a departed consumer, unless the consumer has it.
    #[cold]
    fn take_back(&self, position: u64) -> Option<Envelope<M>> {
        match &self.ring {
            Ring::Refusing(ring) => ring.get()?.take_back(position),
            Ring::Shared(ring) => ring.get()?.take_back(position),
            Ring::Evicting(_) | Ring::Keyed(_) => None,
        }
    }

    /// Makes the lane full for everyone, until [`unbar`](Self::unbar). Returns whether it could. It
    /// cannot for a lane with eviction, a closed one, or a barred one.
    #[cold]
    pub(super) fn bar(&self) -> bool {
        let capacity = self.lane.capacity();
        match &self.ring {
            Ring::Refusing(ring) => ring
                .get_or_make(|| RefusingRing::new(capacity, Frees::WhenTaken))
                .is_some_and(RefusingRing::bar),
            Ring::Shared(ring) => {
                let share = self.lane.share_of_source().unwrap_or(capacity);
                ring.get_or_make(|| SourcedRing::new(capacity, share))
                    .is_some_and(|ring| ring.ring().bar())
            }
            Ring::Evicting(_) | Ring::Keyed(_) => false,
        }
    }

    /// Ends the bar, and notifies the senders waiting for room.
    #[cold]
    pub(super) fn unbar(&self) {
        match &self.ring {
            Ring::Refusing(ring) => ring.get().expect("it was barred").unbar(),
            Ring::Shared(ring) => ring.get().expect("it was barred").ring().unbar(),
            Ring::Evicting(_) | Ring::Keyed(_) => return,
        }
        self.back_out();
    }

    /// Returns reserved room to the lane, unused, and notifies the senders waiting for it.
    pub(super) fn give_back(&self, reservation: Reservation) {
        match (&self.ring, reservation) {
            (Ring::Refusing(ring), Reservation::Place) => {
                ring.get().expect("room in it was reserved").give_back();
            }
            (Ring::Shared(ring), Reservation::Sourced(entry)) => {
                ring.get().expect("room in it was reserved").give_back(entry);
            }
            _ => return,
        }
        self.back_out();
    }
}
