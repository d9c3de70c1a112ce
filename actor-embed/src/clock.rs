//! The clocks of an executor: the system's, a foreign one, or one moved by hand.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use actor_core::runtime::adapter::contain;

/// The clock of an executor: of its timers, and of everything that its actors measure.
///
/// # Examples
///
/// ```
/// use actor_embed::{Clock, Embed};
///
/// let (executor, driver) = Embed::new(|| {}).clock(Clock::system()).build()?;
/// assert!(driver.now() <= executor.now());
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone)]
pub struct Clock {
    kind: Kind,
}

#[derive(Clone)]
enum Kind {
    System,
    Foreign(Arc<Foreign>),
    Manual(ManualClock),
}

struct Foreign {
    read: Box<dyn Fn() -> Instant + Send + Sync>,
    latest: Latest,
}

/// The latest known time. It never decreases.
struct Latest {
    base: Instant,
    /// Nanoseconds since the base. They last for 584 years.
    nanos: AtomicU64,
}

impl Clock {
    /// Returns the system's monotonic clock.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_embed::{Clock, Embed};
    ///
    /// let (executor, _driver) = Embed::new(|| {}).clock(Clock::system()).build()?;
    /// let earlier = executor.now();
    /// assert!(earlier <= executor.now());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn system() -> Self {
        Self { kind: Kind::System }
    }

    /// Returns a clock that calls `read`, for example the clock of a loop, of a simulator or of an
    /// async runtime.
    ///
    /// `read` is called here once, and then by any thread. A time earlier than a former one is
    /// replaced by the former one. After a panic of `read` the last known time is used.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::{Duration, Instant};
    ///
    /// use actor_embed::{Clock, Embed};
    ///
    /// let start = Instant::now();
    /// let clock = Clock::from_fn(move || start + Duration::from_secs(7));
    /// let (executor, _driver) = Embed::new(|| {}).clock(clock).build()?;
    /// assert_eq!(executor.now(), start + Duration::from_secs(7));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn from_fn(read: impl Fn() -> Instant + Send + Sync + 'static) -> Self {
        let base = contain(&read).unwrap_or_else(system_now);
        let foreign = Foreign { read: Box::new(read), latest: Latest::new(base) };
        Self { kind: Kind::Foreign(Arc::new(foreign)) }
    }

    pub(crate) fn now(&self) -> Instant {
        match &self.kind {
            Kind::System => system_now(),
            Kind::Foreign(foreign) => foreign.now(),
            Kind::Manual(clock) => clock.now(),
        }
    }

    pub(crate) fn as_manual(&self) -> Option<&ManualClock> {
        match &self.kind {
            Kind::Manual(clock) => Some(clock),
            Kind::System | Kind::Foreign(_) => None,
        }
    }
}

impl Foreign {
    fn now(&self) -> Instant {
        match contain(&self.read) {
            Some(now) => self.latest.at_least(now),
            None => self.latest.now(),
        }
    }
}

impl Latest {
    fn new(base: Instant) -> Self {
        Self { base, nanos: AtomicU64::new(0) }
    }

    // Relaxed in all of these: the time is the only value handed over.
    fn now(&self) -> Instant {
        self.base + Duration::from_nanos(self.nanos.load(Ordering::Relaxed))
    }

    /// Moves to this time, unless a later one is known. Returns the latest.
    fn at_least(&self, at: Instant) -> Instant {
        let nanos = nanos(at.saturating_duration_since(self.base));
        let known = self.nanos.fetch_max(nanos, Ordering::Relaxed);
        self.base + Duration::from_nanos(known.max(nanos))
    }

    /// Returns the time of a later [`add`](Self::add) of this duration.
    fn after(&self, duration: Duration) -> Instant {
        let known = self.nanos.load(Ordering::Relaxed);
        self.base + Duration::from_nanos(known.saturating_add(nanos(duration)))
    }

    fn add(&self, duration: Duration) {
        let add = |known: u64| Some(known.saturating_add(nanos(duration)));
        _ = self.nanos.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add);
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

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
    latest: Arc<Latest>,
}

impl ManualClock {
    /// Creates a clock. Its first time is the system's current one, because an [`Instant`] has no
    /// other origin.
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
        Self { latest: Arc::new(Latest::new(system_now())) }
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
        self.latest.now()
    }

    /// Returns the time that lies this duration ahead, at most the clock's last one.
    pub(crate) fn after(&self, duration: Duration) -> Instant {
        self.latest.after(duration)
    }

    /// Moves the clock forward. It stops 584 years after its start.
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
        self.latest.add(duration);
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
        self.latest.at_least(at);
    }
}

impl Default for ManualClock {
    fn default() -> Self {
        Self::new()
    }
}

impl From<ManualClock> for Clock {
    fn from(clock: ManualClock) -> Self {
        Self { kind: Kind::Manual(clock) }
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            Kind::System => "Clock::system()",
            Kind::Foreign(_) => "Clock::from_fn(..)",
            Kind::Manual(_) => "Clock::from(ManualClock)",
        })
    }
}

impl fmt::Debug for ManualClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ManualClock").field("now", &self.now()).finish()
    }
}

/// Returns the system's time.
#[expect(clippy::disallowed_methods, reason = "this is the system's clock")]
pub(crate) fn system_now() -> Instant {
    Instant::now()
}
