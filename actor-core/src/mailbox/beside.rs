//! Messages from outside the lanes: those of timers, and results of work without room in a lane.
//!
//! Made with the first timer or the first work, because most actors have neither.

use crate::mailbox::consumer::ConsumerSide;
use crate::mailbox::lane::LaneStats;
use crate::mailbox::late::Late;
use crate::mailbox::message::Message;
use crate::mailbox::places::add;
use crate::sync::{AtomicU64, Ordering};

pub(crate) struct Beside<M> {
    late: Late<M>,
    /// The number of pieces of work so far. This and the next two are written by the actor alone.
    works: AtomicU64,
    /// The number of pieces of work without a message.
    lost: AtomicU64,
    /// The number of lost pieces that were in flight at the end of a life.
    in_flight: AtomicU64,
    /// By lane.
    lanes: Box<[Figures]>,
}

/// Figures of a lane's messages from outside its ring. Written by the consumer alone.
struct Figures {
    handled: AtomicU64,
    undelivered: AtomicU64,
}

impl<M: Message> Beside<M> {
    pub(super) fn new(lanes: usize) -> Self {
        let figures = |_| Figures { handled: AtomicU64::new(0), undelivered: AtomicU64::new(0) };
        Self {
            late: Late::new(),
            works: AtomicU64::new(0),
            lost: AtomicU64::new(0),
            in_flight: AtomicU64::new(0),
            lanes: (0..lanes).map(figures).collect(),
        }
    }

    /// Returns the number of a new piece of work. Called by the actor only.
    pub(crate) fn number_of_work(&self) -> u64 {
        add(&self.works, 1);
        self.works.load(Ordering::Relaxed)
    }

    /// Counts pieces of work without a message, and those of them that were in flight at the end of
    /// a life. Called by the actor only.
    pub(crate) fn work_is_lost(&self, lost: u64, in_flight: u64) {
        add(&self.lost, lost);
        add(&self.in_flight, in_flight);
    }

    /// Returns the number of pieces of work without a message so far.
    pub(crate) fn lost_work(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    /// Returns the number of pieces of work in flight at the end of a life, so far.
    pub(crate) fn in_flight(&self) -> u64 {
        self.in_flight.load(Ordering::Relaxed)
    }

    pub(crate) fn late(&self) -> &Late<M> {
        &self.late
    }

    /// Counts the end of a message's handling. Called by the consumer only.
    pub(super) fn finish(&self, lane: usize) {
        add(&self.lanes[lane].handled, 1);
    }

    /// Counts a message left over at the actor's end. Called by the consumer only.
    pub(super) fn lose(&self, lane: usize) {
        add(&self.lanes[lane].undelivered, 1);
    }

    /// Adds a lane's figures to those of its ring.
    pub(super) fn add_to(&self, lane: usize, stats: &mut LaneStats) {
        let Figures { handled, undelivered } = &self.lanes[lane];
        let (handled, undelivered) =
            (handled.load(Ordering::Relaxed), undelivered.load(Ordering::Relaxed));
        stats.accepted += handled + undelivered;
        stats.handled += handled;
        stats.undelivered += undelivered;
    }
}

impl<'a, M> ConsumerSide<'a, Beside<M>> {
    /// Views the late results.
    pub(super) fn late_side(self) -> ConsumerSide<'a, Late<M>> {
        let beside = self.get();
        self.field(&beside.late)
    }
}
