//! The order of results that are to come in the order of their starts.

use std::collections::VecDeque;

/// Entries of ended work allowed besides those of work in flight.
const SLACK: usize = 64;

/// The pieces whose results wait for each other, oldest first. May contain entries of ended work.
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

    /// Adds a piece. `in_flight` and `is_alive` describe the pieces before it.
    pub(super) fn add(&mut self, id: u64, in_flight: usize, is_alive: impl Fn(u64) -> bool) {
        // Each removal follows at least as many additions, so its steps are few on average.
        if self.queue.len() > 2 * in_flight + SLACK {
            self.queue.retain(|id| is_alive(*id));
        }
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

#[cfg(all(test, not(any(loom, shuttle))))]
mod tests {
    use super::*;

    #[test]
    fn the_order_keeps_few_entries_of_ended_work() {
        let mut order = Order::new();
        order.add(0, 0, |_| true);
        for id in 1..10_000 {
            // All but the first were aborted.
            order.add(id, 1, |id| id == 0);
        }
        assert!(order.queue.len() <= 2 + SLACK + 1, "{}", order.queue.len());
        assert_eq!(order.queue.front(), Some(&0));
    }
}
