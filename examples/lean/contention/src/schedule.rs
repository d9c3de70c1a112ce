//! The times of events within a slot of the recorded load. As in a real slot, they are fractions of
//! an interval.
//!
//! ```text
//! interval   0           1           2           3           4
//! tick       ┃           ┃           ┃           ┃           ┃
//! block        ·20 %  (a late proposer's: 50 %)  ·20 % (one that is slow on its way)
//! votes                     ▒▒▒▒▒▒▒▒▒▒▒   30 % to 105 %: the last ones
//!                                         come when the next interval has begun
//! aggregates                             ▒▒▒▒▒▒  30 % to 90 %
//! requests   ·  ·  ·  ·  ·  ·  ·  ·  ·  ·  ·  ·  ·  ·  ·  ·  ·  ·  ·  ·
//! ```
//!
//! Votes arrive in batches, because a network thread reads many messages from its sockets at a
//! time.

use std::time::Duration;

use consensus::{INTERVALS_PER_SLOT, Slot};

/// The number of batches in a slot's votes.
const VOTE_BATCHES: u32 = 16;

/// The number of block requests per interval.
const BLOCKS_REQUESTS: u32 = 4;

/// The number of peers' status messages per interval.
const STATUS_REQUESTS: u32 = 2;

/// Computes the times of events.
#[derive(Clone, Copy, Debug)]
pub(super) struct Schedule {
    interval: Duration,
    slots: Slot,
}

impl Schedule {
    /// Creates the schedule of `slots` slots.
    pub(super) fn new(interval_ms: u64, slots: Slot) -> Self {
        Self { interval: Duration::from_millis(interval_ms), slots }
    }

    /// Returns whether a slot's proposer has not received the previous block, so that the chain
    /// forks for a slot. This includes the last slot. The final head then depends on votes, and not
    /// on the arrival order of blocks.
    pub(super) fn is_proposer_late(&self, slot: Slot) -> bool {
        slot >= 2 && (slot % 4 == 3 || slot + 1 == self.slots)
    }

    /// Returns whether a slot's block arrives late at this node, after the votes for it. The votes
    /// wait for the block, and are all verified when it is imported.
    pub(super) fn is_block_slow(&self, slot: Slot) -> bool {
        slot % 4 == 1 && !self.is_proposer_late(slot)
    }

    /// Returns the arrival time of a slot's block.
    pub(super) fn block(&self, slot: Slot) -> Duration {
        match (self.is_proposer_late(slot), self.is_block_slow(slot)) {
            (true, _) => self.at(slot, 0, 50),
            (false, true) => self.at(slot, 2, 20),
            (false, false) => self.at(slot, 0, 20),
        }
    }

    /// Returns the arrival time of vote number `place` of `count`.
    pub(super) fn vote(&self, slot: Slot, place: usize, count: usize) -> Duration {
        let batch = VOTE_BATCHES * place as u32 / count.max(1) as u32;
        self.at(slot, 1, 30 + 75 * batch / (VOTE_BATCHES - 1))
    }

    /// Returns the arrival time of aggregate number `place` of `count`.
    pub(super) fn aggregate(&self, slot: Slot, place: usize, count: usize) -> Duration {
        self.at(slot, 2, 30 + 60 * place as u32 / count.max(1) as u32)
    }

    /// Returns the times of peers' block requests.
    pub(super) fn blocks_requests(&self, slot: Slot) -> impl Iterator<Item = Duration> {
        self.evenly(slot, BLOCKS_REQUESTS, 13)
    }

    /// Returns the times of peers' status messages.
    pub(super) fn status_requests(&self, slot: Slot) -> impl Iterator<Item = Duration> {
        self.evenly(slot, STATUS_REQUESTS, 7)
    }

    fn evenly(
        self,
        slot: Slot,
        in_interval: u32,
        first_percent: u32,
    ) -> impl Iterator<Item = Duration> {
        (0..INTERVALS_PER_SLOT).flat_map(move |interval| {
            (0..in_interval).map(move |place| {
                self.at(slot, interval, first_percent + 100 * place / in_interval)
            })
        })
    }

    fn at(self, slot: Slot, interval: u64, percent: u32) -> Duration {
        let intervals = u32::try_from(slot * INTERVALS_PER_SLOT + interval).unwrap_or(u32::MAX);
        self.interval.saturating_mul(intervals) + self.interval * percent / 100
    }
}
