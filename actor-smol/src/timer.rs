//! A timer of smol.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

use actor_core::runtime::Timer;
use actor_core::runtime::adapter::ContainedWaker;

/// Armed again in place.
pub(crate) struct SmolTimer {
    timer: async_io::Timer,
    waker: ContainedWaker,
    /// smol's timer is ready only once. This one stays ready until it is armed again.
    expired: bool,
}

impl SmolTimer {
    pub(crate) fn new() -> Self {
        Self { timer: async_io::Timer::never(), waker: ContainedWaker::new(), expired: false }
    }
}

impl Timer for SmolTimer {
    fn arm(&mut self, at: Instant) {
        self.timer.set_at(at);
        self.expired = false;
    }

    fn poll_expired(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if !self.expired {
            let mut cx = Context::from_waker(self.waker.of(cx.waker()));
            self.expired = Pin::new(&mut self.timer).poll(&mut cx).is_ready();
        }
        if self.expired { Poll::Ready(()) } else { Poll::Pending }
    }
}
