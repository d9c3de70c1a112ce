//! The count of log and report lines that were lost.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Counts lines that could not be written: the reader is gone or slow, or the disk is full. Cheap
/// to clone; the clones share the count.
///
/// `Relaxed` suffices: the count orders nothing else.
#[derive(Clone, Debug, Default)]
pub struct LostLines(Arc<AtomicU64>);

impl LostLines {
    /// Returns the count.
    #[must_use]
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// Counts one lost line.
    pub fn count(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}
