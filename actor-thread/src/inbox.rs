//! How other threads wake the tasks of an executor's thread, and how that thread sleeps.
//!
//! A bell is the wake-up of one task: *ringing* the bell makes the executor's thread poll the task.
//! Each task has a [`Bell`] with a number. The *door* is the entry of the executor for new futures
//! and for the request to end. It has the bell with number 0, and no task. The [`Inbox`] is a
//! linked list of the bells rung on other threads. The latest bell is first, and each bell holds
//! the number of the bell behind it. A bell is in the list at most once, so the list needs no
//! memory besides the bells. A bell is identified by its number, not by a pointer: the executor's
//! thread finds it in its own table. The list therefore works without locks, allocations or
//! `unsafe`.
//!
//! # Protocol
//!
//! `first` is one word: the number of the last inserted bell, or EMPTY, or PARKED. PARKED means an
//! empty list as well, and also that the thread sleeps or is about to. Any number of ringers
//! insert. The executor's thread alone takes out and parks.
//!
//! ```text
//! ringer, on any other thread                      executor's thread
//!   queued.swap(true): true -> done      (1)         first = EMPTY? -> nothing to do; spin, or:
//!   behind := first, or EMPTY if PARKED              first: EMPTY => PARKED               (4)
//!   first: value seen => own number      (2)           fails -> not empty: do not park
//!     fails -> retry from behind := …                while first = PARKED: park
//!   was it PARKED? unpark                (3)         time over: PARKED => EMPTY           (5)
//!                                                    first.swap(EMPTY), follow `behind`   (6)
//!                                                    for each: queued.swap(false), poll   (7)
//! ```
//!
//! * Every decision is a read-modify-write of one word, and all threads see these in one order. No
//!   decision needs a store to one word and a load of another, so none needs `SeqCst`. Step (4) is
//!   also the second check before sleeping. It fails if a ringer was first. If it succeeds, the
//!   next ringer sees PARKED.
//! * Each PARKED is replaced by the (2) of one ringer only, so at most one unpark ends each sleep.
//!   While the thread runs or spins, no ringer sees PARKED, and no ringer makes a system call.
//! * A ringer that finds `queued` set at (1) relies on the earlier ringer. This is enough: the task
//!   is polled after (7), and (7) reads the value written by (1). The poll therefore sees all
//!   writes of the second ringer before its ring.
//! * A bell's `behind` belongs to its ringer from (1) to (2), and to the executor's thread from (6)
//!   to (7).
//! * A late unpark, (3) long after (2), may end a later park: hence the loop. A wake after the
//!   thread's end inserts its bell once, into a list never taken again, and finds no parked thread.
//!
//! On the executor's own thread a bell is put directly into the run queue, and the inbox is not
//! touched.

use std::sync::Arc;
use std::task::Wake;
use std::time::Instant;

use crossbeam_utils::CachePadded;

use crate::sync::{AtomicBool, AtomicUsize, Ordering, Thread, current, park};
use crate::{clock, local};

/// The number of the bell rung for new futures and for the end.
pub(crate) const DOOR: usize = 0;

/// In place of a bell's number: the list is empty, or no bell is behind this one.
const EMPTY: usize = usize::MAX;

/// In place of a bell's number: the list is empty, and the inbox's thread is parked or about to
/// park.
const PARKED: usize = usize::MAX - 1;

/// The bells rung on other threads and not yet taken.
pub(crate) struct Inbox {
    /// A bell's number, `EMPTY` or `PARKED`. Alone on its cache line, because a spinning thread
    /// keeps reading it.
    first: CachePadded<AtomicUsize>,
    /// The thread taking out bells, to be unparked.
    thread: Thread,
}

/// Wakes one task: the door, or a future. Lives as long as the task or its last waker.
pub(crate) struct Bell {
    number: usize,
    /// Whether a poll of the task is pending. Set by the ringer, cleared right before the poll.
    queued: AtomicBool,
    /// The number of the bell behind this one while it is in the inbox.
    behind: AtomicUsize,
    inbox: Arc<Inbox>,
}

impl Inbox {
    /// Creates the inbox of the calling thread.
    pub(crate) fn new() -> Self {
        Self { first: CachePadded::new(AtomicUsize::new(EMPTY)), thread: current() }
    }

    /// Returns whether the list is empty. Leaves the cache line shared, so frequent checks cost
    /// ringers nothing until they ring.
    pub(crate) fn is_empty(&self) -> bool {
        // `take` acquires.
        self.first.load(Ordering::Relaxed) == EMPTY
    }

    /// Takes out all bells, and passes their numbers to `taken` in the order of ringing. `bell`
    /// returns a number's bell.
    ///
    /// Call it on the inbox's own thread. `taken` must not answer the bells, because their links
    /// are still read.
    pub(crate) fn take<'a>(&self, bell: impl Fn(usize) -> &'a Bell, mut taken: impl FnMut(usize)) {
        if self.is_empty() {
            return;
        }
        // Acquire pairs with the Release in `put` of every bell in the list: each put's
        // read-modify-write continues the release sequence of the earlier ones.
        let mut number = self.first.swap(EMPTY, Ordering::Acquire);
        // The latest is first. Reversed, the earliest is.
        let mut earliest = EMPTY;
        while number != EMPTY {
            let behind = &bell(number).behind;
            let next = behind.load(Ordering::Relaxed);
            behind.store(earliest, Ordering::Relaxed);
            (earliest, number) = (number, next);
        }
        while earliest != EMPTY {
            taken(earliest);
            earliest = bell(earliest).behind.load(Ordering::Relaxed);
        }
    }

    /// Parks the inbox's own thread until a bell is rung or, if `until` is given, that time is
    /// reached.
    pub(crate) fn sleep(&self, until: Option<Instant>) {
        if !self.announce_sleep() {
            return;
        }
        while self.first.load(Ordering::Relaxed) == PARKED {
            let patience = until.map(|until| until.saturating_duration_since(clock::now()));
            if patience.is_some_and(|patience| patience.is_zero()) {
                return self.cancel_sleep();
            }
            park(patience);
        }
    }

    /// Announces that the thread is about to park. Returns whether it may: not if a bell was rung.
    pub(crate) fn announce_sleep(&self) -> bool {
        // Relaxed, like all of sleeping: only the word itself is handed over; `take` acquires.
        self.first.compare_exchange(EMPTY, PARKED, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    /// Takes the announcement back at the timeout.
    pub(crate) fn cancel_sleep(&self) {
        // Fails if a bell was rung at the last moment. There is then nothing to take back.
        _ = self.first.compare_exchange(PARKED, EMPTY, Ordering::Relaxed, Ordering::Relaxed);
    }

    /// Inserts a bell. Returns whether this ended a sleep.
    fn put(&self, bell: &Bell) -> bool {
        let mut first = self.first.load(Ordering::Relaxed);
        loop {
            bell.behind.store(if first == PARKED { EMPTY } else { first }, Ordering::Relaxed);
            // Release pairs with the Acquire in `take`: `take` then reads `behind`.
            match self.first.compare_exchange_weak(
                first,
                bell.number,
                Ordering::Release,
                Ordering::Relaxed,
            ) {
                Ok(_) => break,
                Err(newer) => first = newer,
            }
        }
        let slept = first == PARKED;
        if slept {
            self.thread.unpark();
        }
        slept
    }
}

impl Bell {
    pub(crate) fn new(number: usize, inbox: Arc<Inbox>) -> Self {
        assert!(number < PARKED, "there is no memory for so many");
        Self { number, queued: AtomicBool::new(false), behind: AtomicUsize::new(EMPTY), inbox }
    }

    /// Ensures a poll of the task. Returns whether this ended a sleep.
    pub(crate) fn ring(&self) -> bool {
        // Release: the poll sees the ringer's earlier writes, even if another ringer was first.
        // Acquire pairs with the Release in `answer`: `behind` belongs to this ringer from here on.
        if self.queued.swap(true, Ordering::AcqRel) {
            return false;
        }
        !local::queue(&self.inbox, self.number) && self.inbox.put(self)
    }

    /// Marks the task as about to be polled, so any later ring causes another poll.
    ///
    /// Call it on the inbox's own thread, after the bell was taken out.
    pub(crate) fn answer(&self) {
        // Both halves pair with the swap in `ring`.
        self.queued.swap(false, Ordering::AcqRel);
    }

    pub(crate) fn inbox(&self) -> &Arc<Inbox> {
        &self.inbox
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.ring();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.ring();
    }
}
