//! The asker's end of a reply.
#![expect(
    unsafe_code,
    reason = "a value and a waker change hands between threads, by the protocol of the slot"
)]

use std::fmt;
use std::future::Future;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::pin::Pin;
use std::ptr::NonNull;
use std::task::{Context, Poll, Waker};

use crate::reply::slot::{Header, LEFT, RELEASED, SENDING, SETTLED, Slot, VALUE, WAITING};
use crate::sync::{Ordering, spin_loop};

/// The asker's end of a [`Reply`](crate::Reply): a future of the value.
///
/// # Cancel safety
///
/// Dropping it cancels the ask: the mailbox skips the message if it is still queued, and a handler
/// already at it can see the cancellation with [`Reply::is_cancelled`](crate::Reply::is_cancelled).
///
/// # Examples
///
/// ```
/// use actor_core::Reply;
/// use futures::executor::block_on;
///
/// let (reply, answer) = Reply::pair();
/// reply.send(7);
/// assert_eq!(block_on(answer), Ok(7));
/// ```
#[must_use = "an answer does nothing unless it is awaited"]
pub struct Answer<T> {
    /// Alive while there is one: it is taken when the asker departs. `None` once the answer has
    /// been taken.
    slot: Option<NonNull<Slot<T>>>,
}

/// The reply was dropped without a value.
///
/// # Examples
///
/// ```
/// use actor_core::Reply;
/// use actor_core::reply::ReplyDropped;
///
/// let (reply, answer) = Reply::<u32>::pair();
/// drop(reply);
/// assert_eq!(futures::executor::block_on(answer), Err(ReplyDropped));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplyDropped;

// SAFETY: the asker's thread takes a value or drops it. Everything else it touches is atomic, or is
// handed over by an atomic step.
unsafe impl<T: Send> Send for Answer<T> {}
// SAFETY: a shared reference can only load the state.
unsafe impl<T: Send> Sync for Answer<T> {}

// A panic finds no end half-way: a waker or a value's drop, which may panic, runs with the state in
// order.
impl<T> UnwindSafe for Answer<T> {}
impl<T> RefUnwindSafe for Answer<T> {}

impl<T> Answer<T> {
    pub(super) fn new(slot: NonNull<Slot<T>>) -> Self {
        Self { slot: Some(slot) }
    }

    /// Returns the answer to no question: as one that was taken.
    pub(crate) fn none() -> Self {
        Self { slot: None }
    }

    /// Takes the answer, or registers the waker. `None` if there is no answer, or none any more.
    fn poll_value(&mut self, waker: &Waker) -> Poll<Option<T>> {
        let Some(slot) = self.slot else { return Poll::Ready(None) };
        // SAFETY: the asker has not departed, so the slot is alive.
        let state = unsafe { Header::state(slot.cast()) };
        // SAFETY: as above.
        let place = unsafe { Header::waker(slot.cast()) };
        // Pairs with `Header::settle`, and with `Asker::release`.
        let mut seen = state.load(Ordering::Acquire);
        // Dropped at the end: a waker with a panicking drop finds nothing half-way.
        let mut _replaced = None;
        loop {
            if seen & SETTLED != 0 {
                return Poll::Ready(self.take_settled(seen));
            }
            if seen & SENDING != 0 {
                spin_loop();
                waker.wake_by_ref();
                return Poll::Pending;
            }
            if seen & WAITING != 0 {
                // SAFETY: this asker wrote the waker and then set WAITING, and it alone writes
                // there. The replier may be copying the waker out at this moment. That writes
                // nothing, and the compared bytes stay readable.
                if unsafe { place.look(|registered| registered.will_wake(waker)) } {
                    return Poll::Pending;
                }
                match state.compare_exchange(
                    seen,
                    seen & !WAITING,
                    Ordering::AcqRel,
                    Ordering::Acquire,
                ) {
                    // SAFETY: the asker has taken its waker back from the slot.
                    Ok(_) => _replaced = Some(unsafe { place.take() }),
                    Err(now) => {
                        seen = now;
                        continue;
                    }
                }
                seen &= !WAITING;
            }
            let registered = waker.clone();
            // SAFETY: neither WAITING nor SENDING is set, and the replier reads the place only
            // after the step below.
            unsafe { place.put(registered) };
            match state.compare_exchange(seen, seen | WAITING, Ordering::AcqRel, Ordering::Acquire)
            {
                Ok(_) => return Poll::Pending,
                Err(now) => {
                    // SAFETY: it was written above, and WAITING was not set.
                    _replaced = Some(unsafe { place.take() });
                    seen = now;
                }
            }
        }
    }

    /// Returns whether the replier has departed, or the answer has been taken.
    fn is_settled(&self) -> bool {
        self.slot.is_none_or(|slot| {
            // SAFETY: the asker has not departed, so the slot is alive.
            let state = unsafe { Header::state(slot.cast()) };
            // Relaxed: it is printed, and decides nothing.
            state.load(Ordering::Relaxed) & SETTLED != 0
        })
    }

    /// Departs from a slot seen as settled, with its value.
    fn take_settled(&mut self, seen: usize) -> Option<T> {
        let slot = self.slot.take()?;
        let value = (seen & VALUE != 0).then(|| {
            // SAFETY: the asker has not departed, so the slot is alive.
            let place = unsafe { Slot::value(slot) };
            // SAFETY: the replier wrote it before SETTLED. Since then it is the asker's, and the
            // asker departs after this.
            unsafe { place.take() }
        });
        if seen & RELEASED != 0 {
            // SAFETY: both others were seen to have departed, and the asker does not touch the slot
            // again.
            unsafe { Header::free(slot.cast(), Slot::<T>::LAYOUT) };
        } else {
            // SAFETY: the asker has not departed, and does not touch the slot again.
            unsafe { Header::leave(slot.cast(), LEFT) };
        }
        value
    }
}

impl<T> Future for Answer<T> {
    type Output = Result<T, ReplyDropped>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.poll_value(cx.waker()).map(|value| value.ok_or(ReplyDropped))
    }
}

impl<T> Drop for Answer<T> {
    fn drop(&mut self) {
        let Some(slot) = self.slot else { return };
        // SAFETY: the asker has not departed, so the slot is alive.
        let state = unsafe { Header::state(slot.cast()) };
        // Pairs with `Header::settle`, and with `Asker::release`.
        let mut seen = state.load(Ordering::Acquire);
        let mut _unused = None;
        loop {
            if seen & SETTLED != 0 {
                // Dropped after the departure, because its drop may panic.
                drop(self.take_settled(seen));
                return;
            }
            let is_waker_mine = seen & WAITING != 0 && seen & SENDING == 0;
            let next = if is_waker_mine { seen & !WAITING } else { seen | LEFT };
            // Setting LEFT pairs with `Reply::is_cancelled`, `Header::settle` and `Asker::release`.
            match state.compare_exchange(seen, next, Ordering::AcqRel, Ordering::Acquire) {
                // The asker has departed. It is not the last party, because the replier has not
                // settled.
                Ok(_) if !is_waker_mine => return,
                Ok(_) => {
                    // SAFETY: the asker has not departed, so the slot is alive.
                    let place = unsafe { Header::waker(slot.cast()) };
                    // SAFETY: the asker has taken its waker back from the slot.
                    _unused = Some(unsafe { place.take() });
                    seen = next;
                }
                Err(now) => seen = now,
            }
        }
    }
}

impl<T> fmt::Debug for Answer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer").field("settled", &self.is_settled()).finish()
    }
}

impl fmt::Display for ReplyDropped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the reply was dropped without being sent")
    }
}

impl std::error::Error for ReplyDropped {}
