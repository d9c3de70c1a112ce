//! The deadlines of work in flight.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::task::{Context, Poll};
use std::time::Instant;

use crate::runtime::Executor;
use crate::runtime::alarm::Alarm;

/// Entries of ended work allowed besides those of work in flight.
const SLACK: usize = 64;

/// Earliest on top. May contain entries of ended work.
pub(super) struct Deadlines {
    queue: BinaryHeap<Reverse<(Instant, u64)>>,
    alarm: Alarm,
}

impl Deadlines {
    pub(super) fn new() -> Self {
        Self { queue: BinaryHeap::new(), alarm: Alarm::new() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// Adds a deadline. `in_flight` is the number of pieces in flight, and `is_alive` states
    /// whether one of them is.
    pub(super) fn add(
        &mut self,
        at: Instant,
        id: u64,
        in_flight: usize,
        is_alive: impl Fn(u64) -> bool,
    ) {
        if self.queue.len() > 2 * in_flight + SLACK {
            self.queue.retain(|Reverse((_, id))| is_alive(*id));
        }
        self.queue.push(Reverse((at, id)));
    }

    /// Removes and returns the earliest entry that is due.
    pub(super) fn take_due(&mut self, now: Instant) -> Option<u64> {
        let Reverse((at, _)) = self.queue.peek()?;
        if *at > now {
            return None;
        }
        self.queue.pop().map(|Reverse((_, id))| id)
    }

    /// Returns `Ready` once the earliest deadline of work in flight has come. `Pending` without
    /// one.
    pub(super) fn poll(
        &mut self,
        is_alive: impl Fn(u64) -> bool,
        executor: &dyn Executor,
        task: &mut Context<'_>,
    ) -> Poll<()> {
        while self.queue.peek().is_some_and(|Reverse((_, id))| !is_alive(*id)) {
            self.queue.pop();
        }
        match self.queue.peek() {
            Some(Reverse((at, _))) => self.alarm.poll_at(*at, executor, task),
            None => Poll::Pending,
        }
    }
}
