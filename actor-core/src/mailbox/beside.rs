//! Messages from outside the lanes: those of timers, and results of work without room in a lane.
//!
//! Made with the first timer or the first work, because most actors have neither.

use crate::mailbox::consumer::ConsumerSide;
use crate::mailbox::lane::LaneStats;
use crate::mailbox::late::Late;
use crate::mailbox::lazy::FirstUse;
use crate::mailbox::message::Message;
use crate::mailbox::places::add;
use crate::mailbox::watchers::Watch;
use crate::sync::{AtomicU64, Ordering};

pub(crate) struct Beside<M> {
    late: Late<M>,
    /// Offloaded work: the number of pieces in flight, in units of [`IN_FLIGHT`], and the number of
    /// lost pieces, in units of [`LOST`]. One word, so a lost piece moves from one number to the
    /// other in one step.
    work: AtomicU64,
    /// Made once the actor watches another one, or is watched.
    watch: FirstUse<Watch>,
    /// By lane.
    lanes: Box<[Figures]>,
}

/// Figures of a lane's messages from outside its ring. Written by the consumer alone.
struct Figures {
    handled: AtomicU64,
    expired: AtomicU64,
    undelivered: AtomicU64,
}

/// One piece of work without a result in a lane or in the actor's hands. A piece still in flight
/// after the actor's end is lost.
const IN_FLIGHT: u64 = 1;
/// One piece of work without a resulting message.
const LOST: u64 = 1 << 32;

impl<M: Message> Beside<M> {
    pub(super) fn new(lanes: usize) -> Self {
        let figures = |_| Figures {
            handled: AtomicU64::new(0),
            expired: AtomicU64::new(0),
            undelivered: AtomicU64::new(0),
        };
        Self {
            late: Late::new(),
            work: AtomicU64::new(0),
            watch: FirstUse::new(),
            lanes: (0..lanes).map(figures).collect(),
        }
    }

    /// Counts a piece of work before it is handed off.
    pub(crate) fn work_leaves(&self) {
        self.work.fetch_add(IN_FLIGHT, Ordering::Relaxed);
    }

    /// Counts the end of a piece of work, once its result is in a lane or in the actor's hands.
    pub(crate) fn work_returns(&self) {
        // Release: pairs with the load in `is_work_in_flight`. SeqCst: a closing actor sees this,
        // or is seen to close.
        self.work.fetch_sub(IN_FLIGHT, Ordering::SeqCst);
    }

    /// Counts the end of a piece of work without a result.
    pub(crate) fn work_is_lost(&self) {
        self.work.fetch_add(LOST - IN_FLIGHT, Ordering::SeqCst);
    }

    /// Returns whether a result may still arrive. If not, every result is in the lanes or was
    /// taken.
    #[inline]
    pub(crate) fn is_work_in_flight(&self) -> bool {
        !self.work.load(Ordering::SeqCst).is_multiple_of(LOST)
    }

    /// Returns the number of results missed by an ended actor.
    pub(crate) fn lost_work(&self) -> u64 {
        let work = self.work.load(Ordering::SeqCst);
        work / LOST + work % LOST
    }

    /// Returns the number of pieces in flight.
    pub(crate) fn in_flight(&self) -> u64 {
        self.work.load(Ordering::SeqCst) % LOST
    }

    pub(crate) fn late(&self) -> &Late<M> {
        &self.late
    }

    pub(super) fn watch(&self) -> Option<&Watch> {
        self.watch.get()
    }

    pub(super) fn make_watch(&self) -> &Watch {
        self.watch.get_or_make(Watch::new).expect("it is never closed")
    }

    /// Returns whether the end of a watched actor waits.
    #[inline]
    pub(crate) fn has_downs(&self) -> bool {
        self.watch().is_some_and(|watch| watch.downs().holds_any())
    }

    /// Counts the end of a message's handling. Called by the consumer only.
    pub(super) fn finish(&self, lane: usize) {
        add(&self.lanes[lane].handled, 1);
    }

    /// Counts a message dropped because of its deadline. Called by the consumer only.
    pub(super) fn expire(&self, lane: usize) {
        add(&self.lanes[lane].expired, 1);
    }

    /// Counts a message left over at the actor's end. Called by the consumer only.
    pub(super) fn lose(&self, lane: usize) {
        add(&self.lanes[lane].undelivered, 1);
    }

    /// Adds a lane's figures to those of its ring.
    pub(super) fn add_to(&self, lane: usize, stats: &mut LaneStats) {
        let read = |figure: &AtomicU64| figure.load(Ordering::Relaxed);
        let figures = &self.lanes[lane];
        let (handled, expired, undelivered) =
            (read(&figures.handled), read(&figures.expired), read(&figures.undelivered));
        stats.accepted += handled + expired + undelivered;
        stats.handled += handled;
        stats.expired += expired;
        stats.undelivered += undelivered;
    }
}

impl<'a, M> ConsumerSide<'a, Beside<M>> {
    /// Views the late results.
    pub(super) fn late_side(self) -> ConsumerSide<'a, Late<M>> {
        let beside = self.get();
        self.field(&beside.late)
    }

    /// Views the ends of watched actors, if there can be any.
    pub(super) fn watch_side(self) -> Option<ConsumerSide<'a, Watch>> {
        let beside = self.get();
        self.field(&beside.watch).made()
    }
}
