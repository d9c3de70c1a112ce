//! How other threads wake tasks of an executor's thread, and how that thread sleeps.
//!
//! Each task has a [`Bell`] with a number, and to wake the task is to ring its bell. Bell number 0 is the door's: it tells
//! of new futures and of the end. Bells that were rung on other threads are strung together in the [`Inbox`], the latest
//! first, each naming the one behind it. A bell hangs there once at most, so the list needs no memory but the bells'
//! own, and a bell is named by its number and not by a pointer, so whoever takes the list looks the bells up in a
//! table of its own: a list without locks, allocations or `unsafe`.
//!
//! Protocol. `first` is one word: the number of the bell that was put in last, or EMPTY, or PARKED, which is empty as
//! well and says that the thread sleeps or is about to. Ringers, any number, put in; the executor's thread, alone,
//! takes out and parks.
//!
//! ```text
//! ringer, on any other thread                      executor's thread
//!   queued.swap(true): true -> done      (1)         first = EMPTY? -> nothing came; spin, or:
//!   behind := first, or EMPTY if PARKED              first: EMPTY => PARKED               (4)
//!   first: what was seen => own number   (2)           fails -> something came: do not park
//!     fails -> once more from behind := …            while first = PARKED: park
//!   was it PARKED? unpark                (3)         time over: PARKED => EMPTY           (5)
//!                                                    first.swap(EMPTY), follow `behind`   (6)
//!                                                    for each: queued.swap(false), poll   (7)
//! ```
//!
//! * Everything that decides is a read-modify-write of one word, which each sees in one order. So there is no store
//!   and load of two words that would need `SeqCst`, and the second look before sleeping is (4) itself: it fails if a
//!   ringer was first, and if it succeeds, the ringer that comes next sees PARKED.
//! * Only one ringer's (2) replaces one PARKED, so each sleep is ended by one unpark at most. While the thread runs or
//!   spins, nobody sees PARKED, and no ringer makes a system call.
//! * A ringer that finds `queued` at (1) leaves the rest to the one before it. That is enough: the task is polled after
//!   (7), and (7) reads what (1) wrote, so the poll sees all that the second ringer did before it rang.
//! * A bell's `behind` is its ringer's from (1) to (2), and the executor's thread's from (6) to (7).
//! * A late unpark, (3) long after (2), may end a later park: hence the loop. A wake that comes when the thread has ended
//!   puts its bell into a list that nobody takes, once, and finds nobody parked.
//!
//! On the executor's own thread a bell goes straight to the run queue, and the inbox is not touched.

use std::sync::Arc;
use std::task::Wake;
use std::time::Instant;

use crossbeam_utils::CachePadded;

use crate::sync::{AtomicBool, AtomicUsize, Ordering, Thread, current, park};
use crate::{clock, local};

/// The number of the bell that tells of new futures and of the end.
pub(crate) const DOOR: usize = 0;

/// In place of a bell's number: nothing is here, or nothing is behind.
const EMPTY: usize = usize::MAX;

/// In place of a bell's number: nothing is here, and who takes it out is parked or about to park.
const PARKED: usize = usize::MAX - 1;

/// The bells that were rung on other threads and are not taken yet.
pub(crate) struct Inbox {
    /// A bell's number, `EMPTY` or `PARKED`. Alone on its cache line: a thread that spins keeps reading it.
    first: CachePadded<AtomicUsize>,
    /// Who takes out, to be unparked.
    thread: Thread,
}

/// What wakes one task: the door, or a future. Outlives the task where its wakers do.
pub(crate) struct Bell {
    number: usize,
    /// Whether the task will be polled anyhow: set by who rings, cleared right before the poll.
    queued: AtomicBool,
    /// The number of the bell behind this one while it hangs in the inbox.
    behind: AtomicUsize,
    inbox: Arc<Inbox>,
}

impl Inbox {
    /// Makes the inbox of the calling thread.
    pub(crate) fn new() -> Self {
        Self { first: CachePadded::new(AtomicUsize::new(EMPTY)), thread: current() }
    }

    /// Tells whether nothing has come. Leaves the cache line shared, so that looking often costs the ringers nothing
    /// until they ring.
    pub(crate) fn is_empty(&self) -> bool {
        // `take` acquires.
        self.first.load(Ordering::Relaxed) == EMPTY
    }

    /// Takes out all that was rung, and hands on the numbers in the order of ringing. `bell` gives a number's bell.
    ///
    /// For the inbox's own thread. `taken` must not answer the bells: their links are still read.
    pub(crate) fn take<'a>(&self, bell: impl Fn(usize) -> &'a Bell, mut taken: impl FnMut(usize)) {
        if self.is_empty() {
            return;
        }
        // Acquire pairs with the Release in `put`, of every bell in the list: each put's read-modify-write carries on
        // the release of those before it.
        let mut number = self.first.swap(EMPTY, Ordering::Acquire);
        // The latest is first; turned round, the earliest is.
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

    /// Parks the inbox's own thread until something comes or, if there is a time, that has come.
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

    /// Announces that the thread is about to park. Tells whether it may: not if something has come.
    pub(crate) fn announce_sleep(&self) -> bool {
        // Relaxed, as all of sleeping: nothing is handed over but the word itself; `take` acquires.
        self.first.compare_exchange(EMPTY, PARKED, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    /// Takes the announcement back, since the time has come.
    pub(crate) fn cancel_sleep(&self) {
        // Fails if something has come at the last moment, and then there is nothing to take back.
        _ = self.first.compare_exchange(PARKED, EMPTY, Ordering::Relaxed, Ordering::Relaxed);
    }

    /// Puts a bell in. Tells whether that was what ended a sleep.
    fn put(&self, bell: &Bell) -> bool {
        let mut first = self.first.load(Ordering::Relaxed);
        loop {
            bell.behind.store(if first == PARKED { EMPTY } else { first }, Ordering::Relaxed);
            // Release pairs with the Acquire in `take`, which then reads `behind`.
            match self.first.compare_exchange_weak(first, bell.number, Ordering::Release, Ordering::Relaxed) {
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

    /// Sees to it that the task is polled. Tells whether that took the end of a sleep.
    pub(crate) fn ring(&self) -> bool {
        // Release: the poll sees what was done before, also where another has rung already. Acquire pairs with the
        // Release in `answer`: `behind` is this ringer's from here on.
        if self.queued.swap(true, Ordering::AcqRel) {
            return false;
        }
        !local::queue(&self.inbox, self.number) && self.inbox.put(self)
    }

    /// Says that the task is about to be polled, so that whoever rings from now on has it polled again.
    ///
    /// For the inbox's own thread, once it has taken the bell out.
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
