//! The progress of an operation that can take long.

use std::fmt;
use std::sync::Arc;

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

    pub(crate) fn at(&self, done: u64, all: u64) {
        (self.0)(done.min(all), all);
    }
}

impl fmt::Debug for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Progress")
    }
}
