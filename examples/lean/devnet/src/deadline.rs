//! Deadlines for people who wait outside of any executor.

use std::time::{Duration, Instant};

/// A time by which something must have happened; or never.
#[derive(Clone, Copy, Debug)]
pub struct Deadline(Option<Instant>);

impl Deadline {
    /// Sets the deadline to this much from now.
    pub fn after(patience: Duration) -> Self {
        Self(now().checked_add(patience))
    }

    /// Makes a deadline that never comes.
    pub fn never() -> Self {
        Self(None)
    }

    /// Returns how much time is left, zero when the deadline has passed; nothing if it never comes.
    pub fn remaining(self) -> Option<Duration> {
        self.0.map(|deadline| deadline.saturating_duration_since(now()))
    }
}

/// Tells how long some work took.
pub(super) fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = now();
    let result = work();
    (result, now().saturating_duration_since(start))
}

#[expect(clippy::disallowed_methods, reason = "the process that watches a devnet runs no executor to ask for the time")]
fn now() -> Instant {
    Instant::now()
}
