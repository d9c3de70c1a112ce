//! The clock of all measurements, and the cost of reading it.

use std::sync::OnceLock;
use std::time::Instant;

use super::percentile;

/// A time. It can be sent to another thread as a number.
#[derive(Clone, Copy)]
pub(crate) struct Moment(Instant);

/// Reads the system's monotonic clock.
#[expect(clippy::disallowed_methods, reason = "a benchmark measures the machine's time")]
pub(crate) fn now() -> Moment {
    Moment(Instant::now())
}

impl Moment {
    /// Returns the nanoseconds from `earlier` to this time, and 0 if `earlier` was later.
    pub(crate) fn since(self, earlier: Self) -> u64 {
        nanoseconds(self.0.saturating_duration_since(earlier.0))
    }

    /// Returns the time as the standard library's type.
    pub(crate) fn instant(self) -> Instant {
        self.0
    }

    /// Returns the nanoseconds since the program's first call of this.
    pub(crate) fn number(self) -> u64 {
        static FIRST: OnceLock<Instant> = OnceLock::new();
        nanoseconds(self.0.saturating_duration_since(*FIRST.get_or_init(|| self.0)))
    }
}

fn nanoseconds(time: std::time::Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// Returns the time between two consecutive readings of the clock, in nanoseconds: the median of
/// many. It is subtracted from the times of single calls.
pub(crate) fn clock_cost() -> u64 {
    static COST: OnceLock<u64> = OnceLock::new();
    *COST.get_or_init(|| {
        let mut costs: Vec<u64> = (0..10_001)
            .map(|_| {
                let first = now();
                now().since(first)
            })
            .collect();
        percentile(&mut costs, 50)
    })
}
