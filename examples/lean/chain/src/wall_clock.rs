//! The wall clock. Only this module reads it.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// Returns the wall clock's time, in Unix milliseconds. A simulated node has another function.
pub type WallClock = fn() -> u64;

/// The difference between the returned time and the system's, in milliseconds. Other than zero only
/// in a test.
static OFFSET_MS: AtomicI64 = AtomicI64::new(0);

/// Shifts the result of [`system`], to test a clock with a wrong time.
pub fn shift(milliseconds: i64) {
    // Relaxed: called before the threads that read the clock start.
    OFFSET_MS.store(milliseconds, Ordering::Relaxed);
}

/// Returns the system's time. It may jump, in both directions.
pub fn system() -> u64 {
    // A time before 1970 is before every genesis, so 0 will do.
    #[expect(clippy::disallowed_methods, reason = "the wall clock of the node")]
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let milliseconds = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
    milliseconds.saturating_add_signed(OFFSET_MS.load(Ordering::Relaxed))
}
