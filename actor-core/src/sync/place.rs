//! A place for an `Arc`, read and replaced by any thread without a lock: `arc-swap`.

use std::fmt;
use std::sync::Arc;

use arc_swap::{ArcSwapOption, Guard};

/// A place for one shared value, or for none.
///
/// Each operation is one atomic step. A thread that reads a value sees everything that the thread
/// that put it there did before.
#[doc(hidden)]
pub struct Place<T>(ArcSwapOption<T>);

impl<T> Place<T> {
    /// Creates a place.
    #[must_use]
    pub fn new(value: Option<Arc<T>>) -> Self {
        Self(ArcSwapOption::new(value))
    }

    /// Returns the value.
    #[must_use]
    pub fn get(&self) -> Option<Arc<T>> {
        self.0.load_full()
    }

    /// Lends the value, without a change of its count of owners in the usual case. If it was
    /// replaced meanwhile, it may be dropped here.
    pub fn with<R>(&self, read: impl FnOnce(Option<&T>) -> R) -> R {
        read(self.0.load().as_deref())
    }

    /// Replaces the value, and returns the previous one.
    pub fn swap(&self, next: Option<Arc<T>>) -> Option<Arc<T>> {
        self.0.swap(next)
    }

    /// Replaces the value if it is still `current`. Returns the other value otherwise.
    ///
    /// # Errors
    ///
    /// The value in the place, if it is another one. The caller drops it.
    pub fn replace(
        &self,
        current: &Option<Arc<T>>,
        next: Option<Arc<T>>,
    ) -> Result<(), Option<Arc<T>>> {
        let before = Guard::into_inner(self.0.compare_and_swap(current, next));
        let address = |value: &Option<Arc<T>>| value.as_ref().map(Arc::as_ptr);
        if address(&before) == address(current) { Ok(()) } else { Err(before) }
    }
}

impl<T> fmt::Debug for Place<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Place").finish_non_exhaustive()
    }
}
