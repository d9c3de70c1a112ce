//! A look at an actor, without keeping it. For test kits, and without a promise of stability.

use std::fmt;
use std::sync::{Arc, Weak};

use crate::handle::Handle;
use crate::life::running::Running;
use crate::mailbox::exit::ExitReason;
use crate::mailbox::{Closeable, LaneStats, Message};

/// Reads the figures of an actor. Keeps neither the actor nor its messages.
#[doc(hidden)]
#[derive(Clone)]
pub struct WeakGauge(Weak<dyn Closeable>);

impl WeakGauge {
    #[doc(hidden)]
    #[must_use]
    pub fn of(running: &Running) -> Self {
        Self(Arc::downgrade(running.mailbox()))
    }

    /// Returns the figures of each lane. `None` if the mailbox has been freed.
    #[doc(hidden)]
    #[must_use]
    pub fn lanes(&self) -> Option<Vec<LaneStats>> {
        Some(self.0.upgrade()?.stats())
    }

    /// Returns the actor's name, if it has one.
    #[doc(hidden)]
    #[must_use]
    pub fn name(&self) -> Option<Arc<str>> {
        self.0.upgrade()?.life().name().cloned()
    }

    /// Returns why the actor has ended, if it has and its mailbox still exists.
    #[doc(hidden)]
    #[must_use]
    pub fn reason(&self) -> Option<ExitReason> {
        self.0.upgrade()?.life().reason().cloned()
    }

    /// Returns whether the handle reaches this actor.
    #[doc(hidden)]
    #[must_use]
    pub fn is_of<M: Message>(&self, handle: &Handle<M>) -> bool {
        // The reference keeps the allocation, so no other mailbox has its address.
        std::ptr::addr_eq(self.0.as_ptr(), Arc::as_ptr(handle.shared()))
    }
}

impl fmt::Debug for WeakGauge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WeakGauge").field("name", &self.name()).finish_non_exhaustive()
    }
}
