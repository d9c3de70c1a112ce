//! Ends an actor from outside: a panic, a kill, a deadline.
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

/// Polls the parts of an actor's life, ends them early, and serves waiting senders when the task is
/// idle.
pub(crate) struct Watch<M: Message> {
    shared: Arc<Shared<M>>,
    executor: Arc<dyn Executor>,
    /// Created when the first timer is needed.
    timers: Option<Box<Timers>>,
}

/// The timers of an actor's task besides the actor's own.
#[derive(Default)]
struct Timers {
    /// Created and armed once the deadline is seen.
    deadline: Option<Box<dyn Timer>>,
    /// Created once the actor waits for notified senders.
    room: Option<Box<dyn Timer>>,
    is_room_armed: bool,
}

/// Time for notified senders to take their room before other senders are notified as well. Much
/// longer than a woken task or thread takes to run, so a taken message does not wake all senders.
const TOLD_IS_WAITED_FOR: Duration = Duration::from_millis(1);

impl<M: Message> Watch<M> {
    pub(crate) fn new(shared: Arc<Shared<M>>, executor: Arc<dyn Executor>) -> Self {
        Self { shared, executor, timers: None }
    }

    /// Creates the context of the actor's handlers.
    pub(crate) fn context(&self) -> crate::actor::Context<M> {
        crate::actor::context::Context::new(Arc::clone(&self.shared), Arc::clone(&self.executor))
    }

    /// Polls the actor until it ends by itself, panics, is killed, or its deadline passes.
    pub(crate) fn poll_serving(
        &mut self,
        serving: Pin<&mut Option<impl Future<Output = ExitReason>>>,
        task: &mut Context<'_>,
    ) -> Poll<ExitReason> {
        self.shared.signal().begin();
        if self.life().is_killed() {
            return Poll::Ready(ExitReason::Killed);
        }
        // Read before the actor's turn: a deadline set later interrupts, and causes another turn.
        let deadline = self.life().deadline();
        if let Poll::Ready(reason) = poll_contained(serving, task) {
            return Poll::Ready(reason);
        }
        self.poll_end(deadline, task)
    }

    /// Polls the actor's `stopped` to its end. For a killed actor, or after the deadline, only to
    /// its first wait. Returns the part's own reason at its end.
    pub(crate) fn poll_stopped(
        &mut self,
        stopped: Pin<&mut Option<impl Future<Output = ExitReason>>>,
        task: &mut Context<'_>,
    ) -> Poll<ExitReason> {
        self.shared.signal().begin();
        let deadline = self.life().deadline();
        // Polled first, because a killed actor runs this up to its first wait.
        if let Poll::Ready(reason) = poll_contained(stopped, task) {
            return Poll::Ready(reason);
        }
        self.poll_end(deadline, task)
    }

    /// Prepares the task for its wait, or ends the actor.
    ///
    /// Before the wait, the signal must hold the task's waker for stops, and senders waiting for
    /// free room must be notified.
    fn poll_end(&mut self, deadline: Option<Instant>, task: &mut Context<'_>) -> Poll<ExitReason> {
        // SAFETY: an actor's task is the only consumer of its mailbox, and this runs in that task.
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

    /// Notifies further senders of room not taken in time.
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

/// Polls one part of an actor's life. A panic in the part ends the actor.
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
