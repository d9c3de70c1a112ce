//! Histograms of times: counts of messages by powers of two.

use std::time::Duration;

use crate::mailbox::places::add;
use crate::sync::{AtomicU64, Ordering};

/// The limits of a histogram: 1 µs, 2 µs, 4 µs, and so on, up to 134 s.
const LIMITS: usize = 28;

/// Counts of messages by a time, such as that of their handling.
///
/// The limits are powers of two: 1 µs, 2 µs, 4 µs, up to 134 s. The counts come from samples, and
/// each sample counts for the messages since the one before. So [`count`](Self::count) is a number
/// of messages, and a few of the newest messages are not in it yet.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use actor_core::{Actor, Context, Message, Runtime, ThreadConfig, spawn};
///
/// struct Job;
/// impl Message for Job {}
///
/// struct Worker;
/// impl Actor for Worker {
///     type Message = Job;
///     async fn handle(&mut self, _job: Job, _cx: &mut Context<Job>) {}
/// }
///
/// # let runtime = actor_smol::SmolRuntime::new();
/// let executor = runtime.start_executor(ThreadConfig::named("worker"))?;
/// let (worker, running) = spawn(&executor, || Worker)?;
/// (0..64).for_each(|_| assert!(worker.try_tell(Job).is_ok()));
/// running.stop(Duration::from_secs(10));
/// let exit = running.join_blocking(Duration::from_secs(10)).expect("it ends in time");
///
/// let handling = &exit.figures().lanes[0].handling;
/// assert!((1..=64).contains(&handling.count()));
/// assert!(handling.quantile(0.5) <= Duration::from_secs(10));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Histogram {
    /// The messages of each bucket: at most its limit, and more than the limit before. The last
    /// bucket has all above the last limit.
    counts: [u64; LIMITS + 1],
    /// In nanoseconds.
    sum: u64,
    /// In nanoseconds.
    longest: u64,
    samples: u64,
}

impl Histogram {
    /// Returns the number of messages: those of the samples, and those between them.
    ///
    /// # Examples
    ///
    /// ```
    /// struct Tick;
    /// impl actor_core::Message for Tick {}
    ///
    /// let (handle, _mailbox) = actor_core::mailbox::<Tick>();
    /// assert_eq!(handle.figures().lanes[0].handling.count(), 0, "no actor handles them");
    /// ```
    #[must_use]
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// Returns the number of measured messages.
    ///
    /// # Examples
    ///
    /// ```
    /// # struct Tick;
    /// # impl actor_core::Message for Tick {}
    /// let (handle, _mailbox) = actor_core::mailbox::<Tick>();
    /// let handling = handle.figures().lanes[0].handling.clone();
    /// assert!(handling.samples() <= handling.count());
    /// ```
    #[must_use]
    pub fn samples(&self) -> u64 {
        self.samples
    }

    /// Returns the sum of the times of all messages, an estimate from the samples.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::time::Duration;
    /// # struct Tick;
    /// # impl actor_core::Message for Tick {}
    /// let (handle, _mailbox) = actor_core::mailbox::<Tick>();
    /// assert_eq!(handle.figures().lanes[0].waiting.sum(), Duration::ZERO);
    /// ```
    #[must_use]
    pub fn sum(&self) -> Duration {
        Duration::from_nanos(self.sum)
    }

    /// Returns the longest time of all samples.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::time::Duration;
    /// # struct Tick;
    /// # impl actor_core::Message for Tick {}
    /// let (handle, _mailbox) = actor_core::mailbox::<Tick>();
    /// assert_eq!(handle.figures().lanes[0].handling.longest(), Duration::ZERO);
    /// ```
    #[must_use]
    pub fn longest(&self) -> Duration {
        Duration::from_nanos(self.longest)
    }

    /// Returns the mean time of a message, and `None` without any.
    ///
    /// # Examples
    ///
    /// ```
    /// # struct Tick;
    /// # impl actor_core::Message for Tick {}
    /// let (handle, _mailbox) = actor_core::mailbox::<Tick>();
    /// assert_eq!(handle.figures().lanes[0].handling.mean(), None);
    /// ```
    #[must_use]
    pub fn mean(&self) -> Option<Duration> {
        self.sum.checked_div(self.count()).map(Duration::from_nanos)
    }

    /// Returns the limit of the bucket of a quantile: at most twice the quantile. `part` is from 0
    /// to 1; the median is 0.5. A quantile above the last limit is the longest time. Returns zero
    /// for an empty histogram.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::time::Duration;
    /// # struct Tick;
    /// # impl actor_core::Message for Tick {}
    /// let (handle, _mailbox) = actor_core::mailbox::<Tick>();
    /// assert_eq!(handle.figures().lanes[0].waiting.quantile(0.99), Duration::ZERO);
    /// ```
    #[must_use]
    pub fn quantile(&self, part: f64) -> Duration {
        let count = self.count();
        if count == 0 {
            return Duration::ZERO;
        }
        let wanted = (count as f64 * part.clamp(0.0, 1.0)).ceil().max(1.0) as u64;
        let found = self.up_to().find(|(_limit, up_to)| *up_to >= wanted);
        found.map_or(self.longest(), |(limit, _up_to)| limit)
    }

    /// Returns each limit with the number of messages up to it. The numbers grow, and the messages
    /// above the last limit are in [`count`](Self::count) only.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::time::Duration;
    /// # struct Tick;
    /// # impl actor_core::Message for Tick {}
    /// let (handle, _mailbox) = actor_core::mailbox::<Tick>();
    /// let waiting = handle.figures().lanes[0].waiting.clone();
    /// let limits: Vec<_> = waiting.up_to().map(|(limit, _messages)| limit).collect();
    /// assert_eq!(limits[..3], [1, 2, 4].map(Duration::from_micros));
    /// ```
    pub fn up_to(&self) -> impl Iterator<Item = (Duration, u64)> {
        self.counts[..LIMITS].iter().enumerate().scan(0, |total, (place, count)| {
            *total += count;
            Some((Duration::from_micros(1 << place), *total))
        })
    }

    /// Creates an empty histogram.
    pub(crate) fn empty() -> Self {
        Self { counts: [0; LIMITS + 1], sum: 0, longest: 0, samples: 0 }
    }
}

/// A histogram in progress. Written by the consumer alone, and read by any thread.
///
/// Relaxed throughout: each number is read on its own.
pub(super) struct Times {
    counts: [AtomicU64; LIMITS + 1],
    sum: AtomicU64,
    longest: AtomicU64,
    samples: AtomicU64,
}

impl Times {
    pub(super) fn new() -> Self {
        let zero = || AtomicU64::new(0);
        Self {
            counts: std::array::from_fn(|_| zero()),
            sum: zero(),
            longest: zero(),
            samples: zero(),
        }
    }

    /// Counts messages of this time, in nanoseconds each.
    pub(super) fn record(&self, nanos: u64, messages: u64) {
        add(&self.counts[place(nanos)], messages);
        add(&self.sum, nanos.saturating_mul(messages));
        add(&self.samples, 1);
        if nanos > self.longest.load(Ordering::Relaxed) {
            self.longest.store(nanos, Ordering::Relaxed);
        }
    }

    pub(super) fn read(&self) -> Histogram {
        let read = |figure: &AtomicU64| figure.load(Ordering::Relaxed);
        Histogram {
            counts: std::array::from_fn(|place| read(&self.counts[place])),
            sum: read(&self.sum),
            longest: read(&self.longest),
            samples: read(&self.samples),
        }
    }
}

/// Returns the bucket of a time: the first limit not below it.
fn place(nanos: u64) -> usize {
    let micros = nanos.div_ceil(1_000);
    let place = u64::BITS - micros.saturating_sub(1).leading_zeros();
    (place as usize).min(LIMITS)
}

#[cfg(all(test, not(any(loom, shuttle))))]
mod tests {
    use super::*;

    fn of(times: &[(u64, u64)]) -> Histogram {
        let histogram = Times::new();
        times.iter().for_each(|&(nanos, messages)| histogram.record(nanos, messages));
        histogram.read()
    }

    #[test]
    fn a_time_is_in_the_first_bucket_whose_limit_is_not_below_it() {
        for nanos in [0, 1, 1_000, 1_001, 2_000, 2_001, 4_000, 4_001, 1 << 36, 1 << 37, 1 << 38] {
            let histogram = of(&[(nanos, 1)]);
            let limit = histogram.up_to().find(|(_, count)| *count == 1).map(|(limit, _)| limit);
            let time = Duration::from_nanos(nanos);
            match limit {
                Some(limit) => {
                    assert!(time <= limit, "{time:?} {limit:?}");
                    assert!(time > limit / 2 || limit == Duration::from_micros(1), "{time:?}");
                }
                None => assert!(time > Duration::from_secs(134), "{time:?}"),
            }
        }
        assert_eq!(of(&[(u64::MAX, 1)]).up_to().last().map(|(_, count)| count), Some(0));
    }

    #[test]
    fn a_sample_counts_for_its_messages() {
        let histogram = of(&[(500, 10), (3_000, 30), (1_000_000, 1)]);
        assert_eq!((histogram.count(), histogram.samples()), (41, 3));
        assert_eq!(histogram.sum(), Duration::from_nanos(5_000 + 90_000 + 1_000_000));
        assert_eq!(histogram.longest(), Duration::from_millis(1));
        assert_eq!(histogram.quantile(0.2), Duration::from_micros(1));
        assert_eq!(histogram.quantile(0.5), Duration::from_micros(4));
        assert_eq!(histogram.quantile(1.0), Duration::from_micros(1_024));
        assert_eq!(histogram.mean(), Some(Duration::from_nanos(1_095_000 / 41)));
    }
}
