//! One timer of an executor's.

use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use actor_core::runtime::Timer;
use actor_core::runtime::adapter::contain;

use crate::inbox::Inbox;
use crate::{clock, local};

/// Re-armed in place.
pub(crate) struct ThreadTimer {
    at: Option<Instant>,
    /// Stays so until it is armed anew, also should the clock be asked no more.
    expired: bool,
    /// Its place among the timers of the executor's thread, from the first poll that had to wait.
    place: Option<usize>,
    /// Shared with that place, which knows by it that the timer lives.
    owner: Arc<()>,
    /// Whose thread it is to be polled on.
    inbox: Arc<Inbox>,
}

impl ThreadTimer {
    pub(crate) fn new(inbox: Arc<Inbox>) -> Self {
        Self { at: None, expired: false, place: None, owner: Arc::new(()), inbox }
    }

    /// Has the task woken at the given time.
    fn wait_until(&mut self, at: Instant, waker: &Waker) {
        const AT_HOME: &str = "a timer is polled on the executor that made it";
        let place = match self.place {
            Some(place) => place,
            None => {
                let settled = local::with_timers(&self.inbox, |timers| timers.settle(&self.owner));
                // Dropped here, where the timers are free: dropping a waker may drop a task, and with it a timer.
                let (place, dropped) = settled.expect(AT_HOME);
                // They are other tasks' wakers: a panic in the drop of one is not this task's.
                dropped.into_iter().for_each(|waker| _ = contain(|| drop(waker)));
                *self.place.insert(place)
            }
        };
        let known = local::with_timers(&self.inbox, |timers| {
            timers.arm(place, at);
            timers.will_wake(place, waker)
        });
        if !known.expect(AT_HOME) {
            // Cloned outside as well, being other people's code.
            let waker = waker.clone();
            drop(local::with_timers(&self.inbox, |timers| timers.set_waker(place, waker)));
        }
    }

    /// Takes care that what was seen to be due does not wake the task as well.
    fn wait_no_more(&self) {
        if let Some(place) = self.place {
            local::with_timers(&self.inbox, |timers| timers.disarm(place));
        }
    }
}

impl Timer for ThreadTimer {
    fn arm(&mut self, at: Instant) {
        self.at = Some(at);
        self.expired = false;
    }

    fn poll_expired(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(at) = self.at else { return Poll::Pending };
        if !self.expired && clock::now() < at {
            self.wait_until(at, cx.waker());
            return Poll::Pending;
        }
        if !std::mem::replace(&mut self.expired, true) {
            self.wait_no_more();
        }
        Poll::Ready(())
    }
}

impl Drop for ThreadTimer {
    fn drop(&mut self) {
        if let Some(place) = self.place {
            // Elsewhere the place cannot be reached; it is given to another timer when it is needed.
            drop(local::with_timers(&self.inbox, |timers| timers.leave(place)));
        }
    }
}
