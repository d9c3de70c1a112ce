//! The one wake signal of a mailbox.
//!
//! Protocol. The consumer, alone, announces sleep; producers, any number, end it.
//!
//! ```text
//! consumer (poll)                           producer (after publishing a message)
//!   take -> nothing
//!   register waker
//!   sleeping := true            (1)           fence SeqCst                  (3)
//!   fence SeqCst                (2)           sleeping? no  -> done
//!   take again -> something: sleeping:=false  sleeping? yes -> swap(false): the one who saw `true` wakes
//!              -> nothing: Pending
//! ```
//!
//! The second `take` is there because a producer may have published between the first `take` and (1): it saw
//! `sleeping == false` and owes no wake. The two fences make one of two things true: the producer's publication is
//! seen by the second `take`, or (1) is seen by the producer. Only one producer's `swap` returns `true`, so there is
//! at most one wake per announced sleep, however many producers there are.

use std::task::Waker;

use crate::sync::{AtomicBool, AtomicWaker, Ordering, fence};

/// Wakes the consumer of a mailbox, at most once per announced sleep.
#[derive(Debug)]
pub(crate) struct Signal {
    /// Set by the consumer before its last look, cleared by whoever ends the sleep.
    sleeping: AtomicBool,
    /// Whom to wake. Written by the consumer only; taken by the producer that won `sleeping`.
    waker: AtomicWaker,
}

impl Signal {
    pub(crate) fn new() -> Self {
        Self { sleeping: AtomicBool::new(false), waker: AtomicWaker::new() }
    }

    /// Announces that the consumer is about to sleep. The caller must look once more after this.
    pub(crate) fn announce_sleep(&self, waker: &Waker) {
        crate::sync::register(&self.waker, waker);
        // Release pairs with the swap in `notify`: who ends the sleep finds this waker.
        self.sleeping.store(true, Ordering::Release);
        // Pairs with the fence in `notify`: see the module's protocol.
        fence(Ordering::SeqCst);
    }

    /// Takes the announcement back because the last look found something.
    pub(crate) fn cancel_sleep(&self) {
        self.sleeping.store(false, Ordering::Relaxed);
    }

    /// Ends the consumer's sleep if it sleeps. Tells whether this call was the one to wake it.
    pub(crate) fn notify(&self) -> bool {
        // Pairs with the fence in `announce_sleep`: see the module's protocol.
        fence(Ordering::SeqCst);
        // The plain load keeps producers off each other's cache line while the consumer is awake.
        // The swap's Acquire pairs with the Release in `announce_sleep`.
        if self.sleeping.load(Ordering::Relaxed) && self.sleeping.swap(false, Ordering::AcqRel) {
            self.waker.wake();
            return true;
        }
        false
    }
}
