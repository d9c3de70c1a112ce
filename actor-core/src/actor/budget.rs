//! How long an actor goes on before the thread's other tasks have their turn.

use std::future::poll_fn;
use std::task::Poll;
use std::time::{Duration, Instant};

use crate::runtime::Executor;

/// Messages handled in a row before the thread's other tasks have their turn, give or take a batch.
const MESSAGES: u32 = 128;

/// Time in a row before the thread's other tasks have their turn, as far as the actor's handlers let it end by then.
const TIME: Duration = Duration::from_millis(1);

/// Messages between two looks at the clock, at most.
const LOOK_EVERY: u32 = 16;

/// When to look at the clock next, so that a limit of time is met by a message or two without a look for each message: reading
/// the clock costs as much as a small handler.
#[derive(Clone, Copy)]
pub(crate) struct Pace {
    /// Messages at which the next look is due. Compared with `>=`, because a batch counts as several.
    next: u32,
}

impl Pace {
    pub(crate) fn new() -> Self {
        Self { next: 1 }
    }

    #[inline]
    pub(crate) fn is_due(self, handled: u32) -> bool {
        handled >= self.next
    }

    /// Takes the time that the messages so far have taken, and plans the next look for when half of what is left of the limit
    /// will have passed at the same rate. Tells whether the limit has passed.
    pub(crate) fn has_passed(&mut self, handled: u32, elapsed: Duration, limit: Duration) -> bool {
        let left = limit.saturating_sub(elapsed);
        if left.is_zero() {
            return true;
        }
        // In 64 bits, and without a division where the messages are fast: a division of `Duration`s takes longer than they do.
        let nanos = |time: Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        let (elapsed, left) = (nanos(elapsed), nanos(left).saturating_mul(u64::from(handled)) / 2);
        let is_fast = left >= elapsed.saturating_mul(u64::from(LOOK_EVERY));
        let step = if is_fast { LOOK_EVERY } else { (left / elapsed.max(1)).max(1) as u32 };
        self.next = handled.saturating_add(step);
        false
    }
}

/// An actor's turn on its thread, bounded in number and in time.
///
/// Its time counts from its first message, if another waits behind that; otherwise from the first look that finds one, so that
/// an actor that is sent one message at a time never reads the clock. A turn goes on beyond its time by the message or the batch
/// that it ends in, and by 15 messages more at most where these take much longer than those before.
pub(crate) struct Turn {
    handled: u32,
    began: Option<Instant>,
    pace: Pace,
}

impl Turn {
    pub(crate) fn new() -> Self {
        Self { handled: 0, began: None, pace: Pace::new() }
    }

    /// Starts the clock before the turn's first message is taken, if several wait.
    ///
    /// Not once it is taken: a message that is kept over a call is written to memory in parts and read back as a whole, which
    /// cost each message 4 ns.
    #[inline]
    pub(crate) fn begin(&mut self, executor: &dyn Executor, are_several: impl FnOnce() -> bool) {
        if self.handled == 0 && self.began.is_none() && are_several() {
            self.began = Some(executor.now());
        }
    }

    /// Counts messages that were handled.
    #[inline]
    pub(crate) fn count(&mut self, messages: u32) {
        self.handled = self.handled.saturating_add(messages);
    }

    /// Tells whether the next message, if there is one, is to wait for the thread's other tasks.
    #[inline]
    pub(crate) fn is_over(&mut self, executor: &dyn Executor, is_more: impl FnOnce() -> bool) -> bool {
        self.handled > 0
            && self.pace.is_due(self.handled)
            && is_more()
            && (self.handled >= MESSAGES || self.is_late(executor))
    }

    #[cold]
    fn is_late(&mut self, executor: &dyn Executor) -> bool {
        let now = executor.now();
        let began = *self.began.get_or_insert(now);
        let late = self.pace.has_passed(self.handled, now.saturating_duration_since(began), TIME);
        self.pace.next = self.pace.next.min(MESSAGES.max(self.handled + 1));
        late
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
