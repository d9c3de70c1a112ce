//! A ring that holds the newest message of each key.
//!
//! It is a ring that evicts, taken from oldest first, and an index from keys to positions. A sender
//! that finds a message of its key replaces it in place. Otherwise it pushes, and then notes the
//! position in the index.
//!
//! # The index only saves places
//!
//! No message depends on the index. A key that the index has lost is pushed again, so that two of
//! its messages lie in the ring. The consumer skips a message if the index knows a newer one of its
//! key. So what the consumer takes of one key gets newer each time:
//!
//! * A position is noted after its message is published, and only until it is overwritten by a
//!   higher position of its key or its message is gone.
//! * A replacement goes to the highest known position of its key.
//!
//! Two senders of one key that do not know of each other's message are both in the middle of a
//! send, so either message may count as the newer one. The same holds for a sender that meets a
//! replacement in flight: it pushes.
//!
//! # Layout
//!
//! An entry is one word; [`NEIGHBOURS`] entries form a line, which a keyed hash of the key names.
//!
//! ```text
//!  63    52 51                 0
//! |  tag   | position + 1       |    0: the entry is empty
//! ```
//!
//! An entry whose message is gone may be overwritten. If all entries of a line name other messages,
//! a position stays unknown. There is a line for every two keys of the lane's capacity.
//!
//! An entry is a hint. The key of a slot's message is `keys[slot]`. It is written by the owner of
//! the slot's memory before the message is published, and it is right if the slot's stamp is that
//! of the message before and after the load. The exchange that begins a replacement proves the same.
//!
//! # Accounting
//!
//! A replacement claims no position. `replaced` counts it as accepted, and its predecessor as
//! evicted.

use crate::mailbox::consumer::ConsumerSide;
use crate::mailbox::evicting::{Evicted, EvictingRing, SPARE};
use crate::mailbox::ring::ClaimError;
use crate::mailbox::sources::mix;
use crate::mailbox::table::{Line, Table};
use crate::sync::{AtomicU64, NEIGHBOURS, Ordering, unforeseen};

/// The memory of a lane that holds the newest message of each key.
pub(super) struct KeyedRing<T> {
    pub(super) ring: EvictingRing<T>,
    /// The key of each slot's message.
    keys: Table,
    /// The entries that one key may use are in one line.
    index: Table,
    /// Makes the hash unknown to the senders' peers.
    secret: u64,
    /// Messages that took another's place.
    pub(super) replaced: AtomicU64,
}

const POSITION_BITS: u32 = 52;
const POSITIONS: u64 = 1 << POSITION_BITS;

impl<T> KeyedRing<T> {
    pub(super) fn new(keys: usize) -> Self {
        let ring = EvictingRing::new(keys, SPARE);
        let lines = keys.div_ceil(2).next_power_of_two();
        Self {
            keys: Table::new(ring.slots().div_ceil(NEIGHBOURS)),
            ring,
            index: Table::new(lines),
            secret: unforeseen(),
            replaced: AtomicU64::new(0),
        }
    }

    /// Puts a value in, in place of the one of its key if one waits. Returns what made room for it. If the ring is closed or
    /// has no memory, returns why, the value, and the one of its key if that was already taken out.
    ///
    /// The caller looks at the signal next in either case, and drops what was evicted after that: its drop may send. If the
    /// signal says `GONE`, it calls [`EvictingRing::free_if_unused`].
    pub(super) fn push(&self, key: u64, value: T) -> Result<Evicted<T>, (ClaimError, T, Option<T>)> {
        if self.keys.get_or_make().is_none() || self.index.get_or_make().is_none() {
            return Err((
                if self.ring.places.is_closed() { ClaimError::Closed } else { ClaimError::Full },
                value,
                None,
            ));
        }
        let mut value = Some(value);
        let replace = || {
            let position = self.newest(key).filter(|_| !self.ring.places.is_closed())?;
            Some(self.ring.replace(position, value.take()?))
        };
        let replaced = match self.ring.staying(replace).flatten() {
            Some(Ok(evicted)) => {
                self.replaced.fetch_add(1, Ordering::Relaxed);
                return Ok(evicted);
            }
            Some(Err((back, taken))) => {
                value = Some(back);
                taken
            }
            None => None,
        };
        let value = value.expect("it was not put in, or came back");
        let pushed = self.ring.push_noting(value, |slot| self.key_at(slot).store(key, Ordering::SeqCst));
        let (mut evicted, position) = match pushed {
            Ok(pushed) => pushed,
            Err((why, back)) => return Err((why, back, replaced)),
        };
        // Counted where it was taken out.
        evicted.add(replaced);
        self.ring.staying(|| self.note(key, position));
        Ok(evicted)
    }

    /// Returns whether a newer message of the key than that of `position` waits.
    pub(super) fn has_newer(&self, key: u64, position: u64) -> bool {
        self.newest(key).is_some_and(|newest| newest > position)
    }

    /// Returns the highest known position at which a message of the key waits.
    fn newest(&self, key: u64) -> Option<u64> {
        let (line, tag) = self.line_of(key);
        let words = line.0.iter().map(|entry| entry.load(Ordering::SeqCst));
        let named = words.filter(|&word| word >> POSITION_BITS == tag).filter_map(position);
        named.filter(|&position| self.holds(position, key)).max()
    }

    /// Notes where a message of the key lies, unless the line is full of other messages.
    fn note(&self, key: u64, noted: u64) {
        if noted + 1 >= POSITIONS {
            return;
        }
        let (line, tag) = self.line_of(key);
        let word = tag << POSITION_BITS | (noted + 1);
        loop {
            let mut place = None;
            for entry in &line.0 {
                let seen = entry.load(Ordering::SeqCst);
                match position(seen) {
                    Some(other) if seen >> POSITION_BITS == tag && self.holds(other, key) => {
                        if other > noted {
                            return;
                        }
                        place = Some((entry, seen));
                        break;
                    }
                    Some(other) if self.ring.has_message(other) => {}
                    _ => place = place.or(Some((entry, seen))),
                }
            }
            let Some((entry, seen)) = place else { return };
            if entry.compare_exchange(seen, word, Ordering::SeqCst, Ordering::Relaxed).is_ok() {
                return;
            }
        }
    }

    /// Returns whether the message of `position` waits, and is of the key.
    fn holds(&self, position: u64, key: u64) -> bool {
        self.ring.has_message(position)
            && self.key_at(self.ring.slot_of(position)).load(Ordering::SeqCst) == key
            && self.ring.has_message(position)
    }

    fn line_of(&self, key: u64) -> (&Line, u64) {
        let lines = self.index.get().expect("no message comes before it is made");
        let hash = mix(key ^ self.secret);
        (&lines[hash as usize & (lines.len() - 1)], hash >> POSITION_BITS)
    }

    /// Returns the key of a slot's message.
    fn key_at(&self, slot: usize) -> &AtomicU64 {
        let keys = self.keys.get().expect("no message comes before they are made");
        &keys[slot / NEIGHBOURS].0[slot % NEIGHBOURS]
    }
}

impl<T> ConsumerSide<'_, KeyedRing<T>> {
    /// Views the ring beneath.
    pub(super) fn ring_side(&mut self) -> ConsumerSide<'_, EvictingRing<T>> {
        let keyed = self.get();
        self.reborrow().field(&keyed.ring)
    }

    /// Takes the oldest message out, with its position and the key that its sender found. The message is not asked for its
    /// key again: that is the user's code, which may answer otherwise, or panic while nobody counts the message.
    pub(super) fn pop(&mut self) -> Option<(u64, u64, T)> {
        let mut key = 0;
        let keyed = self.get();
        let look = |slot: usize| key = keyed.key_at(slot).load(Ordering::SeqCst);
        let (position, value) = self.ring_side().pop_looking(look)?;
        Some((position, key, value))
    }
}

fn position(word: u64) -> Option<u64> {
    (word % POSITIONS).checked_sub(1)
}

#[cfg(all(test, not(any(loom, shuttle))))]
mod tests {
    use super::*;

    fn push(ring: &KeyedRing<(u64, u32)>, key: u64, n: u32) -> usize {
        ring.push(key, (key, n)).map(|evicted| evicted.len()).unwrap_or(0)
    }

    fn rest(ring: &mut KeyedRing<(u64, u32)>) -> Vec<(u64, u32)> {
        let checked = |(_position, key, value): (u64, u64, (u64, u32))| {
            assert_eq!(key, value.0, "it comes with the key that its sender gave");
            value
        };
        let mut side = ConsumerSide::of_owned(ring);
        std::iter::from_fn(|| side.pop()).map(checked).collect()
    }

    #[test]
    fn the_newest_of_each_key_is_kept_in_its_place() {
        let mut ring = KeyedRing::new(4);
        assert_eq!([(1, 1), (2, 2), (1, 3), (3, 4), (2, 5)].map(|(key, n)| push(&ring, key, n)), [0, 0, 1, 0, 1]);
        assert_eq!(rest(&mut ring), [(1, 3), (2, 5), (3, 4)]);
        assert_eq!(push(&ring, 1, 6), 0, "its last one was taken");
        assert_eq!(rest(&mut ring), [(1, 6)]);
    }

    #[test]
    fn a_key_too_many_evicts_the_oldest() {
        let mut ring = KeyedRing::new(2);
        (1..=3).for_each(|key| _ = push(&ring, key, key as u32));
        assert_eq!(rest(&mut ring), [(2, 2), (3, 3)]);
    }

    #[test]
    fn as_many_keys_are_held_as_was_asked_for() {
        for keys in [1, 2, 3, 7, 64, 1_000] {
            let mut ring = KeyedRing::new(keys);
            for n in 0..3 {
                (0..keys as u64).for_each(|key| _ = push(&ring, key, n));
            }
            assert_eq!(rest(&mut ring), Vec::from_iter((0..keys as u64).map(|key| (key, 2))), "{keys} keys");
        }
    }
}
