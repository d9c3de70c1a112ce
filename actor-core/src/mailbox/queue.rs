//! One lane's queue: its ring, and the figures of producers and consumer.

use std::collections::VecDeque;

use crate::mailbox::by_key::KeyedRing;
use crate::mailbox::consumer::ConsumerSide;
use crate::mailbox::envelope::{Envelope, Refused};
use crate::mailbox::evicting::{self, EvictingRing, SPARE};
use crate::mailbox::kind::{
    send_evicting, send_keyed, send_refusing, send_shared, take_in_turn, take_newest,
    take_newest_of_key, take_parts,
};
use crate::mailbox::lane::{Lane, LaneKind};
use crate::mailbox::lazy::FirstUse;
use crate::mailbox::message::Message;
use crate::mailbox::places::{Places, add};
use crate::mailbox::ring::{self, Frees, RefusingRing};
use crate::mailbox::share::{Sourced, SourcedRing};
use crate::mailbox::signal::Signal;
use crate::mailbox::stash::Stash;
use crate::reply::Asker;
use crate::sync::{Ordering, fence};

/// The shared part of a lane.
///
/// An unused lane costs a few words, because its memory is made for the first message.
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

/// The kinds of ring, each made at the lane's first use. Every `match` names all kinds.
pub(super) enum Ring<M> {
    Refusing(FirstUse<RefusingRing<Envelope<M>>>),
    Evicting(FirstUse<EvictingRing<Envelope<M>>>),
    Shared(FirstUse<SourcedRing<Envelope<M>>>),
    Keyed(FirstUse<KeyedRing<Envelope<M>>>),
}

/// The kind of a message whose type has no kinds.
const NO_KIND: u64 = u32::MAX as u64;

/// An empty stash may keep room for this many messages.
const ROOMY: usize = 64;

impl<M: Message> LaneQueue<M> {
    pub(super) fn new(lane: &'static Lane) -> Self {
        let ring = match lane.kind() {
            LaneKind::Control | LaneKind::Fifo if lane.share_of_source().is_some() => {
                Ring::Shared(FirstUse::new())
            }
            LaneKind::LatestByKey => Ring::Keyed(FirstUse::new()),
            LaneKind::Control | LaneKind::Fifo => Ring::Refusing(FirstUse::new()),
            LaneKind::NewestFirst | LaneKind::Latest => Ring::Evicting(FirstUse::new()),
        };
        Self { lane, ring }
    }

    /// Pushes a message, marks the lane as filled and checks the signal, or returns the message.
    /// Never waits.
    #[inline(always)]
    pub(super) fn send(
        &self,
        envelope: Envelope<M>,
        signal: &Signal,
        mark: impl FnOnce(),
    ) -> Result<(), Refused<M>> {
        // The most frequent kind comes first, without a jump table for all kinds.
        let Ring::Refusing(ring) = &self.ring else {
            return self.send_otherwise(envelope, signal, mark);
        };
        match ring.get_or_make(|| RefusingRing::new(self.lane.capacity(), Frees::WhenTaken)) {
            Some(ring) => send_refusing(ring, envelope, signal, mark),
            None => Err(Refused::Closed(envelope)),
        }
    }

    /// Does the same as [`send`](Self::send), for a lane of another kind.
    #[inline(never)]
    fn send_otherwise(
        &self,
        envelope: Envelope<M>,
        signal: &Signal,
        mark: impl FnOnce(),
    ) -> Result<(), Refused<M>> {
        let capacity = || self.lane.capacity();
        match &self.ring {
            Ring::Refusing(_) => unreachable!("sent to by `send`"),
            Ring::Evicting(ring) => match ring.get_or_make(|| EvictingRing::new(capacity(), SPARE))
            {
                Some(ring) => send_evicting(ring, envelope, signal, mark),
                None => Err(Refused::Closed(envelope)),
            },
            Ring::Shared(ring) => {
                let share = || self.lane.share_of_source().unwrap_or(capacity());
                match ring.get_or_make(|| SourcedRing::new(capacity(), share())) {
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
        // Pairs with the fence in `wait_for_room`: a sender not seen here finds the lane closed.
        fence(Ordering::SeqCst);
        if places.producers.waiting.load(Ordering::Relaxed) > 0 {
            places.consumer.room.notify(usize::MAX);
        }
    }

    /// Returns whether all accepted messages have been taken.
    pub(super) fn is_drained(&self) -> bool {
        match &self.ring {
            Ring::Refusing(ring) => ring.get().is_none_or(|ring| ring.places.is_drained()),
            // The queues of its sources are empty after a take without a message.
            Ring::Shared(ring) => ring.get().is_none_or(|ring| ring.ring.places.is_drained()),
            // A take skips messages in flight, so nothing is left after a take without a message.
            Ring::Evicting(_) | Ring::Keyed(_) => true,
        }
    }

    /// Counts and drops an ask whose asker has gone.
    #[cold]
    fn skip(&self, message: M) {
        if let Some(places) = self.places() {
            add(&places.figures.cancelled, 1);
        }
        // The consumer may have announced a sleep already, and this may be its last take before
        // that sleep.
        fence(Ordering::SeqCst);
        self.notify_of_room(false);
        drop(message);
    }

    /// Counts a message dropped because of its deadline. Called by the consumer only.
    #[cold]
    pub(super) fn expire(&self) {
        if let Some(places) = self.places() {
            add(&places.consumer.expired, 1);
            places.figures.in_hand.store(0, Ordering::Relaxed);
        }
    }

    /// Returns whether the next message is ready. Cheaper than [`holds_any`](Self::holds_any), and
    /// ignores messages in flight.
    #[inline]
    pub(super) fn has_next(&self, stash: Option<&Stash<M>>) -> bool {
        match &self.ring {
            Ring::Refusing(ring) => ring.get().is_some_and(RefusingRing::is_next_there),
            Ring::Evicting(_) | Ring::Shared(_) | Ring::Keyed(_) => self.holds_any(stash),
        }
    }

    /// Returns the number of waiting messages, including those in flight.
    pub(super) fn waiting(&self, stash: Option<&Stash<M>>) -> u64 {
        let in_ring = self.places().map_or(0, |places| {
            places.tail().saturating_sub(places.consumer.head.load(Ordering::Relaxed))
        });
        in_ring + stash.map_or(0, |stash| stash.len() as u64)
    }

    pub(super) fn holds_any(&self, stash: Option<&Stash<M>>) -> bool {
        stash.is_some_and(|stash| !stash.is_empty())
            || self.places().is_some_and(|places| !places.is_drained())
    }

    /// Keeps the kind of the message just taken. Called by the consumer only, for types with kinds.
    #[inline(always)]
    pub(super) fn has_in_hand(&self, message: &M) {
        if let Some(places) = self.places() {
            places.figures.in_hand.store(message.kind() as u64 + 1, Ordering::Relaxed);
        }
    }

    /// Counts the end of a message's handling. Called by the consumer only.
    #[inline]
    pub(super) fn finish(&self) {
        // As in `send`.
        if let Ring::Refusing(ring) = &self.ring {
            if let Some(ring) = ring.get() {
                add(&ring.places.figures.handled, 1);
                // Otherwise the next message would be seen with this kind, between its take and
                // the note of its own kind.
                if !M::KINDS.is_empty() {
                    ring.places.figures.in_hand.store(0, Ordering::Relaxed);
                }
            }
        } else if let Some(places) = self.places_otherwise() {
            add(&places.figures.handled, 1);
            places.figures.in_hand.store(0, Ordering::Relaxed);
        }
    }
}

/// A consumer's view of a lane's ring.
enum RingSide<'a, M> {
    Refusing(ConsumerSide<'a, RefusingRing<Envelope<M>>>),
    Evicting(ConsumerSide<'a, EvictingRing<Envelope<M>>>),
    Shared(ConsumerSide<'a, SourcedRing<Envelope<M>>>),
    Keyed(ConsumerSide<'a, KeyedRing<Envelope<M>>>),
}

/// The consumer's operations. The stash is the lane's.
impl<M: Message> ConsumerSide<'_, LaneQueue<M>> {
    /// Views the lane's ring. `None` if the lane has not been used.
    #[inline(always)]
    fn ring_side(&mut self) -> Option<RingSide<'_, M>> {
        let side = self.reborrow();
        Some(match &side.get().ring {
            Ring::Refusing(ring) => RingSide::Refusing(side.field(ring).made()?),
            Ring::Evicting(ring) => RingSide::Evicting(side.field(ring).made()?),
            Ring::Shared(ring) => RingSide::Shared(side.field(ring).made()?),
            Ring::Keyed(ring) => RingSide::Keyed(side.field(ring).made()?),
        })
    }

    /// Records the consumer's departure: from now on messages are taken as
    /// [undelivered](Self::take_undelivered) only. Called after the lane is closed, and before
    /// `GONE` is set at the signal.
    pub(super) fn leave(&mut self) {
        if let Some(places) = self.places() {
            places.leave();
        }
    }

    /// Takes the next message, skipping each ask whose asker has gone.
    ///
    /// One call skips at most as many asks as the lane holds, because endless cancelled asks must
    /// not keep the consumer from other lanes. `None` still means: no message from before the call
    /// is left. The sender of a later message still has to check the signal, and then ends an
    /// announced sleep. A closed lane receives nothing more, so there one call skips all.
    #[inline]
    pub(super) fn take(mut self, stash: Option<&mut Stash<M>>) -> Option<M> {
        let (lane, mut skipped) = (self.get(), 0);
        // As in `send`.
        if let Ring::Refusing(ring) = &lane.ring {
            let mut ring = self.reborrow().field(ring).made()?;
            let (message, asker) = take_parts(&mut ring)?;
            if !asker.is_some_and(Asker::release) {
                return Some(message);
            }
            lane.skip(message);
            skipped = 1;
        }
        self.take_wanted(stash, skipped)
    }

    /// Does the same as [`take`](Self::take), after `skipped` skipped asks.
    fn take_wanted(mut self, mut stash: Option<&mut Stash<M>>, mut skipped: usize) -> Option<M> {
        while skipped < self.lane.capacity() || self.places()?.is_closed() {
            let envelope = match (self.ring_side()?, stash.as_deref_mut()) {
                (RingSide::Refusing(mut ring), _) => {
                    let (message, asker) = take_parts(&mut ring)?;
                    Envelope { message, asker }
                }
                (RingSide::Evicting(mut ring), Some(Stash::Newest(stash))) => {
                    take_newest(&mut ring, stash)?
                }
                (RingSide::Shared(mut ring), Some(Stash::Turns(turns))) => {
                    take_in_turn(&mut ring, turns)?
                }
                (RingSide::Keyed(mut ring), _) => take_newest_of_key(&mut ring)?,
                (RingSide::Evicting(_) | RingSide::Shared(_), _) => {
                    unreachable!("a lane's stash is of the lane's kind")
                }
            };
            if !envelope.asker.is_some_and(Asker::release) {
                self.note_in_hand();
                return Some(envelope.message);
            }
            self.skip(envelope.message);
            skipped += 1;
        }
        None
    }

    /// Marks the lane of the message just taken, if the ring does not show this itself: see
    /// [`in_hand`](LaneQueue::in_hand).
    fn note_in_hand(&self) {
        if let Some(places) = self.places() {
            places.figures.in_hand.store(NO_KIND + 1, Ordering::Relaxed);
        }
    }

    /// Takes the oldest remaining message, after the consumer's [departure](Self::leave) and once
    /// `GONE` is set at the signal.
    pub(super) fn take_undelivered(&mut self, stash: Option<&mut Stash<M>>) -> Option<M> {
        let envelope = match (self.ring_side()?, stash) {
            (RingSide::Refusing(mut ring), _) => ring.settle()?,
            (RingSide::Evicting(mut ring), Some(Stash::Newest(stash))) => {
                let oldest = stash.pop_front().or_else(|| ring.pop());
                if oldest.is_none() {
                    ring.settle();
                    *stash = VecDeque::new();
                }
                oldest?
            }
            (RingSide::Shared(mut ring), Some(Stash::Turns(turns))) => ring.settle(turns)?,
            (RingSide::Keyed(mut ring), _) => {
                let mut ring = ring.ring_side();
                let oldest = ring.pop();
                if oldest.is_none() {
                    ring.settle();
                }
                oldest?
            }
            (RingSide::Evicting(_) | RingSide::Shared(_), _) => {
                unreachable!("a lane's stash is of the lane's kind")
            }
        };
        add(&self.places()?.figures.undelivered, 1);
        Some(envelope.message)
    }

    /// Frees memory that was not needed for a while. Called when the consumer is idle.
    pub(super) fn rest(&mut self, stash: Option<&mut Stash<M>>) {
        match self.ring_side() {
            None => {}
            Some(RingSide::Refusing(mut ring)) => ring.rest(),
            Some(RingSide::Evicting(_)) => match stash {
                Some(Stash::Newest(stash)) if stash.is_empty() && stash.capacity() > ROOMY => {
                    *stash = VecDeque::new()
                }
                _ => {}
            },
            // The queues of its sources free their own memory.
            Some(RingSide::Shared(mut ring)) => ring.ring_side().rest(),
            Some(RingSide::Keyed(_)) => {}
        }
    }
}

#[cfg(all(test, not(any(loom, shuttle))))]
mod tests {
    use super::*;
    use crate::reply::Reply;

    static LATEST: Lane = Lane::latest("latest");

    impl Message for u32 {}

    /// Claims a position, like a producer stopped immediately afterwards.
    fn stop_after_claim(lane: &LaneQueue<u32>) {
        lane.places().expect("it has been used").producers.tail.fetch_add(1, Ordering::SeqCst);
    }

    fn take(lane: &mut LaneQueue<u32>, stash: &mut Stash<u32>) -> Option<u32> {
        ConsumerSide::of_owned(lane).take(Some(stash))
    }

    fn plain(message: u32) -> Envelope<u32> {
        Envelope { message, asker: None }
    }

    #[test]
    fn positions_evicted_long_ago_are_skipped_in_one_step() {
        let (mut lane, signal, mut stash) =
            (LaneQueue::new(&LATEST), Signal::new(), Stash::new(&LATEST));
        assert!(lane.send(plain(1), &signal, || {}).is_ok());
        assert_eq!(take(&mut lane, &mut stash), Some(1));
        // As if so many messages had arrived while the consumer was busy.
        lane.places().expect("it has been used").producers.tail.store(1 << 50, Ordering::SeqCst);
        assert!(lane.send(plain(2), &signal, || {}).is_ok());
        assert_eq!(take(&mut lane, &mut stash), Some(2));
        assert_eq!(take(&mut lane, &mut stash), None);
    }

    #[test]
    fn a_message_from_before_the_last_lap_is_taken() {
        let (mut lane, signal, mut stash) =
            (LaneQueue::new(&LATEST), Signal::new(), Stash::new(&LATEST));
        assert!(lane.send(plain(1), &signal, || {}).is_ok());
        // The first message's evictor is stopped, and so are others, a lap ahead of the consumer.
        (0..40).for_each(|_| stop_after_claim(&lane));
        assert!(lane.send(plain(2), &signal, || {}).is_ok());
        let all: Vec<_> = std::iter::from_fn(|| take(&mut lane, &mut stash)).collect();
        assert_eq!(all, [1, 2]);
    }

    #[test]
    fn messages_behind_stopped_senders_are_taken_and_their_places_used_again() {
        let (mut lane, signal, mut stash) =
            (LaneQueue::new(&LATEST), Signal::new(), Stash::new(&LATEST));
        for n in 0..1_000 {
            assert!(lane.send(plain(n), &signal, || {}).is_ok());
            stop_after_claim(&lane);
            assert!(lane.send(plain(n + 1), &signal, || {}).is_ok());
            assert_eq!(
                (take(&mut lane, &mut stash), take(&mut lane, &mut stash)),
                (Some(n), Some(n + 1))
            );
        }
        let places = lane.places().expect("it has been used");
        assert_eq!(places.producers.void.load(Ordering::Relaxed), 0, "no sender had to push again");
    }

    #[test]
    fn a_take_from_a_closed_lane_skips_every_cancelled_ask() {
        let (mut lane, signal, mut stash) =
            (LaneQueue::new(&LATEST), Signal::new(), Stash::new(&LATEST));
        let (_reply, answer, asker) = Reply::<()>::queued();
        drop(answer);
        assert!(lane.send(Envelope { message: 1, asker: Some(asker) }, &signal, || {}).is_ok());
        // The first message's evictor is stopped, so two messages lie in a lane for one.
        stop_after_claim(&lane);
        assert!(lane.send(plain(2), &signal, || {}).is_ok());
        lane.close();
        assert_eq!(
            take(&mut lane, &mut stash),
            Some(2),
            "the cancelled ask does not end the search"
        );
    }

    #[test]
    fn a_latest_lane_delivers_nothing_older_after_something_newer() {
        let (mut lane, signal, mut stash) =
            (LaneQueue::new(&LATEST), Signal::new(), Stash::new(&LATEST));
        let send = |lane: &LaneQueue<u32>, n| assert!(lane.send(plain(n), &signal, || {}).is_ok());
        send(&lane, 0);
        // The evictor of 0.
        stop_after_claim(&lane);
        let Ring::Evicting(ring) = &lane.ring else { unreachable!("a latest lane evicts") };
        let slots = ring.get().expect("it was used").slots() as u64;
        let mut n = 1;
        while lane.places().expect("it was used").tail() < slots {
            n += 1;
            send(&lane, n);
        }
        // The next owner of the slot of 0.
        stop_after_claim(&lane);
        let all: Vec<_> = std::iter::from_fn(|| take(&mut lane, &mut stash)).collect();
        assert!(all.is_sorted(), "{all:?}");
    }
}
