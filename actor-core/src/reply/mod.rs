//! The way back: a [`Reply`] inside a message, and the [`Answer`] awaited by its asker.
#![expect(
    unsafe_code,
    reason = "a value changes hands between threads, by the protocol of the slot"
)]

mod answer;
mod asker;
#[cfg(all(test, any(loom, shuttle)))]
mod model;
mod pool;
mod slot;

use std::fmt;
use std::mem::ManuallyDrop;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::ptr::NonNull;

use crate::panic::{contained, wake_contained};
use crate::reply::slot::{Header, LEFT, RELEASED, SETTLED, Settled, Slot, VALUE};
use crate::sync::Ordering;

pub use answer::{Answer, ReplyDropped};
pub(crate) use asker::Asker;

/// Answers one ask. It travels inside the message, and sending consumes it.
///
/// A reply dropped without a value (the handler panicked, the message was evicted, the actor ended)
/// is an error for the asker, never a hang.
///
/// # Examples
///
/// ```
/// use actor_core::Reply;
/// use actor_core::reply::ReplyDropped;
///
/// let (reply, answer) = Reply::pair();
/// reply.send(7);
/// assert_eq!(futures::executor::block_on(answer), Ok(7));
///
/// let (reply, answer) = Reply::<u32>::pair();
/// drop(reply);
/// assert_eq!(futures::executor::block_on(answer), Err(ReplyDropped));
/// ```
#[must_use = "dropping a reply is an error for its asker"]
pub struct Reply<T> {
    /// Alive: this party departs when it sends, or in its drop.
    slot: NonNull<Slot<T>>,
}

// SAFETY: the replier's thread writes a value or drops it. Everything else it touches is atomic, or
// is handed over by an atomic step.
unsafe impl<T: Send> Send for Reply<T> {}
// SAFETY: a shared reference can only load the state.
unsafe impl<T: Send> Sync for Reply<T> {}

// A panic finds no end half-way: a waker or a value's drop, which may panic, runs with the state in
// order.
impl<T> UnwindSafe for Reply<T> {}
impl<T> RefUnwindSafe for Reply<T> {}

impl<T> Reply<T> {
    /// Creates a reply and its answer. No mailbox is involved: the pair is a channel for one value.
    ///
    /// # Examples
    ///
    /// ```
    /// let (reply, answer) = actor_core::Reply::pair();
    /// std::thread::spawn(move || reply.send("done"));
    /// assert_eq!(futures::executor::block_on(answer), Ok("done"));
    /// ```
    pub fn pair() -> (Self, Answer<T>) {
        let slot = Slot::allocate(RELEASED);
        (Self { slot }, Answer::new(slot))
    }

    /// Creates a pair for a message about to be queued, and the mark for its envelope.
    pub(crate) fn queued() -> (Self, Answer<T>, Asker) {
        let slot = Slot::allocate(0);
        (Self { slot }, Answer::new(slot), Asker::new(slot.cast()))
    }

    /// Sends the value to the asker. If the asker has departed, the value is dropped here.
    ///
    /// # Panics
    ///
    /// Panics only if the value is dropped here, and its drop panics.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use actor_core::Reply;
    ///
    /// let (reply, answer) = Reply::pair();
    /// reply.send(7);
    /// assert_eq!(futures::executor::block_on(answer), Ok(7));
    ///
    /// // Without an asker, the value is dropped inside the call.
    /// let (value, (reply, answer)) = (Arc::new(7), Reply::pair());
    /// drop(answer);
    /// reply.send(Arc::clone(&value));
    /// assert_eq!(Arc::strong_count(&value), 1);
    /// ```
    pub fn send(self, value: T) {
        // It departs here, and not again in its drop.
        let slot = ManuallyDrop::new(self).slot;
        // SAFETY: the replier has not departed, so the slot is alive.
        let place = unsafe { Slot::value(slot) };
        // SAFETY: before SETTLED, the value's place is the replier's alone.
        unsafe { place.put(value) };
        // SAFETY: the replier has not departed, and departs by this.
        let settled = unsafe { Header::settle(slot.cast(), VALUE) };
        match settled {
            Settled::Sent(waker) => wake_contained(waker),
            Settled::AskerLeft(waker) => {
                // SAFETY: it was written above, and is still the replier's.
                let value = unsafe { place.take() };
                // SAFETY: the replier has not departed, and does not touch the slot again.
                unsafe { Header::leave(slot.cast(), SETTLED) };
                drop(contained(|| drop(waker)));
                // Last, because its drop may panic.
                drop(value);
            }
        }
    }

    /// Returns whether the asker has departed. Work for it is then useless.
    ///
    /// # Examples
    ///
    /// ```
    /// let (reply, answer) = actor_core::Reply::<u32>::pair();
    /// assert!(!reply.is_cancelled());
    /// drop(answer);
    /// assert!(reply.is_cancelled());
    /// ```
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        // SAFETY: the replier has not departed, so the slot is alive.
        let state = unsafe { Header::state(self.slot.cast()) };
        // Pairs with the asker's departure, in `Answer::drop`.
        state.load(Ordering::Acquire) & LEFT != 0
    }
}

impl<T> Drop for Reply<T> {
    fn drop(&mut self) {
        // SAFETY: the replier has not departed, and departs by this.
        match unsafe { Header::settle(self.slot.cast(), 0) } {
            Settled::Sent(waker) => wake_contained(waker),
            Settled::AskerLeft(waker) => {
                // SAFETY: the replier has not departed, and does not touch the slot again.
                unsafe { Header::leave(self.slot.cast(), SETTLED) };
                drop(contained(|| drop(waker)));
            }
        }
    }
}

impl<T> fmt::Debug for Reply<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reply").field("cancelled", &self.is_cancelled()).finish()
    }
}
