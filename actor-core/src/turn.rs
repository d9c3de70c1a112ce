//! How long an actor goes on before the thread's other tasks have their turn.

use std::future::poll_fn;
use std::task::Poll;
use std::time::{Duration, Instant};

use crate::Executor;

/// Messages handled in a row before the thread's other tasks have their turn, give or take a batch.
const MESSAGES: u32 = 128;

/// Time in a row before the thread's other tasks have their turn, as far as the actor's handlers let it end by then.
const TIME: Duration = Duration::from_millis(1);

/// Messages between two looks at the clock, at most. The first looks come after fewer.
const LOOK_EVERY: u32 = 16;

/// An actor's turn on its thread, bounded in number and in time.
///
/// The clock is read after 1, 2, 4, 8, 16, 32, … messages, and only if more are waiting: reading it for each would cost as
/// much as a small handler. So a turn goes on beyond its time by the message that it ends in, and by 15 more at most where
/// these take much longer than those before.
pub(crate) struct Turn {
    handled: u32,
    /// When the first message was handled.
    began: Option<Instant>,
}

impl Turn {
    pub(crate) fn new() -> Self {
        Self { handled: 0, began: None }
    }

    /// Counts messages that were handled.
    #[inline]
    pub(crate) fn count(&mut self, messages: u32) {
        self.handled = self.handled.saturating_add(messages);
    }

    /// Tells whether the next message, if there is one, is to wait for the thread's other tasks.
    #[inline]
    pub(crate) fn is_over(&mut self, executor: &dyn Executor, is_more: impl FnOnce() -> bool) -> bool {
        let looks = self.handled.is_power_of_two() || (self.handled.is_multiple_of(LOOK_EVERY) && self.handled > 0);
        looks && is_more() && (self.handled >= MESSAGES || self.is_late(executor))
    }

    fn is_late(&mut self, executor: &dyn Executor) -> bool {
        let now = executor.now();
        let began = *self.began.get_or_insert(now);
        now.saturating_duration_since(began) >= TIME
    }

    /// Lets the thread's other tasks run, and begins anew.
    pub(crate) async fn pass(&mut self, executor: &dyn Executor) {
        *self = Self::new();
        let mut passed = false;
        poll_fn(|task| {
            if std::mem::replace(&mut passed, true) {
                return Poll::Ready(());
            }
            executor.give_way(task);
            Poll::Pending
        })
        .await;
    }
}
