//! What ends an actor besides itself: a panic, a stop at once, a deadline.
#![expect(unsafe_code, reason = "an actor's task promises its mailbox's signal to be its only consumer")]

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use crate::mailbox::exit::ExitReason;
use crate::mailbox::{Life, Message, Shared};
use crate::panic::{Panicked, contained};
use crate::runtime::{Executor, Timer};

/// Polls the parts of an actor's life, and sees to what may end them and to what is owed whenever its task rests.
pub(crate) struct Watch<M: Message> {
    shared: Arc<Shared<M>>,
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

impl<M: Message> Watch<M> {
    pub(crate) fn new(shared: Arc<Shared<M>>, executor: Arc<dyn Executor>) -> Self {
        Self { shared, executor, timers: None }
    }

    /// Makes what the actor is given to act with.
    pub(crate) fn context(&self) -> crate::actor::Context<M> {
        crate::actor::context::Context::new(Arc::clone(&self.shared), Arc::clone(&self.executor))
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
            self.shared.tell_of_room(false);
        }
        if self.shared.waits_for_told() {
            self.poll_room(task);
        }
        if self.life().is_killed() {
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
    fn poll_room(&mut self, task: &mut Context<'_>) {
        let Timers { room, is_room_armed, .. } = &mut **self.timers.get_or_insert_default();
        let timer = room.get_or_insert_with(|| self.executor.timer());
        while self.shared.waits_for_told() {
            if !std::mem::replace(is_room_armed, true) {
                timer.arm(self.executor.now() + TOLD_IS_WAITED_FOR);
            }
            if timer.poll_expired(task).is_pending() {
                return;
            }
            *is_room_armed = false;
            self.shared.tell_of_room(true);
        }
    }

    fn life(&self) -> &Life {
        self.shared.life()
    }
}

/// Polls one part of an actor's life. A panic in it ends the actor.
fn poll_contained(
    part: Pin<&mut Option<impl Future<Output = ExitReason>>>,
    task: &mut Context<'_>,
) -> Poll<ExitReason> {
    let part = part.as_pin_mut().expect("a part is dropped after its last poll only");
    contained(|| part.poll(task)).unwrap_or_else(|panicked| Poll::Ready(panicked.into()))
}

impl From<Panicked> for ExitReason {
    fn from(Panicked(text): Panicked) -> Self {
        Self::Panicked(text)
    }
}
