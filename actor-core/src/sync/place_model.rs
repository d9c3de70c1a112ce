//! A place for an `Arc` under a model checker: an atomic number, and a list of all values so far.
//!
//! The checker sees the number only. It has the orders that `arc-swap` documents for its pointer:
//! Acquire for a load, and Acquire and Release for a change. The list has no order of its own. It
//! keeps each value until the drop of the place, so a number read late still has its value.

use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwap;

use crate::sync::{AtomicUsize, Ordering};

/// A place for one shared value, or for none.
pub struct Place<T> {
    at: AtomicUsize,
    all: ArcSwap<Vec<Option<Arc<T>>>>,
}

impl<T> Place<T> {
    /// Creates a place.
    #[must_use]
    pub fn new(value: Option<Arc<T>>) -> Self {
        Self { at: AtomicUsize::new(0), all: ArcSwap::from_pointee(vec![value]) }
    }

    /// Returns the value.
    #[must_use]
    pub fn get(&self) -> Option<Arc<T>> {
        let at = self.at.load(Ordering::Acquire);
        self.all.load()[at].clone()
    }

    /// Lends the value.
    pub fn with<R>(&self, read: impl FnOnce(Option<&T>) -> R) -> R {
        read(self.get().as_deref())
    }

    /// Replaces the value, and returns the previous one.
    pub fn swap(&self, next: Option<Arc<T>>) -> Option<Arc<T>> {
        let next = self.number_of(next);
        let before = self.at.swap(next, Ordering::AcqRel);
        self.all.load()[before].clone()
    }

    /// Replaces the value if it is still `current`. Returns the other value otherwise.
    ///
    /// # Errors
    ///
    /// The value in the place, if it is another one.
    pub fn replace(
        &self,
        current: &Option<Arc<T>>,
        next: Option<Arc<T>>,
    ) -> Result<(), Option<Arc<T>>> {
        let current = self.number_of(current.clone());
        let next = self.number_of(next);
        let changed = self.at.compare_exchange(current, next, Ordering::AcqRel, Ordering::Acquire);
        changed.map(|_| ()).map_err(|now| self.all.load()[now].clone())
    }

    /// Returns the number of a value, which is added to the list if it is new.
    fn number_of(&self, value: Option<Arc<T>>) -> usize {
        let all = self.all.load_full();
        let address = |value: &Option<Arc<T>>| value.as_ref().map(Arc::as_ptr);
        let known = all.iter().position(|known| address(known) == address(&value));
        known.unwrap_or_else(|| {
            let mut longer = Vec::clone(&all);
            longer.push(value);
            self.all.store(Arc::new(longer));
            all.len()
        })
    }
}

impl<T> fmt::Debug for Place<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Place").finish_non_exhaustive()
    }
}
