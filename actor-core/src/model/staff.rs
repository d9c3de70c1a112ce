//! The staff of a pool: no work is left without a thread, run twice, or dropped although a thread
//! runs.
//!
//! The queue is a count, because only its length matters. A thread without work leaves immediately
//! if allowed, because a model has no clock.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize as PlainCount;

use super::bounded;
use crate::checker::thread;
use crate::runtime::adapter::staff::Staff;
use crate::sync::{AtomicUsize, Ordering, comes_back};

struct Pool {
    staff: Staff,
    queue: AtomicUsize,
    /// The number of threads still available.
    can_start: AtomicUsize,
    limit: u32,
    /// Plain atomics, because only their final sums are checked.
    done: PlainCount,
    dropped: PlainCount,
}

impl Pool {
    fn new(can_start: usize, limit: u32) -> Arc<Self> {
        let (staff, queue, can_start) =
            (Staff::new(), AtomicUsize::new(0), AtomicUsize::new(can_start));
        Arc::new(Self {
            staff,
            queue,
            can_start,
            limit,
            done: PlainCount::new(0),
            dropped: PlainCount::new(0),
        })
    }

    fn push(&self) {
        self.queue.fetch_add(1, Ordering::Release);
    }

    fn pop(&self) -> bool {
        self.queue
            .fetch_update(Ordering::Acquire, Ordering::Relaxed, |waiting| waiting.checked_sub(1))
            .is_ok()
    }

    /// The part of a caller. Returns the thread started by it.
    fn run(self: &Arc<Self>) -> Option<thread::JoinHandle<()>> {
        let needs_thread = self.staff.announce(self.limit);
        self.push();
        let may_start = |left: usize| left.checked_sub(1);
        let starts = needs_thread
            && self.can_start.fetch_update(Ordering::Relaxed, Ordering::Relaxed, may_start).is_ok();
        let started = starts.then(|| {
            let pool = Arc::clone(self);
            thread::spawn(move || pool.work())
        });
        if needs_thread && !starts {
            self.staff.did_not_start();
        }
        self.staff.drop_stranded(
            || self.pop().then_some(()),
            |()| self.push(),
            |()| _ = self.dropped.fetch_add(1, Ordering::Relaxed),
        );
        started
    }

    /// The part of a pool thread.
    fn work(&self) {
        loop {
            if self.pop() {
                self.done.fetch_add(1, Ordering::Relaxed);
                self.staff.is_free();
            } else if self.staff.leave() {
                return;
            } else {
                comes_back();
            }
        }
    }
}

/// Two callers hand in one piece of work each. Returns the numbers of pieces run and dropped.
fn two_callers(pool: &Arc<Pool>) -> (usize, usize) {
    let its_own = Arc::clone(pool);
    let other = thread::spawn(move || its_own.run());
    let mine = pool.run();
    let others = other.join().expect("it does not panic");
    mine.into_iter().chain(others).for_each(|started| started.join().expect("it does not panic"));
    assert_eq!(pool.queue.load(Ordering::Relaxed), 0, "nothing is left");
    (pool.done.load(Ordering::Relaxed), pool.dropped.load(Ordering::Relaxed))
}

#[test]
fn all_work_is_run_within_the_thread_limit() {
    for limit in [1, 2] {
        bounded(move || assert_eq!(two_callers(&Pool::new(2, limit)), (2, 0)));
    }
}

#[test]
fn work_without_a_thread_is_dropped() {
    bounded(|| assert_eq!(two_callers(&Pool::new(0, 1)), (0, 2)));
}

#[test]
fn work_is_run_or_dropped_with_one_thread_available() {
    bounded(|| {
        let (done, dropped) = two_callers(&Pool::new(1, 2));
        assert_eq!(done + dropped, 2);
        assert!(done >= 1, "the thread that started has run what it was started for");
    });
}
