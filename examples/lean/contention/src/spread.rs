//! A few statistics of many durations.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Statistics of durations, in microseconds. All are zero for an empty set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Spread {
    /// The number of durations.
    pub(super) count: u64,
    /// The mean.
    pub(super) mean_us: f64,
    /// The median.
    pub(super) p50_us: f64,
    /// The 99th percentile. With fewer than 100 durations, it is the maximum.
    pub(super) p99_us: f64,
    /// The maximum.
    pub(super) max_us: f64,
}

impl Spread {
    /// Computes the statistics.
    pub(super) fn of(mut durations: Vec<Duration>) -> Self {
        durations.sort_unstable();
        let count = durations.len();
        let Some(greatest) = durations.last() else { return Self::default() };
        let total: Duration = durations.iter().sum();
        // The nearest-rank method: the smallest duration with at least this share of all durations
        // at or below it.
        let rank = |percent: usize| durations[(count * percent).div_ceil(100).max(1) - 1];
        Self {
            count: count as u64,
            mean_us: microseconds(total) / count as f64,
            p50_us: microseconds(rank(50)),
            p99_us: microseconds(rank(99)),
            max_us: microseconds(*greatest),
        }
    }
}

fn microseconds(duration: Duration) -> f64 {
    duration.as_nanos() as f64 / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_are_durations_that_were_measured() {
        let spread = Spread::of((1..=200).rev().map(Duration::from_micros).collect());
        assert_eq!((spread.count, spread.mean_us), (200, 100.5));
        assert_eq!((spread.p50_us, spread.p99_us, spread.max_us), (100.0, 198.0, 200.0));
        assert_eq!(Spread::of(vec![Duration::from_micros(7)]).p99_us, 7.0);
        assert_eq!(Spread::of(Vec::new()), Spread::default());
    }
}
