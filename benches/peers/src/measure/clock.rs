//! The clock of all measurements, and what asking it costs.

use std::sync::OnceLock;
use std::time::Instant;

use super::percentile;

/// A time, which another thread may be told as a number.
#[derive(Clone, Copy)]
pub(crate) struct Moment(Instant);

/// Asks the system's monotonic clock.
#[expect(clippy::disallowed_methods, reason = "a benchmark measures the machine's time")]
pub(crate) fn now() -> Moment {
    Moment(Instant::now())
}

impl Moment {
    /// Nanoseconds from `earlier` to this; 0 if it was later.
    pub(crate) fn since(self, earlier: Self) -> u64 {
        nanoseconds(self.0.saturating_duration_since(earlier.0))
    }

    /// The moment as the standard library has it.
    pub(crate) fn instant(self) -> Instant {
        self.0
    }

    /// Nanoseconds since the program first asked for this.
    pub(crate) fn number(self) -> u64 {
        static FIRST: OnceLock<Instant> = OnceLock::new();
        nanoseconds(self.0.saturating_duration_since(*FIRST.get_or_init(|| self.0)))
    }
}

fn nanoseconds(time: std::time::Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// What lies between two moments asked for one after the other, in nanoseconds: the median of many. It is taken off
/// where single calls are measured.
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
