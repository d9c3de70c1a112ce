//! One lane's queue: what producers push into, what the consumer takes from, and the figures of both.
#![expect(unsafe_code, reason = "a ring's consumer promises to be the only one")]

use std::collections::VecDeque;

use event_listener::{Event, EventListener};

use crate::lane::{Lane, LaneStats};
use crate::mailbox::evicting::{Evicted, SPARE};
use crate::mailbox::places::{Places, add};
use crate::mailbox::ring::PushError;
use crate::reply::Asker;
use crate::sync::{AtomicUsize, Ordering, fence};

/// A message on its way, with the asker whose leaving cancels it.
pub(crate) struct Envelope<M> {
    pub(crate) message: M,
    pub(crate) asker: Option<std::sync::Arc<dyn Asker>>,
}

/// Why a push was refused; the envelope comes back.
pub(crate) enum Refused<M> {
    Full(Envelope<M>),
    Closed(Envelope<M>),
}

/// What a push left to do once the signal has been looked at.
pub(super) enum Pushed<M> {
    /// The position, should the consumer be gone.
    At(u64),
    /// What was evicted, to be dropped: a message that sends when it is dropped must not take the new one's room.
    Evicting(Evicted<Envelope<M>>),
}

/// The part of a lane that all threads share.
pub(crate) struct LaneQueue<M> {
    lane: &'static Lane,
    /// Where senders wait for room; one is woken per message taken.
    room: Event,
    places: Places<Envelope<M>>,
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

/// The part of a lane that belongs to the consumer. There is one for each lane, and who has it is that lane's consumer.
pub(super) struct Taken<M> {
    /// For a lane that evicts: what was taken over from the ring, oldest in front. Empty for the others.
    stash: VecDeque<Envelope<M>>,
}

/// Messages taken for each look at how many wait.
const LOOK_EVERY: u64 = 16;

impl<M> LaneQueue<M> {
    pub(super) fn new(lane: &'static Lane) -> (Self, Taken<M>) {
        let spare = if lane.kind().evicts() { SPARE } else { 0 };
        let places = Places::new(lane.capacity(), spare);
        (Self { lane, room: Event::new(), places }, Taken { stash: VecDeque::new() })
    }

    /// Puts a message in, or hands it back. Never waits. The signal is to be looked at next.
    #[inline]
    pub(super) fn push(&self, envelope: Envelope<M>) -> Result<Pushed<M>, Refused<M>> {
        if self.lane.kind().evicts() {
            return self.places.push_evicting(envelope).map(Pushed::Evicting).map_err(Refused::Closed);
        }
        self.places.push(envelope).map(Pushed::At).map_err(|refused| match refused {
            PushError::Full(envelope) => Refused::Full(envelope),
            PushError::Closed(envelope) => Refused::Closed(envelope),
        })
    }

    /// Takes back what was pushed by a sender that then found the consumer gone, unless the consumer has it.
    pub(super) fn take_back(&self, position: u64) -> Option<Envelope<M>> {
        self.places.take_back(position)
    }

    /// Counts a message that was handed back for want of room.
    pub(crate) fn count_refused(&self) {
        self.places.producers.refused.fetch_add(1, Ordering::Relaxed);
    }

    /// Has the caller told when there may be room again. It must try once more before it waits.
    ///
    /// ```text
    /// sender                                    consumer
    ///   push -> full                              pop
    ///   waiting += 1         (1)                  waiting > 0 -> notify one more listener   (3)
    ///   listen, fence SeqCst (2)                  …
    ///   push -> full: wait                        before it rests: fence SeqCst,
    ///                                             waiting > 0 -> see that as many are notified as there is room for (4)
    /// ```
    ///
    /// (3) may miss (1). But the fences make one of two things true: the second push sees the slot that the pop freed, or
    /// (4) sees (1). A notification between (1) and (2) reaches nobody, but then the slot was freed before the second push.
    pub(crate) fn wait_for_room(&self) -> (Waiting<'_>, EventListener) {
        let count = &self.places.consumer.waiting;
        count.fetch_add(1, Ordering::Relaxed);
        let waiting = Waiting { count };
        let listener = self.room.listen();
        // Pairs with the fence before `tell_all_of_room`.
        fence(Ordering::SeqCst);
        (waiting, listener)
    }

    /// Tells one waiting sender, if one is seen, of the slot that was just freed.
    #[inline]
    fn tell_of_room(&self) {
        if self.places.consumer.waiting.load(Ordering::Relaxed) > 0 {
            // Additional, so that two freed slots wake two senders even if the first has not run yet.
            self.room.notify_additional(1);
        }
    }

    /// Sees that no sender waits while there is room for it. Called by the consumer, after a `SeqCst` fence.
    pub(super) fn tell_all_of_room(&self) {
        if self.places.consumer.waiting.load(Ordering::Relaxed) > 0 {
            let depth = self.places.tail().saturating_sub(self.places.consumer.head.load(Ordering::Relaxed));
            let room = (self.lane.capacity() as u64).saturating_sub(depth);
            // Not additional: those that have been notified and have not run yet count.
            self.room.notify(usize::try_from(room).unwrap_or(usize::MAX));
        }
    }

    pub(super) fn close(&self) {
        self.places.close();
        self.room.notify(usize::MAX);
    }

    /// Tells whether nothing that was accepted is left to be taken.
    pub(super) fn is_drained(&self) -> bool {
        // A lane that evicts passes by what is in flight, so that nothing is left once it has given nothing.
        self.lane.kind().evicts() || self.places.is_drained()
    }

    /// Takes the next message that anyone still wants. Called by the consumer only.
    ///
    /// Skips no more asks than the lane holds at once: askers that come and go without a rest must not keep the consumer
    /// from its other lanes. `None` then still means that nothing is left of what was there at the call, and whoever sent
    /// what is left did so after it, so that an announced sleep is ended by them.
    #[inline]
    pub(super) fn take(&self, taken: &mut Taken<M>) -> Option<M> {
        for _ in 0..self.lane.capacity() {
            let envelope = if self.lane.kind().evicts() { self.take_newest(taken) } else { self.take_oldest(taken) }?;
            if !envelope.asker.as_ref().is_some_and(|asker| asker.has_left()) {
                return Some(envelope.message);
            }
            add(&self.places.consumer.cancelled, 1);
        }
        None
    }

    #[inline]
    fn take_oldest(&self, _consumer: &mut Taken<M>) -> Option<Envelope<M>> {
        // SAFETY: who has a lane's `Taken` is its consumer, and it is borrowed alone.
        let envelope = unsafe { self.places.pop() }?;
        // Looking at the depth fetches the line that senders write, so it is not done for every message.
        let head = self.places.consumer.head.load(Ordering::Relaxed);
        if head % LOOK_EVERY == 1 {
            self.saw(self.places.tail().saturating_sub(head - 1));
        }
        self.tell_of_room();
        Some(envelope)
    }

    fn take_newest(&self, taken: &mut Taken<M>) -> Option<Envelope<M>> {
        // No more than the lane holds at once: senders that never rest must not keep the consumer from its work.
        for _ in 0..self.lane.capacity() {
            let Some(envelope) = self.places.pop_evicting() else { break };
            // Dropped when all is in its place and counted: a message may panic in its drop.
            let evicted = if taken.stash.len() == self.lane.capacity() { taken.stash.pop_front() } else { None };
            add(&self.places.consumer.evicted, u64::from(evicted.is_some()));
            taken.stash.push_back(envelope);
        }
        self.saw(taken.stash.len() as u64);
        taken.stash.pop_back()
    }

    /// Takes whatever is left, in order of age, once the lane is closed and the signal says that the consumer has left.
    /// Called by the consumer only.
    pub(super) fn take_undelivered(&self, taken: &mut Taken<M>) -> Option<M> {
        let envelope = taken.stash.pop_front().or_else(|| {
            if self.lane.kind().evicts() {
                return self.places.pop_evicting();
            }
            // SAFETY: who has a lane's `Taken` is its consumer, and it is borrowed alone.
            unsafe { self.places.settle() }
        })?;
        add(&self.places.consumer.undelivered, 1);
        Some(envelope.message)
    }

    pub(super) fn holds_any(&self, taken: &Taken<M>) -> bool {
        !taken.stash.is_empty() || !self.places.is_drained()
    }

    /// Counts the end of a message's handling. Called by the consumer only.
    pub(super) fn finish(&self) {
        add(&self.places.consumer.handled, 1);
    }

    /// The depth only grows between two takes, so looking before a take sees its highest value since the last.
    fn saw(&self, waiting: u64) {
        let high_water = &self.places.consumer.high_water;
        let waiting = waiting.min(self.places.capacity);
        if waiting > high_water.load(Ordering::Relaxed) {
            high_water.store(waiting, Ordering::Relaxed);
        }
    }

    pub(super) fn stats(&self) -> LaneStats {
        let (producers, consumer) = (&self.places.producers, &self.places.consumer);
        let read = |figure: &crate::sync::AtomicU64| figure.load(Ordering::Relaxed);
        let (handled, cancelled, undelivered) =
            (read(&consumer.handled), read(&consumer.cancelled), read(&consumer.undelivered));
        let evicted = read(&producers.evicted) + read(&consumer.evicted);
        // Read last, so that what has ended was accepted.
        let accepted = self.places.accepted();
        LaneStats {
            name: self.lane.name(),
            capacity: self.lane.capacity(),
            accepted,
            handled,
            refused: read(&producers.refused),
            evicted,
            cancelled,
            undelivered,
            high_water: read(&consumer.high_water),
            depth: accepted.saturating_sub(handled + cancelled + undelivered + evicted),
        }
    }
}

impl<M> Drop for LaneQueue<M> {
    fn drop(&mut self) {
        // Only if the mailbox was forgotten: it takes everything out before it goes.
        if self.lane.kind().evicts() {
            while self.places.pop_evicting().is_some() {}
        } else {
            self.places.drop_rest();
        }
    }
}
