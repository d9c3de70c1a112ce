//! The runtime's timer, as an actor's timers use it.

use std::fmt;
use std::task::{Context, Poll};
use std::time::Instant;

use crate::runtime::{Executor, Timer};

/// A timer of the runtime, armed for the earliest of an actor's times. Hidden, for `actor-system`.
#[doc(hidden)]
pub struct Alarm {
    /// Created when the actor first waits for one of its timers.
    timer: Option<Box<dyn Timer>>,
    /// The time `timer` is armed for.
    armed: Option<Instant>,
    /// Whether the last message came from a timer. The mailbox then takes the next turn, so that
    /// neither starves the other.
    was_timer: bool,
}

impl Default for Alarm {
    fn default() -> Self {
        Self::new()
    }
}

impl Alarm {
    /// Creates an alarm without a time.
    #[doc(hidden)]
    pub fn new() -> Self {
        Self { timer: None, armed: None, was_timer: false }
    }

    /// Returns whether a due timer takes its turn before the mailbox.
    pub(crate) fn goes_first(&mut self) -> bool {
        !std::mem::take(&mut self.was_timer)
    }

    /// Records the delivery of a timer's message.
    pub(crate) fn went(&mut self) {
        self.was_timer = true;
    }

    /// Returns `Ready` once the time `at` has been reached.
    #[doc(hidden)]
    pub fn poll_at(
        &mut self,
        at: Instant,
        executor: &dyn Executor,
        task: &mut Context<'_>,
    ) -> Poll<()> {
        let timer = self.timer.get_or_insert_with(|| executor.timer());
        if self.armed != Some(at) {
            timer.arm(at);
            self.armed = Some(at);
        }
        let polled = timer.poll_expired(task);
        if polled.is_ready() {
            // Armed again even for the same time: a runtime's timer may be early by its resolution.
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
