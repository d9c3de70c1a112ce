//! What the chain's owner counts and times for whoever watches it: plain numbers that it alone writes, and publishes.

use std::time::Duration;

use crate::ChainMessage;

/// Seconds, in nanoseconds.
const SECOND: u64 = 1_000_000_000;

/// Between which values a histogram tells apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Buckets(&'static [u64]);

impl Buckets {
    /// How many places a histogram has for counts: one more than limits, at most.
    pub const PLACES: usize = 11;

    /// The time to take a block in (leanMetrics), in nanoseconds.
    pub const BLOCK_PROCESSING: Self = Self(&[
        SECOND / 200,
        SECOND / 100,
        SECOND / 40,
        SECOND / 20,
        SECOND / 10,
        SECOND,
        SECOND * 5 / 4,
        SECOND * 3 / 2,
        2 * SECOND,
        4 * SECOND,
    ]);

    /// The time to validate a vote (leanMetrics), in nanoseconds.
    pub const VOTE_VALIDATION: Self =
        Self(&[SECOND / 200, SECOND / 100, SECOND / 40, SECOND / 20, SECOND / 10, SECOND]);

    /// The time of a state transition (leanMetrics), in nanoseconds.
    pub const STATE_TRANSITION: Self = Self(&[
        SECOND / 4,
        SECOND / 2,
        SECOND * 3 / 4,
        SECOND,
        SECOND * 5 / 4,
        SECOND * 3 / 2,
        2 * SECOND,
        SECOND * 5 / 2,
        3 * SECOND,
        4 * SECOND,
    ]);

    /// How many blocks a reorganisation takes back (leanMetrics).
    pub const REORG_DEPTH: Self = Self(&[1, 2, 3, 5, 7, 10, 20, 30, 50, 100]);

    /// Finds the place of a value: that of the first limit that it does not exceed, or the one after all limits.
    pub fn place(&self, value: u64) -> usize {
        self.0.iter().position(|limit| value <= *limit).unwrap_or(self.0.len())
    }
}

/// How often something came, by how large it was, and how large all of it was together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Histogram {
    limits: Buckets,
    /// How many came to no more than the limit of the same place and more than the one before; the last place after the
    /// limits is for what is larger than all.
    counts: [u64; Buckets::PLACES],
    sum: u64,
}

impl Histogram {
    /// Begins with nothing.
    #[must_use]
    pub const fn new(limits: Buckets) -> Self {
        Self::from_parts(limits, [0; Buckets::PLACES], 0)
    }

    pub(crate) const fn from_parts(limits: Buckets, counts: [u64; Buckets::PLACES], sum: u64) -> Self {
        Self { limits, counts, sum }
    }

    /// Counts one that is this large.
    pub fn observe(&mut self, value: u64) {
        self.counts[self.limits.place(value)] += 1;
        self.sum = self.sum.saturating_add(value);
    }

    /// Walks the limits, and how many came to no more than each.
    pub fn up_to(&self) -> impl Iterator<Item = (u64, u64)> {
        self.limits.0.iter().zip(&self.counts).scan(0, |total, (limit, count)| {
            *total += count;
            Some((*limit, *total))
        })
    }

    /// Returns how many came.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// Returns how large all of them were together.
    #[must_use]
    pub fn sum(&self) -> u64 {
        self.sum
    }
}

/// How long the owner was busy with the messages of one lane.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Busy {
    /// How many messages it handled.
    pub messages: u64,
    /// How long that took in all.
    pub time: Duration,
    /// The longest that one took.
    pub longest: Duration,
}

impl Busy {
    fn add(&mut self, time: Duration) {
        self.messages += 1;
        self.time += time;
        self.longest = self.longest.max(time);
    }
}

/// Everything that the chain's owner counts and times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Meters {
    /// How many blocks each reorganisation took back.
    pub reorg_depth: Histogram,
    /// Votes that were found valid.
    pub valid_votes: u64,
    /// Votes that are against the rules. One that waits for a block is neither, until it comes; nor is one that came
    /// twice, or for which there was no room.
    pub invalid_votes: u64,
    /// Aggregates that were found valid.
    pub valid_aggregates: u64,
    /// Aggregates that are against the rules.
    pub invalid_aggregates: u64,
    /// How long the owner was busy, by lane, in the order of the mailbox's lanes.
    pub busy: [Busy; ChainMessage::LANE_COUNT],
}

impl Default for Meters {
    fn default() -> Self {
        Self {
            reorg_depth: Histogram::new(Buckets::REORG_DEPTH),
            valid_votes: 0,
            invalid_votes: 0,
            valid_aggregates: 0,
            invalid_aggregates: 0,
            busy: Default::default(),
        }
    }
}

impl Meters {
    /// Counts a message that was handled, and how long that took.
    pub(super) fn handled(&mut self, lane: usize, time: Duration) {
        self.busy[lane].add(time);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_larger_than_every_limit_is_counted_in_all_only() {
        let mut depths = Histogram::new(Buckets::REORG_DEPTH);
        [1, 2, 2, 6, 101].into_iter().for_each(|depth| depths.observe(depth));
        let up_to: Vec<_> = depths.up_to().take(5).collect();
        assert_eq!(up_to, [(1, 1), (2, 3), (3, 3), (5, 3), (7, 4)]);
        assert_eq!((depths.up_to().last(), depths.count(), depths.sum()), (Some((100, 4)), 5, 112));
    }

    #[test]
    fn a_time_on_a_limit_is_within_it() {
        let mut times = Histogram::new(Buckets::BLOCK_PROCESSING);
        times.observe(5_000_000);
        times.observe(5_000_001);
        assert_eq!(times.up_to().take(2).collect::<Vec<_>>(), [(5_000_000, 1), (10_000_000, 2)]);
    }
}
