//! The gate of a system: spawns pass it, and the shutdown closes it.
//!
//! One word holds a closed bit and the number of spawns inside. A spawn enters, registers its
//! actor, starts it, and leaves. The shutdown closes the gate and waits until no spawn is inside.
//!
//! ```text
//! spawn                                shutdown
//!   enter: closed? -> refused            close: set the bit            (one word, so one order)
//!   register, start, publish
//!   leave: count - 1, Release  (1)       wait until the count is 0, Acquire   (2)
//!          closed and 0 -> notify        read the register
//! ```
//!
//! All changes of the word are read-modify-write operations, so each spawn is before or after the
//! close. A spawn before it has left at (1) when the shutdown passes (2), and its actor is visible
//! there. A spawn after it is refused and has registered nothing. So an actor is either in the
//! report, or its spawner has the error.

use event_listener::{Event, listener};

use crate::sync::{AtomicUsize, Ordering};

/// The lowest bit: no spawn enters any more.
const CLOSED: usize = 1;
/// One spawn inside.
const ONE: usize = 2;

#[derive(Debug)]
pub(crate) struct Gate {
    word: AtomicUsize,
    on_empty: Event,
}

/// A spawn inside the gate. Its drop leaves.
#[derive(Debug)]
#[must_use = "its drop leaves the gate"]
pub(crate) struct Inside<'a>(&'a Gate);

impl Gate {
    pub(crate) fn new() -> Self {
        Self { word: AtomicUsize::new(0), on_empty: Event::new() }
    }

    /// Enters, unless the gate is closed. The caller [leaves](Self::leave) later.
    pub(crate) fn enter(&self) -> bool {
        let enter = |word| (word & CLOSED == 0).then_some(word + ONE);
        self.word.fetch_update(Ordering::Acquire, Ordering::Relaxed, enter).is_ok()
    }

    pub(crate) fn leave(&self) {
        let before = self.word.fetch_sub(ONE, Ordering::AcqRel);
        if before == CLOSED + ONE {
            // The fence in `notify` pairs with the one of a new listener.
            self.on_empty.notify(usize::MAX);
        }
    }

    /// Enters for the life of the returned value, unless it [stays](Inside::stay).
    pub(crate) fn pass(&self) -> Option<Inside<'_>> {
        self.enter().then(|| Inside(self))
    }

    /// Closes the gate. Returns whether this call did it.
    pub(crate) fn close(&self) -> bool {
        self.word.fetch_or(CLOSED, Ordering::AcqRel) & CLOSED == 0
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.word.load(Ordering::Acquire) & CLOSED != 0
    }

    /// Waits until the gate is closed and no spawn is inside.
    pub(crate) async fn emptied(&self) {
        let is_empty = || self.word.load(Ordering::Acquire) == CLOSED;
        while !is_empty() {
            listener!(self.on_empty => emptied);
            // Checked again: the last spawn may have left before the listener was registered.
            if !is_empty() {
                emptied.await;
            }
        }
    }
}

impl Inside<'_> {
    /// Stays inside. The caller leaves by [`Gate::leave`] later, perhaps on another thread.
    pub(crate) fn stay(self) {
        std::mem::forget(self);
    }
}

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        self.0.leave();
    }
}
