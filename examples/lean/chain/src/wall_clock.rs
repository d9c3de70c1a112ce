//! The wall clock of the node. It may jump, in both directions.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use actor_lanes::actor::WallSchedule;
use actor_lanes::runtime::adapter::system_wall_now;
use consensus::SlotClock;

/// Reads the wall clock. A simulated node has another function.
#[derive(Clone, Copy, Debug)]
pub struct WallClock(fn() -> SystemTime);

/// The difference between the returned time and the system's, in milliseconds. Other than zero only
/// in a test.
static OFFSET_MS: AtomicI64 = AtomicI64::new(0);

/// Shifts the time of [`WallClock::SYSTEM`], to test a clock with a wrong time.
pub fn shift(milliseconds: i64) {
    // Relaxed: called before the threads that read the clock start.
    OFFSET_MS.store(milliseconds, Ordering::Relaxed);
}

impl WallClock {
    /// The clock of the system.
    pub const SYSTEM: Self = Self(shifted);

    /// Creates a clock with the time of this function.
    pub const fn new(read: fn() -> SystemTime) -> Self {
        Self(read)
    }

    /// Returns a clock that stands still at this time, in Unix milliseconds.
    pub const fn stopped<const MILLISECONDS: u64>() -> Self {
        Self(|| UNIX_EPOCH + Duration::from_millis(MILLISECONDS))
    }

    /// Returns the time in Unix milliseconds.
    pub fn now(self) -> u64 {
        // A time before 1970 is before every genesis, so 0 will do.
        let since = (self.0)().duration_since(UNIX_EPOCH).unwrap_or_default();
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    }

    /// Returns a schedule with a beat at the start of each interval, numbered as the intervals.
    /// `None` if the genesis is past the end of the clock.
    pub(crate) fn intervals(self, clock: SlotClock) -> Option<WallSchedule> {
        let genesis = UNIX_EPOCH.checked_add(Duration::from_millis(clock.interval_start(0)))?;
        let interval = Duration::from_millis(clock.milliseconds_per_interval());
        Some(WallSchedule::new(genesis, interval).clock(self.0))
    }
}

fn shifted() -> SystemTime {
    let (now, offset) = (system_wall_now(), OFFSET_MS.load(Ordering::Relaxed));
    let by = Duration::from_millis(offset.unsigned_abs());
    let shifted = if offset < 0 { now.checked_sub(by) } else { now.checked_add(by) };
    shifted.unwrap_or(UNIX_EPOCH)
}
