//! What ends an actor besides itself: a panic, a stop at once, a deadline.
#![expect(unsafe_code, reason = "an actor's task promises its mailbox's signal to be its only consumer")]

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use crate::contain::poll_contained;
use crate::mailbox::Shared;
use crate::running::Life;
use crate::{Executor, ExitReason, Message, Timer};

/// Polls the parts of an actor's life, and sees to what may end them and to what is owed whenever its task rests.
pub(crate) struct Watch<M: Message> {
    shared: Arc<Shared<M>>,
    executor: Arc<dyn Executor>,
    /// Made and armed when the deadline is first seen.
    timer: Option<Box<dyn Timer>>,
}

impl<M: Message> Watch<M> {
    pub(crate) fn new(shared: Arc<Shared<M>>, executor: Arc<dyn Executor>) -> Self {
        Self { shared, executor, timer: None }
    }

    /// Makes what the actor is given to act with.
    pub(crate) fn context(&self) -> crate::Context<M> {
        crate::Context::new(Arc::clone(&self.shared), Arc::clone(&self.executor))
    }

    /// Polls the actor until it ends by itself, panics, is stopped at once, or its deadline passes.
    pub(crate) fn poll_serving(
        &mut self,
        serving: Pin<&mut Option<impl Future<Output = ExitReason>>>,
        task: &mut Context<'_>,
    ) -> Poll<ExitReason> {
        self.shared.signal().begin();
        if self.life().is_killed() {
            return Poll::Ready(ExitReason::Killed);
        }
        // Asked before the actor has its turn: should the deadline be set meanwhile, it interrupts, and the actor has a turn
        // after that.
        let deadline = self.life().deadline();
        if let Poll::Ready(reason) = poll_contained(serving, task) {
            return Poll::Ready(reason);
        }
        self.poll_end(deadline, task)
    }

    /// Polls the actor's `stopped` to its end, or, once the actor is to stop at once or its deadline has passed, to where
    /// it waits. Gives `well` if it came to its end.
    pub(crate) fn poll_stopped(
        &mut self,
        stopped: Pin<&mut Option<impl Future<Output = ExitReason>>>,
        task: &mut Context<'_>,
    ) -> Poll<ExitReason> {
        self.shared.signal().begin();
        let deadline = self.life().deadline();
        // Polled first: it has its say also when the actor was stopped at once before.
        if let Poll::Ready(reason) = poll_contained(stopped, task) {
            return Poll::Ready(reason);
        }
        self.poll_end(deadline, task)
    }

    /// Does what is owed before the task rests, and sees whether it is to rest at all: whoever stops the actor must be able
    /// to wake it, and senders that wait for room that there is must know of it.
    fn poll_end(&mut self, deadline: Option<Instant>, task: &mut Context<'_>) -> Poll<ExitReason> {
        // SAFETY: an actor's task is its mailbox's one consumer, and this runs within it.
        if unsafe { self.shared.signal().announce_wait(task.waker()) } {
            self.shared.tell_of_room();
        }
        if self.life().is_killed() {
            return Poll::Ready(ExitReason::Killed);
        }
        let Some(at) = deadline else { return Poll::Pending };
        let timer = self.timer.get_or_insert_with(|| {
            let mut timer = self.executor.timer();
            timer.arm(at);
            timer
        });
        timer.poll_expired(task).map(|()| ExitReason::DeadlinePassed)
    }

    fn life(&self) -> &Life {
        self.shared.life()
    }
}
