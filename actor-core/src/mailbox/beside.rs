//! Messages from outside the lanes: those of timers, results of work, and lent messages on their
//! way back.
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
    /// Lent messages on their way back.
    late: Late<M>,
    /// Lent messages: the number of those in flight, in units of [`IN_FLIGHT`], and the number of
    /// lost ones, in units of [`LOST`]. One word, so a lost one moves from one number to the other
    /// in one step.
    loans: AtomicU64,
    /// Results of an ended life's work, for the hook or for nobody. Pushed and taken by the actor.
    left: Late<M>,
    /// The number of pieces of work so far. This and the next two are written by the actor alone.
    works: AtomicU64,
    /// The number of pieces of work without a message.
    lost: AtomicU64,
    /// The number of lost pieces that were in flight at the end of a life.
    in_flight: AtomicU64,
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
    /// The kind of the message in hand, plus one, or 0.
    in_hand: AtomicU64,
}

/// One lent message. Still in flight after the actor's end, it is lost.
const IN_FLIGHT: u64 = 1;
/// One lent message that did not come back.
const LOST: u64 = 1 << 32;

impl<M: Message> Beside<M> {
    pub(super) fn new(lanes: usize) -> Self {
        let figures = |_| Figures {
            handled: AtomicU64::new(0),
            expired: AtomicU64::new(0),
            undelivered: AtomicU64::new(0),
            in_hand: AtomicU64::new(0),
        };
        Self {
            late: Late::new(),
            loans: AtomicU64::new(0),
            left: Late::new(),
            works: AtomicU64::new(0),
            lost: AtomicU64::new(0),
            in_flight: AtomicU64::new(0),
            watch: FirstUse::new(),
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

    /// Counts a message before it is lent.
    pub(crate) fn lend(&self) {
        self.loans.fetch_add(IN_FLIGHT, Ordering::Relaxed);
    }

    /// Counts the end of a loan: the message was handled elsewhere, or is in the actor's hands.
    pub(crate) fn loan_ends(&self) {
        // Release: pairs with the load in `is_lending`. SeqCst: a closing actor sees this, or is
        // seen to close.
        self.loans.fetch_sub(IN_FLIGHT, Ordering::SeqCst);
    }

    /// Counts a lent message that did not come back in time.
    pub(crate) fn loan_is_lost(&self) {
        self.loans.fetch_add(LOST - IN_FLIGHT, Ordering::SeqCst);
    }

    /// Returns whether a lent message may come back.
    #[inline]
    pub(crate) fn is_lending(&self) -> bool {
        !self.loans.load(Ordering::SeqCst).is_multiple_of(LOST)
    }

    /// Returns the number of pieces of work without a message so far, and of messages not given
    /// back.
    pub(crate) fn lost_work(&self) -> u64 {
        let loans = self.loans.load(Ordering::SeqCst);
        self.lost.load(Ordering::Relaxed) + loans / LOST + loans % LOST
    }

    /// Returns the number of pieces of work in flight at the end of a life, so far.
    pub(crate) fn in_flight(&self) -> u64 {
        self.in_flight.load(Ordering::Relaxed) + self.loans.load(Ordering::SeqCst) % LOST
    }

    pub(crate) fn late(&self) -> &Late<M> {
        &self.late
    }

    pub(crate) fn left(&self) -> &Late<M> {
        &self.left
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
        self.lanes[lane].in_hand.store(0, Ordering::Relaxed);
    }

    /// Keeps the kind of the message just taken. Called by the consumer only.
    pub(super) fn has_in_hand(&self, lane: usize, kind: usize) {
        self.lanes[lane].in_hand.store(kind as u64 + 1, Ordering::Relaxed);
    }

    /// Returns the kind of the message in hand, plus one.
    pub(super) fn in_hand(&self, lane: usize) -> Option<u64> {
        let in_hand = self.lanes[lane].in_hand.load(Ordering::Relaxed);
        (in_hand > 0).then_some(in_hand)
    }

    /// Counts a message dropped because of its deadline. Called by the consumer only.
    pub(super) fn expire(&self, lane: usize) {
        add(&self.lanes[lane].expired, 1);
        self.lanes[lane].in_hand.store(0, Ordering::Relaxed);
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
    /// Views the messages given back.
    pub(super) fn late_side(self) -> ConsumerSide<'a, Late<M>> {
        let beside = self.get();
        self.field(&beside.late)
    }

    /// Views the results of ended lives.
    pub(super) fn left_side(self) -> ConsumerSide<'a, Late<M>> {
        let beside = self.get();
        self.field(&beside.left)
    }

    /// Views the ends of watched actors, if there can be any.
    pub(super) fn watch_side(self) -> Option<ConsumerSide<'a, Watch>> {
        let beside = self.get();
        self.field(&beside.watch).made()
    }
}
