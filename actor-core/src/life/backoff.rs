//! The delay before a restart.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The delay before each restart of an actor.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use actor_core::life::{Backoff, Restart};
///
/// let (first, most) = (Duration::from_millis(50), Duration::from_secs(5));
/// let policy = Restart::transient().backoff(Backoff::exponential(first, most).jitter());
/// # drop(policy);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a delay applies to the policy that it is given to"]
pub struct Backoff {
    first: Duration,
    most: Duration,
    has_jitter: bool,
}

impl Backoff {
    /// No delay.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use actor_core::life::Backoff;
    ///
    /// assert_eq!(Backoff::none(), Backoff::constant(Duration::ZERO));
    /// ```
    pub const fn none() -> Self {
        Self::constant(Duration::ZERO)
    }

    /// The same delay before each restart.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use actor_core::life::Backoff;
    ///
    /// let second = Duration::from_secs(1);
    /// assert_eq!(Backoff::constant(second), Backoff::exponential(second, second));
    /// ```
    pub const fn constant(delay: Duration) -> Self {
        Self { first: delay, most: delay, has_jitter: false }
    }

    /// `first` before the first restart, and twice as long before each further one, up to `most`.
    ///
    /// The delay begins at `first` again when the actor has lived for longer than the
    /// [window](crate::life::Restart::within) between two restarts.
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
    /// let ms = Duration::from_millis;
    /// let mut restarts =
    ///     Restarts::new(Restart::transient().backoff(Backoff::exponential(ms(50), ms(150))));
    /// let panicked = ExitReason::Panicked("no such block".to_owned());
    /// let mut delay = || restarts.next(&panicked, executor.now());
    /// assert_eq!([delay(), delay(), delay()], [50, 100, 150].map(|n| Some(ms(n))));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub const fn exponential(first: Duration, most: Duration) -> Self {
        Self { first, most, has_jitter: false }
    }

    /// Shortens each delay by up to a half, by chance, so that actors that failed together do not
    /// all come back together.
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
    /// let policy = Restart::transient().backoff(Backoff::constant(second).jitter());
    /// let panicked = ExitReason::Panicked("no such block".to_owned());
    /// let delay = Restarts::new(policy).next(&panicked, executor.now()).expect("it restarts");
    /// assert!((second / 2..=second).contains(&delay));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub const fn jitter(self) -> Self {
        Self { has_jitter: true, ..self }
    }

    /// Returns the delay before a restart with this number of restarts before it.
    pub(super) fn delay(&self, before: u32, random: &mut Random) -> Duration {
        let factor = 1_u32.checked_shl(before).unwrap_or(u32::MAX);
        let delay = self.first.saturating_mul(factor).min(self.most);
        if self.has_jitter { delay.mul_f64(1.0 - random.next() / 2.0) } else { delay }
    }
}

/// A small generator, with another seed for each actor: splitmix64. Its numbers need to differ from
/// actor to actor, and nothing else.
#[derive(Debug)]
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new() -> Self {
        static SEEDS: AtomicU64 = AtomicU64::new(0);

        let mut random = Self(SEEDS.fetch_add(1, Ordering::Relaxed));
        random.0 = random.bits();
        random
    }

    /// Returns a number from 0 to below 1.
    fn next(&mut self) -> f64 {
        // 53 bits: as many as an `f64` holds.
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn an_exponential_delay_never_exceeds_its_most_nor_overflows() {
        let backoff = Backoff::exponential(MS, 1000 * MS);
        let mut random = Random::new();
        let mut delay = |before| backoff.delay(before, &mut random);
        assert_eq!([delay(0), delay(1), delay(9)], [1, 2, 512].map(|n| n * MS));
        assert_eq!([delay(10), delay(31), delay(32), delay(u32::MAX)], [1000 * MS; 4]);
        let long = Backoff::exponential(Duration::MAX, Duration::MAX).jitter();
        assert!(long.delay(u32::MAX, &mut random) <= Duration::MAX);
    }

    #[test]
    fn jitter_shortens_a_delay_by_up_to_a_half_and_differs_between_actors() {
        let backoff = Backoff::constant(1000 * MS).jitter();
        let delays: Vec<_> = (0..100).map(|_| backoff.delay(0, &mut Random::new())).collect();
        assert!(delays.iter().all(|delay| (500 * MS..=1000 * MS).contains(delay)));
        let (short, long) = (delays.iter().min().unwrap(), delays.iter().max().unwrap());
        assert!(*long - *short > 300 * MS, "{short:?} to {long:?}");
    }
}
