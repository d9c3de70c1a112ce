//! The runtime's timer as an actor's timers use it.

use std::fmt;
use std::task::{Context, Poll};
use std::time::Instant;

use crate::runtime::{Executor, Timer};

/// One timer of the runtime's, armed for the earliest of the actor's.
pub(crate) struct Alarm {
    /// Made when the actor first waits for one of its timers.
    timer: Option<Box<dyn Timer>>,
    /// What `timer` is armed for.
    armed: Option<Instant>,
    /// Whether the last message came from a timer. Then one from the mailbox goes first, so that neither starves.
    was_timer: bool,
}

impl Alarm {
    pub(crate) fn new() -> Self {
        Self { timer: None, armed: None, was_timer: false }
    }

    /// Tells whether a due timer has its turn before the mailbox.
    pub(crate) fn goes_first(&mut self) -> bool {
        !std::mem::take(&mut self.was_timer)
    }

    /// Says that a timer's message was given out.
    pub(crate) fn went(&mut self) {
        self.was_timer = true;
    }

    /// Is ready once the time has come.
    pub(crate) fn poll_at(&mut self, at: Instant, executor: &dyn Executor, task: &mut Context<'_>) -> Poll<()> {
        let timer = self.timer.get_or_insert_with(|| executor.timer());
        if self.armed != Some(at) {
            timer.arm(at);
            self.armed = Some(at);
        }
        let polled = timer.poll_expired(task);
        if polled.is_ready() {
            // Armed anew even for the same time: a runtime's timer may be early by its resolution.
            self.armed = None;
        }
        polled
    }
}

impl fmt::Debug for Alarm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Alarm").field("armed", &self.armed).finish_non_exhaustive()
    }
}
