//! Virtual time.

use std::time::{Duration, Instant, SystemTime};

use crate::harness::Harness;

impl Harness {
    /// Moves the time forward, timer by timer, and runs until idle at each.
    ///
    /// Every timer due meanwhile is handled at its own time, also those armed on the way. A period
    /// therefore is a message for each beat, and no beat is late. The wall clock moves by the same
    /// time. Ready actors run first.
    ///
    /// # Panics
    ///
    /// As [`run_until_idle`](Self::run_until_idle), for each time on the way.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// # use actor_core::{Actor, Context, Message};
    /// # struct Tick;
    /// # impl Message for Tick {}
    /// # struct Clock;
    /// impl Actor for Clock {
    /// #   type Message = Tick;
    ///     async fn started(&mut self, cx: &mut Context<Tick>) {
    ///         cx.every(cx.now(), Duration::from_secs(12), |_beat| Tick);
    ///     }
    ///     // …
    /// #   async fn handle(&mut self, _tick: Tick, _cx: &mut Context<Tick>) {}
    /// }
    ///
    /// let harness = actor_test::Harness::new();
    /// let (clock, _running) = harness.spawn(|| Clock);
    /// harness.advance(Duration::from_secs(3600));
    /// assert_eq!(clock.stats()[0].handled, 301);
    /// ```
    #[track_caller]
    pub fn advance(&self, duration: Duration) {
        let target = self.now().checked_add(duration);
        self.run_until_idle();
        while self.advance_to_next(target) {
            self.run_until_idle();
        }
        if let Some(target) = target {
            self.inner.clock.advance_to(target);
            self.run_until_idle();
        }
    }

    /// Moves the time to the next timer, if there is one until `limit`.
    #[track_caller]
    pub(crate) fn advance_to_next(&self, limit: Option<Instant>) -> bool {
        // A turn that runs nothing shows the next timer.
        let next = self.with_driver(|driver| driver.poll(Duration::ZERO).next_deadline).flatten();
        match (next, limit) {
            (Some(next), Some(limit)) if next > limit => false,
            (Some(next), _) => {
                self.inner.clock.advance_to(next);
                true
            }
            (None, _) => false,
        }
    }

    /// Returns the time of the harness's clock, used by timers and
    /// [`Context::now`](actor_core::Context::now).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let harness = actor_test::Harness::new();
    /// let start = harness.now();
    /// harness.advance(Duration::from_secs(1));
    /// assert_eq!(harness.now(), start + Duration::from_secs(1));
    /// ```
    #[must_use]
    pub fn now(&self) -> Instant {
        self.inner.clock.now()
    }

    /// Returns the virtual time since the harness was made.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let harness = actor_test::Harness::new();
    /// harness.advance(Duration::from_millis(1500));
    /// assert_eq!(harness.elapsed(), Duration::from_millis(1500));
    /// ```
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.now() - self.inner.start
    }

    /// Returns the time of the harness's wall clock. It starts at 1,600,000,000 seconds after 1970,
    /// and moves with the time.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::{Duration, UNIX_EPOCH};
    ///
    /// let harness = actor_test::Harness::new();
    /// harness.advance(Duration::from_secs(5));
    /// assert_eq!(harness.wall_now(), UNIX_EPOCH + Duration::from_secs(1_600_000_005));
    /// ```
    #[must_use]
    pub fn wall_now(&self) -> SystemTime {
        self.inner.clock.wall_now()
    }

    /// Steps the wall clock, forwards or backwards. The clock of timers stays. Schedules notice it
    /// within a second of [`advance`](Self::advance).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::{Duration, UNIX_EPOCH};
    ///
    /// let harness = actor_test::Harness::new();
    /// let noon = UNIX_EPOCH + Duration::from_secs(43_200);
    /// harness.set_wall(noon);
    /// assert_eq!((harness.wall_now(), harness.elapsed()), (noon, Duration::ZERO));
    /// ```
    pub fn set_wall(&self, at: SystemTime) {
        self.inner.clock.set_wall(at);
    }
}
