//! What the chain's owner counts and times for whoever watches it: plain numbers that it alone writes, and publishes.

use std::time::Duration;

use crate::chain::ChainMessage;

/// The most limits that a histogram has.
const MOST_LIMITS: usize = 10;

/// Seconds, in nanoseconds.
const SECOND: u64 = 1_000_000_000;

/// The limits of the time to take a block in (leanMetrics), in nanoseconds.
const BLOCK_PROCESSING: &[u64] = &[
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
];

/// The limits of the time to validate a vote (leanMetrics), in nanoseconds.
const VOTE_VALIDATION: &[u64] = &[SECOND / 200, SECOND / 100, SECOND / 40, SECOND / 20, SECOND / 10, SECOND];

/// The limits of the time of a state transition (leanMetrics), in nanoseconds.
const STATE_TRANSITION: &[u64] = &[
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
];

/// The limits of how many blocks a reorganisation takes back (leanMetrics).
const REORG_DEPTH: &[u64] = &[1, 2, 3, 5, 7, 10, 20, 30, 50, 100];

/// How often something came, by how large it was, and how large all of it was together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Histogram {
    limits: &'static [u64],
    /// How many came to no more than the limit of the same place and more than the one before; the last place after the
    /// limits is for what is larger than all.
    counts: [u64; MOST_LIMITS + 1],
    sum: u64,
}

impl Histogram {
    const fn new(limits: &'static [u64]) -> Self {
        assert!(limits.len() <= MOST_LIMITS, "a histogram has no more places");
        Self { limits, counts: [0; MOST_LIMITS + 1], sum: 0 }
    }

    /// Counts one that is this large.
    pub fn observe(&mut self, value: u64) {
        let place = self.limits.iter().position(|limit| value <= *limit).unwrap_or(self.limits.len());
        self.counts[place] += 1;
        self.sum = self.sum.saturating_add(value);
    }

    /// Counts one that took this long, in nanoseconds.
    pub fn observe_time(&mut self, time: Duration) {
        self.observe(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX));
    }

    /// Walks the limits, and how many came to no more than each.
    pub fn up_to(&self) -> impl Iterator<Item = (u64, u64)> {
        self.limits.iter().zip(&self.counts).scan(0, |total, (limit, count)| {
            *total += count;
            Some((*limit, *total))
        })
    }

    /// Returns how many came.
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// Returns how large all of them were together.
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
    /// How long blocks took to be taken in, in nanoseconds: from their message to the new head.
    pub block_processing: Histogram,
    /// How long state transitions took, in nanoseconds.
    pub state_transition: Histogram,
    /// How long votes took to be validated, in nanoseconds.
    pub vote_validation: Histogram,
    /// How many blocks each reorganisation took back.
    pub reorg_depth: Histogram,
    /// Votes that were found valid.
    pub valid_votes: u64,
    /// Votes that were refused. One that waits for a block is neither, until it comes.
    pub invalid_votes: u64,
    /// Aggregates that were found valid.
    pub valid_aggregates: u64,
    /// Aggregates that were refused.
    pub invalid_aggregates: u64,
    /// How long the owner was busy, by lane, in the order of the mailbox's lanes.
    pub busy: [Busy; ChainMessage::LANE_COUNT],
}

impl Default for Meters {
    fn default() -> Self {
        Self {
            block_processing: Histogram::new(BLOCK_PROCESSING),
            state_transition: Histogram::new(STATE_TRANSITION),
            vote_validation: Histogram::new(VOTE_VALIDATION),
            reorg_depth: Histogram::new(REORG_DEPTH),
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
        let mut depths = Histogram::new(REORG_DEPTH);
        [1, 2, 2, 6, 101].into_iter().for_each(|depth| depths.observe(depth));
        let up_to: Vec<_> = depths.up_to().take(5).collect();
        assert_eq!(up_to, [(1, 1), (2, 3), (3, 3), (5, 3), (7, 4)]);
        assert_eq!((depths.up_to().last(), depths.count(), depths.sum()), (Some((100, 4)), 5, 112));
    }

    #[test]
    fn a_time_on_a_limit_is_within_it() {
        let mut times = Histogram::new(BLOCK_PROCESSING);
        times.observe_time(Duration::from_millis(5));
        times.observe_time(Duration::from_micros(5001));
        assert_eq!(times.up_to().take(2).collect::<Vec<_>>(), [(5_000_000, 1), (10_000_000, 2)]);
    }
}
