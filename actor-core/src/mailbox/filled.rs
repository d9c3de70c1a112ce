//! The possibly filled lanes of a class: one bit each, so the cost of a search depends on the
//! filled lanes only.
//!
//! # Protocol
//!
//! ```text
//! producer                                    consumer (one, alone)
//!   publish a message         SeqCst (1)        the lane's bit is set: take -> nothing
//!   bit set?                  SeqCst (2)        clear the bit           SeqCst (3)
//!     yes -> nothing to do                    take again: something? set the bit again, serve it
//!     no  -> set it           SeqCst (4)                                SeqCst (5)
//!   check the signal
//! ```
//!
//! In the single order of all `SeqCst` accesses there are two cases. If (3) comes before (2), the
//! producer sets the bit. If (2) comes before (3), then (1) comes before (5), and the second take
//! finds the message. So a lane with a clear bit holds no message, except one in flight: its
//! producer still has to set the bit and to check the signal. A set bit means little, because the
//! lane may be empty. A producer changes nothing if the bit is set, so a message costs one load
//! while its lane is not empty.
//!
//! With more lanes than bits in a word there are several words, and a bit of `top` for each group
//! of words. This bit is set and cleared in the same way: each producer checks it after the lane's
//! bit is set, and a consumer checks the words again after clearing it.

use crate::sync::{AtomicU64, Ordering, WORD_BITS, store_before_load};

/// The possibly filled lanes of one class.
#[derive(Debug)]
pub(super) struct Filled {
    /// A bit for each lane, or for each group of words.
    top: AtomicU64,
    /// A bit for each lane, if there are more lanes than bits in a word.
    words: Box<[AtomicU64]>,
    /// Words in a group.
    group: usize,
}

impl Filled {
    pub(super) fn new(lanes: usize) -> Self {
        let words = if lanes > WORD_BITS { lanes.div_ceil(WORD_BITS) } else { 0 };
        Self {
            top: AtomicU64::new(0),
            words: (0..words).map(|_| AtomicU64::new(0)).collect(),
            group: words.div_ceil(WORD_BITS).max(1),
        }
    }

    /// Marks a lane as possibly filled. Called by the producer after the publication.
    #[inline]
    pub(super) fn mark(&self, lane: usize) {
        if self.words.is_empty() {
            return set(&self.top, lane);
        }
        let word = lane / WORD_BITS;
        set(&self.words[word], lane % WORD_BITS);
        set(&self.top, word / self.group);
    }

    /// Clears the mark of an empty lane. The consumer must try to take again afterwards, and mark
    /// the lane if there is a message.
    pub(super) fn clear(&self, lane: usize) {
        if self.words.is_empty() {
            return unset(&self.top, lane);
        }
        let word = lane / WORD_BITS;
        unset(&self.words[word], lane % WORD_BITS);
        let (group, words) = (word / self.group, self.words_of(word / self.group));
        if words.iter().all(is_zero) {
            unset(&self.top, group);
            if !words.iter().all(is_zero) {
                set(&self.top, group);
            }
        }
    }

    /// Returns whether any lane other than `but` may hold a message.
    pub(super) fn any_but(&self, but: usize) -> bool {
        let first = self.next(but + 1);
        first.is_some_and(|lane| lane != but)
    }

    /// Returns whether any lane may hold a message.
    #[inline]
    pub(super) fn any(&self) -> bool {
        self.top.load(Ordering::SeqCst) != 0
    }

    /// Returns the next possibly filled lane, from `from` on, in circular order.
    #[inline]
    pub(super) fn next(&self, from: usize) -> Option<usize> {
        let top = self.top.load(Ordering::SeqCst);
        if top == 0 {
            return None;
        }
        if self.words.is_empty() {
            let later = if from < WORD_BITS { top & (u64::MAX << from) } else { 0 };
            let bits = if later == 0 { top } else { later };
            return Some(bits.trailing_zeros() as usize);
        }
        self.next_of_words(from)
    }

    fn next_of_words(&self, from: usize) -> Option<usize> {
        let (word, bit) = (from / WORD_BITS, from % WORD_BITS);
        let begun =
            self.words.get(word).map_or(0, |word| word.load(Ordering::SeqCst) & (u64::MAX << bit));
        if begun != 0 {
            return Some(word * WORD_BITS + begun.trailing_zeros() as usize);
        }
        // The lanes before `from` in its own word come last.
        self.in_words(word + 1, self.words.len())
            .or_else(|| self.in_words(0, self.words.len().min(word + 1)))
    }

    /// Returns the first possibly filled lane in the words from `word` to `end`.
    fn in_words(&self, mut word: usize, end: usize) -> Option<usize> {
        let top = self.top.load(Ordering::SeqCst);
        while word < end {
            let groups = top >> (word / self.group);
            if groups == 0 {
                return None;
            }
            if groups & 1 == 0 {
                word = (word / self.group + groups.trailing_zeros() as usize) * self.group;
                continue;
            }
            let bits = self.words[word].load(Ordering::SeqCst);
            if bits != 0 {
                return Some(word * WORD_BITS + bits.trailing_zeros() as usize);
            }
            word += 1;
        }
        None
    }

    fn words_of(&self, group: usize) -> &[AtomicU64] {
        let first = group * self.group;
        &self.words[first..self.words.len().min(first + self.group)]
    }
}

fn is_zero(word: &AtomicU64) -> bool {
    word.load(Ordering::SeqCst) == 0
}

/// Sets a bit. A plain load comes first: many threads read the word, so it is changed only if
/// necessary.
#[inline]
fn set(word: &AtomicU64, bit: usize) {
    if word.load(Ordering::SeqCst) & (1 << bit) == 0 {
        word.fetch_or(1 << bit, Ordering::SeqCst);
        store_before_load();
    }
}

fn unset(word: &AtomicU64, bit: usize) {
    word.fetch_and(!(1 << bit), Ordering::SeqCst);
    store_before_load();
}

#[cfg(all(test, not(any(loom, shuttle))))]
mod tests {
    use super::*;

    #[test]
    fn lanes_are_found_in_turn_however_many_there_are() {
        for lanes in [2, 64, 65, 1_000, 4_096, 5_000, 65_534] {
            let filled = Filled::new(lanes);
            assert!(!filled.any() && filled.next(0).is_none());
            let mut marked = vec![0, 1, lanes / 2, lanes - 2, lanes - 1];
            marked.sort_unstable();
            marked.dedup();
            marked.iter().for_each(|&lane| filled.mark(lane));
            for from in marked.iter().flat_map(|&lane| [lane.saturating_sub(1), lane, lane + 1]) {
                let next = marked.iter().copied().find(|&lane| lane >= from).unwrap_or(0);
                assert_eq!(filled.next(from), Some(next), "from {from} of {lanes}");
            }
            assert!(filled.any_but(0));
            for lane in marked.drain(..).skip(1) {
                filled.clear(lane);
            }
            assert!(filled.any() && !filled.any_but(0));
            assert_eq!(
                (filled.next(0), filled.next(1), filled.next(lanes)),
                (Some(0), Some(0), Some(0))
            );
            filled.clear(0);
            assert!(!filled.any() && filled.next(0).is_none());
        }
    }
}
