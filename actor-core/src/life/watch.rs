//! What ends an actor besides itself: a panic, a stop at once, a deadline.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use crate::mailbox::exit::ExitReason;
use crate::mailbox::{Message, Shared, Sleeper};
use crate::panic::poll_contained;
use crate::runtime::{Executor, Timer};

/// Polls the parts of an actor's life, and sees to what may end them and to what is owed whenever its task rests.
///
/// Each poll is given the right to announce sleep, because the actor's loop borrows the mailbox.
pub(crate) struct Watch {
    executor: Arc<dyn Executor>,
    /// Made when the first of them is needed.
    timers: Option<Box<Timers>>,
}

/// The timers of an actor's task besides the actor's own.
#[derive(Default)]
struct Timers {
    /// Made and armed when the deadline is first seen.
    deadline: Option<Box<dyn Timer>>,
    /// Made when senders that were told of room are first waited for.
    room: Option<Box<dyn Timer>>,
    is_room_armed: bool,
}

/// How long senders that were told of room are waited for before others are told of it as well. Far longer than a task or a
/// thread that is woken takes to run, so that a message taken does not wake everyone.
const TOLD_IS_WAITED_FOR: Duration = Duration::from_millis(1);

impl Watch {
    pub(crate) fn new(executor: Arc<dyn Executor>) -> Self {
        Self { executor, timers: None }
    }

    /// Makes what the actor is given to act with.
    pub(crate) fn context<M: Message>(&self, shared: &Arc<Shared<M>>) -> crate::actor::Context<M> {
        crate::actor::context::Context::new(Arc::clone(shared), Arc::clone(&self.executor))
    }

    /// Polls the actor until it ends by itself, panics, is stopped at once, or its deadline passes.
    pub(crate) fn poll_serving<M: Message>(
        &mut self,
        mailbox: &Sleeper<'_, Shared<M>>,
        serving: Pin<&mut Option<impl Future<Output = ExitReason>>>,
        task: &mut Context<'_>,
    ) -> Poll<ExitReason> {
        mailbox.signal().begin();
        if mailbox.life().is_killed() {
            return Poll::Ready(ExitReason::Killed);
        }
        // Asked before the actor has its turn: should the deadline be set meanwhile, it interrupts, and the actor has a turn
        // after that.
        let deadline = mailbox.life().deadline();
        if let Poll::Ready(reason) = poll_contained(serving, task) {
            return Poll::Ready(reason);
        }
        self.poll_end(mailbox, deadline, task)
    }

    /// Polls the actor's `stopped` to its end, or, once the actor is to stop at once or its deadline has passed, to where
    /// it waits. Gives `well` if it came to its end.
    pub(crate) fn poll_stopped<M: Message>(
        &mut self,
        mailbox: &Sleeper<'_, Shared<M>>,
        stopped: Pin<&mut Option<impl Future<Output = ExitReason>>>,
        task: &mut Context<'_>,
    ) -> Poll<ExitReason> {
        mailbox.signal().begin();
        let deadline = mailbox.life().deadline();
        // Polled first: it has its say also when the actor was stopped at once before.
        if let Poll::Ready(reason) = poll_contained(stopped, task) {
            return Poll::Ready(reason);
        }
        self.poll_end(mailbox, deadline, task)
    }

    /// Does what is owed before the task rests, and sees whether it is to rest at all: whoever stops the actor must be able
    /// to wake it, and senders that wait for room that there is must know of it.
    fn poll_end<M: Message>(
        &mut self,
        mailbox: &Sleeper<'_, Shared<M>>,
        deadline: Option<Instant>,
        task: &mut Context<'_>,
    ) -> Poll<ExitReason> {
        if mailbox.local().signal_side().announce_wait(task.waker()) {
            mailbox.tell_of_room(false);
        }
        if mailbox.waits_for_told() {
            self.poll_room(mailbox, task);
        }
        if mailbox.life().is_killed() {
            return Poll::Ready(ExitReason::Killed);
        }
        let Some(at) = deadline else { return Poll::Pending };
        let timer = self.timers.get_or_insert_default().deadline.get_or_insert_with(|| {
            let mut timer = self.executor.timer();
            timer.arm(at);
            timer
        });
        timer.poll_expired(task).map(|()| ExitReason::DeadlinePassed)
    }

    /// Has others told of room that those who were told have not taken in time.
    #[cold]
    fn poll_room<M: Message>(&mut self, mailbox: &Shared<M>, task: &mut Context<'_>) {
        let Timers { room, is_room_armed, .. } = &mut **self.timers.get_or_insert_default();
        let timer = room.get_or_insert_with(|| self.executor.timer());
        while mailbox.waits_for_told() {
            if !std::mem::replace(is_room_armed, true) {
                timer.arm(self.executor.now() + TOLD_IS_WAITED_FOR);
            }
            if timer.poll_expired(task).is_pending() {
                return;
            }
            *is_room_armed = false;
            mailbox.tell_of_room(true);
        }
    }
}
