//! One lane's queue: what producers push into, what the consumer takes from, and the figures of both.
#![expect(unsafe_code, reason = "a ring's consumer promises to be the only one")]

use std::collections::VecDeque;

use event_listener::{Event, EventListener, IntoNotification};

use crate::lane::{Lane, LaneStats};
use crate::mailbox::evicting::SPARE;
use crate::mailbox::first_use::FirstUse;
use crate::mailbox::places::{Places, add};
use crate::mailbox::ring::ClaimError;
use crate::mailbox::signal::Signal;
use crate::reply::Asker;
use crate::sync::{AtomicU64, AtomicUsize, Ordering, fence};

/// A message on its way, with the asker whose leaving cancels it.
pub(crate) struct Envelope<M> {
    pub(crate) message: M,
    pub(crate) asker: Option<Asker>,
}

/// Why a push was refused; the envelope comes back.
pub(crate) enum Refused<M> {
    Full(Envelope<M>),
    Closed(Envelope<M>),
}

/// The part of a lane that all threads share.
///
/// A lane that is never used costs a few words: its memory is made when the first message comes.
pub(crate) struct LaneQueue<M> {
    lane: &'static Lane,
    places: FirstUse<Places<Envelope<M>>>,
    /// Where senders wait for room; one is woken per message taken.
    room: Event,
}

/// What is left to be done for senders that wait.
#[derive(Clone, Copy, Default)]
pub(super) struct Told {
    /// Someone waits, or is about to.
    pub(super) anyone_waits: bool,
    /// There is room, and perhaps someone waits who was not told of any.
    pub(super) not_all: bool,
}

/// A sender that waits for room, counted for as long as this lives.
#[derive(Debug)]
pub(crate) struct Waiting<'a> {
    count: &'a AtomicUsize,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.count.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The part of a lane that belongs to the consumer: what it has taken over from a ring that evicts, oldest in front.
pub(super) type Stash<M> = VecDeque<Envelope<M>>;

/// Messages taken for each look at how many wait.
const LOOK_EVERY: u64 = 16;

impl<M> LaneQueue<M> {
    pub(super) fn new(lane: &'static Lane) -> Self {
        Self { lane, places: FirstUse::new(), room: Event::new() }
    }

    /// Puts a message in and looks at the signal, or hands the message back. Never waits.
    #[inline]
    pub(super) fn send(&self, envelope: Envelope<M>, signal: &Signal) -> Result<(), Refused<M>> {
        let Some(places) = self.places.get_or_make(|| self.make()) else { return Err(Refused::Closed(envelope)) };
        if self.lane.kind().evicts() {
            return send_evicting(places, envelope, signal);
        }
        match places.claim() {
            Ok(claim) => {
                let position = places.fill(claim, envelope);
                if signal.notify() { take_back(places, position) } else { Ok(()) }
            }
            Err(ClaimError::Full) => Err(Refused::Full(envelope)),
            Err(ClaimError::Closed) => Err(Refused::Closed(envelope)),
        }
    }

    fn make(&self) -> Places<Envelope<M>> {
        Places::new(self.lane.capacity(), self.lane.kind().evicts().then_some(SPARE))
    }

    /// Counts a message that was handed back for want of room.
    pub(crate) fn count_refused(&self) {
        if let Some(places) = self.places.get() {
            places.producers.refused.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Has the caller told when there may be room again. It must try once more before it waits.
    ///
    /// ```text
    /// sender                                    consumer
    ///   push -> full                              pop, any number of times
    ///   waiting += 1                              before its task rests: announces that at the signal (3)
    ///   listen                                      ROOM_WANTED was set -> clears it; notifies one more listener for
    ///   ROOM_WANTED at the signal  (1)              each message taken since it last did, first come, first served; sets
    ///   fence SeqCst               (2)              it again while anyone waits
    ///   push -> full: wait
    /// ```
    ///
    /// (1) and (3) change the same word, so one comes first: if (1) does, the consumer sees the sender; if (3) does, the
    /// sender's second push sees every slot that was freed before. A consumer that takes a message without an actor's loop
    /// around it makes a `SeqCst` fence after its pop, which pairs with (2) in the same way. A notification between counting
    /// and (1) reaches nobody, but then the slot was freed before the second push.
    ///
    /// Senders are woken when the consumer rests and not for each pop, which would be a wake for each message: one that finds
    /// room for many sends many. An actor rests after each turn, which is bounded in number and time.
    ///
    /// **Nothing is reserved for a sender that was notified, and nobody depends on it**: it may not be polled for long, or
    /// never. The place that it was told of stays free for others, and others are told of every place that is freed after.
    /// Of that one place they are told by the actor's watch: where there is room, and somebody waits who may not have been
    /// told of it, it [writes off](Self::tell_of_room) those that were and have not come, until everyone has been told. So a
    /// message taken wakes one sender, and not all.
    pub(crate) fn wait_for_room(&self, signal: &Signal) -> (Waiting<'_>, EventListener) {
        let count = &self.places.get().expect("a lane that was found full has been used").consumer.waiting;
        count.fetch_add(1, Ordering::Relaxed);
        let waiting = Waiting { count };
        let listener = self.room.listen();
        signal.want_room();
        // Pairs with the fence before `tell_of_room`.
        fence(Ordering::SeqCst);
        (waiting, listener)
    }

    /// Sees that no sender waits while there is room for it. Called by the consumer once it is sure to see who waits.
    ///
    /// `writes_off`: whoever was notified before and has not come is not counted on any more.
    pub(super) fn tell_of_room(&self, writes_off: bool) -> Told {
        let Some(places) = self.places.get() else { return Told::default() };
        let waiting = places.consumer.waiting.load(Ordering::Relaxed);
        if waiting == 0 {
            return Told::default();
        }
        let head = places.consumer.head.load(Ordering::Relaxed);
        let room = places.capacity.saturating_sub(places.tail().saturating_sub(head));
        let told = places.consumer.told.load(Ordering::Relaxed);
        let more = if writes_off { room } else { room.min(head.saturating_sub(told)) };
        places.consumer.told.store(head, Ordering::Relaxed);
        let more = usize::try_from(more).unwrap_or(usize::MAX);
        // Additional: those that were notified and have not run yet may be long in coming.
        let notified = if more > 0 { self.room.notify(more.additional()) } else { 0 };
        // With fewer than that, no listener is left that was not notified.
        Told { anyone_waits: true, not_all: room > 0 && notified == more }
    }

    pub(super) fn close(&self) {
        let Some(places) = self.places.close() else { return };
        places.close();
        // Pairs with the fence in `wait_for_room`: a sender that is not seen here finds the lane closed.
        fence(Ordering::SeqCst);
        if places.consumer.waiting.load(Ordering::Relaxed) > 0 {
            self.room.notify(usize::MAX);
        }
    }

    /// Says that the consumer takes nothing more but what is [undelivered](Self::take_undelivered). Called by the consumer,
    /// once the lane is closed and before the signal says so.
    pub(super) fn leave(&self) {
        if let Some(places) = self.places.get() {
            places.leave();
        }
    }

    /// Tells whether nothing that was accepted is left to be taken.
    pub(super) fn is_drained(&self) -> bool {
        // A lane that evicts passes by what is in flight, so that nothing is left once it has given nothing.
        self.lane.kind().evicts() || self.places.get().is_none_or(Places::is_drained)
    }

    /// Takes the next message that anyone still wants. A lane that evicts needs its stash for that.
    ///
    /// Skips no more asks than the lane holds at once: askers that come and go without a rest must not keep the consumer
    /// from its other lanes. `None` then still means that nothing is left of what was there at the call, and whoever sent
    /// what is left did so after it or has yet to return, so that an announced sleep is ended by them. To a closed lane
    /// nothing more comes, and nobody need look at what is left in it: it is looked through to its end.
    ///
    /// # Safety
    ///
    /// One thread at a time calls this and [`take_undelivered`](Self::take_undelivered): the mailbox. It does not call this
    /// once it has [left](Self::leave).
    #[inline]
    pub(super) unsafe fn take(&self, mut stash: Option<&mut Stash<M>>) -> Option<M> {
        let places = self.places.get()?;
        let mut skipped = 0;
        while skipped < self.lane.capacity() || places.is_closed() {
            let envelope = match &mut stash {
                Some(stash) if self.lane.kind().evicts() => take_newest(places, stash),
                // SAFETY: the caller's promise.
                _ => unsafe { self.take_oldest(places) },
            }?;
            if !envelope.asker.is_some_and(Asker::release) {
                return Some(envelope.message);
            }
            add(&places.consumer.cancelled, 1);
            skipped += 1;
            // This may be the last take before a rest that has been announced already.
            fence(Ordering::SeqCst);
            self.tell_of_room(false);
        }
        None
    }

    /// # Safety
    ///
    /// As [`take`](Self::take).
    #[inline]
    unsafe fn take_oldest(&self, places: &Places<Envelope<M>>) -> Option<Envelope<M>> {
        // SAFETY: the caller's promise.
        let envelope = unsafe { places.pop() }?;
        // Looking at the depth fetches the line that senders write, so it is not done for every message.
        let head = places.consumer.head.load(Ordering::Relaxed);
        if head % LOOK_EVERY == 1 {
            saw(places, places.tail().saturating_sub(head - 1));
        }
        Some(envelope)
    }

    /// Takes whatever is left, in order of age, once the lane is closed and the signal says that the consumer has left.
    ///
    /// # Safety
    ///
    /// One thread at a time calls this: the mailbox, once it has [left](Self::leave) and the signal says so.
    pub(super) unsafe fn take_undelivered(&self, stash: Option<&mut Stash<M>>) -> Option<M> {
        let places = self.places.get()?;
        let envelope = stash.and_then(VecDeque::pop_front).or_else(|| {
            if self.lane.kind().evicts() {
                return places.pop_evicting();
            }
            // SAFETY: the caller's promise.
            unsafe { places.settle() }
        })?;
        add(&places.consumer.undelivered, 1);
        Some(envelope.message)
    }

    pub(super) fn holds_any(&self, stash: Option<&Stash<M>>) -> bool {
        stash.is_some_and(|stash| !stash.is_empty()) || self.places.get().is_some_and(|places| !places.is_drained())
    }

    /// Counts the end of a message's handling. Called by the consumer only.
    #[inline]
    pub(super) fn finish(&self) {
        if let Some(places) = self.places.get() {
            add(&places.consumer.handled, 1);
        }
    }

    pub(super) fn stats(&self) -> LaneStats {
        let mut stats = LaneStats {
            name: self.lane.name(),
            capacity: self.lane.capacity(),
            accepted: 0,
            handled: 0,
            refused: 0,
            evicted: 0,
            cancelled: 0,
            undelivered: 0,
            high_water: 0,
            depth: 0,
        };
        if let Some(places) = self.places.get() {
            let read = |figure: &AtomicU64| figure.load(Ordering::Relaxed);
            let (producers, consumer) = (&places.producers, &places.consumer);
            stats.handled = read(&consumer.handled);
            stats.refused = read(&producers.refused);
            stats.evicted = read(&producers.evicted) + read(&consumer.evicted);
            stats.cancelled = read(&consumer.cancelled);
            stats.undelivered = read(&consumer.undelivered);
            stats.high_water = read(&consumer.high_water);
            // Read last, so that what has ended was accepted.
            stats.accepted = places.accepted();
            let ended = stats.handled + stats.evicted + stats.cancelled + stats.undelivered;
            stats.depth = stats.accepted.saturating_sub(ended);
        }
        stats
    }
}

/// Evicts as well: what makes room is dropped last of all, for a message that sends when it is dropped must not take the
/// new one's room.
#[inline(never)]
fn send_evicting<M>(places: &Places<Envelope<M>>, envelope: Envelope<M>, signal: &Signal) -> Result<(), Refused<M>> {
    let _evicted = places.push_evicting(envelope).map_err(Refused::Closed)?;
    // A consumer that has left has passed by what it had not seen published, and that has come back.
    signal.notify();
    Ok(())
}

/// Takes back what was sent to a consumer that has left, unless the consumer has it.
#[cold]
fn take_back<M>(places: &Places<Envelope<M>>, position: u64) -> Result<(), Refused<M>> {
    places.take_back(position).map_or(Ok(()), |back| Err(Refused::Closed(back)))
}

/// Takes over what a ring that evicts has, and gives the newest.
fn take_newest<M>(places: &Places<Envelope<M>>, stash: &mut Stash<M>) -> Option<Envelope<M>> {
    // No more than the lane holds at once: senders that never rest must not keep the consumer from its work.
    for _ in 0..places.capacity {
        let Some(envelope) = places.pop_evicting() else { break };
        // Dropped when all is in its place and counted: a message may panic in its drop.
        let evicted = if stash.len() as u64 == places.capacity { stash.pop_front() } else { None };
        add(&places.consumer.evicted, u64::from(evicted.is_some()));
        stash.push_back(envelope);
    }
    saw(places, stash.len() as u64);
    stash.pop_back()
}

/// The depth only grows between two takes, so looking before a take sees its highest value since the last.
fn saw<T>(places: &Places<T>, waiting: u64) {
    let high_water = &places.consumer.high_water;
    let waiting = waiting.min(places.capacity);
    if waiting > high_water.load(Ordering::Relaxed) {
        high_water.store(waiting, Ordering::Relaxed);
    }
}

#[cfg(all(test, not(any(loom, shuttle))))]
mod tests {
    use super::*;
    use crate::reply::Reply;

    static LATEST: Lane = Lane::latest("latest");

    /// Claims a position as a producer does that is stopped then.
    fn stop_after_claim(lane: &LaneQueue<u32>) {
        lane.places.get().expect("it has been used").producers.tail.fetch_add(1, Ordering::SeqCst);
    }

    fn take(lane: &LaneQueue<u32>, stash: &mut Stash<u32>) -> Option<u32> {
        // SAFETY: each test has one thread.
        unsafe { lane.take(Some(stash)) }
    }

    fn plain(message: u32) -> Envelope<u32> {
        Envelope { message, asker: None }
    }

    #[test]
    fn what_was_evicted_long_ago_is_passed_by_in_one_step() {
        let (lane, signal, mut stash) = (LaneQueue::new(&LATEST), Signal::new(), Stash::new());
        assert!(lane.send(plain(1), &signal).is_ok());
        assert_eq!(take(&lane, &mut stash), Some(1));
        // As if so many had come while the consumer was busy.
        lane.places.get().expect("it has been used").producers.tail.store(1 << 60, Ordering::SeqCst);
        assert!(lane.send(plain(2), &signal).is_ok());
        assert_eq!(take(&lane, &mut stash), Some(2));
        assert_eq!(take(&lane, &mut stash), None);
    }

    #[test]
    fn a_message_whose_place_comes_round_before_the_consumer_is_taken() {
        let (lane, signal, mut stash) = (LaneQueue::new(&LATEST), Signal::new(), Stash::new());
        assert!(lane.send(plain(1), &signal).is_ok());
        // The first message's evictor is stopped, and so are others, a lap further than the consumer.
        (0..40).for_each(|_| stop_after_claim(&lane));
        assert!(lane.send(plain(2), &signal).is_ok());
        let all: Vec<_> = std::iter::from_fn(|| take(&lane, &mut stash)).collect();
        assert_eq!(all, [1, 2]);
    }

    #[test]
    fn messages_behind_stopped_senders_are_taken_and_their_places_used_again() {
        let (lane, signal, mut stash) = (LaneQueue::new(&LATEST), Signal::new(), Stash::new());
        for n in 0..1_000 {
            assert!(lane.send(plain(n), &signal).is_ok());
            stop_after_claim(&lane);
            assert!(lane.send(plain(n + 1), &signal).is_ok());
            assert_eq!((take(&lane, &mut stash), take(&lane, &mut stash)), (Some(n), Some(n + 1)));
        }
        let places = lane.places.get().expect("it has been used");
        assert_eq!(places.producers.void.load(Ordering::Relaxed), 0, "no sender had to come again");
    }

    #[test]
    fn a_closed_lane_is_looked_through_to_its_end() {
        let (lane, signal, mut stash) = (LaneQueue::new(&LATEST), Signal::new(), Stash::new());
        let (_reply, answer, asker) = Reply::<()>::queued();
        drop(answer);
        assert!(lane.send(Envelope { message: 1, asker: Some(asker) }, &signal).is_ok());
        // Who would have evicted the first is stopped, so that two lie where one should.
        stop_after_claim(&lane);
        assert!(lane.send(plain(2), &signal).is_ok());
        lane.close();
        assert_eq!(take(&lane, &mut stash), Some(2), "and not nothing, for the sake of an ask that was cancelled");
    }
}
