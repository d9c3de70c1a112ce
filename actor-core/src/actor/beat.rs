//! The beats of repeating timers, and the policies for missed ones. Pure.

use std::time::{Duration, Instant};

/// What a repeating timer does about beats whose time has passed before the actor took them.
///
/// An actor misses beats if a handler takes longer than a period, or if its thread was busy or
/// suspended.
///
/// | policy | late actor receives | next beat |
/// |---|---|---|
/// | `Skip` | one beat, with the number of missed ones | at its place in the schedule |
/// | `Burst` | each missed beat, in order | at its place in the schedule |
/// | `Delay` | one beat, with the number of missed ones | at least one period after the late one |
///
/// # Examples
///
/// ```
/// # use std::time::Duration;
/// # use actor_core::{Actor, Context, Message, Runtime, ThreadConfig, spawn};
/// use actor_core::actor::{Beat, Missed};
///
/// struct Sample(Beat);
/// impl Message for Sample {}
///
/// /// An integrator needs every step, also after a pause.
/// struct Integrator(u32);
/// impl Actor for Integrator {
///     type Message = Sample;
///     async fn started(&mut self, cx: &mut Context<Sample>) {
///         let first = cx.now() - Duration::from_secs(2);
///         cx.timer().missed(Missed::Burst).every(first, Duration::from_secs(1), Sample);
///     }
///     async fn handle(&mut self, Sample(beat): Sample, cx: &mut Context<Sample>) {
///         assert_eq!(beat.missed, 0, "no beat is left out");
///         self.0 += 1;
///         if self.0 == 3 {
///             cx.stop();
///         }
///     }
/// }
/// # let runtime = actor_smol::SmolRuntime::new();
/// # let executor = runtime.start_executor(ThreadConfig::named("steps"))?;
/// # let (_steps, running) = spawn(&executor, || Integrator(0))?;
/// # let exit = running.join_blocking(Duration::from_secs(10)).expect("the third beat ends it");
/// # assert!(exit.reason.is_normal(), "{}", exit.reason);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Missed {
    /// Leaves missed beats out and counts them. The schedule stays.
    #[default]
    Skip,
    /// Delivers every beat, in order. Waiting messages are handled between them, one for each beat.
    /// No memory is needed for the missed ones.
    Burst,
    /// Leaves missed beats out and counts them. The next beat comes one period after the late one.
    Delay,
}

/// One beat of a repeating timer, passed to the function making its message.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use actor_core::actor::Beat;
/// use actor_core::{Actor, Context, Message, Runtime, ThreadConfig, spawn};
///
/// struct Slot(Beat);
/// impl Message for Slot {}
///
/// struct Clock;
/// impl Actor for Clock {
///     type Message = Slot;
///
///     async fn started(&mut self, cx: &mut Context<Slot>) {
///         let due_long_ago = cx.now() - Duration::from_millis(2500);
///         cx.every(due_long_ago, Duration::from_secs(1), Slot);
///     }
///
///     async fn handle(&mut self, Slot(beat): Slot, cx: &mut Context<Slot>) {
///         assert!(beat.missed >= 2 && beat.lateness >= Duration::from_millis(2500));
///         cx.stop();
///     }
/// }
///
/// # let runtime = actor_smol::SmolRuntime::new();
/// # let executor = runtime.start_executor(ThreadConfig::named("clock"))?;
/// let (_clock, running) = spawn(&executor, || Clock)?;
/// let exit = running.join_blocking(Duration::from_secs(10)).expect("the first beat ends it");
/// assert!(exit.reason.is_normal(), "{}", exit.reason);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Beat {
    /// The due time.
    pub due: Instant,
    /// The time from `due` until the beat was taken to be handled.
    pub lateness: Duration,
    /// The number of later beats left out, because the actor was late by whole periods. At most
    /// `u32::MAX`. Always 0 with [`Missed::Burst`].
    pub missed: u32,
}

/// Returns the beat due at `due` and taken at `now`, and the time of the next beat. A beat past the
/// end of the clock is never due.
pub(crate) fn beat(
    due: Instant,
    now: Instant,
    period: Duration,
    policy: Missed,
) -> (Beat, Option<Instant>) {
    let lateness = now.saturating_duration_since(due);
    let missed = match policy {
        Missed::Skip | Missed::Delay => whole_periods(lateness, period),
        Missed::Burst => 0,
    };
    let next = match policy {
        Missed::Skip => missed
            .checked_add(1)
            .and_then(|n| times(period, n))
            .and_then(|all| due.checked_add(all)),
        Missed::Burst => due.checked_add(period),
        Missed::Delay => now.checked_add(period),
    };
    let missed = u32::try_from(missed).unwrap_or(u32::MAX);
    (Beat { due, lateness, missed }, next)
}

/// Returns how often the period fits into the time.
pub(crate) fn whole_periods(time: Duration, period: Duration) -> u64 {
    u64::try_from(time.as_nanos() / period.as_nanos()).unwrap_or(u64::MAX)
}

/// Returns the product, if a `Duration` can hold it.
pub(crate) fn times(period: Duration, n: u64) -> Option<Duration> {
    const SECOND: u128 = Duration::from_secs(1).as_nanos();
    let nanos = period.as_nanos().checked_mul(u128::from(n))?;
    let seconds = u64::try_from(nanos / SECOND).ok()?;
    Some(Duration::new(seconds, (nanos % SECOND) as u32))
}
