//! The system's wall clock.

use std::time::SystemTime;

/// Returns the time of the system's wall clock. It may jump, in both directions.
///
/// Only this function reads that clock. Actors and programs ask
/// [`Executor::wall_now`](crate::Executor::wall_now), so that a simulation may set it.
///
/// # Examples
///
/// ```
/// use std::time::SystemTime;
///
/// use actor_core::runtime::adapter::system_wall_now;
///
/// assert!(system_wall_now() > SystemTime::UNIX_EPOCH);
/// ```
#[expect(clippy::disallowed_methods, reason = "the one place that reads the system's wall clock")]
#[must_use]
pub fn system_wall_now() -> SystemTime {
    SystemTime::now()
}
