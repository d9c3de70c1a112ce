//! The time of one run: its start, on the wall clock and on the monotonic clock.

use std::time::{Duration, Instant, UNIX_EPOCH};

use actor_lanes::runtime::adapter::system_wall_now;
use consensus::{Interval, SlotClock};

/// The start of slot 0, on both clocks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Timeline {
    genesis: Instant,
    clock: SlotClock,
}

impl Timeline {
    /// Creates a timeline with slot 0 at the second full second from now, so that all threads have
    /// started by then.
    pub(super) fn soon(interval_ms: u64) -> Self {
        let wall = system_wall_now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let genesis_time = wall.as_secs() + 2;
        let clock = SlotClock::new(genesis_time).with_interval(interval_ms);
        Self { genesis: instant() + (Duration::from_secs(genesis_time) - wall), clock }
    }

    /// Returns the clock for the node's ticks.
    pub(super) fn clock(&self) -> SlotClock {
        self.clock
    }

    /// Returns the time since the start of slot 0, or zero before it.
    pub(super) fn now(&self) -> Duration {
        instant().saturating_duration_since(self.genesis)
    }

    /// Returns whether slot 0 has begun.
    pub(super) fn has_begun(&self) -> bool {
        instant() >= self.genesis
    }

    /// Returns the time from now until `offset` after the start of slot 0.
    pub(super) fn until(&self, offset: Duration) -> Duration {
        (self.genesis + offset).saturating_duration_since(instant())
    }

    /// Returns the due time of an interval, measured from the start of slot 0.
    pub(super) fn due(&self, interval: Interval) -> Duration {
        Duration::from_millis(interval.saturating_mul(self.clock.milliseconds_per_interval()))
    }

    /// Returns the middle of the last interval in the slot after the one at time `now`. By then,
    /// all votes received before `now` are counted.
    pub(super) fn all_counted(&self, now: Duration) -> Duration {
        let interval = Duration::from_millis(self.clock.milliseconds_per_interval());
        let slot = interval * 5;
        let slots = u32::try_from(now.as_nanos() / slot.as_nanos()).unwrap_or(u32::MAX);
        slot.saturating_mul(slots.saturating_add(2)) - interval / 2
    }
}

/// Reads the monotonic clock.
#[expect(
    clippy::disallowed_methods,
    reason = "threads without an executor are measured here too, by one clock"
)]
pub(super) fn instant() -> Instant {
    Instant::now()
}
