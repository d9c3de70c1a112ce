//! One lane's queue: what producers push into, what the consumer takes from, and the figures of both.

use std::collections::VecDeque;

use concurrent_queue::{ConcurrentQueue, PushError};
use crossbeam_utils::CachePadded;
use event_listener::{Event, EventListener};

use crate::lane::{Lane, LaneKind, LaneStats};
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
pub(crate) struct LaneQueue<M> {
    lane: Lane,
    ring: ConcurrentQueue<Envelope<M>>,
    /// Where senders wait for room; one is woken per message taken.
    room: Event,
    /// Senders that wait for room or are about to. While there is none, the consumer passes `room` by: an event's
    /// notification takes the lock of its list.
    waiting: AtomicUsize,
    /// Written by producers, on a line of their own.
    producers: CachePadded<ProducerFigures>,
    /// Written by the consumer alone, on a line of its own.
    consumer: CachePadded<ConsumerFigures>,
}

struct ProducerFigures {
    refused: AtomicU64,
    evicted: AtomicU64,
}

struct ConsumerFigures {
    /// Messages popped from the ring, whatever became of them.
    taken: AtomicU64,
    handled: AtomicU64,
    /// Evicted by the consumer, from what it had already taken over.
    evicted: AtomicU64,
    cancelled: AtomicU64,
    undelivered: AtomicU64,
    high_water: AtomicU64,
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

/// The part of a lane that belongs to the consumer.
pub(super) struct Taken<M> {
    /// For a newest-first lane: what was taken over from the ring, oldest in front. Empty for the others.
    stash: VecDeque<Envelope<M>>,
}

/// Messages taken for each look at how many wait.
const LOOK_EVERY: u64 = 16;

impl<M> LaneQueue<M> {
    pub(super) fn new(lane: Lane) -> Self {
        let figure = || AtomicU64::new(0);
        Self {
            lane,
            ring: ConcurrentQueue::bounded(lane.capacity()),
            room: Event::new(),
            waiting: AtomicUsize::new(0),
            producers: CachePadded::new(ProducerFigures { refused: figure(), evicted: figure() }),
            consumer: CachePadded::new(ConsumerFigures {
                taken: figure(),
                handled: figure(),
                evicted: figure(),
                cancelled: figure(),
                undelivered: figure(),
                high_water: figure(),
            }),
        }
    }

    /// Puts a message in, or hands it back. Never waits.
    pub(crate) fn push(&self, envelope: Envelope<M>) -> Result<(), Refused<M>> {
        match self.lane.kind() {
            LaneKind::Control | LaneKind::Fifo => self.ring.push(envelope).map_err(|refused| match refused {
                PushError::Full(envelope) => Refused::Full(envelope),
                PushError::Closed(envelope) => Refused::Closed(envelope),
            }),
            LaneKind::NewestFirst => self.push_evicting(envelope),
            // A ring for one message swaps it under a lock bit, beside which the bit that says "closed" is kept.
            LaneKind::Latest => match self.ring.force_push(envelope) {
                Ok(replaced) => {
                    self.producers.evicted.fetch_add(u64::from(replaced.is_some()), Ordering::Relaxed);
                    Ok(())
                }
                Err(closed) => Err(Refused::Closed(closed.into_inner())),
            },
        }
    }

    /// Puts a message in, and takes the oldest out for as long as there is no room.
    ///
    /// Not by the ring's `force_push`: with room for several it stores the tail that it computed before, and with that
    /// undoes a close that came in between. What is pushed after that would never be taken, and its asker never told.
    fn push_evicting(&self, mut envelope: Envelope<M>) -> Result<(), Refused<M>> {
        // Dropped once the new message is in: a message that sends when it is dropped must not take the room.
        let mut _evicted = None;
        loop {
            envelope = match self.ring.push(envelope) {
                Ok(()) => return Ok(()),
                Err(PushError::Closed(envelope)) => return Err(Refused::Closed(envelope)),
                Err(PushError::Full(envelope)) => envelope,
            };
            if let Ok(oldest) = self.ring.pop() {
                self.producers.evicted.fetch_add(1, Ordering::Relaxed);
                _evicted = Some(oldest);
            }
        }
    }

    /// Counts a message that was handed back for want of room.
    pub(crate) fn count_refused(&self) {
        self.producers.refused.fetch_add(1, Ordering::Relaxed);
    }

    /// Has the caller told when there may be room again. It must try once more before it waits.
    ///
    /// ```text
    /// sender                                    consumer
    ///   push -> full                              pop
    ///   waiting += 1         (1)                  fence SeqCst
    ///   listen, fence SeqCst (2)                  waiting > 0 -> notify one more listener   (3)
    ///   push -> full: wait
    /// ```
    ///
    /// The fences make one of two things true: the second push sees the slot that the pop freed, or (3) sees (1). A
    /// notification between (1) and (2) reaches nobody, but then the slot was freed before the second push.
    pub(crate) fn wait_for_room(&self) -> (Waiting<'_>, EventListener) {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        let waiting = Waiting { count: &self.waiting };
        let listener = self.room.listen();
        // Pairs with the fence in `tell_of_room`.
        fence(Ordering::SeqCst);
        (waiting, listener)
    }

    /// Tells one waiting sender of the slot that was just freed.
    fn tell_of_room(&self) {
        // Pairs with the fence in `wait_for_room`.
        fence(Ordering::SeqCst);
        if self.waiting.load(Ordering::Relaxed) > 0 {
            // Additional, so that two freed slots wake two senders even if the first has not run yet.
            self.room.notify_additional(1);
        }
    }

    pub(super) fn close(&self) {
        self.ring.close();
        self.room.notify(usize::MAX);
    }

    /// Takes the next message that anyone still wants. Called by the consumer only.
    ///
    /// Skips no more asks than the lane holds at once: askers that come and go without a rest must not keep the consumer
    /// from its other lanes. `None` then still means that nothing is left of what was there at the call, and whoever sent
    /// what is left did so after it, so that an announced sleep is ended by them.
    pub(super) fn take(&self, taken: &mut Taken<M>) -> Option<M> {
        for _ in 0..self.lane.capacity() {
            let envelope = match self.lane.kind() {
                LaneKind::NewestFirst => self.take_newest(taken),
                LaneKind::Control | LaneKind::Fifo | LaneKind::Latest => self.take_oldest(),
            }?;
            if !envelope.asker.is_some_and(Asker::release) {
                return Some(envelope.message);
            }
            add(&self.consumer.cancelled, 1);
        }
        None
    }

    fn take_oldest(&self) -> Option<Envelope<M>> {
        // Looking at the depth fetches the line that senders write, so it is not done for every message.
        let look = self.consumer.taken.load(Ordering::Relaxed).is_multiple_of(LOOK_EVERY);
        let waiting = if look { self.ring.len() as u64 } else { 0 };
        let envelope = self.ring.pop().ok()?;
        self.saw(waiting);
        add(&self.consumer.taken, 1);
        if matches!(self.lane.kind(), LaneKind::Control | LaneKind::Fifo) {
            self.tell_of_room();
        }
        Some(envelope)
    }

    fn take_newest(&self, taken: &mut Taken<M>) -> Option<Envelope<M>> {
        // No more than the lane holds at once: senders that never rest must not keep the consumer from its work.
        for _ in 0..self.lane.capacity() {
            let Ok(envelope) = self.ring.pop() else { break };
            add(&self.consumer.taken, 1);
            // Dropped when all is in its place and counted: a message may panic in its drop.
            let evicted = if taken.stash.len() == self.lane.capacity() { taken.stash.pop_front() } else { None };
            add(&self.consumer.evicted, u64::from(evicted.is_some()));
            taken.stash.push_back(envelope);
        }
        self.saw(taken.stash.len() as u64);
        taken.stash.pop_back()
    }

    /// Takes whatever is left, in order of age, once the lane is closed. Called by the consumer only.
    pub(super) fn take_undelivered(&self, taken: &mut Taken<M>) -> Option<M> {
        let envelope = taken.stash.pop_front().or_else(|| {
            let envelope = self.ring.pop().ok()?;
            add(&self.consumer.taken, 1);
            Some(envelope)
        })?;
        add(&self.consumer.undelivered, 1);
        Some(envelope.message)
    }

    pub(super) fn holds_any(&self, taken: &Taken<M>) -> bool {
        !taken.stash.is_empty() || !self.ring.is_empty()
    }

    /// Counts the end of a message's handling. Called by the consumer only.
    pub(super) fn finish(&self) {
        add(&self.consumer.handled, 1);
    }

    /// The depth only grows between two takes, so looking before a take sees its highest value since the last.
    fn saw(&self, waiting: u64) {
        if waiting > self.consumer.high_water.load(Ordering::Relaxed) {
            self.consumer.high_water.store(waiting, Ordering::Relaxed);
        }
    }

    pub(super) fn stats(&self) -> LaneStats {
        let evicted_in_ring = self.producers.evicted.load(Ordering::Relaxed);
        let evicted_later = self.consumer.evicted.load(Ordering::Relaxed);
        let handled = self.consumer.handled.load(Ordering::Relaxed);
        let cancelled = self.consumer.cancelled.load(Ordering::Relaxed);
        let undelivered = self.consumer.undelivered.load(Ordering::Relaxed);
        let accepted = self.consumer.taken.load(Ordering::Relaxed) + self.ring.len() as u64 + evicted_in_ring;
        let ended = handled + cancelled + undelivered + evicted_in_ring + evicted_later;
        LaneStats {
            name: self.lane.name(),
            capacity: self.lane.capacity(),
            accepted,
            handled,
            refused: self.producers.refused.load(Ordering::Relaxed),
            evicted: evicted_in_ring + evicted_later,
            cancelled,
            undelivered,
            high_water: self.consumer.high_water.load(Ordering::Relaxed),
            depth: accepted.saturating_sub(ended),
        }
    }
}

impl<M> Taken<M> {
    pub(super) fn new() -> Self {
        Self { stash: VecDeque::new() }
    }
}

/// Adds to a figure that one thread alone writes: no read-modify-write is needed.
fn add(figure: &AtomicU64, n: u64) {
    figure.store(figure.load(Ordering::Relaxed) + n, Ordering::Relaxed);
}
