//! The wall clock: the one place where the node looks at it.

use std::time::{SystemTime, UNIX_EPOCH};

/// Tells the wall clock's time, in Unix milliseconds. A function, so that a simulated node can have another.
pub type WallClock = fn() -> u64;

/// Tells the system's time. It may jump, in both directions.
pub fn system() -> u64 {
    // Before 1970 is before every genesis.
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
