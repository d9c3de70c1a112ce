//! What ends an actor besides itself: a panic, a stop at once, a deadline.
#![expect(unsafe_code, reason = "an actor's task promises its mailbox's signal to be its only consumer")]

use std::future::Future;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use crate::contain::contained;
use crate::mailbox::Shared;
use crate::running::Life;
use crate::{Executor, ExitReason, Message, Timer};

/// Runs the parts of an actor's life, and sees to what may end them, and to what is owed whenever its task rests.
pub(crate) struct Watch<'a, M: Message> {
    shared: &'a Shared<M>,
    executor: &'a Arc<dyn Executor>,
    /// Made and armed when the deadline is first seen.
    timer: Option<Box<dyn Timer>>,
}

impl<'a, M: Message> Watch<'a, M> {
    pub(crate) fn new(shared: &'a Shared<M>, executor: &'a Arc<dyn Executor>) -> Self {
        Self { shared, executor, timer: None }
    }

    /// Runs the actor until it ends by itself, panics, is stopped at once, or its deadline passes.
    pub(crate) async fn until_stopped(&mut self, serving: impl Future<Output = ExitReason>) -> ExitReason {
        let life = self.life();
        let stopped = contained(serving, |serving, task| {
            self.shared.signal().cancel_sleep();
            if life.is_killed() {
                return Poll::Ready(ExitReason::Killed);
            }
            // Asked before the actor has its turn: should the deadline be set meanwhile, the actor has a turn after that.
            let deadline = life.deadline();
            if let Poll::Ready(reason) = serving.poll(task) {
                return Poll::Ready(reason);
            }
            self.rest(deadline, task);
            if life.is_killed() {
                return Poll::Ready(ExitReason::Killed);
            }
            self.poll_deadline(deadline, task).map(|()| ExitReason::DeadlinePassed)
        });
        stopped.await.unwrap_or_else(|panicked| panicked)
    }

    /// Runs the actor's `stopped` to its end, or, once the actor is to stop at once or its deadline has passed, to where
    /// it waits.
    pub(crate) async fn until_ended(&mut self, stopped: impl Future<Output = ()>) -> Option<ExitReason> {
        let life = self.life();
        let ended = contained(stopped, |stopped, task| {
            let deadline = life.deadline();
            // Polled first: it has its say also when the actor was stopped at once before.
            if stopped.poll(task).is_ready() {
                return Poll::Ready(None);
            }
            self.rest(deadline, task);
            if life.is_killed() {
                return Poll::Ready(Some(ExitReason::Killed));
            }
            self.poll_deadline(deadline, task).map(|()| Some(ExitReason::DeadlinePassed))
        });
        ended.await.unwrap_or_else(Some)
    }

    /// Does what is owed before the task rests: whoever stops the actor must be able to wake it, and senders that wait
    /// for room that there is must know of it.
    fn rest(&self, deadline: Option<Instant>, task: &mut Context<'_>) {
        // SAFETY: an actor's task is its mailbox's one consumer, and this runs within it.
        unsafe { self.shared.signal().announce_wait(task.waker()) };
        self.shared.tell_of_room();
        if deadline != self.life().deadline() {
            task.waker().wake_by_ref();
        }
    }

    fn poll_deadline(&mut self, at: Option<Instant>, task: &mut Context<'_>) -> Poll<()> {
        let Some(at) = at else { return Poll::Pending };
        let timer = self.timer.get_or_insert_with(|| {
            let mut timer = self.executor.timer();
            timer.arm(at);
            timer
        });
        timer.poll_expired(task)
    }

    pub(crate) fn life(&self) -> &'a Life {
        self.shared.actor_life()
    }
}
