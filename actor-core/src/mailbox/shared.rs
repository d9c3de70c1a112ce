//! The data shared by the handles and the mailbox.

use std::sync::Arc;

use event_listener::EventListener;

use crate::mailbox::beside::Beside;
use crate::mailbox::consumer::{ConsumerSide, LocalSide};
use crate::mailbox::envelope::{Envelope, Refused};
use crate::mailbox::exit::{Ended, Exit, ExitReason};
use crate::mailbox::extras::Extras;
use crate::mailbox::figures::{Figures, InHand, LaneFigures, LaneTimes};
use crate::mailbox::filled::Filled;
use crate::mailbox::lane::{Lane, LaneStats};
use crate::mailbox::lazy::FirstUse;
use crate::mailbox::life::Life;
use crate::mailbox::looks::{InHand as LookInHand, Look, Looks};
use crate::mailbox::marks::{Awaiting, Edge, Marks};
use crate::mailbox::message::Message;
use crate::mailbox::queue::LaneQueue;
use crate::mailbox::reserve::{Reservation, Unreserved};
use crate::mailbox::room::{Notified, Waiting};
use crate::mailbox::seen::ActorSeen;
use crate::mailbox::signal::Signal;
use crate::mailbox::watchers::{self, Peer, Watch};
use crate::notice::Notice;
use crate::panic::{contained, drop_contained};
use crate::sync::{AtomicBool, AtomicUsize, FEW_LANES, Ordering, fence, store_before_load};

/// The lanes, the wake signal and the life of one mailbox. Every sender reads it for every message.
/// It is written only when the consumer sleeps or is woken, when handles are made or dropped, and
/// when the actor ends.
pub(crate) struct Shared<M> {
    lanes: Box<[LaneQueue<M>]>,
    signal: Signal,
    /// Absent with [few declared lanes](Self::HAS_FEW).
    many: Option<Box<Many>>,
    /// The number of strong handles. At zero no thread can send, and only the mailbox itself can
    /// make a new handle.
    handles: AtomicUsize,
    /// Set once, after every lane has closed. Once it is set, every lane is closed.
    closed: AtomicBool,
    /// Whether free room is left after some senders were notified of it, while others may wait.
    /// Used by the consumer alone.
    waits_for_notified: AtomicBool,
    /// Notified when `closed` is set.
    on_close: Notice,
    /// Messages from outside the lanes. Made with the actor's first timer or work.
    beside: FirstUse<Beside<M>>,
    /// The times of handling and of waiting. Made with the actor's first sample.
    looks: FirstUse<Looks>,
    /// The start, the stop and the end of the mailbox's actor, if it has one.
    life: Life,
}

/// What a mailbox keeps besides its lanes, unless these are declared and [few](FEW_LANES).
struct Many {
    /// Given at run time, or the message type's own.
    lanes: &'static [Lane],
    /// The data lanes and the control lanes with messages.
    filled: [Filled; 2],
}

/// The spawner's access to a mailbox with an unknown message type.
pub(crate) trait Closeable: Peer {
    /// Refuses all later messages, and notifies the senders. The caller
    /// [interrupts](Self::interrupt) the task afterwards.
    fn close(&self);
    /// Makes the actor's task check its life again. Each change of state read by a waiting task
    /// ends with this call.
    fn interrupt(&self);
    fn life(&self) -> &Life;
    fn stats(&self) -> Vec<LaneStats>;
    /// Returns the figures, with the times of each lane.
    fn figures(&self) -> Figures;
    /// Returns the times of each lane, if any message was measured.
    fn times(&self) -> Option<Arc<[LaneTimes]>>;
    /// Returns the number of results of offloaded work missed by the actor, after its end.
    fn lost_work(&self) -> u64;
    /// Returns the number of pieces of work in flight, after the actor's end.
    fn in_flight(&self) -> u64;
    /// Returns what other threads can see of the actor at work.
    fn seen(&self) -> ActorSeen;

    /// Returns the exit of an ended actor.
    fn exit(&self, reason: ExitReason) -> Exit {
        let extras = self.life().extras();
        Exit {
            reason,
            lanes: self.stats(),
            times: self.times(),
            lost_work: self.lost_work(),
            name: extras.and_then(Extras::name).cloned(),
            restarts: extras.map_or(0, Extras::restarts),
            in_flight: self.in_flight(),
        }
    }
}

/// For every `M`, because the drop of a handle needs it.
impl<M> Shared<M> {
    pub(crate) fn remove_handle(&self) {
        // Release: the messages of this handle come before. Pairs with the load in `handles`.
        if self.handles.fetch_sub(1, Ordering::SeqCst) == 1 {
            store_before_load();
            // No interrupt is needed. A task announces its sleep before it reads the number of
            // handles. A task waiting for a handler or a timer waits for it with or without
            // handles.
            self.signal.notify();
        }
    }
}

impl<M: Message> Shared<M> {
    /// `lanes` are the message type's own, or those given at run time if it declares none.
    #[inline]
    pub(crate) fn new(lanes: &'static [Lane]) -> Self {
        Self {
            lanes: lanes.iter().map(LaneQueue::new).collect(),
            signal: Signal::new(),
            many: (!Self::HAS_FEW).then(|| {
                let filled = [Filled::new(lanes.len()), Filled::new(lanes.len())];
                Box::new(Many { lanes, filled })
            }),
            handles: AtomicUsize::new(0),
            closed: AtomicBool::new(false),
            waits_for_notified: AtomicBool::new(false),
            on_close: Notice::new(),
            beside: FirstUse::new(),
            looks: FirstUse::new(),
            life: Life::new(),
        }
    }

    /// Puts a message into a lane and wakes the consumer if it sleeps. Never waits.
    #[inline(always)]
    pub(crate) fn send(
        &self,
        lane: &LaneQueue<M>,
        envelope: Envelope<M>,
    ) -> Result<(), Refused<M>> {
        lane.send(envelope, &self.signal, || self.mark(lane))
    }

    /// Reserves room in a lane for one message of the source. Never waits.
    pub(crate) fn reserve(
        &self,
        lane: usize,
        source: Option<u64>,
    ) -> Result<Reservation, Unreserved> {
        if self.is_closed() { Err(Unreserved::Closed) } else { self.lanes[lane].reserve(source) }
    }

    /// Puts a message into its reserved room, and wakes the consumer if it sleeps. Returns the
    /// message if the lane is closed.
    pub(crate) fn send_reserved(
        &self,
        lane: usize,
        reservation: Reservation,
        envelope: Envelope<M>,
    ) -> Result<(), Refused<M>> {
        let lane = &self.lanes[lane];
        if matches!(reservation, Reservation::Evicting) {
            return self.send(lane, envelope);
        }
        let sent = lane.send_reserved(reservation, envelope, &self.signal, || self.mark(lane));
        sent.map_err(Refused::Closed)
    }

    /// Returns reserved room to the lane, unused.
    pub(crate) fn give_back(&self, lane: usize, reservation: Reservation) {
        self.lanes[lane].give_back(reservation);
    }

    /// Makes a lane full for everyone, for tests. Returns whether it could.
    pub(crate) fn bar(&self, lane: usize) -> bool {
        !self.is_closed() && self.lanes[lane].bar()
    }

    /// Ends the bar of a lane.
    pub(crate) fn unbar(&self, lane: usize) {
        self.lanes[lane].unbar();
    }

    /// Whether the lanes are checked one by one.
    pub(crate) const HAS_FEW: bool = M::LANES.len() <= FEW_LANES && !Self::ARE_GIVEN;

    /// Whether the lanes are given when the mailbox is made.
    pub(super) const ARE_GIVEN: bool = M::LANES.is_empty();

    /// Returns the description of each lane: a constant, unless the lanes are given.
    #[inline(always)]
    pub(crate) fn lanes(&self) -> &'static [Lane] {
        if Self::ARE_GIVEN {
            return self.many.as_ref().expect("kept for given lanes").lanes;
        }
        M::LANES
    }

    /// Marks a lane as possibly filled.
    #[inline]
    fn mark(&self, lane: &LaneQueue<M>) {
        if !Self::HAS_FEW {
            let bytes = std::ptr::from_ref(lane).addr() - self.lanes.as_ptr().addr();
            let index = bytes / size_of::<LaneQueue<M>>();
            self.filled(self.lanes()[index].is_control()).mark(index);
        }
    }

    /// Returns the possibly filled lanes of a class. Only for mailboxes with more than a
    /// [few](Self::HAS_FEW) lanes.
    #[inline]
    pub(super) fn filled(&self, is_control: bool) -> &Filled {
        let many = self.many.as_ref().expect("kept where there are more than a few lanes");
        &many.filled[usize::from(is_control)]
    }

    /// Returns the lane named by the message. Called once for each send: with a different second
    /// result, the sender would wait for room in one lane and send into another.
    pub(crate) fn lane_of(&self, message: &M) -> &LaneQueue<M> {
        let lane = message.lane();
        self.lanes.get(lane).unwrap_or_else(|| {
            let (message, lanes) = (std::any::type_name::<M>(), self.lanes.len());
            panic!("{message}::lane named lane {lane}, but its mailbox has {lanes}, counted from 0")
        })
    }

    /// Returns the message, or drops it if its lane does not exist.
    pub(crate) fn with_lane(&self, message: M) -> Option<M> {
        if contained(|| self.lane_of(&message)).is_ok() {
            return Some(message);
        }
        drop(drop_contained(message));
        None
    }

    pub(crate) fn lane(&self, lane: usize) -> &LaneQueue<M> {
        &self.lanes[lane]
    }

    pub(crate) fn signal(&self) -> &Signal {
        &self.signal
    }

    pub(crate) fn life(&self) -> &Life {
        &self.life
    }

    #[inline]
    pub(crate) fn beside(&self) -> Option<&Beside<M>> {
        self.beside.get()
    }

    pub(crate) fn make_beside(&self) -> &Beside<M> {
        self.beside.get_or_make(|| Beside::new(self.lanes.len())).expect("it is never closed")
    }

    /// Looks at the lanes, for the times of their messages. Returns the time since the last look,
    /// in nanoseconds. Called by the owner.
    #[cold]
    pub(super) fn look(&self, look: Look, in_hand: LookInHand) -> u64 {
        let (Look::Before { now, .. } | Look::After { now, .. }) = look;
        let looks = self.looks.get_or_make(|| Looks::new(self.lanes.len(), now));
        looks.expect("it is never closed").look(&self.lanes, look, in_hand)
    }

    /// Returns the message in its handler, if there is one.
    fn in_hand(&self) -> Option<InHand> {
        (0..self.lanes.len()).find_map(|lane| {
            let beside = self.beside().and_then(|beside| beside.in_hand(lane));
            let kind = beside.or_else(|| self.lanes[lane].in_hand())?;
            // Taken, and not yet in its handler: the kind is written between the two.
            if kind == 0 && !M::KINDS.is_empty() {
                return None;
            }
            // Without kinds, no number is one.
            let kind = (kind as usize).checked_sub(1).and_then(|kind| M::KINDS.get(kind));
            Some(InHand { lane: self.lanes()[lane].name(), kind: kind.copied() })
        })
    }

    /// Returns whether a message given back or the end of a watched actor may be waiting.
    pub(crate) fn has_late(&self) -> bool {
        self.beside().is_some_and(|beside| beside.late().holds_any() || beside.has_downs())
    }

    /// Returns whether anything besides messages, timers and work may reach the actor: a message
    /// given back, or the end of a watched actor.
    #[inline]
    pub(crate) fn comes_beside(&self) -> bool {
        self.beside().is_some_and(|beside| beside.is_lending() || beside.has_downs())
    }

    /// Returns whether a lent message may come back.
    #[inline]
    pub(crate) fn is_lending(&self) -> bool {
        self.beside().is_some_and(Beside::is_lending)
    }

    /// Sends a message of the actor to itself. Returns it if its lane is full, evicts messages or
    /// does not exist.
    pub(crate) fn send_own(&self, message: M) -> Result<(), M> {
        let index = message.lane();
        match self.lanes.get(index) {
            Some(lane) if !self.lanes()[index].kind().evicts() => {
                self.send(lane, Envelope { message, asker: None }).map_err(Refused::into_message)
            }
            _ => Err(message),
        }
    }

    /// Publishes the end of a mailbox that no actor has ended.
    #[inline]
    pub(crate) fn end_without_actor(&self, reason: impl FnOnce() -> ExitReason) {
        if self.life.reason().is_none() {
            self.end_now(reason());
        }
    }

    #[cold]
    fn end_now(&self, reason: ExitReason) {
        self.life.end(reason);
        watchers::end(self);
    }

    pub(crate) fn on_close(&self) -> &Notice {
        &self.on_close
    }

    pub(crate) fn is_closed(&self) -> bool {
        // Pairs with the swap in `close`: if it is set, every lane is closed. SeqCst: a consumer
        // with an announced sleep sees it, or is seen.
        self.closed.load(Ordering::SeqCst)
    }

    pub(crate) fn handles(&self) -> usize {
        // Pairs with `remove_handle`: at zero, every sent message is visible. SeqCst as in
        // `is_closed`.
        self.handles.load(Ordering::SeqCst)
    }

    pub(crate) fn add_handle(&self) {
        self.handles.fetch_add(1, Ordering::Relaxed);
    }

    /// Adds a handle unless none is left. Returns whether it did.
    pub(crate) fn add_handle_if_any(&self) -> bool {
        let more = |n: usize| (n > 0).then_some(n + 1);
        self.handles.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_ok()
    }

    /// Returns the number of messages queued and in hand. The senders change it meanwhile.
    #[inline]
    pub(crate) fn load(&self) -> u64 {
        self.lanes.iter().map(LaneQueue::load).sum()
    }

    /// Returns the number of messages accepted by the lanes, if all of them have been taken. Called
    /// on the consumer's thread.
    pub(crate) fn accepted_if_taken(&self) -> Option<u64> {
        // The number first: a later message is then either not counted here, or seen to wait.
        let accepted = self.lanes.iter().map(LaneQueue::accepted).sum();
        self.lanes.iter().all(LaneQueue::is_empty).then_some(accepted)
    }

    /// Returns whether all accepted messages have been taken. A claim in flight counts as not
    /// taken.
    pub(crate) fn is_drained(&self) -> bool {
        self.lanes.iter().all(LaneQueue::is_drained)
    }

    /// Registers the sender of a message to this lane for the next free room. The sender must try
    /// again before it waits.
    pub(crate) fn wait_for_room<'a>(
        &'a self,
        lane: &'a LaneQueue<M>,
    ) -> (Waiting<'a>, EventListener) {
        self.look_at_marks();
        lane.wait_for_room(&self.signal)
    }

    /// Counts a message returned because its lane had no room.
    pub(crate) fn count_refused(&self, lane: &LaneQueue<M>) {
        lane.count_refused();
        self.look_at_marks();
    }

    /// Ends the wait of a sender registered by [`wait_for_room`](Self::wait_for_room).
    pub(crate) fn leave_line(&self, lane: usize) {
        self.lanes[lane].leave_line();
    }

    /// Ensures that no sender waits while there is room for it. Called by the consumer in two
    /// cases: when the signal reports a waiting sender, and when the [time of the notified
    /// senders](Self::waits_for_notified) is over, which `writes_off` states.
    #[cold]
    pub(crate) fn notify_of_room(&self, writes_off: bool) {
        let mut all = Notified::default();
        for lane in &self.lanes {
            // Each lane's senders are notified, independently of the other lanes.
            let notified = lane.notify_of_room(writes_off);
            all.anyone_waits |= notified.anyone_waits;
            all.not_all |= notified.not_all;
        }
        let is_edge_awaited = self.marks().is_some_and(|marks| marks.look(|lane| self.depth(lane)));
        if all.anyone_waits || is_edge_awaited {
            self.signal.want_room();
        }
        self.waits_for_notified.store(all.not_all, Ordering::Relaxed);
    }

    fn marks(&self) -> Option<&Marks> {
        self.life.extras()?.marks()
    }

    /// Returns the marks for the depth of the lanes, made at the first call.
    pub(crate) fn make_marks(&self) -> &Marks {
        self.life.make_extras().make_marks()
    }

    /// Returns the depth of a lane: the number of messages queued and in hand.
    pub(crate) fn depth(&self, lane: usize) -> u64 {
        self.lanes[lane].load()
    }

    /// Registers the caller for an edge of a mark. The caller must look itself before it waits.
    pub(crate) fn wait_for_edge(&self, number: usize, edge: Edge) -> (Awaiting<'_>, EventListener) {
        let waiting = self.make_marks().wait(number, edge);
        self.signal.want_room();
        // Pairs with the fences in `look_at_marks` and in `close`.
        fence(Ordering::SeqCst);
        waiting
    }

    /// Notifies the tasks whose edge has come. Called where a message was not accepted or taken.
    #[inline]
    pub(super) fn look_at_marks(&self) {
        if let Some(marks) = self.marks() {
            // Pairs with the fence in `wait_for_edge`.
            fence(Ordering::SeqCst);
            marks.look(|lane| self.depth(lane));
        }
    }

    /// Returns whether a sender may wait for room not taken by notified senders. Called by the
    /// consumer.
    pub(crate) fn waits_for_notified(&self) -> bool {
        self.waits_for_notified.load(Ordering::Relaxed)
    }
}

impl<M: Message> Closeable for Shared<M> {
    fn close(&self) {
        // Each life closes its mailbox, and so does the drop of the mailbox.
        if self.is_closed() {
            return;
        }
        self.lanes.iter().for_each(LaneQueue::close);
        // Pairs with the load in `is_closed`.
        if !self.closed.swap(true, Ordering::SeqCst) {
            self.on_close.notify();
            if let Some(marks) = self.marks() {
                // Pairs with the fence in `wait_for_edge`.
                fence(Ordering::SeqCst);
                marks.close();
            }
        }
    }

    fn interrupt(&self) {
        self.signal.interrupt();
    }

    fn life(&self) -> &Life {
        &self.life
    }

    fn stats(&self) -> Vec<LaneStats> {
        let mut stats: Vec<_> = self.lanes.iter().map(LaneQueue::stats).collect();
        if let Some(beside) = self.beside() {
            stats.iter_mut().enumerate().for_each(|(lane, stats)| beside.add_to(lane, stats));
        }
        stats
    }

    fn times(&self) -> Option<Arc<[LaneTimes]>> {
        let looks = self.looks.get()?;
        Some((0..self.lanes.len()).map(|lane| looks.times(lane)).collect())
    }

    fn figures(&self) -> Figures {
        let times = |lane| self.looks.get().map(|looks| looks.times(lane));
        let of_lane = |(lane, stats)| LaneFigures::new(stats, times(lane));
        let extras = self.life.extras();
        Figures {
            name: extras.and_then(Extras::name).cloned(),
            lanes: self.stats().into_iter().enumerate().map(of_lane).collect(),
            restarts: extras.map_or(0, Extras::restarts),
            lost_work: self.lost_work(),
            in_hand: self.in_hand(),
        }
    }

    fn lost_work(&self) -> u64 {
        self.beside().map_or(0, Beside::lost_work)
    }

    fn in_flight(&self) -> u64 {
        self.beside().map_or(0, Beside::in_flight)
    }

    fn seen(&self) -> ActorSeen {
        // The message first, and the sleep after it: a sleep with a message in hand is then the
        // wait of a handler, or of one that ended meanwhile.
        let in_hand = self.in_hand();
        let sleep = self.signal.sleep();
        let ended = self.stats().iter().map(|lane| lane.handled + lane.expired).sum();
        ActorSeen { in_hand, sleep, ended, is_closed: self.is_closed(), ..ActorSeen::default() }
    }
}

impl<M: Message> Peer for Shared<M> {
    fn watch(&self) -> &Watch {
        self.make_beside().make_watch()
    }

    fn watch_if_any(&self) -> Option<&Watch> {
        self.beside()?.watch()
    }

    fn ended(&self) -> Option<Ended> {
        let reason = self.life.reason()?.clone();
        Some(Ended { name: self.life.name().cloned(), reason })
    }

    fn look_at_downs(&self) {
        self.signal.interrupt();
    }

    fn end_life(&self, reason: ExitReason) {
        if self.life.reason().is_none() {
            self.life.end_life(reason);
            self.signal.interrupt();
        }
    }
}

impl<M: Message> ConsumerSide<'_, Shared<M>> {
    /// Views a lane.
    #[inline(always)]
    pub(super) fn lane_side(&mut self, lane: usize) -> ConsumerSide<'_, LaneQueue<M>> {
        let shared = self.get();
        self.reborrow().field(&shared.lanes).item(lane)
    }

    /// Views the messages from outside the lanes, if there have been any.
    #[inline]
    pub(super) fn beside_side(&mut self) -> Option<ConsumerSide<'_, Beside<M>>> {
        let shared = self.get();
        self.reborrow().field(&shared.beside).made()
    }
}

impl<'a, M: Message> LocalSide<'a, Shared<M>> {
    /// Views the signal.
    #[inline(always)]
    pub(crate) fn signal_side(&self) -> LocalSide<'a, Signal> {
        self.field(&self.get().signal)
    }
}

#[cfg(all(test, not(any(loom, shuttle))))]
mod tests {
    use super::*;

    #[test]
    fn a_weak_count_cannot_bring_back_the_last_handle() {
        struct Nothing;
        impl Message for Nothing {}

        let shared = Shared::<Nothing>::new(Nothing::LANES);
        assert!(!shared.add_handle_if_any());
        shared.add_handle();
        assert!(shared.add_handle_if_any());
        assert_eq!(shared.handles(), 2);
    }
}
