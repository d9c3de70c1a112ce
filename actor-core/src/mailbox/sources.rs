//! Counts the waiting messages of each source in a lane. Senders and the consumer count without a
//! lock.
//!
//! # Layout
//!
//! A table of entries, one atomic word each. [`NEIGHBOURS`] entries form a line of the table, which
//! is one cache line. A keyed hash of the source selects its line, and is also the source's tag.
//!
//! ```text
//!  63         24 23     0
//! |  tag        | count  |    count = 0: the entry is free, whatever its tag
//! ```
//!
//! # Protocol
//!
//! ```text
//! sender, before it claims a position               consumer, after it has taken a message;
//!                                                   or a sender, after a refused claim
//!   sum the counts of its tag in the line  (1)
//!   sum >= share: refused                             count - 1                      (4)
//!   an entry of its tag, else a free one:
//!   word: seen -> (tag, count + 1)         (2)
//!     fails -> again from (1)
//!   sum the counts of its tag again        (3)
//!   sum > share: count - 1, refused
//! ```
//!
//! Two senders of one source may use two entries, because each may have found a different entry
//! free. (3) keeps the share exact in this case: (2) and (3) are `SeqCst`, so the sender with the
//! later (2) counts the other sender's message too. Two senders meeting at the limit may both be
//! refused. Each of them then has waiting senders [check again](crate::mailbox::share). The entry
//! of a waiting message never changes its tag, because its count is above 0.
//!
//! # Bounds
//!
//! There is a line for every two messages of the lane's capacity. A source uses the next line if
//! its own line is full of other sources. If the next line is full as well, the message is refused
//! as if the lane were full. A source that used the next line may have up to two shares, until
//! those messages are taken. The key of the hash is random, so a peer cannot choose sources with a
//! common line.
//!
//! # Progress
//!
//! (2) fails only if another thread changed the entry, so counting is lock-free. (4) is one step.

use crate::mailbox::table::Table;
use crate::sync::{AtomicU64, NEIGHBOURS, Ordering, store_before_load, unforeseen};

/// The number of waiting messages of each source.
pub(super) struct Sources {
    table: Table,
    /// The most messages of one source waiting at a time.
    share: u64,
    /// The random key of the hash, unknown to peers.
    key: u64,
}

/// The entry in which a message is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entry(u32);

/// Why a message was not counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CountError {
    /// The source has as many waiting messages as its share allows.
    OverShare,
    /// There is no entry for another source, or no memory.
    Full,
    /// Another sender of the source counted at the same time. This message was counted for a
    /// moment.
    Met,
}

/// The number of low bits of a word that hold its count.
const COUNT_BITS: u32 = 24;
const COUNTS: u64 = 1 << COUNT_BITS;

/// The largest share. Counts may exceed the share for a moment, before a sender backs out, and must
/// not reach the bits of the tag.
pub(crate) const MOST_SHARE: usize = 1 << (COUNT_BITS - 1);

fn count(word: u64) -> u64 {
    word % COUNTS
}

fn tag(word: u64) -> u64 {
    word / COUNTS
}

impl Sources {
    pub(super) fn new(capacity: usize, share: usize) -> Self {
        let lines = capacity.div_ceil(2).next_power_of_two();
        Self { table: Table::new(lines), share: share as u64, key: unforeseen() }
    }

    /// Returns the number of entries, which is above every entry's index.
    pub(super) fn entries(&self) -> usize {
        self.table.len().saturating_mul(NEIGHBOURS)
    }

    /// Counts a message of the source, unless its share is used up.
    pub(super) fn add(&self, source: u64) -> Result<Entry, CountError> {
        let lines = self.table.get_or_make().ok_or(CountError::Full)?;
        let hash = mix(source ^ self.key);
        let home = hash as usize & (lines.len() - 1);
        // The low bits select the line, the high bits are the tag.
        let tag = hash >> COUNT_BITS;
        for line in [home, (home + 1) & (lines.len() - 1)] {
            if let Some(counted) = self.add_in(&lines[line].0, line, tag) {
                return counted;
            }
        }
        Err(CountError::Full)
    }

    /// Uncounts a message.
    pub(super) fn remove(&self, Entry(index): Entry) {
        let index = index as usize;
        // Release, within SeqCst: the message's room in the lane was freed before.
        let lines = self.table.get().expect("an entry is of a table that was made");
        lines[index / NEIGHBOURS].0[index % NEIGHBOURS].fetch_sub(1, Ordering::SeqCst);
    }

    /// Counts a message in a line. Returns `None` if the line is full of other sources.
    fn add_in(
        &self,
        entries: &[AtomicU64],
        line: usize,
        tag: u64,
    ) -> Option<Result<Entry, CountError>> {
        loop {
            let mut waiting = 0;
            let (mut counted, mut free) = (None, None);
            for (n, entry) in entries.iter().enumerate() {
                let word = entry.load(Ordering::SeqCst);
                if count(word) == 0 {
                    free = free.or(Some((n, word)));
                } else if self::tag(word) == tag {
                    waiting += count(word);
                    counted = counted.or(Some((n, word)));
                }
            }
            if waiting >= self.share {
                return Some(Err(CountError::OverShare));
            }
            let (n, word) = counted.or(free)?;
            let more = tag * COUNTS + count(word) + 1;
            if entries[n].compare_exchange(word, more, Ordering::SeqCst, Ordering::Relaxed).is_err()
            {
                continue;
            }
            // Pairs with the same step of another sender of this source: the later one counts the
            // other's message.
            store_before_load();
            let words = entries.iter().map(|entry| entry.load(Ordering::SeqCst));
            let waiting: u64 = words.filter(|&word| self::tag(word) == tag).map(count).sum();
            if waiting > self.share {
                entries[n].fetch_sub(1, Ordering::SeqCst);
                return Some(Err(CountError::Met));
            }
            let index = u32::try_from(line * NEIGHBOURS + n)
                .expect("a table of 2^32 entries has no room in memory");
            return Some(Ok(Entry(index)));
        }
    }
}

impl Entry {
    pub(super) fn index(self) -> usize {
        self.0 as usize
    }

    /// Returns the entry with an index from [`index`](Self::index).
    pub(super) fn from_index(index: usize) -> Self {
        Self(index as u32)
    }
}

/// A bijection of words that spreads close values: the finalizer of SplitMix64 (Steele, Lea, Flood,
/// 2014).
pub(super) fn mix(word: u64) -> u64 {
    let word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

#[cfg(all(test, not(any(loom, shuttle))))]
mod tests {
    use super::*;

    #[test]
    fn a_source_has_its_share_and_no_more() {
        let sources = Sources::new(64, 3);
        let counted: Vec<_> = (0..3).map(|_| sources.add(7).expect("within its share")).collect();
        assert_eq!(sources.add(7), Err(CountError::OverShare));
        assert!(sources.add(8).is_ok(), "another source has its own");
        sources.remove(counted[0]);
        assert!(sources.add(7).is_ok());
        assert_eq!(sources.add(7), Err(CountError::OverShare));
    }

    #[test]
    fn every_message_of_a_full_lane_may_be_of_a_source_of_its_own() {
        for capacity in [1, 2, 3, 8, 100, 1_000] {
            let sources = Sources::new(capacity, 1);
            let counted =
                (0..capacity as u64).filter_map(|source| sources.add(source << 32).ok()).count();
            assert_eq!(counted, capacity);
        }
    }

    #[test]
    fn entries_are_used_again() {
        let sources = Sources::new(4, 2);
        for source in 0..10_000 {
            let entry = sources.add(source).expect("all others have left");
            assert!(entry.index() < sources.entries());
            sources.remove(entry);
        }
    }
}
