//! A lane's send and take for each kind of ring.

use std::collections::VecDeque;

use crate::mailbox::by_key::KeyedRing;
use crate::mailbox::consumer::ConsumerSide;
use crate::mailbox::envelope::{Envelope, Refused};
use crate::mailbox::evicting::EvictingRing;
use crate::mailbox::message::Message;
use crate::mailbox::places::{Places, add};
use crate::mailbox::ring::{ClaimError, RefusingRing};
use crate::mailbox::share::{PushError, SourcedRing};
use crate::mailbox::signal::Signal;
use crate::mailbox::turns::Turns;
use crate::reply::Asker;
use crate::sync::Ordering;

/// Messages taken for each check of the depth.
const LOOK_EVERY: u64 = 64;

#[inline(always)]
pub(super) fn send_refusing<M>(
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

/// Takes a message back from a departed consumer, unless the consumer has it.
#[cold]
fn take_back<M>(ring: &RefusingRing<Envelope<M>>, position: u64) -> Result<(), Refused<M>> {
    ring.take_back(position).map_or(Ok(()), |back| Err(Refused::Closed(back)))
}

/// Takes the oldest message and its asker.
#[inline(always)]
pub(super) fn take_parts<M>(
    ring: &mut ConsumerSide<'_, RefusingRing<Envelope<M>>>,
) -> Option<(M, Option<Asker>)> {
    let (position, message, asker) = ring.pop_parts()?;
    note_depth(ring.get(), position);
    Some((message, asker))
}

/// Keeps the highest depth, after the take of a position.
#[inline]
fn note_depth<T>(ring: &RefusingRing<T>, position: u64) {
    // Reading the depth fetches the senders' cache line, so it is not read for every message.
    if position.is_multiple_of(LOOK_EVERY) {
        saw(&ring.places, ring.places.tail().saturating_sub(position), ring.capacity());
    }
}

/// Evicts as well. The evicted message is dropped last: its drop may send a message, which must not
/// take the new one's room.
#[inline(never)]
pub(super) fn send_evicting<M>(
    ring: &EvictingRing<Envelope<M>>,
    envelope: Envelope<M>,
    signal: &Signal,
    mark: impl FnOnce(),
) -> Result<(), Refused<M>> {
    let pushed = ring.push(envelope);
    mark();
    // Nothing to take back: a departed consumer voided every unpublished position, so `push`
    // already returned the message.
    if signal.notify() {
        ring.free_if_unused();
    }
    match pushed {
        Ok(_evicted) => Ok(()),
        Err((ClaimError::Full, envelope)) => Err(Refused::Full(envelope)),
        Err((ClaimError::Closed, envelope)) => Err(Refused::Closed(envelope)),
    }
}

/// Moves the messages of an evicting ring into the stash, and returns the newest.
pub(super) fn take_newest<M>(
    ring: &mut ConsumerSide<'_, EvictingRing<Envelope<M>>>,
    stash: &mut VecDeque<Envelope<M>>,
) -> Option<Envelope<M>> {
    if ring.places.has_left() {
        return None;
    }
    // At most as many as the lane holds, because busy senders must not keep the consumer from its
    // work.
    for _ in 0..ring.capacity() {
        if stash.try_reserve(1).is_err() {
            break;
        }
        let Some(envelope) = ring.pop() else { break };
        // Dropped only after the new message is stored and the eviction counted, because its drop
        // may panic.
        let evicted = if stash.len() as u64 == ring.capacity() { stash.pop_front() } else { None };
        add(&ring.places.figures.evicted, u64::from(evicted.is_some()));
        stash.push_back(envelope);
    }
    saw(&ring.places, stash.len() as u64, ring.capacity());
    // There may have been no memory for the stash.
    stash.pop_back().or_else(|| ring.pop())
}

#[inline(never)]
pub(super) fn send_shared<M: Message>(
    ring: &SourcedRing<Envelope<M>>,
    envelope: Envelope<M>,
    signal: &Signal,
    back_out: impl FnOnce(),
    mark: impl FnOnce(),
) -> Result<(), Refused<M>> {
    match ring.push(envelope.message.source(), envelope, back_out) {
        Ok(position) => {
            mark();
            let is_gone = signal.notify();
            let back = if is_gone { ring.take_back(position) } else { None };
            back.map_or(Ok(()), |back| Err(Refused::Closed(back)))
        }
        Err((PushError::OverShare, envelope)) => Err(Refused::OverShare(envelope)),
        Err((PushError::Full, envelope)) => Err(Refused::Full(envelope)),
        Err((PushError::Closed, envelope)) => Err(Refused::Closed(envelope)),
    }
}

/// Takes the next message of the source in turn.
pub(super) fn take_in_turn<M>(
    ring: &mut ConsumerSide<'_, SourcedRing<Envelope<M>>>,
    turns: &mut Turns<Envelope<M>>,
) -> Option<Envelope<M>> {
    let envelope = ring.take(turns)?;
    // The message in hand waited too.
    saw(&ring.ring.places, turns.len() as u64 + 1, ring.ring.capacity());
    Some(envelope)
}

/// Evicts as well, as [`send_evicting`] does.
#[inline(never)]
pub(super) fn send_keyed<M: Message>(
    ring: &KeyedRing<Envelope<M>>,
    envelope: Envelope<M>,
    signal: &Signal,
    mark: impl FnOnce(),
) -> Result<(), Refused<M>> {
    let pushed = ring.push(envelope.message.key(), envelope);
    mark();
    // Even if nothing was accepted: the consumer may have missed a message during its replacement.
    if signal.notify() {
        ring.ring.free_if_unused();
    }
    match pushed {
        Ok(_evicted) => Ok(()),
        Err((ClaimError::Full, envelope, _replaced)) => Err(Refused::Full(envelope)),
        Err((ClaimError::Closed, envelope, _replaced)) => Err(Refused::Closed(envelope)),
    }
}

/// Takes the oldest message, skipping each message with a newer one of the same key.
pub(super) fn take_newest_of_key<M>(
    ring: &mut ConsumerSide<'_, KeyedRing<Envelope<M>>>,
) -> Option<Envelope<M>> {
    if ring.ring.places.has_left() {
        return None;
    }
    loop {
        let (position, key, envelope) = ring.pop()?;
        let places = &ring.ring.places;
        if !ring.has_newer(key, position) {
            saw(places, places.tail().saturating_sub(position), ring.ring.capacity());
            return Some(envelope);
        }
        // Counted before the drop, because the drop may panic.
        add(&places.figures.evicted, 1);
    }
}

/// Raises the highest depth. The depth only grows between two takes, so a check before a take sees
/// the highest depth since the last take.
fn saw(places: &Places, waiting: u64, capacity: u64) {
    let high_water = &places.figures.high_water;
    let waiting = waiting.min(capacity);
    if waiting > high_water.load(Ordering::Relaxed) {
        high_water.store(waiting, Ordering::Relaxed);
    }
}
