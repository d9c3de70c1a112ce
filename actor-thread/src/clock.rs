//! The clock of this crate.

use std::time::Instant;

/// Returns the system's time.
#[expect(clippy::disallowed_methods, reason = "this executor's clock is the system's")]
pub(crate) fn now() -> Instant {
    Instant::now()
}
