//! The iterators of leaving messages. A message leaves when its iterator returns it.

use std::fmt;
use std::time::Instant;

use crate::actor::parked::places::Places;

/// The messages of a released key: the iterator of [`Parked::release`](crate::actor::Parked::release).
///
/// # Examples
///
/// ```
/// use actor_core::actor::Parked;
/// use actor_core::actor::Released;
///
/// let mut parked = Parked::new(8);
/// parked.park("parent", 1);
/// let released: Released<'_, &str, i32> = parked.release(&"parent");
/// assert_eq!(released.count(), 1);
/// ```
#[must_use = "a message is released when the iterator returns it"]
pub struct Released<'a, K, M> {
    pub(super) places: &'a mut Places<K, M>,
    pub(super) count: &'a mut u64,
    pub(super) ids: std::vec::IntoIter<u64>,
}

impl<K: Ord + Clone, M> Iterator for Released<'_, K, M> {
    type Item = M;

    fn next(&mut self) -> Option<M> {
        let Self { places, count, ids } = self;
        let entry = ids.find_map(|id| places.remove(id))?;
        **count += 1;
        Some(entry.message)
    }
}

/// The messages with a deadline in the past: the iterator of
/// [`Parked::expire`](crate::actor::Parked::expire).
///
/// # Examples
///
/// ```
/// use std::time::Instant;
///
/// use actor_core::actor::{Expired, Parked};
///
/// let now = Instant::now();
/// let mut parked = Parked::new(8);
/// parked.park_until("parent", 1, now);
/// let expired: Expired<'_, &str, i32> = parked.expire(now);
/// assert_eq!(expired.count(), 1);
/// ```
#[must_use = "a message expires when the iterator returns it"]
pub struct Expired<'a, K, M> {
    pub(super) places: &'a mut Places<K, M>,
    pub(super) count: &'a mut u64,
    pub(super) now: Instant,
}

impl<K: Ord + Clone, M> Iterator for Expired<'_, K, M> {
    type Item = (K, M);

    fn next(&mut self) -> Option<(K, M)> {
        let (deadline, id) = self.places.next_deadline()?;
        if deadline > self.now {
            return None;
        }
        let entry = self.places.remove(id)?;
        *self.count += 1;
        Some((entry.key, entry.message))
    }
}

impl<K: Ord + Clone, M> fmt::Debug for Released<'_, K, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Released").field("waiting", &self.places.len()).finish_non_exhaustive()
    }
}

impl<K: Ord + Clone, M> fmt::Debug for Expired<'_, K, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Expired").field("waiting", &self.places.len()).finish_non_exhaustive()
    }
}
