//! Several messages of a lane in one call.

use std::fmt;
use std::time::{Duration, Instant};

use crate::actor::budget::Pace;
use crate::mailbox::{Lanes, Message};
use crate::runtime::Executor;

/// Time after which a batch gives out nothing more.
const TIME: Duration = Duration::from_millis(1);

/// Messages of one lane that are handled in one call, given to [`Actor::handle_batch`](crate::Actor::handle_batch).
///
/// It gives out what is in the lane, in the lane's order, and does not wait for more. It ends with the lane's
/// [`batch`](crate::Lane::batch) of messages, when the lane is empty, and as soon as a timer is due that was armed before it
/// began, a control message waits in another lane, the actor has said that it ends, or it is to stop at once. It also ends 1 ms
/// after it began, give or take a message, or up to 15 where these take much longer than those before. What it did not give out stays in the lane.
///
/// A message counts as handled when the next one is taken, or when the call ends.
pub struct Batch<'a, M: Message> {
    /// The message that it began with, until it is taken.
    first: Option<M>,
    given: u32,
    most: u32,
    mailbox: Lanes<'a, M>,
    clock: &'a dyn Executor,
    /// When the actor's next timer is due, as of the batch's beginning.
    due: Option<Instant>,
    began: Instant,
    pace: Pace,
    is_over: bool,
}

impl<'a, M: Message> Batch<'a, M> {
    pub(crate) fn new(first: M, mailbox: Lanes<'a, M>, clock: &'a dyn Executor, due: Option<Instant>) -> Self {
        let most = mailbox.batch();
        Self {
            first: Some(first),
            given: 0,
            most,
            mailbox,
            clock,
            due,
            began: clock.now(),
            pace: Pace::new(),
            is_over: false,
        }
    }

    /// Gives the message that nobody took, and how many were given out after the first.
    pub(crate) fn end(self) -> (Option<M>, u32) {
        (self.first, self.given.saturating_sub(1))
    }

    /// Tells whether anything is due that a batch must not keep waiting.
    fn is_cut(&mut self) -> bool {
        if self.mailbox.shared().life().takes_no_more() || self.mailbox.has_other_control() {
            return true;
        }
        // The clock is not read for each message unless a timer may be due: that would cost as much as a small message.
        if self.due.is_none() && !self.pace.is_due(self.given) {
            return false;
        }
        let now = self.clock.now();
        let elapsed = now.saturating_duration_since(self.began);
        self.pace.has_passed(self.given, elapsed, TIME) || self.due.is_some_and(|due| due <= now)
    }
}

impl<M: Message> Iterator for Batch<'_, M> {
    type Item = M;

    fn next(&mut self) -> Option<M> {
        if let Some(first) = self.first.take() {
            self.given = 1;
            return Some(first);
        }
        if self.is_over || self.given >= self.most || self.is_cut() {
            self.is_over = true;
            return None;
        }
        let next = self.mailbox.take_alike();
        self.is_over = next.is_none();
        self.given += u32::from(next.is_some());
        next
    }
}

impl<M: Message> fmt::Debug for Batch<'_, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batch").field("given", &self.given).field("most", &self.most).finish_non_exhaustive()
    }
}
