//! The way of one life's results to its actor.
//!
//! # Protocol
//!
//! Each life with work has one. The life's context owns the collecting end; every piece of work on
//! another thread owns a share of the other end.
//!
//! ```text
//! worker                                     actor, in each turn
//!   take the function for the message (1)      take all results off the stack
//!     gone: drop the result                    of a piece not known any more: drop it
//!   message = function(result)
//!   push onto the stack               (2)    actor, at the deadline of a piece, at its abort,
//!     closed: drop the message               and for all pieces at the end of the life
//!   interrupt the actor's task                 take the function             (1)
//!                                              gone: the result is on its way
//!                                            actor, at the end of the life
//!                                              close the stack; take the last results (3)
//!                                              count every other piece as lost
//! ```
//!
//! (1) is one exchange, so a piece has one result: the worker's, or the deadline's, or none. The
//! actor alone counts, in memory of its own: a piece is in flight from its start until the actor
//! takes its result, drops it by an abort, or closes the stack. If (2) comes before (3), the actor
//! takes the result as one that came in time. Otherwise the push fails, and the actor has counted
//! the piece as lost. A later life has a stack of its own, so it sees nothing of this.

use std::sync::Arc;

use crate::mailbox::consumer::Consumer;
use crate::mailbox::late::Late;
use crate::mailbox::message::Message;
use crate::mailbox::shared::{Closeable, Shared};
use crate::panic::{contained, drop_contained};

/// The result of a piece of work: a message, or none because the function for it panicked.
pub(crate) struct Returned<M> {
    pub(crate) id: u64,
    pub(crate) message: Option<M>,
}

/// The workers' end.
pub(crate) struct Returns<M> {
    late: Late<Returned<M>>,
    shared: Arc<Shared<M>>,
}

impl<M: Message> Returns<M> {
    /// Hands a result to the actor, or drops it if the life has ended.
    pub(crate) fn give(&self, id: u64, message: Option<M>) {
        match self.late.push(Returned { id, message }) {
            Ok(()) => self.interrupt(),
            Err(refused) => drop(drop_contained(refused)),
        }
    }

    /// Makes the actor's task look for results. A panic comes from the task's waker, and the next
    /// event wakes again.
    pub(crate) fn interrupt(&self) {
        drop(contained(|| self.shared.interrupt()));
    }
}

/// The actor's end.
pub(crate) struct Collector<M> {
    consumer: Consumer<Returns<M>>,
}

impl<M: Message> Collector<M> {
    pub(crate) fn new(shared: Arc<Shared<M>>) -> Self {
        Self { consumer: Consumer::new(Returns { late: Late::new(), shared }, ()) }
    }

    pub(crate) fn returns(&self) -> &Arc<Returns<M>> {
        self.consumer.shared()
    }

    /// Returns the number of shares of the workers' end: at least that of the work not yet dropped
    /// by its threads.
    pub(crate) fn shares(&self) -> usize {
        Arc::strong_count(self.consumer.shared()) - 1
    }

    /// Takes the oldest result.
    pub(crate) fn next(&mut self) -> Option<Returned<M>> {
        let mut here = self.consumer.here();
        let mut taking = here.taking();
        let (side, ()) = taking.parts();
        let returns = side.get();
        side.field(&returns.late).next()
    }

    /// Takes the oldest result, and closes the stack.
    pub(crate) fn next_of_last(&mut self) -> Option<Returned<M>> {
        let mut here = self.consumer.here();
        let mut taking = here.taking();
        let (side, ()) = taking.parts();
        let returns = side.get();
        side.field(&returns.late).next_of_last()
    }

    /// Returns whether a result may wait.
    pub(crate) fn holds_any(&self) -> bool {
        self.consumer.shared().late.holds_any()
    }
}
