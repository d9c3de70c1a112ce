//! A ring that evicts: when it is full, the newest message takes the oldest one's place. Lock-free for both sides.
//!
//! # Layout
//!
//! Positions and slots are as in `ring`, but a slot changes hands between producers as well, so its stamp holds the newest
//! position that came to the slot and who owns the value's memory:
//!
//! | phase | the position is | the memory is |
//! |---|---|---|
//! | `EMPTY` | taken, evicted or void | nobody's |
//! | `WRITING` | claimed | its producer's |
//! | `FULL` | a message | the message's |
//! | `TAKING` | a message that goes | the taker's: the consumer, or a producer that evicts |
//! | `HELD` | void | still that of the owner of an earlier position |
//! | `REPLACING` | a message, out of which its successor is made | the replacing producer's |
//!
//! A slot's position only grows. A void position was claimed and will never be a message; its producer tries again with a
//! new one.
//!
//! # Protocol
//!
//! A producer claims `p = tail++` and looks at the stamp of `p`'s slot, of position `q`:
//!
//! ```text
//! q >= p          someone passed p by: void
//! q <  p, EMPTY   -> (p, WRITING), by compare-exchange as all that follow: the memory is mine
//!         FULL    -> (p, WRITING): so is the message of q, which is evicted
//!         else    -> (p, HELD): the owner of the memory was stopped in the middle; p is void
//! ```
//!
//! Having written, it moves `(p, WRITING) -> (p, FULL)`: from there on it is a message. If that fails, the stamp is `HELD`,
//! p was passed by, and it takes its message out again. Either way it then evicts position `p - capacity` if that is
//! still `FULL`: `-> TAKING`, moves the message out, gives the memory back. And last, if `p + capacity` is claimed by now,
//! it evicts its own message: whoever claimed that may have come to evict it before it was one. In the one order of `SeqCst`
//! accesses either that one sees the message, or this one the claim. So no more than `capacity` messages lie in the ring
//! when its producers rest.
//!
//! Giving memory back is `(p, WRITING or TAKING) -> (p, EMPTY)`, or, if the stamp has become `(x, HELD)` meanwhile,
//! `-> (x, EMPTY)`.
//!
//! The consumer goes from `head` to `tail`: it takes what is `FULL` (`-> TAKING`, and gives the memory back) and passes by
//! whatever else there is. A position that is claimed and not yet a message becomes void by that, so that the message
//! behind it need not wait, and its producer comes again with a position that the consumer has not passed.
//!
//! What lies more than a lap behind `tail` need not be gone through position by position, for each slot is one of the last
//! lap's as well. There the consumer takes a message of an earlier position if it finds one, and what is claimed at
//! an earlier position becomes void with the later one. So a take goes through one lap at most, however many came.
//!
//! # Replacing
//!
//! A producer may put a message in the place of one that waits (`by_key` decides of which). It moves
//! `(p, FULL) -> (p, REPLACING)`, moves the old message out and its own in, and then `-> (p, FULL)`. To others, a position
//! that is `REPLACING` is like one that is `WRITING`: the consumer may pass it by, and then the last step fails, so that
//! the producer takes its message out again and pushes it. After the last step it evicts its own message if
//! `p + capacity` is claimed, as a push does. The consumer may have gone to sleep meanwhile, so the producer looks at
//! the signal as after a push.
//!
//! # Progress
//!
//! A step fails only because another thread's succeeded. A producer that finds memory in the hands of a stopped thread goes
//! on to the next slot; there are [`SPARE`] more slots than messages, so pushes are lock-free while no more than that many
//! threads are stopped in the middle of a push. The consumer never waits for anyone.
//!
//! When positions are void, fewer than `capacity` messages may lie between the newest and the one that is evicted, by as
//! many as are void: threads that were stopped or passed by just then. While producers are stopped in the middle of a push,
//! more may lie there, by as many as they are.
//!
//! # The memory after the end
//!
//! Slots are given back once the consumer has taken everything and no push is in progress, although handles may keep the ring.
//! `users` counts the positions whose pushes have ended:
//!
//! ```text
//! producer                                 consumer
//!   p = tail++, and what follows             GONE is set, everything taken
//!   users += 1             (SeqCst)          is settled               (SeqCst)
//!   GONE? no -> done                         users == tail? -> frees
//!         yes: is settled? users == tail? -> frees
//! ```
//!
//! In the one order of `SeqCst` accesses either the consumer sees a push that has ended, or its producer sees that all is
//! settled. `users` is read before `tail`: if they are the same, no push was in progress when `users` was read, and those that
//! began later have found the ring closed and touch no slot.
//!
//! A producer that looks at slots without a claim counts itself in `readers` before it asks whether all is settled, and uncounts
//! itself before it looks at the signal. The slots are freed only when that count is 0 too.
#![expect(unsafe_code, reason = "messages lie inline in memory that threads hand to each other")]

use crate::mailbox::consumer::ConsumerSide;
use crate::mailbox::laps::Laps;
use crate::mailbox::places::{CLOSED, Places};
use crate::mailbox::ring::ClaimError;
use crate::mailbox::slots::{Slot, Slots, fit};
use crate::sync::{AtomicBool, AtomicU64, Ordering, store_before_load};

/// Slots beyond the capacity, so that producers get past those that a stopped thread holds.
pub(super) const SPARE: usize = 8;

const EMPTY: u64 = 0;
const WRITING: u64 = 1;
const FULL: u64 = 2;
const TAKING: u64 = 3;
const HELD: u64 = 4;
const REPLACING: u64 = 5;

/// The low bits of a stamp are the phase, the rest is the position and one, so that an untouched slot is of no position.
const PHASES: u64 = 8;

fn stamp(position: u64, phase: u64) -> u64 {
    (position + 1) * PHASES + phase
}

fn phase(stamp: u64) -> u64 {
    stamp % PHASES
}

/// Tells whether the stamp is of an earlier position.
fn is_before(stamp: u64, position: u64) -> bool {
    stamp / PHASES < position + 1
}

/// How a claimed position may be used.
enum Entry<T> {
    /// The memory is this thread's, and so is the message that lay there.
    Owned(Option<T>),
    Void,
}

/// The memory of a lane whose oldest message makes room for the newest.
pub(super) struct EvictingRing<T> {
    pub(super) places: Places,
    slots: Slots<T>,
    laps: Laps,
    /// Messages that may wait at once; there are more slots.
    capacity: u64,
    /// Whether the consumer has left and taken everything.
    is_settled: AtomicBool,
    /// Producers that look at slots without a claim.
    readers: AtomicU64,
}

/// Returns whether the slots of a ring for `capacity` messages fit into the address space.
pub(super) const fn fits<T>(capacity: usize) -> bool {
    fit::<T>(Laps::new(capacity + SPARE).slots())
}

impl<T> EvictingRing<T> {
    /// Makes a ring for `capacity` messages, with `spare` slots more.
    pub(super) fn new(capacity: usize, spare: usize) -> Self {
        let laps = Laps::new(capacity + spare);
        let slots = Slots::new(laps.slots());
        // If there is no memory now, each push tries again.
        slots.make();
        Self {
            places: Places::new(0),
            slots,
            laps,
            capacity: capacity as u64,
            is_settled: AtomicBool::new(false),
            readers: AtomicU64::new(0),
        }
    }

    /// Returns the number of messages that may wait at once.
    pub(super) fn capacity(&self) -> u64 {
        self.capacity
    }

    /// Puts a value in, and returns what was evicted for it. Hands the value back if the ring is closed, or if there is no
    /// memory for its slots.
    ///
    /// The caller looks at the signal next, and drops what was evicted after that: its drop may send. If the signal says
    /// `GONE`, it calls [`free_if_unused`](Self::free_if_unused).
    pub(super) fn push(&self, value: T) -> Result<Evicted<T>, (ClaimError, T)> {
        self.push_noting(value, |_slot| {}).map(|(evicted, _position)| evicted)
    }

    /// As [`push`](Self::push). Calls `note` with the index of the value's slot while this thread owns that, and returns
    /// the value's position too.
    pub(super) fn push_noting(&self, value: T, note: impl Fn(usize)) -> Result<(Evicted<T>, u64), (ClaimError, T)> {
        let mut claims = 0;
        let pushed = self.push_counting(value, &mut claims, &note);
        // Release: what this thread did with the slots comes before. SeqCst, because the signal is looked at next.
        self.places.producers.users.fetch_add(claims, Ordering::SeqCst);
        store_before_load();
        pushed
    }

    fn push_counting(
        &self,
        mut value: T,
        claims: &mut u64,
        note: &impl Fn(usize),
    ) -> Result<(Evicted<T>, u64), (ClaimError, T)> {
        let mut evicted = Evicted { first: None, more: Vec::new() };
        loop {
            let has_slots = self.slots.are_made() || self.slots.make();
            // Looked at first, so that senders to a closed ring do not go on counting positions.
            if self.places.producers.tail.load(Ordering::Relaxed) & CLOSED != 0 {
                self.count_evicted(&evicted);
                return Err((ClaimError::Closed, value));
            }
            if !has_slots {
                return Err((ClaimError::Full, value));
            }
            *claims += 1;
            // SeqCst: a consumer that has announced its sleep sees every position whose producer missed the announcement.
            let position = self.places.producers.tail.fetch_add(1, Ordering::SeqCst);
            if position & CLOSED == 0 {
                let written = self.write(position, value, &mut evicted, note);
                // Pairs with `is_overtaken`.
                store_before_load();
                evicted.add(position.checked_sub(self.capacity).and_then(|oldest| self.take_at(oldest)));
                match written {
                    Ok(()) => {
                        evicted.add(if self.is_overtaken(position) { self.take_at(position) } else { None });
                        self.count_evicted(&evicted);
                        return Ok((evicted, position));
                    }
                    Err(back) => value = back,
                }
            }
            self.places.producers.void.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Tells whether so many have come behind a message that it is to be evicted. Asked after a `SeqCst` write of it.
    fn is_overtaken(&self, position: u64) -> bool {
        // Pairs with the claim in `push`. Claims in a closed ring are none.
        let tail = self.places.producers.tail.load(Ordering::SeqCst);
        tail & CLOSED == 0 && tail > position + self.capacity
    }

    fn count_evicted(&self, evicted: &Evicted<T>) {
        if evicted.len() > 0 {
            self.places.producers.evicted.fetch_add(evicted.len() as u64, Ordering::Relaxed);
        }
    }

    /// Returns the slot of a position that was claimed while the ring was open, or that the consumer has come to.
    #[inline]
    fn slot(&self, position: u64) -> &Slot<T> {
        self.slots
            .at(self.laps.index(position))
            .expect("there is no claim without slots, and they stay while one is used")
    }

    /// Gives the slots back if the consumer has settled everything and no push is in progress.
    #[cold]
    pub(super) fn free_if_unused(&self) {
        if !self.is_settled.load(Ordering::SeqCst) {
            return;
        }
        // Acquire, within SeqCst: what producers did with the slots comes before.
        let ended = self.places.producers.users.load(Ordering::SeqCst);
        let readers = self.readers.load(Ordering::SeqCst);
        if ended == self.places.tail() && readers == 0 {
            // SAFETY: no push was in progress when they were counted, and later ones find the ring closed. Nobody looked at
            // the slots without a claim, and who does so later finds all settled first. The consumer has taken
            // everything, and does not look again.
            unsafe { self.slots.retire() };
        }
    }

    #[cfg(all(test, any(loom, shuttle)))]
    pub(super) fn has_slots(&self) -> bool {
        self.slots.are_made()
    }

    /// Makes a message of the value at `position`, or hands it back if the position is void.
    fn write(&self, position: u64, value: T, evicted: &mut Evicted<T>, note: &impl Fn(usize)) -> Result<(), T> {
        let slot = self.slot(position);
        let Entry::Owned(lapped) = enter(slot, position) else { return Err(value) };
        evicted.add(lapped);
        note(self.slot_of(position));
        slot.value.with_mut(|place| {
            // SAFETY: `enter` gave this thread the memory.
            unsafe { (*place).write(value) }
        });
        publish(slot, position, WRITING)
    }

    /// Has the slots stay while `act` runs, which may look at them without a claim. Returns what it returns, or `None` if the
    /// consumer has settled everything, so that there are no messages and perhaps no slots.
    ///
    /// The caller looks at the signal next. If that says `GONE`, it calls [`free_if_unused`](Self::free_if_unused).
    pub(super) fn staying<R>(&self, act: impl FnOnce() -> R) -> Option<R> {
        let readers = &self.readers;
        // SeqCst: either this sees that all is settled, or the consumer sees this reader.
        readers.fetch_add(1, Ordering::SeqCst);
        store_before_load();
        let acted = (self.slots.are_made() && !self.is_settled.load(Ordering::SeqCst)).then(act);
        // Release, within SeqCst: what this thread did with the slots comes before.
        readers.fetch_sub(1, Ordering::SeqCst);
        store_before_load();
        acted
    }

    /// Puts a value in the place of the message of a position, if that waits. Returns what was evicted, the old message
    /// among it. Otherwise returns the value, and the old message if that was taken out. What is evicted here is
    /// counted. Called while the slots are [staying](Self::staying).
    ///
    /// The caller looks at the signal next in any case, and drops what was evicted after that.
    pub(super) fn replace(&self, position: u64, value: T) -> Result<Evicted<T>, (T, Option<T>)> {
        let slot = self.slot(position);
        let (full, replacing) = (stamp(position, FULL), stamp(position, REPLACING));
        // Acquire: pairs with the exchange in `publish`. SeqCst: the memory is this thread's before it may be seen so.
        if slot.stamp.compare_exchange(full, replacing, Ordering::SeqCst, Ordering::SeqCst).is_err() {
            return Err((value, None));
        }
        let old = slot.value.with(|place| {
            // SAFETY: the stamp said that the value was written, and the exchange gave it to this thread.
            unsafe { place.cast::<T>().read() }
        });
        slot.value.with_mut(|place| {
            // SAFETY: the memory is this thread's, and what lay there was moved out.
            unsafe { (*place).write(value) }
        });
        let mut evicted = Evicted { first: Some(old), more: Vec::new() };
        let published = publish(slot, position, REPLACING);
        // Pairs with `is_overtaken`.
        store_before_load();
        if published.is_ok() && self.is_overtaken(position) {
            evicted.add(self.take_at(position));
        }
        self.count_evicted(&evicted);
        match published {
            Ok(()) => Ok(evicted),
            Err(back) => Err((back, evicted.first)),
        }
    }

    /// Returns the number of slots.
    pub(super) fn slots(&self) -> usize {
        self.laps.slots()
    }

    /// Returns the index of a position's slot.
    pub(super) fn slot_of(&self, position: u64) -> usize {
        self.laps.index(position)
    }

    /// Returns whether the message of a position waits, or its successor is being put into its place. Called by the consumer,
    /// or while the slots are [staying](Self::staying).
    pub(super) fn has_message(&self, position: u64) -> bool {
        let seen = self.slot(position).stamp.load(Ordering::SeqCst);
        seen == stamp(position, FULL) || seen == stamp(position, REPLACING)
    }

    /// Takes the message of a position out if it is there. Any thread may.
    fn take_at(&self, position: u64) -> Option<T> {
        self.take_at_looking(position, &mut |_slot| {})
    }

    /// As [`take_at`](Self::take_at). Calls `look` with the index of the slot while the message is in it. What is found beside
    /// the message is right if the message is taken: until then, nobody else can have had the slot.
    fn take_at_looking(&self, position: u64, look: &mut impl FnMut(usize)) -> Option<T> {
        let slot = self.slot(position);
        let (full, taking) = (stamp(position, FULL), stamp(position, TAKING));
        // A load first, which is all that it takes most often: an exchange that fails costs as much as one that does not.
        if slot.stamp.load(Ordering::SeqCst) != full {
            return None;
        }
        look(self.slot_of(position));
        // Pairs with the exchange in `write`. SeqCst: this may be the last look before a sleep.
        slot.stamp.compare_exchange(full, taking, Ordering::SeqCst, Ordering::SeqCst).ok()?;
        let value = slot.value.with(|place| {
            // SAFETY: the stamp said that the value was written, and the exchange gave it to this thread.
            unsafe { place.cast::<T>().read() }
        });
        give_back(slot, taking);
        Some(value)
    }

    fn take_or_pass(&self, position: u64, may_pass: bool, look: &mut impl FnMut(usize)) -> Step<T> {
        let slot = self.slot(position);
        loop {
            if let Some(value) = self.take_at_looking(position, look) {
                return Step::Took(value);
            }
            let seen = slot.stamp.load(Ordering::SeqCst);
            if is_before(seen, position) && phase(seen) == FULL {
                let earlier = seen / PHASES - 1;
                match self.take_at_looking(earlier, look) {
                    Some(value) => return Step::TookEarlier(earlier, value),
                    None => continue,
                }
            }
            let is_in_hand = seen == stamp(position, WRITING) || seen == stamp(position, REPLACING);
            let pending = is_before(seen, position) || is_in_hand;
            if !pending && seen != stamp(position, FULL) {
                return Step::Passed;
            }
            if pending && !may_pass {
                return Step::NotYet;
            }
            let void = stamp(position, if phase(seen) == EMPTY { EMPTY } else { HELD });
            // SeqCst: a producer that finds its position void has not missed the consumer's sleep: it comes again.
            if pending && slot.stamp.compare_exchange(seen, void, Ordering::SeqCst, Ordering::Relaxed).is_ok() {
                return Step::Passed;
            }
        }
    }
}

/// The consumer's operations.
impl<T> ConsumerSide<'_, EvictingRing<T>> {
    /// Takes the oldest message out, passing by what is none. `None` if there is no message, and, once the ring is closed,
    /// if none can come.
    pub(super) fn pop(&mut self) -> Option<T> {
        self.pop_looking(|_slot| {}).map(|(_position, value)| value)
    }

    /// As [`pop`](Self::pop). Calls `look` with the index of the message's slot before it is taken, and perhaps with those of
    /// others earlier. Returns the message's position too.
    pub(super) fn pop_looking(&mut self, mut look: impl FnMut(usize)) -> Option<(u64, T)> {
        if !self.slots.are_made() {
            return None;
        }
        let tail = self.places.producers.tail.load(Ordering::SeqCst);
        let (tail, is_closed) = (tail & !CLOSED, tail & CLOSED != 0);
        // What there is from before the last lap is found in that lap's slots.
        let mut head = self.places.consumer.head.load(Ordering::Relaxed).max(tail.saturating_sub(self.slots.len()));
        while head < tail {
            // The last claim is left to become a message: nothing waits behind it, and its producer owes a wake.
            let position = head;
            let step = self.take_or_pass(position, is_closed || position + 1 < tail, &mut look);
            head += u64::from(matches!(step, Step::Took(_) | Step::Passed));
            self.places.consumer.head.store(head, Ordering::Relaxed);
            match step {
                Step::Took(value) => return Some((position, value)),
                Step::TookEarlier(earlier, value) => return Some((earlier, value)),
                Step::Passed => {}
                Step::NotYet => return None,
            }
        }
        None
    }

    /// Says that the consumer has taken everything. Called once it has left and the signal says
    /// so. Nothing happens while the ring is open.
    pub(super) fn settle(&mut self) {
        if !self.places.is_closed() {
            return;
        }
        self.is_settled.store(true, Ordering::SeqCst);
        store_before_load();
        self.free_if_unused();
    }
}

/// Drops what nobody took, if the mailbox was forgotten: else it has taken everything out before.
impl<T> Drop for EvictingRing<T> {
    fn drop(&mut self) {
        let mut side = ConsumerSide::of_owned(self);
        while side.pop().is_some() {}
    }
}

/// What the consumer found at a position.
enum Step<T> {
    Took(T),
    /// A message of an earlier lap; the position is still to be looked at.
    TookEarlier(u64, T),
    /// Taken, evicted or void.
    Passed,
    /// Claimed, and not yet a message.
    NotYet,
}

/// What a push put out of the ring. Dropped by the producer, after the consumer was told.
pub(super) struct Evicted<T> {
    first: Option<T>,
    /// Seldom any: a message a whole lap older whose evictor was stopped before it came to it, or the pushed one itself.
    more: Vec<T>,
}

impl<T> Evicted<T> {
    pub(super) fn len(&self) -> usize {
        usize::from(self.first.is_some()) + self.more.len()
    }

    pub(super) fn add(&mut self, message: Option<T>) {
        match self.first {
            None => self.first = message,
            Some(_) => self.more.extend(message),
        }
    }
}

/// Makes a message of the value that this thread has written at `position`, whose phase is `from`. Returns the value if the
/// position was passed by.
fn publish<T>(slot: &Slot<T>, position: u64, from: u64) -> Result<(), T> {
    // Pairs with the exchange in `take_at`: who sees `FULL` sees the value. SeqCst, because the signal is looked at next.
    let (from, to) = (stamp(position, from), stamp(position, FULL));
    if slot.stamp.compare_exchange(from, to, Ordering::SeqCst, Ordering::SeqCst).is_ok() {
        return Ok(());
    }
    let back = slot.value.with(|place| {
        // SAFETY: this thread wrote the value, and `HELD` leaves the memory to it.
        unsafe { place.cast::<T>().read() }
    });
    give_back(slot, from);
    Err(back)
}

/// Makes the slot's memory this thread's, for a position that it claimed.
fn enter<T>(slot: &Slot<T>, position: u64) -> Entry<T> {
    let mut seen = slot.stamp.load(Ordering::Relaxed);
    while is_before(seen, position) {
        let to = stamp(position, if matches!(phase(seen), EMPTY | FULL) { WRITING } else { HELD });
        // Acquire: pairs with `give_back`, or with the exchange in `write` whose message is evicted here.
        match slot.stamp.compare_exchange_weak(seen, to, Ordering::Acquire, Ordering::Relaxed) {
            Ok(_) => {
                return match phase(seen) {
                    EMPTY => Entry::Owned(None),
                    FULL => Entry::Owned(Some(slot.value.with(|place| {
                        // SAFETY: the stamp said that a value was written, and the exchange gave it to this thread.
                        unsafe { place.cast::<T>().read() }
                    }))),
                    _ => Entry::Void,
                };
            }
            Err(now) => seen = now,
        }
    }
    Entry::Void
}

/// Gives up memory that this thread owns, known by the stamp `owned` unless the position was passed by.
fn give_back<T>(slot: &Slot<T>, owned: u64) {
    let mut seen = owned;
    // Release: pairs with `enter`. What this thread did with the memory comes before.
    while let Err(now) =
        slot.stamp.compare_exchange_weak(seen, seen - phase(seen) + EMPTY, Ordering::Release, Ordering::Relaxed)
    {
        seen = now;
    }
}
