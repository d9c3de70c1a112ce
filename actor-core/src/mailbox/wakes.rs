//! The wakes of an actor's attached streams, on their way from any thread to the actor.
//!
//! # Protocol
//!
//! Each stream has a number, and a waker of its own with one mark. The mark is set while the number
//! is in the actor's list, or on its way there.
//!
//! ```text
//! any thread, in a wake                     actor, in its task
//!   mark.swap(true)            (1)            take a number off the list
//!     it was set: nothing more                mark.swap(false)            (2)
//!   push the number onto the stack            poll the stream             (3)
//!     closed: the life has ended                an item: mark.swap(true), and
//!   interrupt the actor's task                  the number goes to the end of the list
//!                                               unless the mark was set
//!                                             before: move numbers from the stack to the list
//!                                           actor, at the end of the life
//!                                             close the stack
//! ```
//!
//! No wake is lost. A wake comes after a change of its stream. If (1) finds the mark set, the
//! number comes off the list later, and (2) reads this (1) or a later one. So (3) sees the change
//! (`AcqRel`). If (1) finds no mark, this thread pushes the number, and its interrupt follows the
//! push (`mailbox/signal.rs`).
//!
//! Only the change of the mark from unset to set adds a number, and (2) comes after its number was
//! taken. So each stream has at most one number, on the stack or in the list, with any number of
//! wakes. A thread stopped between (1) and its push delays its own stream only.
//!
//! The actor sets the mark of a detached stream for good. A late wake of it adds nothing.

use std::sync::Arc;
use std::task::Wake;

use crate::mailbox::consumer::Consumer;
use crate::mailbox::late::Late;
use crate::mailbox::message::Message;
use crate::mailbox::shared::{Closeable, Shared};
use crate::panic::contained;
use crate::sync::{AtomicBool, Ordering};

/// The end of all threads.
struct Wakes<M> {
    late: Late<u64>,
    shared: Arc<Shared<M>>,
}

impl<M: Message> Wakes<M> {
    /// Makes the actor's task look at its list. A panic comes from the task's waker, and the next
    /// event wakes again.
    fn interrupt(&self) {
        drop(contained(|| self.shared.interrupt()));
    }
}

/// The waker of one stream.
pub(crate) struct StreamBell<M> {
    number: u64,
    is_marked: AtomicBool,
    wakes: Arc<Wakes<M>>,
}

impl<M: Message> StreamBell<M> {
    /// Sets the mark. Returns whether it was unset, so that the caller adds the number.
    pub(crate) fn mark(&self) -> bool {
        // AcqRel: pairs with itself, here and in `unmark`.
        !self.is_marked.swap(true, Ordering::AcqRel)
    }

    /// Takes the mark back, before a poll of the stream. Called by the actor only.
    pub(crate) fn unmark(&self) {
        self.is_marked.swap(false, Ordering::AcqRel);
    }
}

impl<M: Message> Wake for StreamBell<M> {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if self.mark() && self.wakes.late.push(self.number).is_ok() {
            self.wakes.interrupt();
        }
    }
}

/// The end of the actor.
pub(crate) struct WakeCollector<M> {
    consumer: Consumer<Wakes<M>>,
}

impl<M> WakeCollector<M> {
    /// Closes the stack.
    pub(crate) fn close(&mut self) {
        let mut here = self.consumer.here();
        let mut taking = here.taking();
        let (side, ()) = taking.parts();
        let wakes = side.get();
        let mut late = side.field(&wakes.late);
        while late.next_of_last().is_some() {}
    }
}

impl<M: Message> WakeCollector<M> {
    pub(crate) fn new(shared: Arc<Shared<M>>) -> Self {
        Self { consumer: Consumer::new(Wakes { late: Late::new(), shared }, ()) }
    }

    pub(crate) fn shared(&self) -> &Arc<Shared<M>> {
        &self.consumer.shared().shared
    }

    /// Makes the waker of a new stream, with the mark set.
    pub(crate) fn bell(&self, number: u64) -> Arc<StreamBell<M>> {
        let wakes = Arc::clone(self.consumer.shared());
        Arc::new(StreamBell { number, is_marked: AtomicBool::new(true), wakes })
    }

    /// Takes the oldest number off the stack.
    pub(crate) fn next(&mut self) -> Option<u64> {
        let mut here = self.consumer.here();
        let mut taking = here.taking();
        let (side, ()) = taking.parts();
        let wakes = side.get();
        side.field(&wakes.late).next()
    }

    /// Returns whether a number may wait.
    pub(crate) fn holds_any(&self) -> bool {
        self.consumer.shared().late.holds_any()
    }

    /// Makes the actor's task look at its list once more, after its neighbours.
    pub(crate) fn interrupt(&self) {
        self.consumer.shared().interrupt();
    }
}
