//! The wake function of a foreign loop: called from any thread, and not after its end.
//!
//! # Protocol
//!
//! `state` is one word: the number of calls in progress, and the bit CLOSED.
//!
//! ```text
//! caller, on any thread                      the thread that closes
//!   state: CLOSED? -> done, no call            state |= CLOSED                        (3)
//!   state: value seen => value + 1    (1)      until state counts no call but its own:
//!     fails -> look again                        listen, look again, wait             (4)
//!   call the function
//!   state -= 1                        (2)
//!   was it CLOSED? notify the closer
//! ```
//!
//! * Both decisions are a read-modify-write of one word, and all threads see these in one order.
//!   If (1) comes before (3), the closer counts the call, and waits for its (2). If (1) comes after
//!   (3), it sees CLOSED, and there is no call. So no decision needs `SeqCst`.
//! * (2) releases and (4) acquires: all effects of a call are visible once `close` has returned.
//! * A closer may miss no notification: it looks again after it has begun to listen, and a caller
//!   with (2) after that look sees CLOSED and notifies the listener.
//! * A wake function may itself close, for example if it drops the driver of its loop. That call is
//!   below the closer on the same stack, and waiting for it would be for ever. A thread therefore
//!   knows its own calls in progress, and a closer does not wait for these.

use std::cell::Cell;
use std::fmt;
use std::ptr;

use event_listener::{Event, listener};

use super::contain;
use crate::sync::{AtomicUsize, Ordering, per_thread};

/// Set in the word of a closed wake.
const CLOSED: usize = 1 << (usize::BITS - 1);

/// The number of nested calls that one thread knows of.
const NESTED: usize = 8;

per_thread! {
    /// The calls in progress on this thread, by the address of their wake; the unused places are 0.
    /// Without a destructor, so it exists as long as its thread.
    static CALLS: Cell<[usize; NESTED]> = const { Cell::new([0; NESTED]) };
}

/// The wake function of a foreign loop, with an end.
///
/// Any thread calls it. Its panic is reported by the panic hook, and reaches no caller. After
/// [`close`](Self::close), no call begins, and none is in progress: the host may free everything
/// that its function uses.
///
/// # Examples
///
/// ```
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicU32, Ordering};
///
/// use actor_core::runtime::adapter::ForeignWake;
///
/// let calls = Arc::new(AtomicU32::new(0));
/// let counts = Arc::clone(&calls);
/// let wake = ForeignWake::new(move || _ = counts.fetch_add(1, Ordering::Relaxed));
/// assert!(wake.call());
/// wake.close();
/// assert!(!wake.call(), "there is no call after the close");
/// assert_eq!(calls.load(Ordering::Relaxed), 1);
/// ```
pub struct ForeignWake {
    state: AtomicUsize,
    /// Notified when a call returns after the close.
    on_return: Event,
    /// `Some` until the drop.
    wake: Option<Box<dyn Fn() + Send + Sync>>,
}

impl ForeignWake {
    /// Creates the wake of a loop.
    ///
    /// `wake` should only signal: write an eventfd, send an async notification. It must not wait
    /// for the thread that closes, because that thread waits for it.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::runtime::adapter::ForeignWake;
    ///
    /// // A plain thread as the loop.
    /// let here = std::thread::current();
    /// let wake = ForeignWake::new(move || here.unpark());
    /// std::thread::scope(|threads| threads.spawn(|| assert!(wake.call())).join().is_ok());
    /// std::thread::park();
    /// ```
    #[must_use]
    pub fn new(wake: impl Fn() + Send + Sync + 'static) -> Self {
        Self { state: AtomicUsize::new(0), on_return: Event::new(), wake: Some(Box::new(wake)) }
    }

    /// Calls the wake function, unless the wake was closed. Returns whether it was called.
    ///
    /// May be called on any thread, also on one that is ending. Never panics.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::runtime::adapter::ForeignWake;
    ///
    /// let faulty = ForeignWake::new(|| panic!("this panic is reported, and contained"));
    /// assert!(faulty.call());
    /// ```
    pub fn call(&self) -> bool {
        // Relaxed: calls may run at once on several threads, so none relies on an earlier one.
        let begun = self.state.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |state| {
            (state & CLOSED == 0).then(|| state + 1)
        });
        if begun.is_err() {
            return false;
        }
        let outer = CALLS.with(Cell::get);
        CALLS.with(|calls| calls.set(with(outer, self.address())));
        contain(|| self.wake.as_ref().map(|wake| wake()));
        CALLS.with(|calls| calls.set(outer));
        // Release pairs with the Acquire in `are_others_over`.
        if self.state.fetch_sub(1, Ordering::Release) & CLOSED != 0 {
            self.on_return.notify(usize::MAX);
        }
        true
    }

    /// Ends the calls. Blocks until every call in progress has returned; no call begins afterwards.
    ///
    /// A wake function may close its own wake. The close then returns without waiting for that one
    /// call, and the function runs to its end. This holds for calls nested at most 8 deep.
    ///
    /// Only one thread may close a wake. Two wake functions closing the same wake on two threads
    /// would wait for each other.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::OnceLock;
    ///
    /// use actor_core::runtime::adapter::ForeignWake;
    ///
    /// // A wake that closes itself.
    /// static WAKE: OnceLock<ForeignWake> = OnceLock::new();
    /// let wake = WAKE.get_or_init(|| {
    ///     ForeignWake::new(|| WAKE.get().expect("it is set").close())
    /// });
    /// assert!(wake.call(), "it returns");
    /// assert!(!wake.call());
    /// ```
    pub fn close(&self) {
        self.state.fetch_or(CLOSED, Ordering::AcqRel);
        // Mostly there is none.
        if !self.are_others_over() {
            wait(self.others_over());
        }
    }

    /// Returns whether the calling thread is inside a call of this wake. For calls nested at most 8
    /// deep.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::OnceLock;
    ///
    /// use actor_core::runtime::adapter::ForeignWake;
    ///
    /// static WAKE: OnceLock<ForeignWake> = OnceLock::new();
    /// let wake = WAKE.get_or_init(|| {
    ///     ForeignWake::new(|| assert!(WAKE.get().expect("it is set").is_calling()))
    /// });
    /// assert!(wake.call());
    /// assert!(!wake.is_calling());
    /// ```
    #[must_use]
    pub fn is_calling(&self) -> bool {
        CALLS.with(Cell::get).contains(&self.address())
    }

    /// Is ready when the calls on other threads have returned.
    async fn others_over(&self) {
        while !self.are_others_over() {
            listener!(self.on_return => returned);
            if !self.are_others_over() {
                returned.await;
            }
        }
    }

    /// Returns whether no call is in progress, apart from those of the calling thread.
    fn are_others_over(&self) -> bool {
        let address = self.address();
        let own = CALLS.with(Cell::get).iter().filter(|wake| **wake == address).count();
        // Acquire pairs with the Release of a call's end.
        (self.state.load(Ordering::Acquire) & !CLOSED) <= own
    }

    fn address(&self) -> usize {
        ptr::from_ref(self).addr()
    }
}

/// Returns the calls with one more, if there is a place for it.
fn with(mut calls: [usize; NESTED], wake: usize) -> [usize; NESTED] {
    if let Some(place) = calls.iter_mut().find(|place| **place == 0) {
        *place = wake;
    }
    calls
}

#[cfg(not(any(loom, shuttle)))]
fn wait(over: impl Future<Output = ()>) {
    crate::park::block_on_for(std::pin::pin!(over), std::time::Duration::MAX);
}

#[cfg(any(loom, shuttle))]
fn wait(over: impl Future<Output = ()>) {
    crate::checker::block_on(over);
}

impl Drop for ForeignWake {
    fn drop(&mut self) {
        let wake = self.wake.take();
        contain(|| drop(wake));
    }
}

impl fmt::Debug for ForeignWake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ForeignWake").finish_non_exhaustive()
    }
}
