//! The time of one run: when it begins, and how its wall clock and its measurements go together.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use consensus::{Interval, SlotClock};

/// When slot 0 of a run begins, on both clocks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Timeline {
    genesis: Instant,
    clock: SlotClock,
}

impl Timeline {
    /// Lets slot 0 begin with the next full second but one, so that everything has started by then.
    pub(super) fn soon(interval_ms: u64) -> Self {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let genesis_time = wall.as_secs() + 2;
        let clock = SlotClock::new(genesis_time).with_interval(interval_ms);
        Self { genesis: instant() + (Duration::from_secs(genesis_time) - wall), clock }
    }

    /// Returns the clock by which the node's ticks go.
    pub(super) fn clock(&self) -> SlotClock {
        self.clock
    }

    /// Tells the time since slot 0 began; nothing before it has.
    pub(super) fn now(&self) -> Duration {
        instant().saturating_duration_since(self.genesis)
    }

    /// Says whether slot 0 has begun.
    pub(super) fn has_begun(&self) -> bool {
        instant() >= self.genesis
    }

    /// Tells how long it is until `offset` after the beginning of slot 0.
    pub(super) fn until(&self, offset: Duration) -> Duration {
        (self.genesis + offset).saturating_duration_since(instant())
    }

    /// Returns when an interval is due, after the beginning of slot 0.
    pub(super) fn due(&self, interval: Interval) -> Duration {
        Duration::from_millis(interval.saturating_mul(self.clock.milliseconds_per_interval()))
    }

    /// Returns the middle of the last interval of the slot after the one that it is at `now`: by then, votes that have
    /// come by now are counted.
    pub(super) fn all_counted(&self, now: Duration) -> Duration {
        let interval = Duration::from_millis(self.clock.milliseconds_per_interval());
        let slot = interval * 5;
        let slots = u32::try_from(now.as_nanos() / slot.as_nanos()).unwrap_or(u32::MAX);
        slot.saturating_mul(slots.saturating_add(2)) - interval / 2
    }
}

/// Reads the monotonic clock.
#[expect(clippy::disallowed_methods, reason = "threads without an executor are measured here too, by one clock")]
pub(super) fn instant() -> Instant {
    Instant::now()
}
