//! How long the pool's work takes: written by whoever does it, read by anyone.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::{Buckets, Histogram};

/// What the work of each kind took.
#[derive(Debug)]
pub struct WorkMeters {
    /// Blocks: their proof, and the state transition.
    pub blocks: SharedHistogram,
    /// The state transitions alone.
    pub transitions: SharedHistogram,
    /// Votes' signatures.
    pub votes: SharedHistogram,
}

/// A histogram that several threads add to.
///
/// `Relaxed` suffices: each number is read for itself. A reader may see one that is counted and not summed yet.
#[derive(Debug)]
pub struct SharedHistogram {
    limits: Buckets,
    counts: [AtomicU64; Buckets::PLACES],
    sum: AtomicU64,
}

impl Default for WorkMeters {
    fn default() -> Self {
        Self {
            blocks: SharedHistogram::new(Buckets::BLOCK_PROCESSING),
            transitions: SharedHistogram::new(Buckets::STATE_TRANSITION),
            votes: SharedHistogram::new(Buckets::VOTE_VALIDATION),
        }
    }
}

impl SharedHistogram {
    fn new(limits: Buckets) -> Self {
        Self { limits, counts: Default::default(), sum: AtomicU64::new(0) }
    }

    /// Counts one that took this long, in nanoseconds.
    pub(crate) fn observe(&self, time: Duration) {
        let nanoseconds = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self.counts[self.limits.place(nanoseconds)].fetch_add(1, Ordering::Relaxed);
        self.sum.fetch_add(nanoseconds, Ordering::Relaxed);
    }

    /// Copies it as it is now.
    pub fn read(&self) -> Histogram {
        let counts = self.counts.each_ref().map(|count| count.load(Ordering::Relaxed));
        Histogram::from_parts(self.limits, counts, self.sum.load(Ordering::Relaxed))
    }
}
