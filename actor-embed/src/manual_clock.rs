//! A clock moved by hand, with a wall clock of its own.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use actor_core::runtime::adapter::system_wall_now;

use crate::clock::{Latest, system_now};

/// A clock that stands still until it is moved: for tests and simulators.
///
/// Clones are the same clock, and several drivers may share it. Moving the clock wakes no loop: the
/// caller turns each driver afterwards. [`Driver::advance`](crate::Driver::advance) does both, for
/// one driver.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use actor_embed::{Embed, ManualClock};
///
/// let clock = ManualClock::new();
/// let (executor, _driver) = Embed::new(|| {}).clock(clock.clone()).build()?;
/// let start = executor.now();
/// clock.advance(Duration::from_secs(3600));
/// assert_eq!(executor.now() - start, Duration::from_secs(3600));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone)]
pub struct ManualClock {
    times: Arc<Times>,
}

struct Times {
    latest: Latest,
    /// The wall clock's time when this clock was made.
    wall_base: SystemTime,
    /// The steps of the wall clock since then, beyond the moves of the clock, in nanoseconds. Up to
    /// 292 years in both directions.
    wall_step: AtomicI64,
}

impl ManualClock {
    /// Creates a clock. Its first time is the system's current one, because an [`Instant`] has no
    /// other origin. The same holds for its wall clock, until [`set_wall`](Self::set_wall).
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_embed::ManualClock;
    ///
    /// let clock = ManualClock::new();
    /// assert_eq!(clock.now(), clock.now(), "it stands still");
    /// ```
    #[must_use]
    pub fn new() -> Self {
        let (latest, wall_base) = (Latest::new(system_now()), system_wall_now());
        Self { times: Arc::new(Times { latest, wall_base, wall_step: AtomicI64::new(0) }) }
    }

    /// Returns the clock's time.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use actor_embed::ManualClock;
    ///
    /// let clock = ManualClock::new();
    /// let start = clock.now();
    /// clock.clone().advance(Duration::from_secs(1));
    /// assert_eq!(clock.now(), start + Duration::from_secs(1));
    /// ```
    #[must_use]
    pub fn now(&self) -> Instant {
        self.times.latest.now()
    }

    /// Returns the time that lies this duration ahead, at most the clock's last one.
    pub(crate) fn after(&self, duration: Duration) -> Instant {
        self.times.latest.after(duration)
    }

    /// Moves the clock forward, and its wall clock by the same time. The clock stops 584 years
    /// after its start.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use actor_embed::ManualClock;
    ///
    /// let clock = ManualClock::new();
    /// let start = clock.now();
    /// clock.advance(Duration::from_millis(1));
    /// clock.advance(Duration::from_millis(2));
    /// assert_eq!(clock.now() - start, Duration::from_millis(3));
    /// ```
    pub fn advance(&self, duration: Duration) {
        self.times.latest.add(duration);
    }

    /// Moves the clock to a time, unless it has passed that time already.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use actor_embed::ManualClock;
    ///
    /// let clock = ManualClock::new();
    /// let later = clock.now() + Duration::from_secs(1);
    /// clock.advance_to(later);
    /// clock.advance_to(later - Duration::from_millis(1));
    /// assert_eq!(clock.now(), later, "it never runs backwards");
    /// ```
    pub fn advance_to(&self, at: Instant) {
        self.times.latest.at_least(at);
    }

    /// Returns the wall clock's time.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use actor_embed::ManualClock;
    ///
    /// let clock = ManualClock::new();
    /// let start = clock.wall_now();
    /// clock.advance(Duration::from_secs(1));
    /// assert_eq!(clock.wall_now(), start + Duration::from_secs(1));
    /// ```
    #[must_use]
    pub fn wall_now(&self) -> SystemTime {
        let step = self.times.wall_step.load(Ordering::Relaxed);
        let (without, size) =
            (self.wall_without_steps(), Duration::from_nanos(step.unsigned_abs()));
        if step < 0 { without - size } else { without + size }
    }

    /// Steps the wall clock to a time, forwards or backwards. The clock of timers stays. Later
    /// moves of the clock move both.
    ///
    /// A step forwards is also what a suspend looks like to a program: the clock of timers may
    /// stand still meanwhile. The step is limited to 292 years from the time without steps.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::{Duration, SystemTime};
    ///
    /// use actor_embed::ManualClock;
    ///
    /// let clock = ManualClock::new();
    /// let start = clock.now();
    /// let noon = SystemTime::UNIX_EPOCH + Duration::from_secs(43_200);
    /// clock.set_wall(noon);
    /// assert_eq!((clock.now(), clock.wall_now()), (start, noon));
    /// clock.advance(Duration::from_secs(1));
    /// assert_eq!(clock.wall_now(), noon + Duration::from_secs(1));
    /// ```
    pub fn set_wall(&self, at: SystemTime) {
        let without = self.wall_without_steps();
        let step = match at.duration_since(without) {
            Ok(ahead) => i64::try_from(ahead.as_nanos()).unwrap_or(i64::MAX),
            Err(behind) => {
                i64::try_from(behind.duration().as_nanos()).map_or(i64::MIN, |nanos| -nanos)
            }
        };
        // Relaxed: the time is the only value handed over.
        self.times.wall_step.store(step, Ordering::Relaxed);
    }

    fn wall_without_steps(&self) -> SystemTime {
        self.times.wall_base + self.times.latest.since_base()
    }
}

impl Default for ManualClock {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for ManualClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ManualClock").field("now", &self.now()).finish()
    }
}
