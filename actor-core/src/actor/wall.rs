//! Schedules on the wall clock. Pure, except for the reads of that clock.

use std::time::{Duration, SystemTime};

use crate::actor::beat::{Missed, times, whole_periods};

/// Beats at fixed times of the wall clock: number `n` is due at `genesis + n × period + offset`.
///
/// Armed by [`NewTimer::schedule`](crate::actor::NewTimer::schedule). The beats follow the wall
/// clock through its steps:
///
/// * Before the genesis, the first beat is number 0. Later, it is the next one due.
/// * No number comes twice, and numbers only grow.
/// * After a step forwards, or a suspend, the missed beats follow [`Missed`].
/// * After a step backwards, no beat comes until the clock has reached the next number again. A
///   timer armed anew starts from the clock's time.
/// * No beat is early by the wall clock.
///
/// The timer reads the wall clock at each due time. It also reads it once a second, or once a
/// period if that is shorter. So a step is noticed within that time, and the end of a suspend as
/// well, although the clock of timers may stand still meanwhile.
///
/// The wall clock is the executor's ([`Executor::wall_now`](crate::Executor::wall_now)), unless
/// [`clock`](Self::clock) sets another one.
///
/// # Examples
///
/// Slots of 12 seconds since a genesis, with a duty 4 seconds into each slot:
///
/// ```
/// use std::time::{Duration, SystemTime};
///
/// use actor_core::actor::WallSchedule;
///
/// let genesis = SystemTime::UNIX_EPOCH + Duration::from_secs(1_600_000_000);
/// let duties = WallSchedule::new(genesis, Duration::from_secs(12)).offset(Duration::from_secs(4));
/// assert_eq!(duties.due(2), Some(genesis + Duration::from_secs(28)));
/// assert_eq!(duties.number_at(genesis), None, "before the first duty");
/// assert_eq!(duties.number_at(genesis + Duration::from_secs(30)), Some(2));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct WallSchedule {
    genesis: SystemTime,
    period: Duration,
    offset: Duration,
    clock: Option<fn() -> SystemTime>,
}

/// One beat of a schedule on the wall clock, passed to the function making its message.
///
/// # Examples
///
/// ```
/// # use std::time::Duration;
/// # use actor_core::{Actor, Context, Message, Runtime, ThreadConfig, spawn};
/// use actor_core::actor::{WallBeat, WallSchedule};
///
/// struct Slot(WallBeat);
/// impl Message for Slot {}
///
/// struct Clock;
/// impl Actor for Clock {
///     type Message = Slot;
///     async fn started(&mut self, cx: &mut Context<Slot>) {
///         let slots = WallSchedule::new(cx.wall_now(), Duration::from_millis(5));
///         cx.timer().schedule(slots, Slot);
///     }
///     async fn handle(&mut self, Slot(beat): Slot, cx: &mut Context<Slot>) {
///         assert!(cx.wall_now() >= beat.due, "never early");
///         cx.stop();
///     }
/// }
/// # let runtime = actor_smol::SmolRuntime::new();
/// # let executor = runtime.start_executor(ThreadConfig::named("clock"))?;
/// # let (_clock, running) = spawn(&executor, || Clock)?;
/// # let exit = running.join_blocking(Duration::from_secs(10)).expect("the first beat ends it");
/// # assert!(exit.reason.is_normal(), "{}", exit.reason);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WallBeat {
    /// The number. With [`Missed::Skip`] and [`Missed::Delay`] it is the latest one due.
    pub number: u64,
    /// The due time of this number.
    pub due: SystemTime,
    /// The wall clock's time from `due` until the beat was taken to be handled.
    pub lateness: Duration,
    /// The count of numbers left out directly before this one. Always 0 with [`Missed::Burst`].
    pub missed: u64,
}

/// The longest time between two reads of the wall clock.
const LOOK_EVERY: Duration = Duration::from_secs(1);

impl WallSchedule {
    /// Creates the schedule with a beat at the genesis and at every period after it.
    ///
    /// # Panics
    ///
    /// Panics if the period is zero.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::{Duration, SystemTime};
    ///
    /// use actor_core::actor::WallSchedule;
    ///
    /// let hours = WallSchedule::new(SystemTime::UNIX_EPOCH, Duration::from_secs(3600));
    /// assert_eq!(hours.due(24), Some(SystemTime::UNIX_EPOCH + Duration::from_secs(86_400)));
    /// ```
    #[must_use]
    pub fn new(genesis: SystemTime, period: Duration) -> Self {
        assert!(!period.is_zero(), "a period of zero would leave no time for messages");
        Self { genesis, period, offset: Duration::ZERO, clock: None }
    }

    /// Moves every beat to this time after its period's beginning.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::time::{Duration, SystemTime};
    /// # use actor_core::actor::WallSchedule;
    /// let hour = Duration::from_secs(3600);
    /// let half_past = WallSchedule::new(SystemTime::UNIX_EPOCH, hour).offset(hour / 2);
    /// assert_eq!(half_past.due(0), Some(SystemTime::UNIX_EPOCH + hour / 2));
    /// ```
    #[must_use]
    pub fn offset(self, offset: Duration) -> Self {
        Self { offset, ..self }
    }

    /// Sets another wall clock instead of the executor's. The actor's thread calls it.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::time::{Duration, SystemTime};
    /// # use actor_core::actor::{WallBeat, WallSchedule};
    /// # use actor_core::{Actor, Context, Message, Runtime, ThreadConfig, spawn};
    /// # struct Minute(WallBeat);
    /// # impl Message for Minute {}
    /// const MINUTE: Duration = Duration::from_secs(60);
    ///
    /// /// A clock that stands still.
    /// fn noon() -> SystemTime {
    ///     SystemTime::UNIX_EPOCH + 720 * MINUTE
    /// }
    ///
    /// struct Minutes;
    /// impl Actor for Minutes {
    ///     type Message = Minute;
    ///     async fn started(&mut self, cx: &mut Context<Minute>) {
    ///         let minutes = WallSchedule::new(SystemTime::UNIX_EPOCH, MINUTE).clock(noon);
    ///         cx.timer().schedule(minutes, Minute);
    ///     }
    ///     async fn handle(&mut self, Minute(beat): Minute, cx: &mut Context<Minute>) {
    ///         assert_eq!((beat.number, beat.lateness), (720, Duration::ZERO));
    ///         cx.stop();
    ///     }
    /// }
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// # let executor = runtime.start_executor(ThreadConfig::named("minutes"))?;
    /// # let (_minutes, running) = spawn(&executor, || Minutes)?;
    /// # let exit = running.join_blocking(Duration::from_secs(10)).expect("minute 720 ends it");
    /// # assert!(exit.reason.is_normal(), "{}", exit.reason);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn clock(self, clock: fn() -> SystemTime) -> Self {
        Self { clock: Some(clock), ..self }
    }

    /// Returns the due time of a number, or `None` past the end of the clock.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::time::{Duration, SystemTime};
    /// # use actor_core::actor::WallSchedule;
    /// let genesis = SystemTime::UNIX_EPOCH;
    /// let slots = WallSchedule::new(genesis, Duration::from_secs(4));
    /// assert_eq!(slots.due(3), Some(genesis + Duration::from_secs(12)));
    /// assert_eq!(WallSchedule::new(genesis, Duration::MAX).due(2), None);
    /// ```
    #[must_use]
    pub fn due(&self, number: u64) -> Option<SystemTime> {
        let since = times(self.period, number)?.checked_add(self.offset)?;
        self.genesis.checked_add(since)
    }

    /// Returns the latest number due at this time, or `None` before number 0.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::time::{Duration, SystemTime};
    /// # use actor_core::actor::WallSchedule;
    /// let genesis = SystemTime::UNIX_EPOCH + Duration::from_secs(100);
    /// let slots = WallSchedule::new(genesis, Duration::from_secs(4));
    /// assert_eq!(slots.number_at(genesis + Duration::from_secs(11)), Some(2));
    /// assert_eq!(slots.number_at(genesis + Duration::from_secs(12)), Some(3));
    /// assert_eq!(slots.number_at(SystemTime::UNIX_EPOCH), None);
    /// ```
    #[must_use]
    pub fn number_at(&self, now: SystemTime) -> Option<u64> {
        let since = now.duration_since(self.due(0)?).ok()?;
        Some(whole_periods(since, self.period))
    }

    /// Returns the first number due at this time or later.
    fn next_from(&self, now: SystemTime) -> u64 {
        match self.number_at(now) {
            None => 0,
            Some(number) if self.due(number) == Some(now) => number,
            Some(number) => number.saturating_add(1),
        }
    }

    /// Returns the clock set by [`clock`](Self::clock).
    pub(crate) fn own_clock(&self) -> Option<fn() -> SystemTime> {
        self.clock
    }
}

/// The beats of an armed schedule.
pub(crate) struct WallBeats {
    schedule: WallSchedule,
    missed: Missed,
    /// The next number to deliver, or a later one.
    next: u64,
    /// The first number neither delivered nor counted as missed.
    uncounted: u64,
}

impl WallBeats {
    pub(crate) fn new(schedule: WallSchedule, missed: Missed, now: SystemTime) -> Self {
        let next = schedule.next_from(now);
        Self { schedule, missed, next, uncounted: next }
    }

    pub(crate) fn own_clock(&self) -> Option<fn() -> SystemTime> {
        self.schedule.own_clock()
    }

    /// Returns the beat to deliver at this time of the wall clock.
    pub(crate) fn take(&mut self, now: SystemTime) -> Option<WallBeat> {
        let latest = self.schedule.number_at(now).filter(|&latest| latest >= self.next)?;
        let number = if self.missed == Missed::Burst { self.next } else { latest };
        let due = self.schedule.due(number)?;
        let beat = WallBeat {
            number,
            due,
            lateness: now.duration_since(due).unwrap_or_default(),
            missed: number - self.uncounted,
        };
        // The last number of all is past the end of every clock.
        self.uncounted = number.saturating_add(1);
        self.next = match self.missed {
            Missed::Skip | Missed::Burst => self.uncounted,
            Missed::Delay => match now.checked_add(self.schedule.period) {
                Some(later) => self.schedule.next_from(later).max(self.uncounted),
                None => u64::MAX,
            },
        };
        Some(beat)
    }

    /// Returns the time until the next look at the wall clock. `None` if no further beat can come.
    pub(crate) fn wait(&self, now: SystemTime) -> Option<Duration> {
        let due = self.schedule.due(self.next).filter(|_| self.next < u64::MAX)?;
        let left = due.duration_since(now).unwrap_or_default();
        Some(left.min(self.schedule.period).min(LOOK_EVERY))
    }
}

#[cfg(all(test, not(any(loom, shuttle))))]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const GENESIS: SystemTime = SystemTime::UNIX_EPOCH;
    const PERIOD: Duration = Duration::from_secs(4);
    const OFFSET: Duration = Duration::from_secs(1);
    const DAY: u64 = 86_400;

    fn at(seconds: u64) -> SystemTime {
        GENESIS + Duration::from_secs(seconds)
    }

    fn beats(missed: Missed, start: SystemTime) -> WallBeats {
        WallBeats::new(WallSchedule::new(GENESIS, PERIOD).offset(OFFSET), missed, start)
    }

    /// Takes all beats due at this time. Returns the number and the missed ones of each.
    fn take_all(beats: &mut WallBeats, now: SystemTime) -> Vec<(u64, u64)> {
        std::iter::from_fn(|| beats.take(now)).map(|beat| (beat.number, beat.missed)).collect()
    }

    #[test]
    fn the_first_beat_is_number_0_or_the_next_one_due() {
        for (start, number) in [(0, 0), (1, 0), (2, 1), (5, 1), (6, 2)] {
            let mut beats = beats(Missed::Skip, at(start));
            let due = beats.schedule.due(number).expect("in range");
            assert!(beats.take(due - Duration::from_nanos(1)).is_none(), "not early");
            assert_eq!(beats.take(due).map(|beat| beat.number), Some(number), "from {start}");
        }
        let long_before = GENESIS - Duration::from_secs(1000 * DAY);
        assert_eq!(take_all(&mut beats(Missed::Burst, long_before), at(5)), [(0, 0), (1, 0)]);
    }

    #[test]
    fn missed_beats_follow_the_policy() {
        let late = at(4 * 10 + 3);
        let table = [
            (Missed::Skip, vec![(10, 10)], 11),
            (Missed::Burst, (0..=10).map(|number| (number, 0)).collect(), 11),
            // Due 2 seconds after the late one: too early.
            (Missed::Delay, vec![(10, 10)], 12),
        ];
        for (policy, taken, next) in table {
            let mut beats = beats(policy, at(0));
            assert_eq!(take_all(&mut beats, late), taken, "{policy:?}");
            let due = beats.schedule.due(next).expect("in range");
            assert!(beats.take(due - Duration::from_nanos(1)).is_none(), "{policy:?}");
            assert_eq!(take_all(&mut beats, due), [(next, next - 11)], "{policy:?}");
        }
    }

    #[test]
    fn after_a_step_of_a_day_back_no_beat_comes_before_the_clock_has_caught_up() {
        let mut beats = beats(Missed::Skip, at(DAY));
        assert_eq!(take_all(&mut beats, at(DAY + 1)), [(DAY / 4, 0)]);
        for seconds in 0..DAY + 5 {
            assert!(beats.take(at(seconds)).is_none(), "{seconds} s after the genesis");
            assert_eq!(beats.wait(at(seconds)), Some(LOOK_EVERY), "it goes on looking");
        }
        assert_eq!(take_all(&mut beats, at(DAY + 5)), [(DAY / 4 + 1, 0)]);
    }

    #[test]
    fn the_clock_is_read_once_a_second_and_once_a_period() {
        let fast = WallSchedule::new(GENESIS, Duration::from_millis(20));
        let beats_in_future = WallBeats::new(fast, Missed::Skip, GENESIS - Duration::from_secs(9));
        let before = GENESIS - Duration::from_secs(9);
        assert_eq!(beats_in_future.wait(before), Some(Duration::from_millis(20)));
        let beats = beats(Missed::Skip, at(2));
        assert_eq!(beats.wait(at(2)), Some(LOOK_EVERY));
        assert_eq!(beats.wait(at(5) - OFFSET / 4), Some(OFFSET / 4), "and at the due time");
    }

    #[test]
    fn a_schedule_past_the_end_of_the_clock_ends() {
        let endless = WallSchedule::new(GENESIS, Duration::MAX);
        let mut beats = WallBeats::new(endless, Missed::Skip, GENESIS);
        assert_eq!(take_all(&mut beats, GENESIS), [(0, 0)]);
        assert_eq!(beats.wait(GENESIS), Some(LOOK_EVERY).filter(|_| endless.due(1).is_some()));
        let never = WallSchedule::new(GENESIS, PERIOD).offset(Duration::MAX);
        assert_eq!(WallBeats::new(never, Missed::Skip, GENESIS).wait(GENESIS), None);
    }

    fn policy() -> impl Strategy<Value = Missed> {
        prop_oneof![Just(Missed::Skip), Just(Missed::Burst), Just(Missed::Delay)]
    }

    proptest! {
        /// Any steps of the clock, in milliseconds: mostly small and forwards, some large.
        #[test]
        fn any_steps_of_the_clock_keep_the_rules(
            policy in policy(),
            start in -100_000_i64..100_000,
            steps in prop::collection::vec(
                prop_oneof![6 => 0_i64..2_000, 1 => -50_000_i64..0, 1 => 0_i64..50_000], 1..200),
        ) {
            let wall = |millis: i64| {
                // The genesis is in the middle of the range.
                GENESIS + Duration::from_millis((millis + 100_000_000) as u64)
            };
            let schedule = WallSchedule::new(wall(0), PERIOD).offset(OFFSET);
            let mut beats = WallBeats::new(schedule, policy, wall(start));
            let first = schedule.next_from(wall(start));
            let (mut now, mut last) = (start, None::<WallBeat>);
            for step in steps {
                now += step;
                while let Some(beat) = beats.take(wall(now)) {
                    prop_assert_eq!(Some(beat.due), schedule.due(beat.number));
                    prop_assert!(beat.due <= wall(now), "never early");
                    prop_assert_eq!(beat.due + beat.lateness, wall(now));
                    // No number twice, none backwards, and each one in between is counted.
                    let expected = last.map_or(first, |last| last.number + 1);
                    prop_assert_eq!(beat.number, expected + beat.missed);
                    if policy == Missed::Burst {
                        prop_assert_eq!(beat.missed, 0);
                    } else {
                        prop_assert_eq!(schedule.number_at(wall(now)), Some(beat.number));
                    }
                    last = Some(beat);
                }
                // Whatever is due was delivered, or is within a period after a late one.
                let latest = schedule.number_at(wall(now));
                let next = last.map_or(first, |last| last.number + 1);
                if policy != Missed::Delay {
                    prop_assert!(latest.is_none_or(|latest| latest < next));
                }
                let wait = beats.wait(wall(now)).expect("it goes on");
                prop_assert!(Duration::ZERO < wait && wait <= LOOK_EVERY);
            }
        }
    }
}
