//! One lane's queue: what producers push into, what the consumer takes from, and the figures of both.
#![expect(unsafe_code, reason = "a ring's consumer promises to be the only one")]

use std::collections::VecDeque;
use std::ptr;

use event_listener::{Event, EventListener};

use crate::lane::{Lane, LaneKind, LaneStats};
use crate::mailbox::evicting::{self, EvictingRing, SPARE};
use crate::mailbox::first_use::FirstUse;
use crate::mailbox::places::{Places, add};
use crate::mailbox::ring::{self, ClaimError, Frees, RefusingRing};
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
    ring: Ring<M>,
    /// Where senders wait for room; one is woken per message taken.
    room: Event,
}

/// Returns whether a lane's messages fit into the address space.
pub(super) const fn fits<M>(lane: &Lane) -> bool {
    match lane.kind() {
        LaneKind::Control | LaneKind::Fifo => ring::fits::<Envelope<M>>(lane.capacity()),
        LaneKind::NewestFirst | LaneKind::Latest => evicting::fits::<Envelope<M>>(lane.capacity()),
    }
}

/// The kinds of ring, each made when the lane is first used. A kind that is added here is asked for in every `match`.
enum Ring<M> {
    Refusing(FirstUse<RefusingRing<Envelope<M>>>),
    Evicting(FirstUse<EvictingRing<Envelope<M>>>),
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
const LOOK_EVERY: u64 = 64;

/// Messages that an empty stash may keep room for.
const ROOMY: usize = 64;

impl<M> LaneQueue<M> {
    pub(super) fn new(lane: &'static Lane) -> Self {
        let ring = match lane.kind() {
            LaneKind::Control | LaneKind::Fifo => Ring::Refusing(FirstUse::new()),
            LaneKind::NewestFirst | LaneKind::Latest => Ring::Evicting(FirstUse::new()),
        };
        Self { lane, ring, room: Event::new() }
    }

    /// Puts a message in, marks the lane as filled and looks at the signal, or hands the message back. Never waits.
    #[inline(always)]
    pub(super) fn send(&self, envelope: Envelope<M>, signal: &Signal, mark: impl FnOnce()) -> Result<(), Refused<M>> {
        let capacity = || self.lane.capacity();
        match &self.ring {
            Ring::Refusing(ring) => match ring.get_or_make(|| RefusingRing::new(capacity(), Frees::WhenTaken)) {
                Some(ring) => send_refusing(ring, envelope, signal, mark),
                None => Err(Refused::Closed(envelope)),
            },
            Ring::Evicting(ring) => match ring.get_or_make(|| EvictingRing::new(capacity(), SPARE)) {
                Some(ring) => send_evicting(ring, envelope, signal, mark),
                None => Err(Refused::Closed(envelope)),
            },
        }
    }

    /// Returns the positions and the figures, if the lane has been used.
    #[inline]
    fn places(&self) -> Option<&Places> {
        match &self.ring {
            Ring::Refusing(ring) => ring.get().map(|ring| &ring.places),
            Ring::Evicting(ring) => ring.get().map(|ring| &ring.places),
        }
    }

    /// Counts a message that was handed back for want of room.
    pub(crate) fn count_refused(&self) {
        if let Some(places) = self.places() {
            places.producers.refused.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Has the caller told when there may be room again. It must try once more before it waits.
    ///
    /// ```text
    /// sender                                    consumer
    ///   push -> full                              pop, any number of times
    ///   waiting += 1                              before its task rests: announces that at the signal (3)
    ///   listen                                      ROOM_WANTED was set -> clears it; sees to it that as many
    ///   ROOM_WANTED at the signal  (1)              listeners are notified as there is room for, first come, first
    ///   fence SeqCst               (2)              served; sets it again if more are waiting than that
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
    pub(crate) fn wait_for_room(&self, signal: &Signal) -> (Waiting<'_>, EventListener) {
        let count = &self.places().expect("a lane that was found full has been used").producers.waiting;
        count.fetch_add(1, Ordering::Relaxed);
        let waiting = Waiting { count };
        let listener = self.room.listen();
        signal.want_room();
        // Pairs with the fence before `tell_of_room`.
        fence(Ordering::SeqCst);
        (waiting, listener)
    }

    /// Sees that no sender waits while there is room for it. Called by the consumer once it is sure to see who waits. Tells
    /// whether more are waiting than there is room for.
    pub(super) fn tell_of_room(&self) -> bool {
        let Some(places) = self.places() else { return false };
        let waiting = places.producers.waiting.load(Ordering::Relaxed);
        if waiting == 0 {
            return false;
        }
        let room = usize::try_from(self.room()).unwrap_or(usize::MAX);
        // Not additional: those that have been notified and have not run yet count.
        self.room.notify(room);
        waiting > room
    }

    /// Returns how many messages more the lane would take in.
    fn room(&self) -> u64 {
        match &self.ring {
            Ring::Refusing(ring) => ring.get().map_or(0, |ring| {
                let depth = ring.places.tail().saturating_sub(ring.freed());
                ring.capacity().saturating_sub(depth)
            }),
            // Nobody has to wait for room there.
            Ring::Evicting(_) => u64::MAX,
        }
    }

    pub(super) fn close(&self) {
        let places = match &self.ring {
            Ring::Refusing(ring) => ring.close().map(|ring| &ring.places),
            Ring::Evicting(ring) => ring.close().map(|ring| &ring.places),
        };
        let Some(places) = places else { return };
        places.close();
        // Pairs with the fence in `wait_for_room`: a sender that is not seen here finds the lane closed.
        fence(Ordering::SeqCst);
        if places.producers.waiting.load(Ordering::Relaxed) > 0 {
            self.room.notify(usize::MAX);
        }
    }

    /// Says that the consumer takes nothing more but what is [undelivered](Self::take_undelivered). Called by the consumer,
    /// once the lane is closed and before the signal says so.
    pub(super) fn leave(&self) {
        if let Some(places) = self.places() {
            places.leave();
        }
    }

    /// Tells whether nothing that was accepted is left to be taken.
    pub(super) fn is_drained(&self) -> bool {
        match &self.ring {
            Ring::Refusing(ring) => ring.get().is_none_or(|ring| ring.places.is_drained()),
            // It passes by what is in flight, so that nothing is left once it has given nothing.
            Ring::Evicting(_) => true,
        }
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
    pub(super) unsafe fn take(&self, stash: Option<&mut Stash<M>>) -> Option<M> {
        let mut skipped = 0;
        if let Ring::Refusing(ring) = &self.ring {
            let ring = ring.get()?;
            // SAFETY: the caller's promise.
            let (message, asker) = unsafe { take_parts(ring) }?;
            if !asker.is_some_and(Asker::release) {
                return Some(message);
            }
            self.skip(&ring.places, message);
            skipped = 1;
        }
        // SAFETY: the caller's promise.
        unsafe { self.take_wanted(stash, skipped) }
    }

    /// Counts a message whose asker has gone, and drops it.
    #[cold]
    fn skip(&self, places: &Places, message: M) {
        add(&places.figures.cancelled, 1);
        // This may be the last take before a rest that has been announced already.
        fence(Ordering::SeqCst);
        self.tell_of_room();
        drop(message);
    }

    /// Takes the next message that anyone still wants, after so many were `skipped`.
    ///
    /// # Safety
    ///
    /// As [`take`](Self::take).
    unsafe fn take_wanted(&self, mut stash: Option<&mut Stash<M>>, mut skipped: usize) -> Option<M> {
        while skipped < self.lane.capacity() || self.places()?.is_closed() {
            let (envelope, places) = match (&self.ring, &mut stash) {
                (Ring::Refusing(ring), _) => {
                    let ring = ring.get()?;
                    // SAFETY: the caller's promise.
                    let (message, asker) = unsafe { take_parts(ring) }?;
                    (Envelope { message, asker }, &ring.places)
                }
                (Ring::Evicting(ring), Some(stash)) => {
                    let ring = ring.get()?;
                    (take_newest(ring, stash)?, &ring.places)
                }
                (Ring::Evicting(_), None) => return None,
            };
            if !envelope.asker.is_some_and(Asker::release) {
                return Some(envelope.message);
            }
            self.skip(places, envelope.message);
            skipped += 1;
        }
        None
    }

    /// Takes whatever is left, in order of age, once the lane is closed and the signal says that the consumer has left.
    ///
    /// # Safety
    ///
    /// One thread at a time calls this: the mailbox, once it has [left](Self::leave) and the signal says so.
    pub(super) unsafe fn take_undelivered(&self, stash: Option<&mut Stash<M>>) -> Option<M> {
        let envelope = match &self.ring {
            // SAFETY: the caller's promise.
            Ring::Refusing(ring) => unsafe { ring.get()?.settle() }?,
            Ring::Evicting(ring) => {
                let ring = ring.get()?;
                let mut stash = stash;
                let oldest = stash.as_mut().and_then(|stash| stash.pop_front()).or_else(|| ring.pop());
                if oldest.is_none() {
                    ring.settle();
                    stash.into_iter().for_each(|stash| *stash = Stash::new());
                }
                oldest?
            }
        };
        add(&self.places()?.figures.undelivered, 1);
        Some(envelope.message)
    }

    /// Gives back memory that has been needless for a while. Called by the consumer when it rests.
    pub(super) fn rest(&self, stash: Option<&mut Stash<M>>) {
        match &self.ring {
            Ring::Refusing(ring) => ring.get().into_iter().for_each(RefusingRing::rest),
            Ring::Evicting(_) => {
                let is_roomy = |stash: &&mut Stash<M>| stash.is_empty() && stash.capacity() > ROOMY;
                stash.filter(is_roomy).into_iter().for_each(|stash| *stash = Stash::new());
            }
        }
    }

    /// Returns whether the next message is there to be taken. Cheaper than [`holds_any`](Self::holds_any), and does not count
    /// what is in flight.
    #[inline]
    pub(super) fn has_next(&self, stash: Option<&Stash<M>>) -> bool {
        match &self.ring {
            Ring::Refusing(ring) => ring.get().is_some_and(RefusingRing::is_next_there),
            Ring::Evicting(_) => self.holds_any(stash),
        }
    }

    pub(super) fn holds_any(&self, stash: Option<&Stash<M>>) -> bool {
        stash.is_some_and(|stash| !stash.is_empty()) || self.places().is_some_and(|places| !places.is_drained())
    }

    /// Counts the end of a message's handling. Called by the consumer only.
    #[inline]
    pub(super) fn finish(&self) {
        if let Some(places) = self.places() {
            add(&places.figures.handled, 1);
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
        if let Some(places) = self.places() {
            let read = |figure: &AtomicU64| figure.load(Ordering::Relaxed);
            let (producers, consumer) = (&places.producers, &places.figures);
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

#[inline(always)]
fn send_refusing<M>(
    ring: &RefusingRing<Envelope<M>>,
    envelope: Envelope<M>,
    signal: &Signal,
    mark: impl FnOnce(),
) -> Result<(), Refused<M>> {
    match ring.claim() {
        Ok(claim) => {
            let position = ring.fill(claim, envelope);
            mark();
            if signal.notify() { take_back(ring, position) } else { Ok(()) }
        }
        Err(ClaimError::Full) => Err(Refused::Full(envelope)),
        Err(ClaimError::Closed) => Err(Refused::Closed(envelope)),
    }
}

/// Takes back what was sent to a consumer that has left, unless the consumer has it.
#[cold]
fn take_back<M>(ring: &RefusingRing<Envelope<M>>, position: u64) -> Result<(), Refused<M>> {
    ring.take_back(position).map_or(Ok(()), |back| Err(Refused::Closed(back)))
}

/// Evicts as well: what makes room is dropped last of all, because a message that sends when it is dropped must not take
/// the new one's room.
#[inline(never)]
fn send_evicting<M>(
    ring: &EvictingRing<Envelope<M>>,
    envelope: Envelope<M>,
    signal: &Signal,
    mark: impl FnOnce(),
) -> Result<(), Refused<M>> {
    let pushed = ring.push(envelope);
    mark();
    // Nothing to take back: a departed consumer voided every unpublished position, so `push` already returned the message.
    if signal.notify() {
        ring.free_if_unused();
    }
    match pushed {
        Ok(_evicted) => Ok(()),
        Err((ClaimError::Full, envelope)) => Err(Refused::Full(envelope)),
        Err((ClaimError::Closed, envelope)) => Err(Refused::Closed(envelope)),
    }
}

/// Takes the oldest message, and its asker.
///
/// # Safety
///
/// As [`LaneQueue::take`].
#[inline(always)]
unsafe fn take_parts<M>(ring: &RefusingRing<Envelope<M>>) -> Option<(M, Option<Asker>)> {
    let parts = |envelope: *const Envelope<M>| {
        // SAFETY: the ring lends a valid envelope that nobody else touches.
        let Envelope { message, asker } = unsafe { &*envelope };
        // SAFETY: the ring forgets the envelope, so that each part is moved once.
        let message = unsafe { ptr::from_ref(message).read() };
        // SAFETY: as above.
        (message, unsafe { ptr::from_ref(asker).read() })
    };
    // SAFETY: the caller's promise.
    let parts = unsafe { ring.pop_with(parts) }?;
    note_depth(ring);
    Some(parts)
}

/// Keeps the highest depth, after a take.
#[inline]
fn note_depth<T>(ring: &RefusingRing<T>) {
    // Reading the depth fetches the line that senders write, so it is not done for every message.
    let head = ring.places.consumer.head.load(Ordering::Relaxed);
    if head % LOOK_EVERY == 1 {
        saw(&ring.places, ring.places.tail().saturating_sub(head - 1), ring.capacity());
    }
}

/// Takes over what a ring that evicts has, and returns the newest.
fn take_newest<M>(ring: &EvictingRing<Envelope<M>>, stash: &mut Stash<M>) -> Option<Envelope<M>> {
    // No more than the lane holds at once: senders that never rest must not keep the consumer from its work.
    for _ in 0..ring.capacity() {
        let Some(envelope) = ring.pop() else { break };
        // Dropped when all is in its place and counted: a message may panic in its drop.
        let evicted = if stash.len() as u64 == ring.capacity() { stash.pop_front() } else { None };
        add(&ring.places.figures.evicted, u64::from(evicted.is_some()));
        stash.push_back(envelope);
    }
    saw(&ring.places, stash.len() as u64, ring.capacity());
    stash.pop_back()
}

/// The depth only grows between two takes, so looking before a take sees its highest value since the last.
fn saw(places: &Places, waiting: u64, capacity: u64) {
    let high_water = &places.figures.high_water;
    let waiting = waiting.min(capacity);
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
        lane.places().expect("it has been used").producers.tail.fetch_add(1, Ordering::SeqCst);
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
        assert!(lane.send(plain(1), &signal, || {}).is_ok());
        assert_eq!(take(&lane, &mut stash), Some(1));
        // As if so many had come while the consumer was busy.
        lane.places().expect("it has been used").producers.tail.store(1 << 60, Ordering::SeqCst);
        assert!(lane.send(plain(2), &signal, || {}).is_ok());
        assert_eq!(take(&lane, &mut stash), Some(2));
        assert_eq!(take(&lane, &mut stash), None);
    }

    #[test]
    fn a_message_whose_place_comes_round_before_the_consumer_is_taken() {
        let (lane, signal, mut stash) = (LaneQueue::new(&LATEST), Signal::new(), Stash::new());
        assert!(lane.send(plain(1), &signal, || {}).is_ok());
        // The first message's evictor is stopped, and so are others, a lap further than the consumer.
        (0..40).for_each(|_| stop_after_claim(&lane));
        assert!(lane.send(plain(2), &signal, || {}).is_ok());
        let all: Vec<_> = std::iter::from_fn(|| take(&lane, &mut stash)).collect();
        assert_eq!(all, [1, 2]);
    }

    #[test]
    fn messages_behind_stopped_senders_are_taken_and_their_places_used_again() {
        let (lane, signal, mut stash) = (LaneQueue::new(&LATEST), Signal::new(), Stash::new());
        for n in 0..1_000 {
            assert!(lane.send(plain(n), &signal, || {}).is_ok());
            stop_after_claim(&lane);
            assert!(lane.send(plain(n + 1), &signal, || {}).is_ok());
            assert_eq!((take(&lane, &mut stash), take(&lane, &mut stash)), (Some(n), Some(n + 1)));
        }
        let places = lane.places().expect("it has been used");
        assert_eq!(places.producers.void.load(Ordering::Relaxed), 0, "no sender had to come again");
    }

    #[test]
    fn a_closed_lane_is_looked_through_to_its_end() {
        let (lane, signal, mut stash) = (LaneQueue::new(&LATEST), Signal::new(), Stash::new());
        let (_reply, answer, asker) = Reply::<()>::queued();
        drop(answer);
        assert!(lane.send(Envelope { message: 1, asker: Some(asker) }, &signal, || {}).is_ok());
        // Who would have evicted the first is stopped, so that two lie where one should.
        stop_after_claim(&lane);
        assert!(lane.send(plain(2), &signal, || {}).is_ok());
        lane.close();
        assert_eq!(take(&lane, &mut stash), Some(2), "and not nothing, for the sake of an ask that was cancelled");
    }
}
