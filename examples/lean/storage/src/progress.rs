//! The progress of an operation that can take long.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// The progress on fewer bytes is not logged. A check of 143 MB took 0.27 s.
const LONG: u64 = 256 << 20;

/// The tenths of a work that were shown. Only a counter, so its order is of no interest.
#[derive(Debug, Default)]
pub struct Tenths(AtomicU64);

impl Tenths {
    /// Returns the number of done tenths, once for each number.
    pub fn new_one(&self, done: u64, all: u64) -> Option<u64> {
        let tenths = done.saturating_mul(10) / all.max(1);
        (self.0.fetch_max(tenths, Relaxed) < tenths).then_some(tenths)
    }
}

/// Receives the progress of an operation: the done part and the whole, in a unit of the operation.
///
/// The calls come often, and from any thread. So the receiver must be fast.
#[derive(Clone)]
pub struct Progress(Arc<dyn Fn(u64, u64) + Send + Sync>);

impl Progress {
    /// Creates a receiver.
    pub fn new(receive: impl Fn(u64, u64) + Send + Sync + 'static) -> Self {
        Self(Arc::new(receive))
    }

    /// Returns a receiver that does nothing.
    pub fn none() -> Self {
        Self::new(|_, _| {})
    }

    /// Returns a receiver that logs each tenth of a long operation on bytes.
    pub(crate) fn logged(doing: &'static str) -> Self {
        let tenths = Tenths::default();
        Self::new(move |done, all| {
            if all >= LONG
                && let Some(tenth) = tenths.new_one(done, all)
            {
                tracing::info!("{doing}: {} %", 10 * tenth);
            }
        })
    }

    pub(crate) fn at(&self, done: u64, all: u64) {
        (self.0)(done.min(all), all);
    }
}

impl fmt::Debug for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Progress")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_tenth_is_shown_once() {
        let tenths = Tenths::default();
        let shown: Vec<_> = (0..=95).filter_map(|done| tenths.new_one(done, 95)).collect();
        assert_eq!(shown, (1..=10).collect::<Vec<_>>());
        assert_eq!(Tenths::default().new_one(0, 0), None, "an empty work has no tenth");
    }
}
