//! The staff of a pool: no work is left without a thread, run twice, or dropped while there is a thread.
//!
//! The queue is a count, because only how many wait matters. A thread that finds nothing leaves at once if it may: a model has
//! no clock.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize as PlainCount;

use super::bounded;
use crate::checker::thread;
use crate::runtime::adapter::staff::Staff;
use crate::sync::{AtomicUsize, Ordering, comes_back};

struct Pool {
    staff: Staff,
    queue: AtomicUsize,
    /// How many threads can be started at all.
    can_start: AtomicUsize,
    limit: u32,
    /// Plain: only their sums are looked at, at the end.
    done: PlainCount,
    dropped: PlainCount,
}

impl Pool {
    fn new(can_start: usize, limit: u32) -> Arc<Self> {
        let (staff, queue, can_start) = (Staff::new(), AtomicUsize::new(0), AtomicUsize::new(can_start));
        Arc::new(Self { staff, queue, can_start, limit, done: PlainCount::new(0), dropped: PlainCount::new(0) })
    }

    fn push(&self) {
        self.queue.fetch_add(1, Ordering::Release);
    }

    fn pop(&self) -> bool {
        self.queue.fetch_update(Ordering::Acquire, Ordering::Relaxed, |waiting| waiting.checked_sub(1)).is_ok()
    }

    /// What a caller of the pool does. Returns the thread that it started.
    fn run(self: &Arc<Self>) -> Option<thread::JoinHandle<()>> {
        let needs_thread = self.staff.announce(self.limit);
        self.push();
        let may_start = |left: usize| left.checked_sub(1);
        let starts =
            needs_thread && self.can_start.fetch_update(Ordering::Relaxed, Ordering::Relaxed, may_start).is_ok();
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

    /// What a thread of the pool does.
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

/// Has two callers hand in one piece of work each. Returns how many pieces were run, and how many dropped.
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
fn all_work_is_run_by_the_threads_there_may_be() {
    for limit in [1, 2] {
        bounded(move || assert_eq!(two_callers(&Pool::new(2, limit)), (2, 0)));
    }
}

#[test]
fn work_that_no_thread_starts_for_is_dropped() {
    bounded(|| assert_eq!(two_callers(&Pool::new(0, 1)), (0, 2)));
}

#[test]
fn work_is_run_or_dropped_where_one_thread_starts_and_no_other() {
    bounded(|| {
        let (done, dropped) = two_callers(&Pool::new(1, 2));
        assert_eq!(done + dropped, 2);
        assert!(done >= 1, "the thread that started has run what it was started for");
    });
}
