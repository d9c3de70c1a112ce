//! The armed timers of one driver, earliest first.
//!
//! Each timer has a place until it is dropped. Arming it again adds an entry to a heap and leaves
//! the old entry there as a stale one. Stale entries are removed before they outnumber the timers.
//! Arming therefore allocates only when the number of timers reaches a new maximum.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;
use std::task::Waker;
use std::time::Instant;

/// The number of stale entries allowed in the heap, in addition to one for each place.
const SLACK: usize = 64;

pub(crate) struct Timers {
    /// A time, and the number of a place. Stale unless the place is armed for this exact time.
    queue: BinaryHeap<Reverse<(Instant, usize)>>,
    places: Vec<Place>,
    free: Vec<usize>,
}

struct Place {
    /// The armed time, until it has been reached.
    at: Option<Instant>,
    /// Woken at that time.
    waker: Option<Waker>,
    /// Shared with the timer alone. Its count reveals a timer dropped on another thread. `None` if
    /// the place is free.
    owner: Option<Arc<()>>,
}

impl Timers {
    pub(crate) const fn new() -> Self {
        Self { queue: BinaryHeap::new(), places: Vec::new(), free: Vec::new() }
    }

    /// Returns a place for a timer, and wakers to be dropped by the caller.
    pub(crate) fn settle(&mut self, owner: &Arc<()>) -> (usize, Vec<Waker>) {
        let mut dropped = Vec::new();
        // Searched only before the table would grow, so the cost per timer is negligible.
        if self.free.is_empty() && self.places.len() == self.places.capacity() {
            for number in 0..self.places.len() {
                if self.places[number]
                    .owner
                    .as_ref()
                    .is_some_and(|owner| Arc::strong_count(owner) == 1)
                {
                    dropped.extend(self.leave(number));
                }
            }
        }
        let number = self.free.pop().unwrap_or_else(|| {
            self.places.push(Place { at: None, waker: None, owner: None });
            self.places.len() - 1
        });
        self.places[number].owner = Some(Arc::clone(owner));
        (number, dropped)
    }

    /// Frees a place. The caller drops the returned waker.
    pub(crate) fn leave(&mut self, number: usize) -> Option<Waker> {
        let place = &mut self.places[number];
        place.at = None;
        place.owner = None;
        self.free.push(number);
        place.waker.take()
    }

    /// Returns whether `waker` wakes the same task as the place's waker.
    pub(crate) fn will_wake(&self, number: usize, waker: &Waker) -> bool {
        self.places[number].waker.as_ref().is_some_and(|known| known.will_wake(waker))
    }

    /// Sets the waker of a place's timer. The caller drops the returned previous waker.
    pub(crate) fn set_waker(&mut self, number: usize, waker: Waker) -> Option<Waker> {
        self.places[number].waker.replace(waker)
    }

    /// Arms a place's timer, and replaces any earlier time.
    pub(crate) fn arm(&mut self, number: usize, at: Instant) {
        if self.places[number].at.replace(at) == Some(at) {
            return;
        }
        if self.queue.len() >= 2 * self.places.len() + SLACK {
            self.throw_out();
        }
        self.queue.push(Reverse((at, number)));
    }

    /// Removes the stale entries, in place. If a place was freed and armed again for the same time,
    /// several of its entries look current; one of them stays.
    fn throw_out(&mut self) {
        let places = &self.places;
        let mut entries = std::mem::take(&mut self.queue).into_vec();
        entries.retain(|Reverse((at, number))| places[*number].at == Some(*at));
        entries.sort_unstable();
        entries.dedup();
        self.queue = entries.into();
    }

    /// Disarms a place's timer.
    pub(crate) fn disarm(&mut self, number: usize) {
        self.places[number].at = None;
    }

    /// Returns the time of the next timer.
    pub(crate) fn next(&mut self) -> Option<Instant> {
        while let Some(Reverse((at, number))) = self.queue.peek() {
            if self.places[*number].at == Some(*at) {
                return Some(*at);
            }
            self.queue.pop();
        }
        None
    }

    /// Takes the waker of the earliest due timer.
    pub(crate) fn take_due(&mut self, now: Instant) -> Option<Waker> {
        while self.next().is_some_and(|at| at <= now) {
            let Reverse((_, number)) = self.queue.pop().expect("`next` has seen it");
            let place = &mut self.places[number];
            place.at = None;
            if let Some(waker) = place.waker.take() {
                return Some(waker);
            }
        }
        None
    }

    /// Disarms all timers. Their places stay until the timers are dropped. The caller drops the
    /// returned wakers.
    pub(crate) fn end(&mut self) -> Vec<Waker> {
        self.queue.clear();
        self.places.iter_mut().for_each(|place| place.at = None);
        self.places.iter_mut().filter_map(|place| place.waker.take()).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::task::Waker;
    use std::time::Duration;

    use super::{SLACK, Timers};
    use crate::clock::system_now as now;

    #[test]
    fn arming_again_does_not_fill_the_heap() {
        let mut timers = Timers::new();
        let (owner, start) = (Arc::new(()), now());
        let (place, _) = timers.settle(&owner);
        for micros in (0..10_000).rev() {
            timers.arm(place, start + Duration::from_micros(micros));
            assert!(timers.queue.len() <= 2 * timers.places.len() + SLACK);
        }
        assert_eq!(timers.next(), Some(start), "what it was armed for last");
        timers.disarm(place);
        assert_eq!(timers.next(), None);
    }

    #[test]
    fn short_lived_timers_with_one_deadline_do_not_fill_the_heap() {
        let mut timers = Timers::new();
        let (owner, at) = (Arc::new(()), now() + Duration::from_secs(3600));
        for _ in 0..10_000 {
            let (place, _) = timers.settle(&owner);
            timers.arm(place, at);
            assert!(timers.queue.len() <= 2 * timers.places.len() + SLACK);
            timers.leave(place);
        }
        assert_eq!(timers.next(), None);
    }

    #[test]
    fn a_timer_dropped_on_another_thread_frees_its_place() {
        let mut timers = Timers::new();
        for _ in 0..10_000 {
            // Dropped without a call to the timers.
            let owner = Arc::new(());
            let (place, _) = timers.settle(&owner);
            timers.arm(place, now() + Duration::from_secs(3600));
            timers.set_waker(place, Waker::noop().clone());
        }
        assert!(timers.places.len() <= 8, "{} places", timers.places.len());
    }

    #[test]
    fn timers_are_due_in_the_order_of_their_times() {
        let mut timers = Timers::new();
        let start = now();
        let owners: Vec<_> = (0..100).map(|_| Arc::new(())).collect();
        let mut armed = Vec::new();
        for (n, owner) in owners.iter().enumerate() {
            let (place, _) = timers.settle(owner);
            let at = start + Duration::from_millis((n * 37 % 100) as u64);
            timers.arm(place, at + Duration::from_secs(1));
            timers.arm(place, at);
            timers.set_waker(place, Waker::noop().clone());
            armed.push(at);
        }
        armed.sort_unstable();
        for at in armed {
            assert_eq!(timers.next(), Some(at));
            assert!(timers.take_due(at - Duration::from_nanos(1)).is_none(), "never early");
            assert!(timers.take_due(at).is_some());
        }
        assert_eq!(timers.next(), None);
    }
}
