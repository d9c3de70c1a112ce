//! A waker that a runtime may call and drop wherever it likes.

use std::fmt;
use std::sync::Arc;
use std::task::{Wake, Waker};

use super::contain;

/// Wraps a task's waker for a runtime's timer, so that no panic of it reaches the runtime: neither when it is called nor
/// when it is dropped.
///
/// A runtime calls and drops the wakers of its timers in the middle of its own work, some of it under a lock. A panic
/// there would end the executor, or the timers of the whole process.
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
    /// What was wrapped last, and the wrapped one: a task mostly comes with the same waker.
    known: Option<(Arc<Contained>, Waker)>,
}

struct Contained {
    /// There until the drop.
    waker: Option<Waker>,
}

impl ContainedWaker {
    /// Makes one that has wrapped nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns a waker that wakes what `waker` wakes. Allocates only if that is another one than last time.
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
