//! The worker of each message.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};

use actor_core::handle::{Letter, Returned};
use actor_core::{Handle, Message};

/// With at most this many workers, all of them are compared. With more, two are.
const COMPARED: usize = 4;

/// Which worker of a pool receives a message.
///
/// | route | next worker | a full worker | an ended one |
/// |---|---|---|---|
/// | [`RoundRobin`](Self::RoundRobin) | each in turn | others are tried | is skipped |
/// | [`LeastLoaded`](Self::LeastLoaded) | the least busy | others are tried | is skipped |
/// | [`by_key`](Self::by_key) | the same for one key | refuses | returns `Closed` |
///
/// # Examples
///
/// ```
/// use actor_core::Message;
/// use actor_system::pool::{Pool, Route};
///
/// struct Job {
///     account: u64,
/// }
/// impl Message for Job {}
///
/// let pool = Pool::new(4).route(Route::by_key(|job: &Job| job.account));
/// # drop(pool);
/// ```
pub enum Route<M> {
    /// Each worker in turn.
    RoundRobin,
    /// The worker with the fewest messages, queued and in hand. Among more than 4 workers, the
    /// better of two, which change with each message.
    LeastLoaded,
    /// The worker chosen by a number, made from the message. See [`by_key`](Self::by_key).
    ByKey(fn(&M) -> u64),
}

impl<M> Route<M> {
    /// Sends all messages of one key to one worker, in the order of sending. The order also holds
    /// over a restart of the worker.
    ///
    /// The keys are spread evenly over the workers, also if the numbers themselves are not.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_system::pool::Route;
    ///
    /// let route = Route::by_key(|peer: &u64| *peer);
    /// assert!(matches!(route, Route::ByKey(_)));
    /// ```
    #[must_use]
    pub fn by_key(key: fn(&M) -> u64) -> Self {
        Self::ByKey(key)
    }
}

/// The workers of a pool, and the route to them.
pub(super) struct Workers<M: Message> {
    pub(super) handles: Box<[Handle<M>]>,
    route: Route<M>,
    /// The number of messages so far. Workers are chosen by it.
    turns: AtomicUsize,
}

impl<M: Message> Workers<M> {
    pub(super) fn new(handles: Box<[Handle<M>]>, route: Route<M>) -> Self {
        Self { handles, route, turns: AtomicUsize::new(0) }
    }

    /// Returns the workers for a letter: the first one, and their number. After the first one, the
    /// others follow in their order.
    #[inline]
    pub(super) fn choose(&self, letter: &Letter<M>) -> (usize, usize) {
        let workers = self.handles.len();
        match self.route {
            Route::RoundRobin => (self.turn() % workers, workers),
            Route::LeastLoaded => (self.least_loaded(), workers),
            Route::ByKey(key) => (place_of(key(letter.message()), workers), 1),
        }
    }

    /// Sends a letter to the first worker with room.
    #[inline]
    pub(super) fn post(
        &self,
        mut letter: Letter<M>,
        first: usize,
        tried: usize,
    ) -> Result<usize, Returned<M>> {
        let mut is_open = false;
        for worker in self.from(first, tried) {
            letter = match self.handles[worker].post(letter) {
                Ok(()) => return Ok(worker),
                Err(Returned::Full(letter)) => {
                    is_open = true;
                    letter
                }
                Err(Returned::Closed(letter)) => letter,
            };
        }
        Err(if is_open { Returned::Full(letter) } else { Returned::Closed(letter) })
    }

    /// Returns the workers to be tried, in their order.
    pub(super) fn from(&self, first: usize, tried: usize) -> impl Iterator<Item = usize> {
        let workers = self.handles.len();
        (first..workers).chain(0..first).take(tried)
    }

    fn turn(&self) -> usize {
        self.turns.fetch_add(1, Ordering::Relaxed)
    }

    fn least_loaded(&self) -> usize {
        let (workers, turn) = (self.handles.len(), self.turn());
        let tried = if workers <= COMPARED { workers } else { 2 };
        let place = |n: usize| {
            let number = turn.wrapping_add(n);
            if workers <= COMPARED { number % workers } else { place_of(number as u64, workers) }
        };
        let load = |worker: &usize| {
            let handle = &self.handles[*worker];
            // An ended worker has no load, and accepts none.
            if handle.is_closed() { u64::MAX } else { handle.load() }
        };
        (0..tried).map(place).min_by_key(load).unwrap_or(0)
    }
}

/// Returns a place for a number: each place for about equally many numbers.
fn place_of(number: u64, places: usize) -> usize {
    // The finalizer of splitmix64: it spreads keys that differ in a few bits only.
    let mut mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^= mixed >> 31;
    ((u128::from(mixed) * places as u128) >> 64) as usize
}

impl<M> Clone for Route<M> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<M> Copy for Route<M> {}

impl<M> fmt::Debug for Route<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::RoundRobin => "RoundRobin",
            Self::LeastLoaded => "LeastLoaded",
            Self::ByKey(_) => "ByKey(..)",
        })
    }
}

#[cfg(all(test, not(any(loom, shuttle))))]
mod tests {
    use super::*;

    #[test]
    fn keys_are_spread_evenly_over_the_places() {
        for keys in [|n: u64| n, |n: u64| n << 40, |n: u64| n * 1024] {
            let mut places = [0_u32; 7];
            (0..7000).for_each(|n| places[place_of(keys(n), 7)] += 1);
            assert!(places.iter().all(|count| (850..1150).contains(count)), "{places:?}");
        }
    }
}
