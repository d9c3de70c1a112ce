//! One lane's queue: what producers push into, what the consumer takes from, and the figures of both.
#![expect(unsafe_code, reason = "a ring's consumer promises to be the only one")]

use std::collections::VecDeque;

use crate::mailbox::by_key::KeyedRing;
use crate::mailbox::evicting::{self, EvictingRing, SPARE};
use crate::mailbox::kind::{
    send_evicting, send_keyed, send_refusing, send_shared, take_in_turn, take_newest, take_newest_of_key, take_parts,
};
use crate::mailbox::lane::{Lane, LaneKind};
use crate::mailbox::lazy::FirstUse;
use crate::mailbox::message::Message;
use crate::mailbox::places::{Places, add};
use crate::mailbox::ring::{self, Frees, RefusingRing};
use crate::mailbox::share::{SharedRing, Sourced};
use crate::mailbox::signal::Signal;
use crate::mailbox::stash::Stash;
use crate::reply::Asker;
use crate::sync::{Ordering, fence};

/// A message on its way, with the asker whose leaving cancels it.
pub(crate) struct Envelope<M> {
    pub(crate) message: M,
    pub(crate) asker: Option<Asker>,
}

/// Why a push was refused; the envelope comes back.
pub(crate) enum Refused<M> {
    Full(Envelope<M>),
    /// As many messages of its source wait as may.
    OverShare(Envelope<M>),
    Closed(Envelope<M>),
}

/// The part of a lane that all threads share.
///
/// A lane that is never used costs a few words: its memory is made when the first message comes.
pub(crate) struct LaneQueue<M> {
    pub(super) lane: &'static Lane,
    pub(super) ring: Ring<M>,
}

/// Returns whether a lane's messages fit into the address space.
pub(super) const fn fits<M>(lane: &Lane) -> bool {
    match lane.kind() {
        LaneKind::Control | LaneKind::Fifo if lane.share_of_source().is_some() => {
            ring::fits::<Sourced<Envelope<M>>>(lane.capacity())
        }
        LaneKind::Control | LaneKind::Fifo => ring::fits::<Envelope<M>>(lane.capacity()),
        LaneKind::NewestFirst | LaneKind::Latest | LaneKind::LatestByKey => {
            evicting::fits::<Envelope<M>>(lane.capacity())
        }
    }
}

/// The kinds of ring, each made when the lane is first used. A kind that is added here is asked for in every `match`.
pub(super) enum Ring<M> {
    Refusing(FirstUse<RefusingRing<Envelope<M>>>),
    Evicting(FirstUse<EvictingRing<Envelope<M>>>),
    Shared(FirstUse<SharedRing<Envelope<M>>>),
    Keyed(FirstUse<KeyedRing<Envelope<M>>>),
}

/// Messages that an empty stash may keep room for.
const ROOMY: usize = 64;

impl<M: Message> LaneQueue<M> {
    pub(super) fn new(lane: &'static Lane) -> Self {
        let ring = match lane.kind() {
            LaneKind::Control | LaneKind::Fifo if lane.share_of_source().is_some() => Ring::Shared(FirstUse::new()),
            LaneKind::LatestByKey => Ring::Keyed(FirstUse::new()),
            LaneKind::Control | LaneKind::Fifo => Ring::Refusing(FirstUse::new()),
            LaneKind::NewestFirst | LaneKind::Latest => Ring::Evicting(FirstUse::new()),
        };
        Self { lane, ring }
    }

    /// Puts a message in, marks the lane as filled and looks at the signal, or hands the message back. Never waits.
    #[inline(always)]
    pub(super) fn send(&self, envelope: Envelope<M>, signal: &Signal, mark: impl FnOnce()) -> Result<(), Refused<M>> {
        // The kind that most lanes are of comes first, without a jump table for all kinds.
        let Ring::Refusing(ring) = &self.ring else { return self.send_otherwise(envelope, signal, mark) };
        match ring.get_or_make(|| RefusingRing::new(self.lane.capacity(), Frees::WhenTaken)) {
            Some(ring) => send_refusing(ring, envelope, signal, mark),
            None => Err(Refused::Closed(envelope)),
        }
    }

    /// As [`send`](Self::send), to a lane of another kind.
    #[inline(never)]
    fn send_otherwise(&self, envelope: Envelope<M>, signal: &Signal, mark: impl FnOnce()) -> Result<(), Refused<M>> {
        let capacity = || self.lane.capacity();
        match &self.ring {
            Ring::Refusing(_) => unreachable!("sent to by `send`"),
            Ring::Evicting(ring) => match ring.get_or_make(|| EvictingRing::new(capacity(), SPARE)) {
                Some(ring) => send_evicting(ring, envelope, signal, mark),
                None => Err(Refused::Closed(envelope)),
            },
            Ring::Shared(ring) => {
                let share = || self.lane.share_of_source().unwrap_or(capacity());
                match ring.get_or_make(|| SharedRing::new(capacity(), share())) {
                    Some(ring) => send_shared(ring, envelope, signal, || self.back_out(), mark),
                    None => Err(Refused::Closed(envelope)),
                }
            }
            Ring::Keyed(ring) => match ring.get_or_make(|| KeyedRing::new(capacity())) {
                Some(ring) => send_keyed(ring, envelope, signal, mark),
                None => Err(Refused::Closed(envelope)),
            },
        }
    }

    /// Returns the positions and the figures, if the lane has been used.
    #[inline]
    pub(super) fn places(&self) -> Option<&Places> {
        // As in `send`.
        let Ring::Refusing(ring) = &self.ring else { return self.places_otherwise() };
        ring.get().map(|ring| &ring.places)
    }

    #[inline(never)]
    fn places_otherwise(&self) -> Option<&Places> {
        match &self.ring {
            Ring::Refusing(ring) => ring.get().map(|ring| &ring.places),
            Ring::Evicting(ring) => ring.get().map(|ring| &ring.places),
            Ring::Shared(ring) => ring.get().map(|ring| &ring.ring.places),
            Ring::Keyed(ring) => ring.get().map(|ring| &ring.ring.places),
        }
    }

    pub(super) fn close(&self) {
        let places = match &self.ring {
            Ring::Refusing(ring) => ring.close().map(|ring| &ring.places),
            Ring::Evicting(ring) => ring.close().map(|ring| &ring.places),
            Ring::Shared(ring) => ring.close().map(|ring| &ring.ring.places),
            Ring::Keyed(ring) => ring.close().map(|ring| &ring.ring.places),
        };
        let Some(places) = places else { return };
        places.close();
        // Pairs with the fence in `wait_for_room`: a sender that is not seen here finds the lane closed.
        fence(Ordering::SeqCst);
        if places.producers.waiting.load(Ordering::Relaxed) > 0 {
            places.consumer.room.notify(usize::MAX);
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
            // The queues of its sources are empty once it has given nothing.
            Ring::Shared(ring) => ring.get().is_none_or(|ring| ring.ring.places.is_drained()),
            // It passes by what is in flight, so that nothing is left once it has given nothing.
            Ring::Evicting(_) | Ring::Keyed(_) => true,
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
        self.tell_of_room(false);
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
                (Ring::Evicting(ring), Some(Stash::Newest(stash))) => {
                    let ring = ring.get()?;
                    (take_newest(ring, stash)?, &ring.places)
                }
                (Ring::Shared(ring), Some(Stash::Turns(turns))) => {
                    let ring = ring.get()?;
                    // SAFETY: the caller's promise.
                    (unsafe { take_in_turn(ring, turns) }?, &ring.ring.places)
                }
                (Ring::Keyed(ring), _) => {
                    let ring = ring.get()?;
                    (take_newest_of_key(ring)?, &ring.ring.places)
                }
                (Ring::Evicting(_) | Ring::Shared(_), _) => unreachable!("a lane's stash is of the lane's kind"),
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
        let envelope = match (&self.ring, stash) {
            // SAFETY: the caller's promise.
            (Ring::Refusing(ring), _) => unsafe { ring.get()?.settle() }?,
            (Ring::Evicting(ring), Some(Stash::Newest(stash))) => {
                let ring = ring.get()?;
                let oldest = stash.pop_front().or_else(|| ring.pop());
                if oldest.is_none() {
                    ring.settle();
                    *stash = VecDeque::new();
                }
                oldest?
            }
            // SAFETY: the caller's promise.
            (Ring::Shared(ring), Some(Stash::Turns(turns))) => unsafe { ring.get()?.settle(turns) }?,
            (Ring::Keyed(ring), _) => {
                let ring = &ring.get()?.ring;
                let oldest = ring.pop();
                if oldest.is_none() {
                    ring.settle();
                }
                oldest?
            }
            (Ring::Evicting(_) | Ring::Shared(_), _) => unreachable!("a lane's stash is of the lane's kind"),
        };
        add(&self.places()?.figures.undelivered, 1);
        Some(envelope.message)
    }

    /// Gives back memory that has been needless for a while. Called by the consumer when it rests.
    pub(super) fn rest(&self, stash: Option<&mut Stash<M>>) {
        match &self.ring {
            Ring::Refusing(ring) => ring.get().into_iter().for_each(RefusingRing::rest),
            Ring::Evicting(_) => match stash {
                Some(Stash::Newest(stash)) if stash.is_empty() && stash.capacity() > ROOMY => *stash = VecDeque::new(),
                _ => {}
            },
            // The queues of its sources give back by themselves what they did not need.
            Ring::Shared(ring) => ring.get().into_iter().for_each(|ring| ring.ring.rest()),
            Ring::Keyed(_) => {}
        }
    }

    /// Returns whether the next message is there to be taken. Cheaper than [`holds_any`](Self::holds_any), and does not count
    /// what is in flight.
    #[inline]
    pub(super) fn has_next(&self, stash: Option<&Stash<M>>) -> bool {
        match &self.ring {
            Ring::Refusing(ring) => ring.get().is_some_and(RefusingRing::is_next_there),
            Ring::Evicting(_) | Ring::Shared(_) | Ring::Keyed(_) => self.holds_any(stash),
        }
    }

    /// Returns how many messages wait, those in flight among them.
    pub(super) fn waiting(&self, stash: Option<&Stash<M>>) -> u64 {
        let in_ring = self
            .places()
            .map_or(0, |places| places.tail().saturating_sub(places.consumer.head.load(Ordering::Relaxed)));
        in_ring + stash.map_or(0, |stash| stash.len() as u64)
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
}

#[cfg(all(test, not(any(loom, shuttle))))]
mod tests {
    use super::*;
    use crate::reply::Reply;

    static LATEST: Lane = Lane::latest("latest");

    impl Message for u32 {}

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
        let (lane, signal, mut stash) = (LaneQueue::new(&LATEST), Signal::new(), Stash::new(&LATEST));
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
        let (lane, signal, mut stash) = (LaneQueue::new(&LATEST), Signal::new(), Stash::new(&LATEST));
        assert!(lane.send(plain(1), &signal, || {}).is_ok());
        // The first message's evictor is stopped, and so are others, a lap further than the consumer.
        (0..40).for_each(|_| stop_after_claim(&lane));
        assert!(lane.send(plain(2), &signal, || {}).is_ok());
        let all: Vec<_> = std::iter::from_fn(|| take(&lane, &mut stash)).collect();
        assert_eq!(all, [1, 2]);
    }

    #[test]
    fn messages_behind_stopped_senders_are_taken_and_their_places_used_again() {
        let (lane, signal, mut stash) = (LaneQueue::new(&LATEST), Signal::new(), Stash::new(&LATEST));
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
        let (lane, signal, mut stash) = (LaneQueue::new(&LATEST), Signal::new(), Stash::new(&LATEST));
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
