//! Time: of the calling thread for blocking waits, and of an executor for the shutdown.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use actor_core::Executor;

/// Returns a function of the time left until `timeout` from now, on the calling thread's clock.
#[expect(clippy::disallowed_methods, reason = "the caller's thread has no executor to ask")]
pub(crate) fn time_left(timeout: Duration) -> impl Fn() -> Duration {
    // Past the end of the clock there is no deadline.
    let deadline = Instant::now().checked_add(timeout);
    move || deadline.map_or(Duration::MAX, |at| at.saturating_duration_since(Instant::now()))
}

/// Returns the time on the clock of the calling thread.
#[expect(clippy::disallowed_methods, reason = "the caller's thread has no executor to ask")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// The time of a task on one executor, used on that executor only.
pub(crate) struct Clock(pub(crate) Arc<dyn Executor>);

impl Clock {
    pub(crate) fn now(&self) -> Instant {
        self.0.now()
    }

    /// Returns the time after this period. `None` past the end of the clock: no deadline.
    pub(crate) fn after(&self, period: Duration) -> Option<Instant> {
        self.now().checked_add(period)
    }

    /// Returns the time left until a deadline, without one the longest time.
    pub(crate) fn left(&self, deadline: Option<Instant>) -> Duration {
        deadline.map_or(Duration::MAX, |at| at.saturating_duration_since(self.now()))
    }

    /// Waits for a future until the deadline.
    pub(crate) async fn by<T>(
        &self,
        deadline: Option<Instant>,
        future: impl Future<Output = T>,
    ) -> Option<T> {
        let mut future = pin!(future);
        let mut timer = deadline.map(|at| {
            let mut timer = self.0.timer();
            timer.arm(at);
            timer
        });
        poll_fn(|task| {
            if let Poll::Ready(value) = future.as_mut().poll(task) {
                return Poll::Ready(Some(value));
            }
            let Some(timer) = &mut timer else { return Poll::Pending };
            timer.poll_expired(task).map(|()| None)
        })
        .await
    }

    /// Waits for this period.
    pub(crate) async fn pause(&self, period: Duration) {
        self.by(self.after(period), std::future::pending::<()>()).await;
    }
}
