//! The clock that everything here goes by.

use std::time::Instant;

/// Tells the system's time.
#[expect(clippy::disallowed_methods, reason = "this executor's clock is the system's")]
pub(crate) fn now() -> Instant {
    Instant::now()
}
