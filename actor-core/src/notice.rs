//! Something that comes once and for good, and those who wait for it.

use event_listener::Event;

use crate::sync::{AtomicBool, Ordering, fence};

/// Wakes all who wait, and costs next to nothing while nobody does: an event makes its list with its first notification, and
/// most actors end without anyone waiting.
///
/// ```text
/// waiter                              notifier
///   has it come? yes -> done            it has come
///   is_awaited = true                   fence SeqCst        (2)
///   fence SeqCst          (1)           is_awaited? -> notify all
///   listen
///   has it come? yes -> done
///   wait
/// ```
///
/// If the notifier's look misses the waiter, (2) comes before (1), and the waiter's second look sees that it has come.
#[derive(Debug)]
pub(crate) struct Notice {
    is_awaited: AtomicBool,
    event: Event,
}

impl Notice {
    pub(crate) fn new() -> Self {
        Self { is_awaited: AtomicBool::new(false), event: Event::new() }
    }

    /// Gives the event to listen to. The caller looks once more after it has begun to listen.
    pub(crate) fn event(&self) -> &Event {
        self.is_awaited.store(true, Ordering::Relaxed);
        // Pairs with the fence in `notify`.
        fence(Ordering::SeqCst);
        &self.event
    }

    /// Wakes all who wait, after it has come.
    pub(crate) fn notify(&self) {
        // Pairs with the fence in `event`.
        fence(Ordering::SeqCst);
        if self.is_awaited.load(Ordering::Relaxed) {
            self.event.notify(usize::MAX);
        }
    }
}
