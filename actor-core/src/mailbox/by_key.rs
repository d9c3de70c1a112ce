//! A ring with the newest message of each key.
//!
//! It is an evicting ring, drained from the oldest message on, and an index from keys to positions.
//! A sender replaces the waiting message of its key in place. If there is none, the sender pushes,
//! and then notes the position in the index.
//!
//! # The index only saves room
//!
//! No message depends on the index. If the index has lost a key, the next message of the key is
//! pushed, and two messages of the key lie in the ring. The consumer skips a message if the index
//! names a newer one of its key. So the messages taken of one key get newer each time:
//!
//! * A position is noted after its message is published. It stays noted until its message is gone,
//!   or until a higher position of its key overwrites it.
//! * A replacement goes to the highest known position of its key.
//! * A position left out of the index is unknown to later senders of its key. They must not replace
//!   a message before it. So its sender raises `unknown` above it, and no message of its line
//!   below `unknown` is replaced. A message behind a higher one of its key counts as left out too.
//! * The consumer takes positions in order. It evicts a message of an earlier lap found after a
//!   later position, instead of taking it.
//!
//! Two senders of one key may not know of each other's message. Then both are in the middle of a
//! send, so either message may count as the newer one. The same holds for a sender during
//! another replacement of its message: it pushes.
//!
//! # Layout
//!
//! An entry is one word. [`NEIGHBOURS`] entries form a line, and a keyed hash of the key selects
//! the line.
//!
//! ```text
//!  63    52 51                 0
//! |  tag   | position + 1       |    0: the entry is empty
//! ```
//!
//! There is a line for every two keys of the lane's capacity. An entry may be overwritten if its
//! message is gone. If all entries of a line name other messages, a position is left out.
//!
//! An entry is a hint. The key of a slot's message is `keys[slot]`. The owner of the slot's memory
//! writes it before the message is published. A load of the key is right if the slot's stamp is
//! that of the message both before and after the load. The exchange at the start of a replacement
//! counts as the check after the load.
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
use crate::sync::{AtomicU64, NEIGHBOURS, Ordering, store_before_load, unforeseen};

/// The memory of a lane with the newest message of each key.
pub(super) struct KeyedRing<T> {
    pub(super) ring: EvictingRing<T>,
    /// The key of each slot's message.
    keys: Table,
    /// The index. All entries that may hold one key are in one line.
    index: Table,
    /// The random key of the hash, unknown to peers.
    secret: u64,
    /// For each line of the index: one more than the highest position left out. It only grows.
    unknown: Table,
    /// Messages put in the place of another.
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
            unknown: Table::new(lines.div_ceil(NEIGHBOURS)),
            replaced: AtomicU64::new(0),
        }
    }

    /// Pushes a value, in place of the message of its key if one waits. Returns the evicted
    /// messages, including the replaced one.
    ///
    /// In any case, the caller must check the signal next. It drops the evicted messages only
    /// afterwards, because their drop may send. If `GONE` is set, the caller must call
    /// [`EvictingRing::free_if_unused`].
    ///
    /// # Errors
    ///
    /// If the ring is closed or has no memory, returns the reason, the value, and the old message
    /// of its key if that was already taken out.
    pub(super) fn push(
        &self,
        key: u64,
        value: T,
    ) -> Result<Evicted<T>, (ClaimError, T, Option<T>)> {
        if [&self.keys, &self.index, &self.unknown]
            .iter()
            .any(|table| table.get_or_make().is_none())
        {
            return Err((
                if self.ring.places.is_closed() { ClaimError::Closed } else { ClaimError::Full },
                value,
                None,
            ));
        }
        let spot = self.spot_of(key);
        let mut value = Some(value);
        let replace = || {
            let position = self.newest(key, &spot).filter(|_| !self.ring.places.is_closed())?;
            // Pairs with `leave_out`, in the order of all `SeqCst` accesses: a sender that begins
            // after the end of an earlier send sees the position left out by that send.
            let is_known = position >= spot.unknown.load(Ordering::SeqCst);
            if is_known { Some(self.ring.replace(position, value.take()?)) } else { None }
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
        let pushed =
            self.ring.push_noting(value, |slot| self.key_at(slot).store(key, Ordering::SeqCst));
        let (mut evicted, position) = match pushed {
            Ok(pushed) => pushed,
            Err((why, back)) => return Err((why, back, replaced)),
        };
        // Already counted by `replace`, which took it out.
        evicted.add(replaced);
        self.ring.staying(|| self.note(key, &spot, position));
        Ok(evicted)
    }

    /// Returns whether a message of the key waits at a position above `position`.
    pub(super) fn has_newer(&self, key: u64, position: u64) -> bool {
        self.newest(key, &self.spot_of(key)).is_some_and(|newest| newest > position)
    }

    /// Returns the highest known position with a waiting message of the key.
    fn newest(&self, key: u64, spot: &Spot<'_>) -> Option<u64> {
        let words = spot.line.0.iter().map(|entry| entry.load(Ordering::SeqCst));
        let named = words.filter(|&word| word >> POSITION_BITS == spot.tag).filter_map(position);
        named.filter(|&position| self.holds(position, key)).max()
    }

    /// Notes the position of a message of the key, or leaves it out if the line is full of other
    /// messages.
    fn note(&self, key: u64, spot: &Spot<'_>, noted: u64) {
        if noted + 1 >= POSITIONS {
            return spot.leave_out(noted);
        }
        let &Spot { line, tag, .. } = spot;
        let word = tag << POSITION_BITS | (noted + 1);
        loop {
            let mut place = None;
            for entry in &line.0 {
                let seen = entry.load(Ordering::SeqCst);
                match position(seen) {
                    Some(other) if seen >> POSITION_BITS == tag && self.holds(other, key) => {
                        if other > noted {
                            return spot.leave_out(noted);
                        }
                        place = Some((entry, seen));
                        break;
                    }
                    Some(other) if self.ring.has_message(other) => {}
                    _ => place = place.or(Some((entry, seen))),
                }
            }
            let Some((entry, seen)) = place else { return spot.leave_out(noted) };
            if entry.compare_exchange(seen, word, Ordering::SeqCst, Ordering::Relaxed).is_ok() {
                return;
            }
        }
    }

    /// Returns whether the message of `position` waits and has the key.
    fn holds(&self, position: u64, key: u64) -> bool {
        self.ring.has_message(position)
            && self.key_at(self.ring.slot_of(position)).load(Ordering::SeqCst) == key
            && self.ring.has_message(position)
    }

    fn spot_of(&self, key: u64) -> Spot<'_> {
        let lines = self.index.get().expect("no message comes before it is made");
        let unknown = self.unknown.get().expect("no message comes before they are made");
        let hash = mix(key ^ self.secret);
        let line = hash as usize & (lines.len() - 1);
        Spot {
            line: &lines[line],
            tag: hash >> POSITION_BITS,
            unknown: &unknown[line / NEIGHBOURS].0[line % NEIGHBOURS],
        }
    }

    #[cfg(all(test, any(loom, shuttle)))]
    pub(super) fn share_a_line(&self, one: u64, other: u64) -> bool {
        std::ptr::eq(self.spot_of(one).line, self.spot_of(other).line)
    }

    /// Returns the key of a slot's message.
    fn key_at(&self, slot: usize) -> &AtomicU64 {
        let keys = self.keys.get().expect("no message comes before they are made");
        &keys[slot / NEIGHBOURS].0[slot % NEIGHBOURS]
    }
}

impl<T> ConsumerSide<'_, KeyedRing<T>> {
    /// Views the evicting ring.
    pub(super) fn ring_side(&mut self) -> ConsumerSide<'_, EvictingRing<T>> {
        let keyed = self.get();
        self.reborrow().field(&keyed.ring)
    }

    /// Takes the oldest message out. Returns its position, its key as found by its sender, and the
    /// message. The key is not computed again: `key` is the user's code, which may return another
    /// key, or panic while the message is not counted anywhere.
    pub(super) fn pop(&mut self) -> Option<(u64, u64, T)> {
        let mut key = 0;
        let keyed = self.get();
        let look = |slot: usize| key = keyed.key_at(slot).load(Ordering::SeqCst);
        let (position, value) = self.ring_side().pop_looking(look)?;
        Some((position, key, value))
    }
}

/// The place of a key in the index. Its hash is computed once for each message sent.
struct Spot<'a> {
    line: &'a Line,
    tag: u64,
    /// The word of the line in `unknown`.
    unknown: &'a AtomicU64,
}

impl Spot<'_> {
    /// Records that the index does not have this position.
    #[cold]
    fn leave_out(&self, position: u64) {
        self.unknown.fetch_max(position + 1, Ordering::SeqCst);
        store_before_load();
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
        let mut all = Vec::new();
        while let Some((position, key, value)) = side.pop() {
            if !side.has_newer(key, position) {
                all.push(checked((position, key, value)));
            }
        }
        all
    }

    #[test]
    fn the_newest_of_each_key_is_kept_in_its_place() {
        let mut ring = KeyedRing::new(4);
        assert_eq!(
            [(1, 1), (2, 2), (1, 3), (3, 4), (2, 5)].map(|(key, n)| push(&ring, key, n)),
            [0, 0, 1, 0, 1]
        );
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

    /// Publishes a message without noting it, like a sender stopped in between.
    fn push_without_note(ring: &KeyedRing<(u64, u32)>, key: u64, n: u32) -> u64 {
        let note = |slot| ring.key_at(slot).store(key, Ordering::SeqCst);
        ring.ring.push_noting((key, n), note).map(|(_, position)| position).expect("it is open")
    }

    #[test]
    fn a_late_note_does_not_put_a_newer_message_before_an_older_one() {
        let mut ring = KeyedRing::new(64);
        push(&ring, 0, 0);
        let line = |key| std::ptr::from_ref(ring.spot_of(key).line);
        let alike: Vec<u64> = (1..).filter(|&key| line(key) == line(0)).take(NEIGHBOURS).collect();
        let (&late, others) = alike.split_last().expect("there are some");
        others.iter().for_each(|&key| _ = push(&ring, key, 0));
        let slow = push_without_note(&ring, late, 1);
        push(&ring, late, 2);
        assert!(ConsumerSide::of_owned(&mut ring).pop().is_some(), "an entry becomes free");
        ring.note(late, &ring.spot_of(late), slow);
        push(&ring, late, 3);
        let of_late = rest(&mut ring).into_iter().filter(|&(key, _)| key == late).map(|(_, n)| n);
        assert!(of_late.is_sorted(), "newer each time");
    }

    #[test]
    fn as_many_keys_are_held_as_was_asked_for() {
        for keys in [1, 2, 3, 7, 64, 1_000] {
            let mut ring = KeyedRing::new(keys);
            for n in 0..3 {
                (0..keys as u64).for_each(|key| _ = push(&ring, key, n));
            }
            assert_eq!(
                rest(&mut ring),
                Vec::from_iter((0..keys as u64).map(|key| (key, 2))),
                "{keys} keys"
            );
        }
    }

    /// Returns keys in the line of key 0.
    fn alike(ring: &KeyedRing<(u64, u32)>, n: usize) -> Vec<u64> {
        let line = |key| std::ptr::from_ref(ring.spot_of(key).line);
        (1..).filter(|&key| line(key) == line(0)).take(n).collect()
    }

    /// Claims a position, as a sender does that stops after its claim.
    fn stop_after_claim(ring: &KeyedRing<(u64, u32)>) {
        ring.ring.places.producers.tail.fetch_add(1, Ordering::SeqCst);
    }

    #[test]
    fn a_message_of_the_lap_before_does_not_follow_a_newer_one() {
        let mut ring = KeyedRing::new(16);
        push(&ring, 0, 0);
        let keys = alike(&ring, NEIGHBOURS);
        let (&late, others) = keys.split_last().expect("there are some");
        others.iter().for_each(|&key| _ = push(&ring, key, 0));
        // Left out of the index, because the line is full.
        let old = ring.ring.places.tail();
        push(&ring, late, 1);
        assert_eq!(ring.newest(late, &ring.spot_of(late)), None);
        let (capacity, slots) = (ring.ring.capacity(), ring.ring.slots() as u64);
        let mut key = 1 << 40;
        let mut fill = |to: u64| {
            while ring.ring.places.tail() < to {
                key += 1;
                push(&ring, key, 0);
            }
        };
        fill(old + capacity);
        // The evictor of `old`.
        stop_after_claim(&ring);
        push(&ring, late, 2);
        fill(old + slots);
        // The next owner of the slot of `old`.
        stop_after_claim(&ring);
        let taken = rest(&mut ring).into_iter();
        let of_late: Vec<_> = taken.filter(|&(key, _)| key == late).map(|(_, n)| n).collect();
        assert!(of_late.is_sorted(), "newer each time: {of_late:?}");
    }

    #[test]
    fn a_note_behind_a_higher_one_is_left_out() {
        let mut ring = KeyedRing::new(16);
        push(&ring, 0, 0);
        let alike = alike(&ring, 2);
        let (other, key) = (alike[0], alike[1]);
        assert!(ConsumerSide::of_owned(&mut ring).pop().is_some());
        // In entry 0.
        push(&ring, other, 0);
        let [p, a, o] = [1, 2, 3].map(|n| push_without_note(&ring, key, n));
        assert!(ConsumerSide::of_owned(&mut ring).pop().is_some(), "entry 0 becomes free");
        // The sender of `p` scanned entry 0 before that, the sender of `o` after it.
        ring.note(key, &ring.spot_of(key), o);
        let Spot { line, tag, .. } = ring.spot_of(key);
        line.0[1].store(tag << POSITION_BITS | (p + 1), Ordering::SeqCst);
        ring.note(key, &ring.spot_of(key), a);
        // The evictors of `p` and `a` are stopped, and the evictor of `o` is not.
        let capacity = ring.ring.capacity();
        let mut more = 1 << 40;
        while ring.ring.places.tail() < p + capacity {
            more += 1;
            push(&ring, more, 0);
        }
        stop_after_claim(&ring);
        stop_after_claim(&ring);
        push(&ring, 7 << 40, 0);
        assert!(!ring.ring.has_message(o) && ring.ring.has_message(a));
        push(&ring, key, 4);
        let taken = rest(&mut ring).into_iter();
        let of_key: Vec<_> = taken.filter(|&(of, _)| of == key).map(|(_, n)| n).collect();
        assert_eq!(of_key.last(), Some(&4), "{of_key:?}");
    }

    #[test]
    fn a_large_lane_holds_nearly_all_keys_sent_at_random() {
        const KEYS: u64 = 16_384;
        let mut ring = KeyedRing::new(KEYS as usize);
        let (mut seed, mut sent) = (1, std::collections::BTreeSet::new());
        for n in 0..10 * KEYS as u32 {
            seed = mix(seed + 1);
            let key = seed % KEYS;
            sent.insert(key);
            push(&ring, key, n);
        }
        let held: std::collections::BTreeSet<u64> =
            rest(&mut ring).into_iter().map(|(key, _)| key).collect();
        assert!(held.len() * 100 >= sent.len() * 98, "{} of {}", held.len(), sent.len());
    }
}
