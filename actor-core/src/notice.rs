//! An event occurring once, and the tasks waiting for it.

use event_listener::Event;

use crate::sync::{AtomicBool, Ordering, fence};

/// Wakes all waiting tasks, at almost no cost if there are none. An event allocates its list at its
/// first notification, and most actors end without a waiting task.
///
/// ```text
/// waiter                              notifier
///   has it occurred? yes -> done        it has occurred
///   is_awaited = true                   fence SeqCst           (2)
///   fence SeqCst          (1)           is_awaited? -> notify all
///   listen
///   has it occurred? yes -> done
///   wait
/// ```
///
/// If the notifier's check misses the waiter, then (2) precedes (1), and the waiter's second check
/// sees the occurrence.
#[derive(Debug)]
pub(crate) struct Notice {
    is_awaited: AtomicBool,
    event: Event,
}

impl Notice {
    pub(crate) fn new() -> Self {
        Self { is_awaited: AtomicBool::new(false), event: Event::new() }
    }

    /// Returns the event to listen to. The caller checks again after it has registered its
    /// listener.
    pub(crate) fn event(&self) -> &Event {
        self.is_awaited.store(true, Ordering::Relaxed);
        // Pairs with the fence in `notify`.
        fence(Ordering::SeqCst);
        &self.event
    }

    /// Wakes all waiting tasks. Called after the occurrence is visible.
    pub(crate) fn notify(&self) {
        // Pairs with the fence in `event`.
        fence(Ordering::SeqCst);
        if self.is_awaited.load(Ordering::Relaxed) {
            self.event.notify(usize::MAX);
        }
    }
}
