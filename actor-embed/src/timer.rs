//! One timer of an executor.

use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use actor_core::runtime::Timer;
use actor_core::runtime::adapter::contain;

use crate::clock::Clock;
use crate::inbox::Inbox;
use crate::local;

/// Armed again in place.
pub(crate) struct EmbedTimer {
    at: Option<Instant>,
    /// Stays set until the timer is armed again, without another look at the clock.
    expired: bool,
    /// Its place among the timers of the driver, from the first `Pending` poll.
    place: Option<usize>,
    /// Shared with that place. By its count, the place detects a dropped timer.
    owner: Arc<()>,
    /// The inbox of the only driver that may poll it.
    inbox: Arc<Inbox>,
    clock: Clock,
}

impl EmbedTimer {
    pub(crate) fn new(inbox: Arc<Inbox>, clock: Clock) -> Self {
        Self { at: None, expired: false, place: None, owner: Arc::new(()), inbox, clock }
    }

    /// Schedules a wake of the task at the given time.
    fn wait_until(&mut self, at: Instant, waker: &Waker) {
        const AT_HOME: &str = "a timer is polled on the executor that made it";
        let place = match self.place {
            Some(place) => place,
            None => {
                let settled = local::with_timers(&self.inbox, |timers| timers.settle(&self.owner));
                // Dropped here, while the timers are not borrowed: the drop of a waker may drop a
                // task, and its timer.
                let (place, dropped) = settled.expect(AT_HOME);
                // They are wakers of other tasks: a panic in the drop of one must not end this
                // task.
                dropped.into_iter().for_each(|waker| _ = contain(|| drop(waker)));
                *self.place.insert(place)
            }
        };
        let known = local::with_timers(&self.inbox, |timers| {
            timers.arm(place, at);
            timers.will_wake(place, waker)
        });
        if !known.expect(AT_HOME) {
            // Cloned outside the borrow as well, because it is foreign code.
            let waker = waker.clone();
            drop(local::with_timers(&self.inbox, |timers| timers.set_waker(place, waker)));
        }
    }

    /// Prevents a second wake for a time already observed as due.
    fn wait_no_more(&self) {
        if let Some(place) = self.place {
            local::with_timers(&self.inbox, |timers| timers.disarm(place));
        }
    }
}

impl Timer for EmbedTimer {
    fn arm(&mut self, at: Instant) {
        self.at = Some(at);
        self.expired = false;
    }

    fn poll_expired(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(at) = self.at else { return Poll::Pending };
        if !self.expired && self.clock.now() < at {
            self.wait_until(at, cx.waker());
            return Poll::Pending;
        }
        if !std::mem::replace(&mut self.expired, true) {
            self.wait_no_more();
        }
        Poll::Ready(())
    }
}

impl Drop for EmbedTimer {
    fn drop(&mut self) {
        if let Some(place) = self.place {
            // Outside a turn of its driver the place cannot be reached. It is given to another
            // timer on demand.
            drop(local::with_timers(&self.inbox, |timers| timers.leave(place)));
        }
    }
}
