//! How the tasks of a driver are woken, and how its loop sleeps.
//!
//! A bell is the wake-up of one task: *ringing* the bell makes the driver poll the task. Each task
//! has a [`Bell`] with a number. The *door* is the entry of the executor for new futures and for
//! the request to end. It has the bell with number 0, and no task. The [`Inbox`] is a linked list
//! of the bells rung on other threads. The latest bell is first, and each bell holds the number of
//! the bell behind it. A bell is in the list at most once, so the list needs no memory besides the
//! bells. A bell is identified by its number, not by a pointer: the driver finds it in its own
//! table. The list therefore works without locks, allocations or `unsafe`.
//!
//! # Protocol
//!
//! `first` is one word: the number of the last inserted bell, or EMPTY, or ASLEEP. ASLEEP means an
//! empty list as well, and also that the loop waits for events of its own or is about to. Any
//! number of ringers insert. The driver alone takes out, announces sleep and takes that back.
//!
//! ```text
//! ringer, outside the driver's turn                driver
//!   queued.swap(true): true -> done      (1)         first = EMPTY? -> nothing to do; poll, or:
//!   behind := first, or EMPTY if ASLEEP              first: EMPTY => ASLEEP               (4)
//!   first: value seen => own number      (2)           fails -> not empty: has more
//!     fails -> retry from behind := …                the foreign loop waits, for any event
//!   was it ASLEEP? call `wake`           (3)         first: ASLEEP => EMPTY               (5)
//!                                                    first.swap(EMPTY), follow `behind`   (6)
//!                                                    for each: queued.swap(false), poll   (7)
//! ```
//!
//! * Every decision is a read-modify-write of one word, and all threads see these in one order. No
//!   decision needs a store to one word and a load of another, so none needs `SeqCst`. Step (4) is
//!   also the second check before sleeping. It fails if a ringer was first. If it succeeds, the
//!   next ringer sees ASLEEP.
//! * Each ASLEEP is replaced by the (2) of one ringer only, so at most one call of `wake` ends each
//!   sleep. While the driver takes its turn or only polls, no ringer sees ASLEEP, and no ringer
//!   calls `wake`. A loop that came for an event of its own takes the announcement back at (5).
//! * A ringer that finds `queued` set at (1) relies on the earlier ringer. This is enough: the task
//!   is polled after (7), and (7) reads the value written by (1). The poll therefore sees all
//!   writes of the second ringer before its ring.
//! * A bell's `behind` belongs to its ringer from (1) to (2), and to the driver from (6) to (7).
//! * A late call, (3) long after (2), may come in a later sleep or turn. It causes a turn without
//!   work. A ring after the driver's end inserts its bell once, into a list never taken again, and
//!   finds no announcement.
//!
//! # On the driver's own thread, during its turn
//!
//! A ring in a turn of the driver, on its thread, inserts into a second list, `own`. No other
//! thread touches that list, so it needs no read-modify-write. A ring on that thread outside the
//! turn goes the way of other threads: the loop must learn that a turn is due.

use std::sync::Arc;
use std::task::Wake;

use actor_core::runtime::adapter::ForeignWake;
use crossbeam_utils::CachePadded;

use crate::local;
use crate::sync::{AtomicBool, AtomicUsize, Ordering};

/// The number of the bell rung for new futures and for the end.
pub(crate) const DOOR: usize = 0;

/// In place of a bell's number: the list is empty, or no bell is behind this one.
const EMPTY: usize = usize::MAX;

/// In place of a bell's number: the list is empty, and the loop waits or is about to wait.
const ASLEEP: usize = usize::MAX - 1;

/// The bells rung and not yet taken.
pub(crate) struct Inbox {
    /// A bell's number, `EMPTY` or `ASLEEP`. Alone on its cache line, because a spinning thread
    /// keeps reading it.
    first: CachePadded<AtomicUsize>,
    /// The bells rung in the driver's turn: a number or `EMPTY`. Only the driver's thread touches
    /// it.
    own: AtomicUsize,
    /// The driver's thread by `local::thread`, or 0 as long as it has none.
    home: AtomicUsize,
    wake: ForeignWake,
}

/// Wakes one task: the door, or a future. Lives as long as the task or its last waker.
pub(crate) struct Bell {
    number: usize,
    /// Whether a poll of the task is pending. Set by the ringer, cleared right before the poll.
    queued: AtomicBool,
    /// The number of the bell behind this one while it is in a list.
    behind: AtomicUsize,
    inbox: Arc<Inbox>,
}

impl Inbox {
    /// Creates the inbox of a loop with this wake.
    pub(crate) fn new(wake: ForeignWake) -> Self {
        Self {
            first: CachePadded::new(AtomicUsize::new(EMPTY)),
            own: AtomicUsize::new(EMPTY),
            home: AtomicUsize::new(0),
            wake,
        }
    }

    /// Returns whether a bell was rung outside the driver's turns and not yet taken. Leaves the
    /// cache line shared, so frequent checks cost ringers nothing until they ring.
    pub(crate) fn is_rung(&self) -> bool {
        // `take` acquires.
        self.first.load(Ordering::Relaxed) < ASLEEP
    }

    /// Returns whether a bell was rung in the driver's turn and not yet taken.
    pub(crate) fn is_rung_at_home(&self) -> bool {
        self.own.load(Ordering::Relaxed) != EMPTY
    }

    /// Takes out all bells, and passes their numbers to `taken`: first those rung in the turn, then
    /// the others, both in the order of ringing. `bell` returns a number's bell.
    ///
    /// Call it on the driver's thread.
    pub(crate) fn take<'a>(&self, bell: impl Fn(usize) -> &'a Bell, mut taken: impl FnMut(usize)) {
        let own = self.own.load(Ordering::Relaxed);
        if own != EMPTY {
            self.own.store(EMPTY, Ordering::Relaxed);
            in_order(own, &bell, &mut taken);
        }
        if self.is_rung() {
            // Acquire pairs with the Release in `put` of every bell in the list: each put's
            // read-modify-write continues the release sequence of the earlier ones.
            in_order(self.first.swap(EMPTY, Ordering::Acquire), &bell, &mut taken);
        }
    }

    /// Announces that the loop is about to wait: the next ring outside a turn calls its wake.
    /// Returns whether it may wait: not if a bell was rung.
    pub(crate) fn announce_sleep(&self) -> bool {
        // Relaxed, like all of sleeping: only the word itself is handed over; `take` acquires.
        self.first.compare_exchange(EMPTY, ASLEEP, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    /// Takes the announcement back, if there is one.
    pub(crate) fn cancel_sleep(&self) {
        if self.first.load(Ordering::Relaxed) == ASLEEP {
            // Fails if a bell was rung at the last moment. There is then nothing to take back.
            _ = self.first.compare_exchange(ASLEEP, EMPTY, Ordering::Relaxed, Ordering::Relaxed);
        }
    }

    /// Makes the calling thread the driver's.
    pub(crate) fn settle(&self) {
        // Relaxed, here and below: a thread compares it only with itself.
        self.home.store(local::thread(), Ordering::Relaxed);
    }

    /// Returns whether the calling thread is the driver's.
    pub(crate) fn is_home(&self) -> bool {
        self.home.load(Ordering::Relaxed) == local::thread()
    }

    /// Ends the calls of the wake. Returns after those in progress.
    pub(crate) fn close(&self) {
        self.wake.close();
    }

    /// Inserts a bell rung in the driver's turn.
    fn put_at_home(&self, bell: &Bell) {
        bell.behind.store(self.own.load(Ordering::Relaxed), Ordering::Relaxed);
        self.own.store(bell.number, Ordering::Relaxed);
    }

    /// Inserts a bell rung anywhere else. Returns whether this ended a sleep.
    fn put(&self, bell: &Bell) -> bool {
        let mut first = self.first.load(Ordering::Relaxed);
        loop {
            bell.behind.store(if first == ASLEEP { EMPTY } else { first }, Ordering::Relaxed);
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
        first == ASLEEP && self.wake.call()
    }
}

/// Passes the numbers of a list to `taken` in the order of ringing. The latest is first in the
/// list.
fn in_order<'a>(latest: usize, bell: impl Fn(usize) -> &'a Bell, mut taken: impl FnMut(usize)) {
    let (mut number, mut earliest) = (latest, EMPTY);
    while number != EMPTY {
        let behind = &bell(number).behind;
        let next = behind.load(Ordering::Relaxed);
        behind.store(earliest, Ordering::Relaxed);
        (earliest, number) = (number, next);
    }
    while earliest != EMPTY {
        // Read first, because `taken` may answer the bell.
        let next = bell(earliest).behind.load(Ordering::Relaxed);
        taken(earliest);
        earliest = next;
    }
}

impl Bell {
    pub(crate) fn new(number: usize, inbox: Arc<Inbox>) -> Self {
        assert!(number < ASLEEP, "there is no memory for so many");
        Self { number, queued: AtomicBool::new(false), behind: AtomicUsize::new(EMPTY), inbox }
    }

    /// Ensures a poll of the task. Returns whether this ended a sleep.
    pub(crate) fn ring(&self) -> bool {
        if !self.claim() {
            return false;
        }
        if local::is_current(&self.inbox) {
            self.inbox.put_at_home(self);
            return false;
        }
        self.inbox.put(self)
    }

    /// Marks a poll of the task as pending. Returns whether none was. The caller then schedules
    /// that poll.
    pub(crate) fn claim(&self) -> bool {
        // Release: the poll sees the ringer's earlier writes, even if another ringer was first.
        // Acquire pairs with the Release in `answer`: `behind` belongs to this ringer from here on.
        !self.queued.swap(true, Ordering::AcqRel)
    }

    /// Marks the task as about to be polled, so any later ring causes another poll.
    ///
    /// Call it on the driver's thread, after the bell was taken out.
    pub(crate) fn answer(&self) {
        // Both halves pair with the swap in `claim`.
        self.queued.swap(false, Ordering::AcqRel);
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
