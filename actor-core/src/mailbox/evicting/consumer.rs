//! The consumer's side of an evicting ring: it takes the oldest message, and skips positions
//! without one.

use super::{EMPTY, EvictingRing, FULL, HELD, PHASES, REPLACING, WRITING, is_before, phase, stamp};
use crate::mailbox::consumer::ConsumerSide;
use crate::mailbox::places::{CLOSED, add};
use crate::sync::{Ordering, store_before_load};

/// The consumer's operations.
impl<T> ConsumerSide<'_, EvictingRing<T>> {
    /// Takes the oldest message out, and skips positions without one. Returns `None` if there is no
    /// message. In a closed ring, `None` also means that no message can follow.
    pub(in crate::mailbox) fn pop(&mut self) -> Option<T> {
        self.pop_looking(|_slot| {}).map(|(_position, value)| value)
    }

    /// Does the same as [`pop`](Self::pop), and returns the message's position too. Calls `look`
    /// with the index of the message's slot before the take, and perhaps with the indices of other
    /// slots earlier.
    pub(in crate::mailbox) fn pop_looking(
        &mut self,
        mut look: impl FnMut(usize),
    ) -> Option<(u64, T)> {
        // Settled first: from then on a producer may free the slots at any time.
        if self.is_settled.load(Ordering::Relaxed) || !self.slots.are_made() {
            return None;
        }
        let tail = self.places.producers.tail.load(Ordering::SeqCst);
        let (tail, is_closed) = (tail & !CLOSED, tail & CLOSED != 0);
        // Messages from before the last lap are found in the slots of the last lap.
        let mut head = self
            .places
            .consumer
            .head
            .load(Ordering::Relaxed)
            .max(tail.saturating_sub(self.slots.len()));
        while head < tail {
            // The last claim is left alone until it becomes a message: no message waits behind it,
            // and its producer still has to wake the consumer.
            let position = head;
            let step = self.take_or_pass(position, is_closed || position + 1 < tail, &mut look);
            head += u64::from(matches!(step, Step::Took(_) | Step::Passed));
            self.places.consumer.head.store(head, Ordering::Relaxed);
            let (position, value) = match step {
                Step::Took(value) => (position, value),
                Step::TookEarlier(earlier, value) => (earlier, value),
                Step::Passed => continue,
                Step::NotYet => return None,
            };
            let taken = self.taken.load(Ordering::Relaxed);
            if position >= taken || self.places.has_left() {
                self.taken.store(taken.max(position + 1), Ordering::Relaxed);
                return Some((position, value));
            }
            // A newer message has been taken. This one was overtaken a lap ago, and its evictors
            // are stopped, so the consumer evicts it. Counted before the drop, which may panic.
            add(&self.places.figures.evicted, 1);
            drop(value);
        }
        None
    }

    /// Records that the consumer has taken everything, and frees the slots unless a push is in
    /// progress. Called after the departure, once `GONE` is set at the signal. Does nothing while
    /// the ring is open.
    pub(in crate::mailbox) fn settle(&mut self) {
        if !self.places.is_closed() {
            return;
        }
        self.is_settled.store(true, Ordering::SeqCst);
        store_before_load();
        self.free_if_unused();
    }
}

impl<T> EvictingRing<T> {
    /// Takes the message of a position, or of an earlier lap in its slot. Otherwise skips the
    /// position if allowed. Called by the consumer.
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
            // SeqCst: a producer that finds its position void cannot miss the consumer's sleep,
            // because it pushes again.
            if pending
                && slot
                    .stamp
                    .compare_exchange(seen, void, Ordering::SeqCst, Ordering::Relaxed)
                    .is_ok()
            {
                return Step::Passed;
            }
        }
    }
}

/// The state of a position, as found by the consumer.
enum Step<T> {
    Took(T),
    /// A message of an earlier lap. The position itself has not been visited yet.
    TookEarlier(u64, T),
    /// Taken, evicted or void.
    Passed,
    /// Claimed, and not yet a message.
    NotYet,
}
