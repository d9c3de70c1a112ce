//! What the chain's actor counts and times. The actor alone writes these numbers, and publishes
//! them in its snapshot.

use std::time::Duration;

use crate::histogram::{Buckets, Histogram};
use crate::message::ChainMessage;

/// The time spent on the messages of one lane.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Busy {
    /// The number of messages handled.
    pub messages: u64,
    /// The total time.
    pub time: Duration,
    /// The longest time for one message.
    pub longest: Duration,
}

impl Busy {
    fn add(&mut self, time: Duration) {
        self.messages += 1;
        self.time += time;
        self.longest = self.longest.max(time);
    }
}

/// Counters and times of the chain's actor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Meters {
    /// The depth of each reorganisation, in blocks.
    pub reorg_depth: Histogram,
    /// Valid votes.
    pub valid_votes: u64,
    /// Votes rejected by a rule. A vote waiting for a block counts as neither until the block
    /// arrives. Duplicates, and votes refused for lack of room, count as neither.
    pub invalid_votes: u64,
    /// Valid aggregates.
    pub valid_aggregates: u64,
    /// Aggregates rejected by a rule.
    pub invalid_aggregates: u64,
    /// The time spent on each lane, in the order of the mailbox's lanes.
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
    /// Counts one handled message and its time.
    pub(super) fn handled(&mut self, lane: usize, time: Duration) {
        self.busy[lane].add(time);
    }
}
