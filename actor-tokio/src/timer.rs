//! A timer of tokio.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

use actor_core::runtime::Timer;
use actor_core::runtime::adapter::ContainedWaker;
use tokio::runtime::Handle;
use tokio::time::{Sleep, sleep_until};

/// Created on first use, and then armed again in place.
pub(crate) struct TokioTimer {
    /// tokio's timers are created inside a runtime's context.
    handle: Handle,
    sleep: Option<Pin<Box<Sleep>>>,
    waker: ContainedWaker,
    /// tokio's timer returns `Pending`, even after its time, once its task has used up its budget.
    /// This one stays ready.
    expired: bool,
}

impl TokioTimer {
    pub(crate) fn new(handle: Handle) -> Self {
        Self { handle, sleep: None, waker: ContainedWaker::new(), expired: false }
    }
}

impl Timer for TokioTimer {
    fn arm(&mut self, at: Instant) {
        self.expired = false;
        match &mut self.sleep {
            Some(sleep) => sleep.as_mut().reset(at.into()),
            None => {
                let _context = self.handle.enter();
                self.sleep = Some(Box::pin(sleep_until(at.into())));
            }
        }
    }

    fn poll_expired(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if let Some(sleep) = &mut self.sleep
            && !self.expired
        {
            let mut cx = Context::from_waker(self.waker.of(cx.waker()));
            self.expired = sleep.as_mut().poll(&mut cx).is_ready();
        }
        if self.expired { Poll::Ready(()) } else { Poll::Pending }
    }
}
