//! The policy of restarts: which ends lead to another life, how many, and after which delay.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::life::backoff::{Backoff, Random};
use crate::mailbox::exit::ExitReason;

/// When an actor gets another life, for [`Spawn::restart`](crate::Spawn::restart).
///
/// | the life ended by | permanent | transient | temporary |
/// |---|---|---|---|
/// | a panic, an error, a [link](ExitReason), a failed maker | restart | restart | – |
/// | [`Context::stop`](crate::Context::stop) | restart | – | – |
/// | a stop, a kill, the deadline, nothing can reach it | – | – | – |
///
/// A dash means that the actor ends. It also ends once it has had its number of restarts (5, unless
/// stated) within the window (60 s, unless stated), with the reason of its last life.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use actor_core::life::{Backoff, Restart};
///
/// // At most 5 restarts in a minute. The first after 50 ms, then 100 ms, and so on up to 5 s.
/// let policy = Restart::up_to(5)
///     .within(Duration::from_secs(60))
///     .backoff(Backoff::exponential(Duration::from_millis(50), Duration::from_secs(5)).jitter());
/// # drop(policy);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "a policy applies to the actor that it is given to"]
pub struct Restart {
    kind: Kind,
    most: u32,
    within: Duration,
    backoff: Backoff,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Permanent,
    Transient,
    Temporary,
}

impl Restart {
    /// Restarts after every end of a life, also after
    /// [`Context::stop`](crate::Context::stop): for a service that must always run.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use actor_core::life::{Restart, Restarts};
    /// use actor_core::{Executor, ExitReason, Runtime, ThreadConfig};
    ///
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// # let executor = runtime.start_executor(ThreadConfig::named("doc"))?;
    /// let mut restarts = Restarts::new(Restart::permanent());
    /// assert_eq!(restarts.next(&ExitReason::Stopped, executor.now()), Some(Duration::ZERO));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn permanent() -> Self {
        Self::of(Kind::Permanent)
    }

    /// Restarts after a failure: a panic, an error, a failed maker.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use actor_core::life::{Restart, Restarts};
    /// use actor_core::{Executor, ExitReason, Runtime, ThreadConfig};
    ///
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// # let executor = runtime.start_executor(ThreadConfig::named("doc"))?;
    /// let mut restarts = Restarts::new(Restart::transient());
    /// let panicked = ExitReason::Panicked("no such block".to_owned());
    /// assert_eq!(restarts.next(&panicked, executor.now()), Some(Duration::ZERO));
    /// assert_eq!(restarts.next(&ExitReason::Stopped, executor.now()), None);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn transient() -> Self {
        Self::of(Kind::Transient)
    }

    /// Never restarts: for an actor under a supervisor that is not needed any more after its end.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::life::{Restart, Restarts};
    /// use actor_core::{Executor, ExitReason, Runtime, ThreadConfig};
    ///
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// # let executor = runtime.start_executor(ThreadConfig::named("doc"))?;
    /// let mut restarts = Restarts::new(Restart::temporary());
    /// let panicked = ExitReason::Panicked("no such block".to_owned());
    /// assert_eq!(restarts.next(&panicked, executor.now()), None);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn temporary() -> Self {
        Self::of(Kind::Temporary)
    }

    /// Restarts after a failure, at most `restarts` times within the window. The same as
    /// [`transient`](Self::transient) with [`most`](Self::most).
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::life::{Restart, Restarts};
    /// use actor_core::{Executor, ExitReason, Runtime, ThreadConfig};
    ///
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// # let executor = runtime.start_executor(ThreadConfig::named("doc"))?;
    /// let mut restarts = Restarts::new(Restart::up_to(1));
    /// let panicked = ExitReason::Panicked("no such block".to_owned());
    /// assert!(restarts.next(&panicked, executor.now()).is_some());
    /// assert!(restarts.next(&panicked, executor.now()).is_none(), "one restart in a minute");
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn up_to(restarts: u32) -> Self {
        Self::transient().most(restarts)
    }

    /// Sets the largest number of restarts within the window. [`u32::MAX`] sets no limit.
    ///
    /// With a limit, the actor keeps the time of each restart within the window: 16 bytes each.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::life::{Restart, Restarts};
    /// use actor_core::{Executor, ExitReason, Runtime, ThreadConfig};
    ///
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// # let executor = runtime.start_executor(ThreadConfig::named("doc"))?;
    /// let mut restarts = Restarts::new(Restart::permanent().most(2));
    /// let mut restart = || restarts.next(&ExitReason::Stopped, executor.now()).is_some();
    /// assert_eq!([restart(), restart(), restart()], [true, true, false]);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn most(self, restarts: u32) -> Self {
        Self { most: restarts, ..self }
    }

    /// Sets the window that the restarts are counted in: each restart leaves it after `window`.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use actor_core::life::{Restart, Restarts};
    /// use actor_core::{Executor, ExitReason, Runtime, ThreadConfig};
    ///
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// # let executor = runtime.start_executor(ThreadConfig::named("doc"))?;
    /// let mut restarts = Restarts::new(Restart::up_to(1).within(Duration::from_secs(1)));
    /// let (panicked, start) = (ExitReason::Panicked("boom".to_owned()), executor.now());
    /// assert!(restarts.next(&panicked, start).is_some());
    /// assert!(restarts.next(&panicked, start + Duration::from_millis(999)).is_none());
    /// assert!(restarts.next(&panicked, start + Duration::from_secs(1)).is_some());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn within(self, window: Duration) -> Self {
        Self { within: window, ..self }
    }

    /// Sets the delay before each restart. Without this, there is none.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use actor_core::life::{Backoff, Restart, Restarts};
    /// use actor_core::{Executor, ExitReason, Runtime, ThreadConfig};
    ///
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// # let executor = runtime.start_executor(ThreadConfig::named("doc"))?;
    /// let second = Duration::from_secs(1);
    /// let mut restarts = Restarts::new(Restart::transient().backoff(Backoff::constant(second)));
    /// let panicked = ExitReason::Panicked("no such block".to_owned());
    /// assert_eq!(restarts.next(&panicked, executor.now()), Some(second));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn backoff(self, backoff: Backoff) -> Self {
        Self { backoff, ..self }
    }

    fn of(kind: Kind) -> Self {
        Self { kind, most: 5, within: Duration::from_secs(60), backoff: Backoff::none() }
    }

    /// Returns whether another life follows this end, by the reason alone. `Stopped` stands for
    /// [`Context::stop`](crate::Context::stop) here.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::ExitReason;
    /// use actor_core::life::Restart;
    ///
    /// assert!(Restart::permanent().follows(&ExitReason::Stopped));
    /// assert!(!Restart::transient().follows(&ExitReason::Stopped));
    /// ```
    #[must_use]
    pub fn follows(&self, reason: &ExitReason) -> bool {
        match (self.kind, reason) {
            (Kind::Temporary, _) => false,
            (kind, ExitReason::Stopped) => kind == Kind::Permanent,
            (_, reason) => !reason.is_final(),
        }
    }
}

/// The account of one actor's restarts under a [`Restart`] policy.
///
/// A restarting actor has one. It is public for supervisors of other kinds.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use actor_core::life::{Backoff, Restart, Restarts};
/// use actor_core::{Executor, ExitReason, Runtime, ThreadConfig};
///
/// # let runtime = actor_smol::SmolRuntime::new();
/// # let executor = runtime.start_executor(ThreadConfig::named("doc"))?;
/// let (ms, second) = (Duration::from_millis, Duration::from_secs(1));
/// let policy = Restart::up_to(3).backoff(Backoff::exponential(ms(300), second));
/// let mut restarts = Restarts::new(policy);
/// let panicked = ExitReason::Panicked("no such block".to_owned());
/// let delays: Vec<_> =
///     std::iter::from_fn(|| restarts.next(&panicked, executor.now())).collect();
/// assert_eq!(delays, [ms(300), ms(600), second]);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct Restarts {
    policy: Restart,
    /// The times of the restarts within the window, oldest first: at most `policy.most`. Empty if
    /// there is no limit.
    recent: VecDeque<Instant>,
    /// The time of the last restart, and the number of restarts without a longer pause than the
    /// window between them.
    last: Option<Instant>,
    in_a_row: u32,
    random: Random,
}

impl Restarts {
    /// Creates the account, without a restart so far.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::life::{Restart, Restarts};
    ///
    /// let restarts = Restarts::new(Restart::transient());
    /// # drop(restarts);
    /// ```
    #[must_use]
    pub fn new(policy: Restart) -> Self {
        let (recent, last, in_a_row) = (VecDeque::new(), None, 0);
        Self { policy, recent, last, in_a_row, random: Random::new() }
    }

    pub(super) fn policy(&self) -> &Restart {
        &self.policy
    }

    /// Decides about another life after the end of one: returns the delay before it, and counts the
    /// restart. Returns `None` if the actor ends, by the reason or because it has had all its
    /// restarts.
    ///
    /// [`ExitReason::Stopped`] stands for [`Context::stop`](crate::Context::stop) here.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::life::{Restart, Restarts};
    /// use actor_core::{Executor, ExitReason, Runtime, ThreadConfig};
    ///
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// # let executor = runtime.start_executor(ThreadConfig::named("doc"))?;
    /// let mut restarts = Restarts::new(Restart::permanent());
    /// assert!(restarts.next(&ExitReason::Killed, executor.now()).is_none(), "a kill is final");
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn next(&mut self, reason: &ExitReason, now: Instant) -> Option<Duration> {
        if !self.policy.follows(reason) {
            return None;
        }
        self.count(now)
    }

    /// Counts a restart, whatever the reason. Returns the delay before it, or `None` if there have
    /// been too many restarts.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use actor_core::life::{Restart, Restarts};
    /// use actor_core::{Executor, Runtime, ThreadConfig};
    ///
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// # let executor = runtime.start_executor(ThreadConfig::named("doc"))?;
    /// let mut restarts = Restarts::new(Restart::up_to(1));
    /// assert_eq!(restarts.count(executor.now()), Some(Duration::ZERO));
    /// assert_eq!(restarts.count(executor.now()), None);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn count(&mut self, now: Instant) -> Option<Duration> {
        let Self { policy, recent, last, in_a_row, random } = self;
        let has_left = |at: &Instant| now.saturating_duration_since(*at) >= policy.within;
        if policy.most != u32::MAX {
            while recent.front().is_some_and(has_left) {
                recent.pop_front();
            }
            if recent.len() >= policy.most as usize {
                return None;
            }
            recent.push_back(now);
        }
        if last.as_ref().is_some_and(has_left) {
            *in_a_row = 0;
        }
        *last = Some(now);
        let delay = policy.backoff.delay(*in_a_row, random);
        *in_a_row = in_a_row.saturating_add(1);
        Some(delay)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn panicked() -> ExitReason {
        ExitReason::Panicked("boom".to_owned())
    }

    #[expect(clippy::disallowed_methods, reason = "any instant will do: it is only counted from")]
    fn start() -> Instant {
        Instant::now()
    }

    #[test]
    fn each_policy_restarts_after_the_reasons_of_its_row_only() {
        let restarts = |policy: Restart, reason: &ExitReason| {
            Restarts::new(policy).next(reason, start()).is_some()
        };
        let row = |reason: &ExitReason| {
            [Restart::permanent(), Restart::transient(), Restart::temporary()]
                .map(|policy| restarts(policy, reason))
        };
        assert_eq!(row(&panicked()), [true, true, false]);
        assert_eq!(row(&ExitReason::Stopped), [true, false, false]);
        for reason in [
            ExitReason::Killed,
            ExitReason::DeadlinePassed,
            ExitReason::Unreachable,
            ExitReason::Abandoned,
        ] {
            assert_eq!(row(&reason), [false; 3], "{reason}");
        }
    }

    #[test]
    fn a_restart_leaves_the_window_and_makes_room_for_another() {
        let (start, second) = (start(), Duration::from_secs(1));
        let mut restarts = Restarts::new(Restart::up_to(2).within(10 * second));
        assert!(restarts.next(&panicked(), start).is_some());
        assert!(restarts.next(&panicked(), start + 9 * second).is_some());
        assert!(restarts.next(&panicked(), start + 9 * second).is_none());
        assert!(restarts.next(&panicked(), start + 10 * second).is_some());
        assert!(restarts.next(&panicked(), start + 18 * second).is_none());
        assert!(restarts.next(&panicked(), start + 19 * second).is_some());
    }

    #[test]
    fn the_delay_begins_again_after_a_life_longer_than_the_window() {
        let (start, second) = (start(), Duration::from_secs(1));
        let backoff = Backoff::exponential(second, 60 * second);
        let mut restarts =
            Restarts::new(Restart::up_to(u32::MAX).within(10 * second).backoff(backoff));
        let mut next = |after: u32| restarts.next(&panicked(), start + after * second);
        assert_eq!([next(0), next(2), next(5)], [1, 2, 4].map(|n| Some(n * second)));
        assert_eq!(next(15), Some(second));
    }

    #[test]
    fn a_policy_without_a_limit_keeps_no_times() {
        let mut restarts = Restarts::new(Restart::permanent().most(u32::MAX));
        (0..1000).for_each(|_| assert!(restarts.next(&panicked(), start()).is_some()));
        assert!(restarts.recent.is_empty());
    }
}
