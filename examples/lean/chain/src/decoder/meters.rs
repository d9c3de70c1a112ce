//! Sizes and arrival times of gossip: written by the decoder, read by any thread.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::histogram::{Buckets, Histogram, SharedHistogram};
use consensus::{INTERVALS_PER_SLOT, Interval, Slot, SlotClock};

/// The interval of a slot in which its block is due.
const BLOCK_INTERVAL: Interval = 0;

/// The interval of a slot in which its votes are due.
const VOTE_INTERVAL: Interval = 1;

/// The interval of a slot in which aggregates are due.
const AGGREGATE_INTERVAL: Interval = 2;

/// The distance in slots beyond which a message is no sample of the network's speed. A peer can
/// write any slot, and one false slot would spoil the sum of all delays.
const FARTHEST: Slot = 256;

/// Sizes and arrival times of all gossip.
#[derive(Debug)]
pub struct GossipMeters {
    /// Blocks.
    pub blocks: TopicMeters,
    /// Votes.
    pub votes: TopicMeters,
    /// Aggregates.
    pub aggregates: TopicMeters,
}

/// Sizes and arrival times of one kind of gossip.
///
/// `Relaxed` suffices because each number is read on its own.
#[derive(Debug)]
pub struct TopicMeters {
    size: SharedHistogram,
    delay: SharedHistogram,
    positions: [AtomicU64; Position::ALL.len()],
}

/// The arrival of a message relative to the interval in which it was due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Position {
    /// Earlier.
    Before,
    /// In that interval.
    Inside,
    /// Later.
    After,
}

impl Position {
    /// Every position.
    pub const ALL: [Self; 3] = [Self::Before, Self::Inside, Self::After];

    /// Returns the name in the metrics.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Before => "before",
            Self::Inside => "inside",
            Self::After => "after",
        }
    }
}

impl Default for GossipMeters {
    fn default() -> Self {
        Self {
            blocks: TopicMeters::new(Buckets::BLOCK_SIZE),
            votes: TopicMeters::new(Buckets::VOTE_SIZE),
            aggregates: TopicMeters::new(Buckets::AGGREGATE_SIZE),
        }
    }
}

impl GossipMeters {
    /// Records a block of this size, now.
    pub(crate) fn block(&self, size: usize, slot: Slot, clock: SlotClock, now: u64) {
        self.blocks.arrived(size, since(slot, BLOCK_INTERVAL, clock, now), clock);
    }

    /// Records a vote of this size, now.
    pub(crate) fn vote(&self, size: usize, slot: Slot, clock: SlotClock, now: u64) {
        self.votes.arrived(size, since(slot, VOTE_INTERVAL, clock, now), clock);
    }

    /// Records an aggregate of this size, now. Its delay counts from the latest interval for
    /// aggregates, whatever its slot, because an aggregate may be of an earlier slot.
    pub(crate) fn aggregate(&self, size: usize, clock: SlotClock, now: u64) {
        let interval = clock.milliseconds_per_interval();
        let slot = interval * INTERVALS_PER_SLOT;
        let since_genesis = now.checked_sub(clock.slot_start(0));
        let since = since_genesis
            .and_then(|time| time.checked_sub(AGGREGATE_INTERVAL * interval))
            .and_then(|time| i64::try_from(time % slot).ok());
        self.aggregates.arrived(size, since, clock);
    }
}

impl TopicMeters {
    fn new(sizes: Buckets) -> Self {
        let (size, delay) =
            (SharedHistogram::new(sizes), SharedHistogram::new(Buckets::ARRIVAL_DELAY));
        Self { size, delay, positions: Default::default() }
    }

    /// Returns the sizes of messages, in bytes of SSZ.
    pub fn size(&self) -> Histogram {
        self.size.read()
    }

    /// Returns the distances from the beginning of the interval in which messages were due, in
    /// nanoseconds, in both directions.
    pub fn delay(&self) -> Histogram {
        self.delay.read()
    }

    /// Returns the number of messages at this position.
    pub fn count(&self, position: Position) -> u64 {
        self.positions[position as usize].load(Ordering::Relaxed)
    }

    /// Records a message, and its time in milliseconds since its interval began.
    fn arrived(&self, size: usize, since: Option<i64>, clock: SlotClock) {
        self.size.observe_value(size as u64);
        let Some(since) = since else { return };
        let position = match u64::try_from(since) {
            Err(_) => Position::Before,
            Ok(since) if since < clock.milliseconds_per_interval() => Position::Inside,
            Ok(_) => Position::After,
        };
        self.positions[position as usize].fetch_add(1, Ordering::Relaxed);
        self.delay.observe(Duration::from_millis(since.unsigned_abs()));
    }
}

/// Returns the time since an interval of a slot began, in milliseconds, or `None` for a slot too
/// far away.
fn since(slot: Slot, interval: Interval, clock: SlotClock, now: u64) -> Option<i64> {
    if slot.abs_diff(clock.current_slot(now)) > FARTHEST {
        return None;
    }
    let begin = clock.interval_start(slot * INTERVALS_PER_SLOT + interval);
    i64::try_from(i128::from(now) - i128::from(begin)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(meters: &TopicMeters) -> [u64; 3] {
        Position::ALL.map(|position| meters.count(position))
    }

    #[test]
    fn a_message_is_before_inside_or_after_the_interval_in_which_it_was_due() {
        let (meters, clock) = (GossipMeters::default(), SlotClock::new(100));
        let slot_3 = clock.slot_start(3);
        for (now, expected) in [
            (slot_3 - 1, [1, 0, 0]),
            (slot_3, [1, 1, 0]),
            (slot_3 + 799, [1, 2, 0]),
            (slot_3 + 800, [1, 2, 1]),
        ] {
            meters.block(1000, 3, clock, now);
            assert_eq!(counts(&meters.blocks), expected, "{now}");
        }
        meters.vote(200, 3, clock, slot_3 + 800);
        meters.vote(200, 3, clock, slot_3);
        assert_eq!(counts(&meters.votes), [1, 1, 0]);
        assert_eq!((meters.blocks.size().count(), meters.blocks.size().sum()), (4, 4000));
        assert_eq!(meters.blocks.delay().sum(), (1 + 799 + 800) * 1_000_000);
    }

    #[test]
    fn an_aggregate_is_late_by_its_distance_to_the_latest_interval_for_aggregates() {
        let (meters, clock) = (GossipMeters::default(), SlotClock::new(100));
        let begin = clock.slot_start(3) + 1600;
        meters.aggregate(1000, clock, begin + 50);
        assert_eq!(counts(&meters.aggregates), [0, 1, 0]);
        meters.aggregate(1000, clock, begin + 3999);
        assert_eq!(counts(&meters.aggregates), [0, 1, 1]);
        assert_eq!(meters.aggregates.delay().sum(), (50 + 3999) * 1_000_000);
        meters.aggregate(1000, clock, clock.slot_start(0) + 100);
        assert_eq!(meters.aggregates.delay().count(), 2, "no interval for aggregates has begun");
    }

    #[test]
    fn an_invented_slot_is_no_sample() {
        let (meters, clock) = (GossipMeters::default(), SlotClock::new(100));
        for slot in [u64::MAX, 1000, 261] {
            meters.block(1000, slot, clock, clock.slot_start(4));
        }
        assert_eq!((meters.blocks.size().count(), meters.blocks.delay().count()), (3, 0));
    }
}
