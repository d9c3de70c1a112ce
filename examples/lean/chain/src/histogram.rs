//! Histograms: counts by size, as metrics show them.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Seconds, in nanoseconds.
const SECOND: u64 = 1_000_000_000;

/// The upper limits of a histogram's buckets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Buckets(&'static [u64]);

impl Buckets {
    /// The number of counts in a histogram: one more than the largest number of limits.
    pub const PLACES: usize = 15;

    /// The time to process a block (leanMetrics), in nanoseconds.
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

    /// The time to make or to verify an aggregate (leanMetrics), in nanoseconds.
    pub const AGGREGATE: Self = Self(&[
        SECOND / 10,
        SECOND / 4,
        SECOND / 2,
        SECOND * 3 / 4,
        SECOND,
        SECOND * 5 / 4,
        SECOND * 3 / 2,
        2 * SECOND,
        4 * SECOND,
    ]);

    /// The time of a round of aggregation (leanMetrics), in nanoseconds.
    pub const AGGREGATION_ROUND: Self = Self(&[
        SECOND / 20,
        SECOND / 10,
        SECOND / 4,
        SECOND / 2,
        SECOND * 3 / 4,
        SECOND,
        2 * SECOND,
        3 * SECOND,
        4 * SECOND,
    ]);

    /// The time to produce a block or a vote (leanMetrics), in nanoseconds.
    pub const PRODUCTION: Self = Self(&[
        SECOND / 100,
        SECOND / 40,
        SECOND / 20,
        SECOND / 10,
        SECOND / 4,
        SECOND / 2,
        SECOND * 3 / 4,
        SECOND,
    ]);

    /// The time to fold proofs for a block (leanMetrics), in nanoseconds.
    pub const PAYLOAD_AGGREGATION: Self = Self(&[
        SECOND / 10,
        SECOND / 4,
        SECOND / 2,
        SECOND * 3 / 4,
        SECOND,
        2 * SECOND,
        3 * SECOND,
        4 * SECOND,
    ]);

    /// The time between two ticks (leanMetrics), in nanoseconds.
    pub const TICK_INTERVAL: Self = Self(&[
        SECOND * 2 / 5,
        SECOND * 3 / 5,
        SECOND * 3 / 4,
        SECOND * 4 / 5,
        SECOND * 161 / 200,
        SECOND * 81 / 100,
        SECOND * 163 / 200,
        SECOND * 41 / 50,
        SECOND * 33 / 40,
        SECOND * 17 / 20,
        SECOND * 9 / 10,
        SECOND,
        SECOND * 6 / 5,
        SECOND * 8 / 5,
    ]);

    /// The distance of a message from the interval in which it was due (leanMetrics), in
    /// nanoseconds.
    pub const ARRIVAL_DELAY: Self = Self(&[
        SECOND / 20,
        SECOND / 10,
        SECOND / 5,
        SECOND * 2 / 5,
        SECOND * 4 / 5,
        SECOND * 6 / 5,
        SECOND * 8 / 5,
        SECOND * 12 / 5,
        4 * SECOND,
        8 * SECOND,
        16 * SECOND,
    ]);

    /// The size of a gossiped block (leanMetrics), in bytes.
    pub const BLOCK_SIZE: Self =
        Self(&[10_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_000_000, 5_000_000]);

    /// The size of a gossiped vote (leanMetrics), in bytes.
    pub const VOTE_SIZE: Self = Self(&[512, 1024, 2048, 4096, 8192, 16_384]);

    /// The size of a gossiped aggregate (leanMetrics), in bytes.
    pub const AGGREGATE_SIZE: Self =
        Self(&[1024, 4096, 16_384, 65_536, 131_072, 262_144, 524_288, 1_048_576]);

    /// The number of aggregates in a block (leanMetrics).
    pub const BLOCK_PAYLOADS: Self = Self(&[1, 2, 4, 8, 16, 32, 64, 128]);

    /// The depth of a reorganisation, in blocks (leanMetrics).
    pub const REORG_DEPTH: Self = Self(&[1, 2, 3, 5, 7, 10, 20, 30, 50, 100]);

    /// Returns the index of a value's bucket: the first limit not below the value, or the index
    /// after the last limit.
    pub fn place(&self, value: u64) -> usize {
        self.0.iter().position(|limit| value <= *limit).unwrap_or(self.0.len())
    }
}

/// Counts of values by bucket, and the sum of all values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Histogram {
    limits: Buckets,
    /// The values of each bucket: at most its limit, and more than the limit before. The bucket
    /// after the last limit counts all larger values.
    counts: [u64; Buckets::PLACES],
    sum: u64,
}

impl Histogram {
    /// Creates an empty histogram.
    #[must_use]
    pub const fn new(limits: Buckets) -> Self {
        Self { limits, counts: [0; Buckets::PLACES], sum: 0 }
    }

    /// Counts one time, in a histogram of nanoseconds.
    pub fn observe_time(&mut self, time: Duration) {
        self.observe(nanoseconds(time));
    }

    /// Counts one value.
    pub fn observe(&mut self, value: u64) {
        self.counts[self.limits.place(value)] += 1;
        self.sum = self.sum.saturating_add(value);
    }

    /// Returns each limit with the number of values up to it.
    pub fn up_to(&self) -> impl Iterator<Item = (u64, u64)> {
        self.limits.0.iter().zip(&self.counts).scan(0, |total, (limit, count)| {
            *total += count;
            Some((*limit, *total))
        })
    }

    /// Returns the number of values.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// Returns the sum of all values.
    #[must_use]
    pub fn sum(&self) -> u64 {
        self.sum
    }
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// A histogram shared by several writing threads.
///
/// `Relaxed` suffices because each number is read on its own. A reader may see a value counted and
/// not yet summed.
#[derive(Debug)]
pub struct SharedHistogram {
    limits: Buckets,
    counts: [AtomicU64; Buckets::PLACES],
    sum: AtomicU64,
}

impl SharedHistogram {
    pub(crate) fn new(limits: Buckets) -> Self {
        Self { limits, counts: Default::default(), sum: AtomicU64::new(0) }
    }

    /// Counts one time, in nanoseconds.
    pub(crate) fn observe(&self, time: Duration) {
        self.observe_value(nanoseconds(time));
    }

    /// Counts one value, in the unit of the limits.
    pub(crate) fn observe_value(&self, value: u64) {
        self.counts[self.limits.place(value)].fetch_add(1, Ordering::Relaxed);
        self.sum.fetch_add(value, Ordering::Relaxed);
    }

    /// Copies the current counts.
    pub fn read(&self) -> Histogram {
        let counts = self.counts.each_ref().map(|count| count.load(Ordering::Relaxed));
        Histogram { limits: self.limits, counts, sum: self.sum.load(Ordering::Relaxed) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_above_every_limit_is_counted_in_the_total_only() {
        let mut depths = Histogram::new(Buckets::REORG_DEPTH);
        [1, 2, 2, 6, 101].into_iter().for_each(|depth| depths.observe(depth));
        let up_to: Vec<_> = depths.up_to().take(5).collect();
        assert_eq!(up_to, [(1, 1), (2, 3), (3, 3), (5, 3), (7, 4)]);
        assert_eq!((depths.up_to().last(), depths.count(), depths.sum()), (Some((100, 4)), 5, 112));
    }

    #[test]
    fn a_value_equal_to_a_limit_is_within_it() {
        let mut times = Histogram::new(Buckets::BLOCK_PROCESSING);
        times.observe(5_000_000);
        times.observe(5_000_001);
        assert_eq!(times.up_to().take(2).collect::<Vec<_>>(), [(5_000_000, 1), (10_000_000, 2)]);
    }
}
