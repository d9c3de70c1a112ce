//! A waker that is safe for a runtime to call and drop anywhere.

use std::fmt;
use std::sync::Arc;
use std::task::{Wake, Waker};

use super::contain;

/// Wraps a task's waker for a runtime's timer, so that no panic of the waker reaches the runtime:
/// neither in its call nor in its drop.
///
/// A runtime calls and drops the wakers of its timers in the middle of its own work, sometimes
/// under a lock. A panic there would end the executor, or all timers of the process.
///
/// # Examples
///
/// ```
/// use std::task::Waker;
///
/// use actor_core::runtime::adapter::ContainedWaker;
///
/// let mut contained = ContainedWaker::new();
/// contained.of(Waker::noop()).wake_by_ref();
/// ```
#[derive(Default)]
pub struct ContainedWaker {
    /// The waker wrapped last, and its wrapper. A task usually polls with the same waker.
    known: Option<(Arc<Contained>, Waker)>,
}

struct Contained {
    /// `Some` until the drop.
    waker: Option<Waker>,
}

impl ContainedWaker {
    /// Creates a wrapper holding no waker yet.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::task::Waker;
    ///
    /// use actor_core::runtime::adapter::ContainedWaker;
    ///
    /// // One wrapper for each timer. A second poll by the same task allocates nothing.
    /// let mut contained = ContainedWaker::new();
    /// let first = contained.of(Waker::noop()).data();
    /// assert_eq!(contained.of(Waker::noop()).data(), first);
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns a waker with the same effect as `waker`. Allocates only if `waker` differs from the
    /// previous one.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use std::sync::atomic::{AtomicBool, Ordering};
    /// # use std::task::{Wake, Waker};
    /// # use actor_core::runtime::adapter::ContainedWaker;
    /// static CALLED: AtomicBool = AtomicBool::new(false);
    /// struct Faulty;
    /// impl Wake for Faulty {
    ///     fn wake(self: Arc<Self>) {
    ///         CALLED.store(true, Ordering::Relaxed);
    ///         panic!("this panic does not reach the runtime");
    ///     }
    /// }
    /// ContainedWaker::new().of(&Waker::from(Arc::new(Faulty))).wake_by_ref();
    /// assert!(CALLED.load(Ordering::Relaxed));
    /// ```
    pub fn of(&mut self, waker: &Waker) -> &Waker {
        let known = self.known.take().filter(|(contained, _)| contained.will_wake(waker));
        let (_, wrapped) = self.known.insert(known.unwrap_or_else(|| {
            let contained = Arc::new(Contained { waker: Some(waker.clone()) });
            (Arc::clone(&contained), Waker::from(contained))
        }));
        wrapped
    }
}

impl Contained {
    fn will_wake(&self, waker: &Waker) -> bool {
        self.waker.as_ref().is_some_and(|known| known.will_wake(waker))
    }
}

impl Wake for Contained {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.waker.as_ref().map(|waker| contain(|| waker.wake_by_ref()));
    }
}

impl Drop for Contained {
    fn drop(&mut self) {
        let waker = self.waker.take();
        contain(|| drop(waker));
    }
}

impl fmt::Debug for ContainedWaker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ContainedWaker").finish_non_exhaustive()
    }
}
