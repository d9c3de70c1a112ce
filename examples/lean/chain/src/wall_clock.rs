//! The wall clock. Only this module reads it.

use std::time::{SystemTime, UNIX_EPOCH};

/// Returns the wall clock's time, in Unix milliseconds. A simulated node has another function.
pub type WallClock = fn() -> u64;

/// Returns the system's time. It may jump, in both directions.
pub fn system() -> u64 {
    // A time before 1970 is before every genesis, so 0 will do.
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
