//! A context without an actor's loop: a test calls the handlers itself. Without a promise of
//! stability.

use std::sync::Arc;
use std::task::{self, Poll, Waker};
use std::time::Instant;

use crate::actor::{Context, Outcome, TimerKey};
use crate::life::serve::poll_next;
use crate::mailbox::exit::ExitReason;
use crate::mailbox::{Mailbox, Message};
use crate::runtime::Executor;

impl<M: Message> Mailbox<M> {
    /// Creates the context of an actor on this mailbox.
    #[doc(hidden)]
    #[must_use]
    pub fn direct_context(&self, executor: Arc<dyn Executor>) -> Context<M> {
        Context::new(Arc::clone(self.shared()), executor)
    }

    /// Returns the message that the actor's loop would handle next, if one is ready. Call it in a
    /// task of the context's executor.
    #[doc(hidden)]
    pub fn direct_next(&mut self, cx: &mut Context<M>) -> Option<M> {
        self.shared().signal().begin();
        let mut receiver = self.receiver();
        match poll_next(&mut receiver, cx, &mut task::Context::from_waker(Waker::noop())) {
            Poll::Ready(message) => message,
            Poll::Pending => None,
        }
    }
}

impl<M: Message> Context<M> {
    /// Returns the due time and the key of each armed timer, and whether it is weak, in the order
    /// of their times.
    #[doc(hidden)]
    #[must_use]
    pub fn direct_timers(&self) -> Vec<(Instant, Option<TimerKey>, bool)> {
        self.timers.as_ref().map(|timers| timers.armed()).unwrap_or_default()
    }

    /// Ends the life with the error of a failed handler, as the actor's loop does.
    #[doc(hidden)]
    pub fn direct_settle(&mut self, outcome: impl Outcome) {
        self.settle(outcome);
    }

    /// Returns the reason for a requested end, if there is one.
    #[doc(hidden)]
    pub fn direct_ending(&mut self) -> Option<ExitReason> {
        let reason = self.take_ending()?;
        self.end(reason.clone());
        Some(reason)
    }
}
