//! Deadlines for threads outside of any executor.

use std::time::{Duration, Instant};

/// A deadline, or none.
#[derive(Clone, Copy, Debug)]
pub struct Deadline(Option<Instant>);

impl Deadline {
    /// Creates a deadline `patience` from now.
    pub fn after(patience: Duration) -> Self {
        Self(now().checked_add(patience))
    }

    /// Creates a deadline in the infinite future.
    pub fn never() -> Self {
        Self(None)
    }

    /// Returns the remaining time, zero after the deadline, or `None` if there is no deadline.
    pub fn remaining(self) -> Option<Duration> {
        self.0.map(|deadline| deadline.saturating_duration_since(now()))
    }
}

/// Returns the result of `work` and its running time.
pub(super) fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = now();
    let result = work();
    (result, now().saturating_duration_since(start))
}

#[expect(
    clippy::disallowed_methods,
    reason = "the process that watches a devnet runs no executor to ask for the time"
)]
pub(super) fn now() -> Instant {
    Instant::now()
}
