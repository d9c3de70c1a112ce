//! The clock of an executor: the system's, a foreign one, or one moved by hand.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use actor_core::runtime::adapter::{contain, system_wall_now};

use crate::manual_clock::ManualClock;
use crate::wall_clock::ForeignWall;

/// The clock of an executor: of its timers, and of everything that its actors measure. It has a
/// wall clock beside it, for [schedules](actor_core::actor::WallSchedule).
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
    /// `None` for the wall clock of the kind: the system's, or the manual clock's own.
    wall: Option<Arc<ForeignWall>>,
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
pub(crate) struct Latest {
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
        Self { kind: Kind::System, wall: None }
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
        Self { kind: Kind::Foreign(Arc::new(foreign)), wall: None }
    }

    /// Sets the wall clock: `read` returns its time. The default is the system's wall clock, or the
    /// own one of a [`ManualClock`].
    ///
    /// `read` is called here once, and then by any thread. Its time may jump in both directions.
    /// After a panic of `read` the last known time is used.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::{Duration, SystemTime};
    ///
    /// use actor_embed::{Clock, Embed};
    ///
    /// let noon = SystemTime::UNIX_EPOCH + Duration::from_secs(43_200);
    /// let clock = Clock::system().wall(move || noon);
    /// let (executor, _driver) = Embed::new(|| {}).clock(clock).build()?;
    /// assert_eq!(executor.wall_now(), noon);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn wall(self, read: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        Self { wall: Some(Arc::new(ForeignWall::new(read))), ..self }
    }

    pub(crate) fn wall_now(&self) -> SystemTime {
        match (&self.wall, &self.kind) {
            (Some(wall), _) => wall.now(),
            (None, Kind::Manual(clock)) => clock.wall_now(),
            (None, Kind::System | Kind::Foreign(_)) => system_wall_now(),
        }
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
    pub(crate) fn new(base: Instant) -> Self {
        Self { base, nanos: AtomicU64::new(0) }
    }

    /// Returns the time since the base.
    pub(crate) fn since_base(&self) -> Duration {
        Duration::from_nanos(self.nanos.load(Ordering::Relaxed))
    }

    // Relaxed in all of these: the time is the only value handed over.
    pub(crate) fn now(&self) -> Instant {
        self.base + Duration::from_nanos(self.nanos.load(Ordering::Relaxed))
    }

    /// Moves to this time, unless a later one is known. Returns the latest.
    pub(crate) fn at_least(&self, at: Instant) -> Instant {
        let nanos = nanos(at.saturating_duration_since(self.base));
        let known = self.nanos.fetch_max(nanos, Ordering::Relaxed);
        self.base + Duration::from_nanos(known.max(nanos))
    }

    /// Returns the time of a later [`add`](Self::add) of this duration.
    pub(crate) fn after(&self, duration: Duration) -> Instant {
        let known = self.nanos.load(Ordering::Relaxed);
        self.base + Duration::from_nanos(known.saturating_add(nanos(duration)))
    }

    pub(crate) fn add(&self, duration: Duration) {
        let add = |known: u64| Some(known.saturating_add(nanos(duration)));
        _ = self.nanos.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add);
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

impl From<ManualClock> for Clock {
    fn from(clock: ManualClock) -> Self {
        Self { kind: Kind::Manual(clock), wall: None }
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

/// Returns the system's time.
#[expect(clippy::disallowed_methods, reason = "this is the system's clock")]
pub(crate) fn system_now() -> Instant {
    Instant::now()
}
