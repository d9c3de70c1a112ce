//! The bits of the filled lanes.

use std::sync::Arc;

use crate::checker::{check, thread};
use crate::mailbox::filled::Filled;
use crate::sync::{AtomicU64, Ordering, store_before_load};

/// Lanes holding a count each, in place of messages.
struct Counts {
    filled: Filled,
    lanes: Vec<AtomicU64>,
}

impl Counts {
    fn send(&self, lane: usize) {
        self.lanes[lane].fetch_add(1, Ordering::SeqCst);
        store_before_load();
        self.filled.mark(lane);
    }

    fn take_all(&self, lane: usize) -> u64 {
        self.lanes[lane].swap(0, Ordering::SeqCst)
    }

    /// Takes from the next filled lane, as a mailbox does.
    fn take_next(&self, from: usize) -> Option<u64> {
        let lane = self.filled.next(from)?;
        let taken = self.take_all(lane);
        if taken > 0 {
            return Some(taken);
        }
        self.filled.clear(lane);
        let taken = self.take_all(lane);
        if taken > 0 {
            self.filled.mark(lane);
        }
        Some(taken)
    }
}

/// Producers send to one lane each, or to the same lane, while the consumer finds lanes empty. At
/// the end the consumer finds everything.
fn fill(lanes: usize, targets: &'static [usize], preemptions: usize) {
    check(preemptions, move || {
        let lanes = (0..lanes).map(|_| AtomicU64::new(0)).collect::<Vec<_>>();
        let counts = Arc::new(Counts { filled: Filled::new(lanes.len()), lanes });
        // Marked but empty, so the consumer clears it.
        counts.filled.mark(targets[0]);
        let producers: Vec<_> = targets
            .iter()
            .map(|&lane| {
                let sending = Arc::clone(&counts);
                thread::spawn(move || sending.send(lane))
            })
            .collect();
        let mut taken: u64 = (0..2).filter_map(|_| counts.take_next(0)).sum();
        producers.into_iter().for_each(|one| one.join().expect("no panic"));
        taken += std::iter::from_fn(|| counts.take_next(0)).sum::<u64>();
        assert_eq!(taken, targets.len() as u64);
    });
}

#[test]
fn a_lane_that_is_filled_while_it_is_cleared_is_found() {
    fill(2, &[1], 4);
}

#[test]
fn a_lane_that_two_fill_while_it_is_cleared_is_found() {
    fill(2, &[0, 0], 2);
}

#[test]
fn a_lane_of_a_further_word_that_is_filled_while_it_is_cleared_is_found() {
    fill(3, &[2], 4);
}

#[test]
fn lanes_of_one_group_that_are_filled_while_it_is_cleared_are_found() {
    fill(8, &[0, 2], 2);
}
