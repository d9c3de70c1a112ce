//! How many failures are too many, and the delay after each.

use std::collections::VecDeque;
use std::fmt;
use std::time::{Duration, Instant};

/// The limits of a team or of one child.
pub(crate) struct Limits {
    /// At most this many within the window.
    pub(crate) restarts: u32,
    /// The window.
    pub(crate) within: Duration,
    /// Returns the delay before the restart with this number, from 1.
    pub(crate) delay: Box<dyn Fn(u32) -> Duration + Send>,
}

/// The failures within the window, under limits.
#[derive(Debug)]
pub(super) struct Tally {
    limits: Limits,
    /// At most as many as the limit.
    times: VecDeque<Instant>,
    streak: Streak,
}

/// Failures, each within the window after the one before.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Streak {
    count: u32,
    last: Option<Instant>,
}

impl Limits {
    pub(super) fn delay(&self, number: u32) -> Duration {
        (self.delay)(number)
    }
}

impl Tally {
    pub(super) fn new(limits: Limits) -> Self {
        Self { limits, times: VecDeque::new(), streak: Streak::default() }
    }

    pub(super) fn limits(&self) -> &Limits {
        &self.limits
    }

    pub(super) fn clear(&mut self) {
        self.times.clear();
        self.streak = Streak::default();
    }

    /// Adds a failure. Returns its number in the streak, or `None` if there are more failures
    /// within the window than the limit.
    pub(super) fn add(&mut self, now: Instant) -> Option<u32> {
        let within = self.limits.within;
        let number = self.streak.add(now, within);
        // Without a limit, nothing is to be remembered.
        if self.limits.restarts < u32::MAX {
            while let Some(then) = self.times.front()
                && now.saturating_duration_since(*then) > within
            {
                self.times.pop_front();
            }
            if self.times.len() >= self.limits.restarts as usize {
                return None;
            }
            self.times.push_back(now);
        }
        Some(number)
    }
}

impl Streak {
    /// Adds a failure, and returns the number of failures in the streak.
    pub(super) fn add(&mut self, now: Instant, within: Duration) -> u32 {
        let goes_on = self.last.is_some_and(|last| now.saturating_duration_since(last) <= within);
        self.count = if goes_on { self.count.saturating_add(1) } else { 1 };
        self.last = Some(now);
        self.count
    }
}

impl fmt::Debug for Limits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { restarts, within, .. } = self;
        f.debug_struct("Limits")
            .field("restarts", restarts)
            .field("within", within)
            .finish_non_exhaustive()
    }
}
