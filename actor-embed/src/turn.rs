//! The limit of a turn, and its result.

use std::time::{Duration, Instant};

use crate::clock::system_now;

/// The limit of one turn. A handler is never interrupted, so the last poll may exceed it.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use actor_embed::{Budget, Embed};
///
/// let (_executor, mut driver) = Embed::new(|| {}).build()?;
/// // A game has two milliseconds of each frame for its actors.
/// assert!(!driver.poll(Duration::from_millis(2)).has_more);
/// assert!(!driver.poll(Budget::polls(64)).has_more);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    limit: Limit,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Limit {
    Time(Duration),
    Polls(u32),
    Round,
    None,
}

impl Budget {
    /// Limits a turn by time. At least one task is polled, or one piece of work run. Nothing
    /// begins once the time is over.
    ///
    /// The time is the system's, also where the executor has another clock.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use actor_embed::Budget;
    ///
    /// assert_eq!(Budget::from(Duration::from_millis(1)), Budget::time(Duration::from_millis(1)));
    /// ```
    #[must_use]
    pub const fn time(limit: Duration) -> Self {
        Self { limit: Limit::Time(limit) }
    }

    /// Limits a turn to a number of polls of tasks; 0 counts as 1.
    ///
    /// A poll of an actor handles several messages, and takes about a millisecond at most, unless a
    /// handler takes longer.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_embed::{Budget, Embed};
    ///
    /// let (executor, mut driver) = Embed::new(|| {}).build()?;
    /// for _ in 0..3 {
    ///     executor.spawn(Box::new(|| Box::pin(async {}))).expect("the executor runs");
    /// }
    /// assert!(driver.turn(Budget::polls(2)).has_more);
    /// assert!(!driver.turn(Budget::polls(2)).has_more);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub const fn polls(most: u32) -> Self {
        Self { limit: Limit::Polls(most) }
    }

    /// Limits a turn to one poll of each task that is ready at its begin.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::task::{Poll, Waker};
    ///
    /// use actor_embed::{Budget, Embed};
    ///
    /// let (executor, mut driver) = Embed::new(|| {}).build()?;
    /// // A task that is always ready leaves room for the loop's other events.
    /// let busy = || std::future::poll_fn(|cx| -> Poll<()> {
    ///     cx.waker().wake_by_ref();
    ///     Poll::Pending
    /// });
    /// executor.spawn(Box::new(move || Box::pin(busy()))).expect("the executor runs");
    /// assert!(driver.turn(Budget::round()).has_more);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub const fn round() -> Self {
        Self { limit: Limit::Round }
    }

    /// Sets no limit. The turn ends when nothing is ready: never, if a task always wakes itself.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_embed::{Budget, Embed};
    ///
    /// let (executor, mut driver) = Embed::new(|| {}).build()?;
    /// executor.spawn(Box::new(|| Box::pin(async {}))).expect("the executor runs");
    /// assert!(!driver.turn(Budget::unlimited()).has_more);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub const fn unlimited() -> Self {
        Self { limit: Limit::None }
    }

    /// Starts to measure.
    pub(crate) fn start(self) -> Allowance {
        match self.limit {
            Limit::Time(limit) => Allowance::Until(system_now().checked_add(limit)),
            Limit::Polls(most) => Allowance::Polls(most.max(1)),
            Limit::Round => Allowance::Round,
            Limit::None => Allowance::Until(None),
        }
    }
}

impl From<Duration> for Budget {
    fn from(limit: Duration) -> Self {
        Self::time(limit)
    }
}

/// What is left of a budget.
pub(crate) enum Allowance {
    Until(Option<Instant>),
    Polls(u32),
    Round,
}

impl Allowance {
    /// Counts a poll. Returns whether the budget is used up.
    pub(crate) fn is_spent_by_poll(&mut self) -> bool {
        match self {
            Self::Until(end) => end.is_some_and(|end| system_now() >= end),
            Self::Polls(left) => {
                *left -= 1;
                *left == 0
            }
            Self::Round => false,
        }
    }

    /// Returns whether the turn ends with its first round.
    pub(crate) fn is_one_round(&self) -> bool {
        matches!(self, Self::Round)
    }
}

/// The state of a driver after a turn: what its loop waits for.
///
/// # Examples
///
/// ```
/// use actor_embed::{Budget, Embed};
///
/// let (_executor, mut driver) = Embed::new(|| {}).build()?;
/// let turn = driver.turn(Budget::polls(64));
/// // The loop waits for its own events and for the wake, without a timeout.
/// assert_eq!(turn.timeout(driver.now()), None);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Turn {
    /// The time of the next timer, on the executor's clock.
    pub next_deadline: Option<Instant>,
    /// Whether tasks are ready. The loop then turns again without waiting. No wake is called
    /// meanwhile.
    pub has_more: bool,
    /// Whether a task was polled, or a piece of work run.
    pub has_run: bool,
    /// Whether the executor was stopped and all its futures have ended. There is nothing to wait
    /// for.
    pub has_ended: bool,
}

impl Turn {
    /// Returns the longest wait for the loop's other events: zero if more is ready, `None` if only
    /// the wake ends it, or if the executor has ended. For `poll(2)` round it up to milliseconds.
    ///
    /// `now` is the time of the executor's clock.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use actor_embed::{Embed, ManualClock};
    ///
    /// let (executor, mut driver) = Embed::new(|| {}).clock(ManualClock::new()).build()?;
    /// let mut timer = executor.timer();
    /// timer.arm(executor.now() + Duration::from_millis(3));
    /// let wait = || std::future::poll_fn(move |cx| timer.poll_expired(cx));
    /// executor.spawn(Box::new(move || Box::pin(wait()))).expect("the executor runs");
    /// let turn = driver.run_until_stalled();
    /// assert_eq!(turn.timeout(driver.now()), Some(Duration::from_millis(3)));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn timeout(&self, now: Instant) -> Option<Duration> {
        if self.has_more {
            return Some(Duration::ZERO);
        }
        self.next_deadline.map(|at| at.saturating_duration_since(now))
    }
}
