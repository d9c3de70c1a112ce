//! A timer of tokio's.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

use actor_core::Timer;
use tokio::runtime::Handle;
use tokio::time::{Sleep, sleep_until};

/// Made on first use, and then re-armed in place.
pub(crate) struct TokioTimer {
    /// tokio's timers are made inside a runtime's context.
    handle: Handle,
    sleep: Option<Pin<Box<Sleep>>>,
}

impl TokioTimer {
    pub(crate) fn new(handle: Handle) -> Self {
        Self { handle, sleep: None }
    }
}

impl Timer for TokioTimer {
    fn arm(&mut self, at: Instant) {
        match &mut self.sleep {
            Some(sleep) => sleep.as_mut().reset(at.into()),
            None => {
                let _context = self.handle.enter();
                self.sleep = Some(Box::pin(sleep_until(at.into())));
            }
        }
    }

    fn poll_expired(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match &mut self.sleep {
            Some(sleep) => sleep.as_mut().poll(cx),
            None => Poll::Pending,
        }
    }
}
