//! One round's measurement of one workload.

use super::allocation::allocations;
use super::switches::voluntary_switches;
use super::{Moment, now};

/// A measurement in progress.
pub(crate) struct Span {
    allocations: u64,
    switches: u64,
    start: Moment,
}

/// The measurements of one round.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    /// The workload's figures, in the order of their names there.
    pub(crate) figures: [f64; 2],
    /// Allocations per operation; 0 unless they were counted.
    pub(crate) allocations: f64,
    /// Voluntary context switches per operation, of all threads.
    pub(crate) switches: f64,
}

impl Span {
    pub(crate) fn begin() -> Self {
        let (allocations, switches) = (allocations(), voluntary_switches());
        Self { allocations, switches, start: now() }
    }

    /// Ends the measurement of `n` operations. The first figure is the nanoseconds of each.
    pub(crate) fn end(self, n: u64) -> Sample {
        let nanoseconds = now().since(self.start);
        let mut sample = self.end_with(n, [0.0; 2]);
        sample.figures[0] = per(nanoseconds, n);
        sample
    }

    /// Ends the measurement of `n` operations with the given figures.
    pub(crate) fn end_with(self, n: u64, figures: [f64; 2]) -> Sample {
        Sample {
            figures,
            allocations: per(allocations() - self.allocations, n),
            switches: per(voluntary_switches() - self.switches, n),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
fn per(total: u64, n: u64) -> f64 {
    total as f64 / n as f64
}
