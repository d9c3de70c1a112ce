//! The one policy of threads that spin for a while before they sleep.

use std::cell::Cell;
use std::hint::spin_loop;
use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};

/// Checks between two reads of the clock, because a read costs as much as several checks.
const CHECKS: usize = 16;

/// A round of checks lasting this long means: the thread yielded, and another took a whole time
/// slice. Otherwise a round takes half a microsecond, or some tens where the machine ran a short
/// task.
const AWAY: Duration = Duration::from_millis(1);

/// A thread away for a time slice does not spin for this long. Each such absence costs it some
/// milliseconds, because other threads want its core.
const CROWDED: Duration = Duration::from_millis(100);

/// Spins before a sleep, for an executor with a thread of its own.
///
/// Waking a sleeping thread costs the waker a system call. A thread that spins for about the
/// duration of a wake spares this cost, and wastes at most as much again. It gives its core away
/// while it spins, and stops spinning for a while on a crowded machine.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use actor_core::runtime::adapter::Spin;
///
/// let spin = Spin::new(Duration::from_micros(25));
/// assert!(spin.until(None, || true), "the first check finds it");
/// assert!(!Spin::new(Duration::ZERO).until(None, || true), "a zero duration checks nothing");
/// ```
#[derive(Debug)]
pub struct Spin {
    longest: Duration,
    /// No spinning before this time.
    crowded_until: Cell<Option<Instant>>,
}

impl Spin {
    /// Creates the policy of one thread. It spins for at most `longest`.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use actor_core::runtime::adapter::Spin;
    ///
    /// // On a single core, nothing can arrive during the spin.
    /// let longest = if Spin::helps() { Duration::from_micros(25) } else { Duration::ZERO };
    /// let spin = Spin::new(longest);
    /// assert_eq!(spin.until(None, || true), Spin::helps());
    /// ```
    #[must_use]
    pub const fn new(longest: Duration) -> Self {
        Self { longest, crowded_until: Cell::new(None) }
    }

    /// Returns whether spinning can help: only where another thread can run at the same time. The
    /// cores are counted once, on the first call.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::runtime::adapter::Spin;
    ///
    /// assert_eq!(Spin::helps(), Spin::helps());
    /// ```
    #[must_use]
    pub fn helps() -> bool {
        static SEVERAL_CORES: OnceLock<bool> = OnceLock::new();
        *SEVERAL_CORES
            .get_or_init(|| thread::available_parallelism().is_ok_and(|cores| cores.get() > 1))
    }

    /// Spins until `has_come` returns true, for at most the policy's duration and no longer than
    /// until `deadline`. Returns whether it has come.
    ///
    /// `has_come` is called many times, and should only load a word.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::atomic::{AtomicUsize, Ordering};
    /// use std::time::{Duration, Instant};
    ///
    /// use actor_core::runtime::adapter::Spin;
    ///
    /// let queued = AtomicUsize::new(1);
    /// let has_message = || queued.load(Ordering::Acquire) > 0;
    /// let spin = Spin::new(Duration::from_micros(25));
    /// assert!(spin.until(None, has_message), "no sleep is needed");
    /// let due = Instant::now();
    /// assert!(!spin.until(Some(due), has_message), "a due timer allows no check");
    /// ```
    pub fn until(&self, deadline: Option<Instant>, mut has_come: impl FnMut() -> bool) -> bool {
        if self.longest.is_zero() {
            return false;
        }
        let start = now();
        if self.crowded_until.get().is_some_and(|until| start < until) {
            return false;
        }
        let end = start.checked_add(self.longest);
        let end = match (end, deadline) {
            (Some(end), Some(deadline)) => Some(end.min(deadline)),
            (end, deadline) => end.or(deadline),
        };
        let (mut checked, mut time) = (start, start);
        while end.is_none_or(|end| time < end) {
            for _ in 0..CHECKS {
                if has_come() {
                    return true;
                }
                spin_loop();
            }
            // With more threads than cores, the awaited thread may need this core.
            thread::yield_now();
            (checked, time) = (time, now());
        }
        self.crowded_until.set((time.duration_since(checked) >= AWAY).then(|| time + CROWDED));
        false
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a plain thread has no executor, so it uses the system's clock"
)]
pub(crate) fn now() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Spin, now};

    const LONG: Duration = Duration::from_secs(3600);

    #[test]
    fn an_endless_spin_ends_with_its_condition() {
        let mut checks = 0;
        assert!(Spin::new(Duration::MAX).until(None, || {
            checks += 1;
            checks == 100
        }));
    }

    #[test]
    fn a_deadline_ends_a_long_spin() {
        let deadline = now() + Duration::from_micros(50);
        assert!(!Spin::new(LONG).until(Some(deadline), || false));
        assert!(now() >= deadline);
    }

    #[test]
    fn a_deadline_in_the_past_allows_no_check() {
        assert!(!Spin::new(LONG).until(Some(now()), || true));
    }
}
