//! A ring that evicts: a message pushed into a full ring replaces the oldest one. Lock-free for
//! producers and for the consumer.
//!
//! # Terms
//!
//! Position, claim, lap, publish and signal mean the same as in `ring`. In addition:
//!
//! * *Stamp*: an atomic word of the slot. It holds a position and a phase.
//! * *Owner*: the thread with exclusive use of the slot's memory.
//! * *Evict*: take a message out of the ring to make room for a newer one.
//! * *Void*: a claimed position is void if it never becomes a message. Its producer claims a new
//!   one.
//! * *Skip*: move the stamp of a claimed position, before it is published, to `HELD`, `EMPTY` or a
//!   later position. The position is then void. The consumer skips positions, and so do producers
//!   of a later lap.
//!
//! # Layout
//!
//! Positions and slots are as in `ring`. In addition, a slot may pass from one producer to another.
//! So its stamp holds the newest position of the slot, and its phase states the owner of the
//! memory:
//!
//! | phase | the position is | the memory belongs to |
//! |---|---|---|
//! | `EMPTY` | taken, evicted or void | no thread |
//! | `WRITING` | claimed | its producer |
//! | `FULL` | a message | the message |
//! | `TAKING` | a message being removed | the taker: the consumer, or an evicting producer |
//! | `HELD` | void | still the thread that owned it before |
//! | `REPLACING` | a message, being replaced by a newer one | the replacing producer |
//!
//! A slot's position only grows.
//!
//! # Protocol
//!
//! A producer claims `p = tail++` and reads the stamp of `p`'s slot. Let `q` be the stamp's
//! position:
//!
//! ```text
//! q >= p          another thread has skipped p: p is void
//! q <  p, EMPTY   -> (p, WRITING) by compare-exchange, as all below: the producer is the owner
//!         FULL    -> (p, WRITING): the producer is the owner, and evicts the message of q
//!         else    -> (p, HELD): the owner of the memory was stopped in the middle; p is void
//! ```
//!
//! 1. The producer, as owner, writes its value, and publishes it by `(p, WRITING) -> (p, FULL)`.
//!    The exchange fails only if `p` was skipped. The stamp is then `HELD`, and the producer takes
//!    its value out again.
//! 2. Whether `p` is a message now or void, the producer then evicts position `p - capacity` if
//!    that is still `FULL`: it moves the stamp to `TAKING`, moves the message out and releases the
//!    memory.
//! 3. Last, if `p` is a message and `p + capacity` is claimed by now, the producer evicts its own
//!    message. The reason: the claimant of `p + capacity` may have looked for message `p` before it
//!    was published.
//!
//! In the single order of all `SeqCst` accesses, either the claimant of `p + capacity` sees the
//! message, or the producer of `p` sees the claim. So the ring holds at most `capacity` messages
//! while no push is in progress.
//!
//! An owner releases the memory by `(p, WRITING or TAKING) -> (p, EMPTY)`. If the stamp has become
//! `(x, HELD)` in the meantime, it does so by `-> (x, EMPTY)`.
//!
//! The consumer goes from `head` to `tail`. It takes a `FULL` position (`-> TAKING`, then releases
//! the memory) and moves past any other. If such a position is claimed and not yet published, the
//! consumer skips it, so that the message behind it need not wait. The producer of the void
//! position then claims a new one, which the consumer has not passed. There is one exception: in an
//! open ring the consumer leaves the last claimed position alone, because no message waits behind
//! it.
//!
//! Positions more than one lap behind `tail` need no visit of their own, because each slot also
//! belongs to a position of the last lap. If the consumer finds a message of an earlier position
//! there, it takes this message, unless it has already taken a newer one. Then it evicts this
//! message in place of the stopped evictor, so that messages are taken in order. A claim of an
//! earlier position becomes void together with the later position. So a take visits at most one lap
//! of positions, however many were claimed.
//!
//! # Replacing
//!
//! A producer may replace a waiting message by a newer one (`by_key` selects it). It moves the
//! stamp from `(p, FULL)` to `(p, REPLACING)`, moves the old message out and its own in, and moves
//! the stamp back to `(p, FULL)`. Other threads treat `REPLACING` like `WRITING`. In particular,
//! the consumer may skip the position. Then the last exchange fails, and the producer takes its
//! message out again and pushes it. After a successful exchange the producer evicts its own message
//! if `p + capacity` is claimed, as in a push. The consumer may have gone to sleep in the meantime,
//! so the producer checks the signal, as after a push.
//!
//! # Progress
//!
//! A step fails only because another thread's step succeeded. A producer finding a slot's memory
//! owned by a stopped thread continues with the next position. The ring has [`SPARE`] more slots
//! than messages. So pushes are lock-free while at most that many threads are stopped in the middle
//! of a push. The consumer never waits for another thread.
//!
//! Void positions reduce the number of messages between the newest message and the evicted one: it
//! may be below `capacity` by the number of void positions. Those belong to threads that were
//! stopped or skipped just then. Producers stopped in the middle of a push increase this number: it
//! may be above `capacity` by the number of such producers.
//!
//! # The memory after the end
//!
//! The slots are freed once the consumer has taken everything and no push is in progress, even if
//! handles keep the ring alive. `users` counts the positions whose pushes have ended:
//!
//! ```text
//! producer                                 consumer
//!   p = tail++, and the rest of the push     GONE is set, everything taken
//!   users += 1             (SeqCst)          is_settled = true        (SeqCst)
//!   GONE? no -> done                         users == tail? -> frees
//!         yes: is_settled? users == tail? -> frees
//! ```
//!
//! In the single order of all `SeqCst` accesses, either the consumer sees the ended push, or its
//! producer sees `is_settled`. `users` is read before `tail`. If both are equal, no push was in
//! progress at the read of `users`. Later pushes find the ring closed and touch no slot.
//!
//! A producer about to look at slots without a claim first adds itself to `readers`, and then
//! checks `is_settled`. It subtracts itself before it checks the signal. The slots are freed only
//! if `readers` is 0 as well.
#![expect(unsafe_code, reason = "messages lie inline in memory that threads hand to each other")]

mod consumer;

use crate::mailbox::consumer::ConsumerSide;
use crate::mailbox::laps::Laps;
use crate::mailbox::places::{CLOSED, Places};
use crate::mailbox::ring::ClaimError;
use crate::mailbox::slots::{Slot, Slots, fit};
use crate::sync::{AtomicBool, AtomicU64, Ordering, store_before_load};

/// Slots beyond the capacity, so that producers get past slots owned by stopped threads.
pub(super) const SPARE: usize = 8;

const EMPTY: u64 = 0;
const WRITING: u64 = 1;
const FULL: u64 = 2;
const TAKING: u64 = 3;
const HELD: u64 = 4;
const REPLACING: u64 = 5;

/// The low bits of a stamp are the phase. The other bits are the position plus one, so that an
/// untouched slot has no position.
const PHASES: u64 = 8;

fn stamp(position: u64, phase: u64) -> u64 {
    (position + 1) * PHASES + phase
}

fn phase(stamp: u64) -> u64 {
    stamp % PHASES
}

/// Returns whether the stamp's position is before `position`.
fn is_before(stamp: u64, position: u64) -> bool {
    stamp / PHASES < position + 1
}

/// The result of entering the slot of a claimed position.
enum Entry<T> {
    /// This thread owns the memory, and the message found there, which is evicted.
    Owned(Option<T>),
    Void,
}

/// The memory of a lane in which the oldest message makes room for the newest.
pub(super) struct EvictingRing<T> {
    pub(super) places: Places,
    slots: Slots<T>,
    laps: Laps,
    /// The most messages waiting at a time. There are more slots.
    capacity: u64,
    /// Whether the consumer has departed and taken everything.
    is_settled: AtomicBool,
    /// One more than the highest position taken. Used by the consumer alone.
    taken: AtomicU64,
    /// Producers looking at slots without a claim.
    readers: AtomicU64,
}

/// Returns whether the slots of a ring for `capacity` messages fit into the address space.
pub(super) const fn fits<T>(capacity: usize) -> bool {
    fit::<T>(Laps::new(capacity + SPARE).slots())
}

impl<T> EvictingRing<T> {
    /// Creates a ring for `capacity` messages, with at least `spare` more slots.
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
            taken: AtomicU64::new(0),
            readers: AtomicU64::new(0),
        }
    }

    /// Returns the most messages waiting at a time.
    pub(super) fn capacity(&self) -> u64 {
        self.capacity
    }

    /// Pushes a value, and returns the messages evicted for it.
    ///
    /// The caller must check the signal next, and drop the evicted messages after that: their drop
    /// may send. If `GONE` is set, the caller must call [`free_if_unused`](Self::free_if_unused).
    ///
    /// # Errors
    ///
    /// Returns the value if the ring is closed, or if there is no memory for its slots.
    pub(super) fn push(&self, value: T) -> Result<Evicted<T>, (ClaimError, T)> {
        self.push_noting(value, |_slot| {}).map(|(evicted, _position)| evicted)
    }

    /// Does the same as [`push`](Self::push), and returns the value's position too. Calls `note`
    /// with the index of the value's slot while this thread owns the slot.
    pub(super) fn push_noting(
        &self,
        value: T,
        note: impl Fn(usize),
    ) -> Result<(Evicted<T>, u64), (ClaimError, T)> {
        let mut claims = 0;
        let pushed = self.push_counting(value, &mut claims, &note);
        // Release: this thread's accesses to the slots come before. SeqCst, because the caller
        // checks the signal next.
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
            // Checked first, so that senders to a closed ring do not keep claiming positions.
            if self.places.producers.tail.load(Ordering::Relaxed) & CLOSED != 0 {
                self.count_evicted(&evicted);
                return Err((ClaimError::Closed, value));
            }
            if !has_slots {
                return Err((ClaimError::Full, value));
            }
            *claims += 1;
            // SeqCst: a consumer that has announced its sleep sees the position of each producer
            // that missed the announcement.
            let position = self.places.producers.tail.fetch_add(1, Ordering::SeqCst);
            if position & CLOSED == 0 {
                let written = self.write(position, value, &mut evicted, note);
                // Pairs with the load in `is_overtaken`.
                store_before_load();
                evicted.add(
                    position.checked_sub(self.capacity).and_then(|oldest| self.take_at(oldest)),
                );
                match written {
                    Ok(()) => {
                        evicted.add(if self.is_overtaken(position) {
                            self.take_at(position)
                        } else {
                            None
                        });
                        self.count_evicted(&evicted);
                        return Ok((evicted, position));
                    }
                    Err(back) => value = back,
                }
            }
            self.places.producers.void.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Returns whether a message must be evicted because of the claims behind it. Called after a
    /// `SeqCst` write of the message's stamp.
    fn is_overtaken(&self, position: u64) -> bool {
        // Pairs with the claim in `push_counting`. Claims in a closed ring do not count.
        let tail = self.places.producers.tail.load(Ordering::SeqCst);
        tail & CLOSED == 0 && tail > position + self.capacity
    }

    fn count_evicted(&self, evicted: &Evicted<T>) {
        if evicted.len() > 0 {
            self.places.producers.evicted.fetch_add(evicted.len() as u64, Ordering::Relaxed);
        }
    }

    /// Returns the slot of a position claimed while the ring was open, or reached by the consumer.
    #[inline]
    fn slot(&self, position: u64) -> &Slot<T> {
        self.slots
            .at(self.laps.index(position))
            .expect("there is no claim without slots, and they stay while one is used")
    }

    /// Frees the slots if the consumer has settled everything and no push is in progress.
    #[cold]
    pub(super) fn free_if_unused(&self) {
        if !self.is_settled.load(Ordering::SeqCst) {
            return;
        }
        // Acquire, within SeqCst: the producers' accesses to the slots come before.
        let ended = self.places.producers.users.load(Ordering::SeqCst);
        let readers = self.readers.load(Ordering::SeqCst);
        if ended == self.places.tail() && readers == 0 {
            // SAFETY: no push was in progress when they were counted, and later pushes find the
            // ring closed. No thread was looking at the slots without a claim, and a later such
            // thread first finds `is_settled`. The consumer has taken everything, and checks
            // `is_settled` before it looks at a slot again.
            unsafe { self.slots.retire() };
        }
    }

    #[cfg(all(test, any(loom, shuttle)))]
    pub(super) fn has_slots(&self) -> bool {
        self.slots.are_made()
    }

    /// Publishes the value at `position`, or returns it if the position is void.
    fn write(
        &self,
        position: u64,
        value: T,
        evicted: &mut Evicted<T>,
        note: &impl Fn(usize),
    ) -> Result<(), T> {
        let slot = self.slot(position);
        let Entry::Owned(lapped) = enter(slot, position) else { return Err(value) };
        evicted.add(lapped);
        note(self.slot_of(position));
        slot.value.with_mut(|place| {
            // SAFETY: `enter` made this thread the owner of the memory.
            unsafe { (*place).write(value) }
        });
        publish(slot, position, WRITING)
    }

    /// Runs `act`, which may look at slots without a claim, and keeps the slots alive meanwhile.
    /// Returns its result. Returns `None` without a call if the consumer has settled everything,
    /// because then no messages and perhaps no slots are left, or if no slots were made yet.
    ///
    /// The caller must check the signal next. If `GONE` is set, it must call
    /// [`free_if_unused`](Self::free_if_unused).
    pub(super) fn staying<R>(&self, act: impl FnOnce() -> R) -> Option<R> {
        let readers = &self.readers;
        // SeqCst: either this thread sees `is_settled`, or the consumer sees this reader.
        readers.fetch_add(1, Ordering::SeqCst);
        store_before_load();
        let acted = (self.slots.are_made() && !self.is_settled.load(Ordering::SeqCst)).then(act);
        // Release, within SeqCst: this thread's accesses to the slots come before.
        readers.fetch_sub(1, Ordering::SeqCst);
        store_before_load();
        acted
    }

    /// Replaces the message of a position if it waits. Returns the evicted messages, including the
    /// old one. These are counted here. Called only while the slots are kept by
    /// [`staying`](Self::staying).
    ///
    /// In any case, the caller must check the signal next, and drop the evicted messages after
    /// that.
    ///
    /// # Errors
    ///
    /// Returns the value if it was not put in, and the old message if that was already taken out.
    pub(super) fn replace(&self, position: u64, value: T) -> Result<Evicted<T>, (T, Option<T>)> {
        let slot = self.slot(position);
        let (full, replacing) = (stamp(position, FULL), stamp(position, REPLACING));
        // Acquire: pairs with the exchange in `publish`. SeqCst: in the order of these accesses,
        // this thread owns the memory before another thread sees `REPLACING`.
        if slot.stamp.compare_exchange(full, replacing, Ordering::SeqCst, Ordering::SeqCst).is_err()
        {
            return Err((value, None));
        }
        let old = slot.value.with(|place| {
            // SAFETY: the stamp showed that the value was written, and the exchange made this
            // thread the owner.
            unsafe { place.cast::<T>().read() }
        });
        slot.value.with_mut(|place| {
            // SAFETY: this thread owns the memory, and has moved the old value out.
            unsafe { (*place).write(value) }
        });
        let mut evicted = Evicted { first: Some(old), more: Vec::new() };
        let published = publish(slot, position, REPLACING);
        // Pairs with the load in `is_overtaken`.
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

    /// Returns whether the message of a position waits or is just being replaced. Called by the
    /// consumer, or while the slots are kept by [`staying`](Self::staying).
    pub(super) fn has_message(&self, position: u64) -> bool {
        let seen = self.slot(position).stamp.load(Ordering::SeqCst);
        seen == stamp(position, FULL) || seen == stamp(position, REPLACING)
    }

    /// Takes the message of a position out if it is published. Any thread may call this.
    fn take_at(&self, position: u64) -> Option<T> {
        self.take_at_looking(position, &mut |_slot| {})
    }

    /// Does the same as [`take_at`](Self::take_at). Calls `look` with the slot's index while the
    /// message may be in the slot. If the message is taken, `look` has read the message's own key:
    /// before the take, only a replacement at this position can have owned the slot, and it keeps
    /// the key.
    fn take_at_looking(&self, position: u64, look: &mut impl FnMut(usize)) -> Option<T> {
        let slot = self.slot(position);
        let (full, taking) = (stamp(position, FULL), stamp(position, TAKING));
        // The load is enough in most calls. A failing exchange costs as much as a successful one.
        if slot.stamp.load(Ordering::SeqCst) != full {
            return None;
        }
        look(self.slot_of(position));
        // Pairs with the exchange in `publish`. SeqCst: this may be the last check before a sleep.
        slot.stamp.compare_exchange(full, taking, Ordering::SeqCst, Ordering::SeqCst).ok()?;
        let value = slot.value.with(|place| {
            // SAFETY: the stamp showed that the value was written, and the exchange made this
            // thread the owner.
            unsafe { place.cast::<T>().read() }
        });
        give_back(slot, taking);
        Some(value)
    }
}

/// Drops the messages left in the ring, if the mailbox was forgotten. Otherwise the mailbox has
/// already taken everything out.
impl<T> Drop for EvictingRing<T> {
    fn drop(&mut self) {
        let mut side = ConsumerSide::of_owned(self);
        while side.pop().is_some() {}
    }
}

/// The messages put out of the ring by a push. The producer drops them after it has checked the
/// signal.
pub(super) struct Evicted<T> {
    first: Option<T>,
    /// Rarely used: for a message a whole lap older whose evictor was stopped before it got there,
    /// or for the pushed message itself.
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

/// Publishes the value written by this thread at `position`, whose phase is `from`. Returns the
/// value if the position was skipped.
fn publish<T>(slot: &Slot<T>, position: u64, from: u64) -> Result<(), T> {
    // Pairs with the exchange in `take_at_looking`: a thread seeing `FULL` sees the value. SeqCst,
    // because the caller checks the signal next.
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

/// Makes this thread the owner of the slot's memory, for a position it has claimed.
fn enter<T>(slot: &Slot<T>, position: u64) -> Entry<T> {
    let mut seen = slot.stamp.load(Ordering::Relaxed);
    while is_before(seen, position) {
        let to = stamp(position, if matches!(phase(seen), EMPTY | FULL) { WRITING } else { HELD });
        // Acquire: pairs with `give_back`, or with the exchange in `publish` if a message is
        // evicted here.
        match slot.stamp.compare_exchange_weak(seen, to, Ordering::Acquire, Ordering::Relaxed) {
            Ok(_) => {
                return match phase(seen) {
                    EMPTY => Entry::Owned(None),
                    FULL => Entry::Owned(Some(slot.value.with(|place| {
                        // SAFETY: the stamp showed that a value was written, and the exchange made
                        // this thread the owner.
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

/// Releases memory owned by this thread. Its stamp is `owned`, or `HELD` if the position was
/// skipped.
fn give_back<T>(slot: &Slot<T>, owned: u64) {
    let mut seen = owned;
    // Release: pairs with the Acquire in `enter`. This thread's accesses to the memory come before.
    while let Err(now) = slot.stamp.compare_exchange_weak(
        seen,
        seen - phase(seen) + EMPTY,
        Ordering::Release,
        Ordering::Relaxed,
    ) {
        seen = now;
    }
}
