//! The order of results that are to come in the order of their starts.

use std::collections::VecDeque;

/// The pieces whose results wait for each other, oldest first.
pub(super) struct Order {
    queue: VecDeque<u64>,
}

/// The state of the oldest piece in the order.
pub(super) enum Oldest {
    /// It has no result yet.
    InFlight,
    /// Its result waits.
    Ready,
    /// It ended without a message.
    Gone,
}

impl Order {
    pub(super) fn new() -> Self {
        Self { queue: VecDeque::new() }
    }

    pub(super) fn add(&mut self, id: u64) {
        self.queue.push_back(id);
    }

    /// Returns the next piece with a result, if none before it is in flight.
    pub(super) fn next(&mut self, state: impl Fn(u64) -> Oldest) -> Option<u64> {
        loop {
            let id = *self.queue.front()?;
            match state(id) {
                Oldest::InFlight => return None,
                Oldest::Ready => return self.queue.pop_front(),
                Oldest::Gone => _ = self.queue.pop_front(),
            }
        }
    }
}
