//! The views with a value that waits for the end of the turn. Used by the actor's task alone.

use std::sync::Arc;

use crate::mailbox::lazy::Handover;
use crate::panic::contained;
use crate::view::Waiting;

/// The views that have a value of this turn.
pub(super) struct Unpublished(Handover<Vec<Arc<dyn Waiting>>>);

impl Unpublished {
    pub(super) fn new() -> Self {
        Self(Handover::new())
    }

    /// Adds a view, unless it is there. Returns whether it is the first of the turn.
    pub(super) fn add(&self, waiting: Arc<dyn Waiting>) -> bool {
        let list = self.0.take();
        let is_first = list.is_none();
        let mut list = list.unwrap_or_default();
        if !list.iter().any(|known| Arc::ptr_eq(known, &waiting)) {
            list.push(waiting);
        }
        // The task alone puts lists in, and has just taken the last one.
        drop(self.0.put(list));
        is_first
    }

    /// Publishes the value of each view. A panic in a value's drop keeps no other value back.
    pub(super) fn publish(&self) {
        for view in self.0.take().into_iter().flatten() {
            // The panic hook has reported any panic in this drop.
            drop(contained(move || view.publish()));
        }
    }
}
