//! The envelope's party of a queued ask.
#![expect(unsafe_code, reason = "memory shared by three parties is given back by the last one")]

use std::mem::ManuallyDrop;
use std::ptr::NonNull;

use crate::reply::slot::{Header, LEFT, RELEASED, SETTLED, VALUE};

/// The mark of a queued ask on its envelope. The mailbox learns from it whether the ask was
/// cancelled.
pub(crate) struct Asker {
    /// Alive: the envelope departs by [`release`](Self::release), or in the drop.
    header: NonNull<Header>,
}

// SAFETY: it touches the state, the memory once all others have departed, and never the value.
unsafe impl Send for Asker {}
// SAFETY: a shared reference offers no operation.
unsafe impl Sync for Asker {}

impl Asker {
    pub(super) fn new(header: NonNull<Header>) -> Self {
        Self { header }
    }

    /// Departs from the slot, and returns whether the ask was cancelled. An ask answered before its
    /// message was taken is not cancelled: the rest of the message is still to be handled.
    pub(crate) fn release(self) -> bool {
        // SAFETY: the envelope has not departed. It departs by this, once, because the drop does
        // not run.
        let before = unsafe { Header::leave(ManuallyDrop::new(self).header, RELEASED) };
        before & VALUE == 0 && before & (LEFT | SETTLED) != 0
    }
}

impl Drop for Asker {
    fn drop(&mut self) {
        // SAFETY: the envelope has not departed, and does not touch the slot again.
        unsafe { Header::leave(self.header, RELEASED) };
    }
}
