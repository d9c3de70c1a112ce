//! A time limit for a future of any thread.
//!
//! Within an executor's thread, the executor's clock and timer measure it, so a paused or simulated
//! clock does. On every other thread a timer of the process does, without a runtime. A future may
//! move to another thread between two polls. The executor's timer would not wake it there, so the
//! rest of the time is then measured by the process.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::{Arc, Weak};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use futures::FutureExt;
use futures_timer::Delay;

use crate::quiet::{Quiet, quietly};
use crate::runtime::current::current;
use crate::runtime::{Executor, Timer};

/// A time limit, from its first poll.
pub(crate) struct Patience {
    limit: Duration,
    clock: Clock,
}

enum Clock {
    /// Not polled yet.
    Stopped,
    Executor {
        executor: Weak<dyn Executor>,
        at: Instant,
        timer: Box<dyn Timer>,
    },
    /// The helper thread of the timers calls the waker, so a panic of the waker is contained.
    Process(Quiet<Delay>),
    /// The limit is past the end of the clock.
    Endless,
}

/// Runs the future until its end, or returns `None` at the limit.
pub(crate) async fn within<F: Future>(future: F, limit: Duration) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut patience = Patience::new(limit);
    poll_fn(|cx| match future.as_mut().poll(cx) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending => patience.poll(cx).map(|()| None),
    })
    .await
}

impl Patience {
    pub(crate) fn new(limit: Duration) -> Self {
        Self { limit, clock: Clock::Stopped }
    }

    /// Returns `Ready` once the time since the first poll has reached the limit.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let is_moved = match &self.clock {
            Clock::Stopped => {
                self.clock = Clock::start(self.limit);
                false
            }
            Clock::Executor { executor, .. } => !is_here(executor),
            Clock::Process(_) | Clock::Endless => false,
        };
        if is_moved {
            self.clock = Clock::of_process(self.left());
        }
        match &mut self.clock {
            Clock::Executor { timer, .. } => timer.poll_expired(cx),
            Clock::Process(delay) => Pin::new(delay).poll_unpin(cx),
            Clock::Stopped | Clock::Endless => Poll::Pending,
        }
    }

    /// Returns the rest of the time. All of it if the executor has ended, because its clock is
    /// unknown.
    fn left(&self) -> Duration {
        let Clock::Executor { executor, at, .. } = &self.clock else { return self.limit };
        let now = executor.upgrade().map(|executor| executor.now());
        now.map_or(self.limit, |now| at.saturating_duration_since(now))
    }
}

impl Clock {
    fn start(limit: Duration) -> Self {
        let Some(executor) = current() else { return Self::of_process(limit) };
        let Some(at) = executor.now().checked_add(limit) else { return Self::Endless };
        let mut timer = executor.timer();
        timer.arm(at);
        Self::Executor { executor: Arc::downgrade(&executor), at, timer }
    }

    #[expect(clippy::disallowed_methods, reason = "no executor measures this time")]
    fn of_process(limit: Duration) -> Self {
        // A delay adds the limit to the system's clock.
        match Instant::now().checked_add(limit) {
            Some(_) => Self::Process(quietly(Delay::new(limit))),
            None => Self::Endless,
        }
    }
}

fn is_here(executor: &Weak<dyn Executor>) -> bool {
    current().is_some_and(|current| Weak::ptr_eq(&Arc::downgrade(&current), executor))
}

impl fmt::Debug for Patience {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Patience").field("limit", &self.limit).finish_non_exhaustive()
    }
}
