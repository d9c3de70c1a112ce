//! Ends an actor from outside: a panic, a kill, a deadline.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use crate::mailbox::exit::ExitReason;
use crate::mailbox::{LocalSide, Message, Shared, Sleeper};
use crate::panic::contained;
use crate::runtime::{Executor, Timer};

/// Polls the parts of an actor's life, ends them early, and serves waiting senders when the task is
/// idle.
///
/// Each poll is given the right to announce sleep, because the actor's loop borrows the mailbox.
pub(crate) struct Watch {
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
const NOTIFIED_MAY_TAKE: Duration = Duration::from_millis(1);

impl Watch {
    pub(crate) fn new(executor: Arc<dyn Executor>) -> Self {
        Self { executor, timers: None }
    }

    pub(crate) fn executor(&self) -> &dyn Executor {
        &*self.executor
    }

    pub(crate) fn now(&self) -> Instant {
        self.executor.now()
    }

    /// Creates the context of the actor's handlers.
    pub(crate) fn context<M: Message>(&self, shared: &Arc<Shared<M>>) -> crate::actor::Context<M> {
        crate::actor::context::Context::new(Arc::clone(shared), Arc::clone(&self.executor))
    }

    /// Polls the actor until it ends by itself, panics, is killed, or its deadline passes.
    #[inline(always)]
    pub(crate) fn poll_serving<M: Message>(
        &mut self,
        mailbox: &Sleeper<'_, Shared<M>>,
        serving: Pin<&mut Option<impl Future<Output = ExitReason>>>,
        task: &mut Context<'_>,
    ) -> Poll<ExitReason> {
        mailbox.signal().begin();
        // Read before the actor's turn: a deadline set later interrupts, and causes another turn.
        let mut deadline = None;
        if mailbox.life().is_asked() {
            if let Some(reason) = mailbox.life().request() {
                return Poll::Ready(reason);
            }
            deadline = mailbox.life().deadline();
        }
        if let Poll::Ready(reason) = poll_contained(serving, task) {
            return Poll::Ready(reason);
        }
        self.poll_end(&mailbox.local(), deadline, task)
    }

    /// Polls the actor's `stopped` to its end. For a killed actor, or after the deadline, only to
    /// its first wait. Returns the part's own reason at its end.
    pub(crate) fn poll_stopped<M: Message>(
        &mut self,
        mailbox: LocalSide<'_, Shared<M>>,
        stopped: Pin<&mut Option<impl Future<Output = ExitReason>>>,
        task: &mut Context<'_>,
    ) -> Poll<ExitReason> {
        mailbox.signal().begin();
        let deadline = mailbox.life().deadline();
        // Polled first, because a killed actor runs this up to its first wait.
        if let Poll::Ready(reason) = poll_contained(stopped, task) {
            return Poll::Ready(reason);
        }
        self.poll_end(&mailbox, deadline, task)
    }

    /// Prepares the task for its wait, or ends the actor.
    ///
    /// Before the wait, the signal must hold the task's waker for stops, senders waiting for free
    /// room must be notified, and the values of this turn must be published.
    fn poll_end<M: Message>(
        &mut self,
        mailbox: &LocalSide<'_, Shared<M>>,
        deadline: Option<Instant>,
        task: &mut Context<'_>,
    ) -> Poll<ExitReason> {
        self.wait(mailbox, task);
        if mailbox.life().is_asked() {
            mailbox.life().publish();
            if let Some(reason) = mailbox.life().request() {
                return Poll::Ready(reason);
            }
        }
        let Some(at) = deadline else { return Poll::Pending };
        let timer = self.timers.get_or_insert_default().deadline.get_or_insert_with(|| {
            let mut timer = self.executor.timer();
            timer.arm(at);
            timer
        });
        timer.poll_expired(task).map(|()| ExitReason::DeadlinePassed)
    }

    /// Announces the task's wait for something besides messages, and serves waiting senders.
    #[inline(always)]
    pub(crate) fn wait<M: Message>(
        &mut self,
        mailbox: &LocalSide<'_, Shared<M>>,
        task: &mut Context<'_>,
    ) {
        if mailbox.signal_side().announce_wait(task.waker()) {
            mailbox.notify_of_room(false);
        }
        if mailbox.waits_for_notified() {
            self.poll_room(mailbox, task);
        }
    }

    /// Notifies further senders of room not taken in time.
    #[cold]
    fn poll_room<M: Message>(&mut self, mailbox: &Shared<M>, task: &mut Context<'_>) {
        let Timers { room, is_room_armed, .. } = &mut **self.timers.get_or_insert_default();
        let timer = room.get_or_insert_with(|| self.executor.timer());
        while mailbox.waits_for_notified() {
            if !std::mem::replace(is_room_armed, true) {
                timer.arm(self.executor.now() + NOTIFIED_MAY_TAKE);
            }
            if timer.poll_expired(task).is_pending() {
                return;
            }
            *is_room_armed = false;
            mailbox.notify_of_room(true);
        }
    }
}

/// Polls one part of an actor's life. A panic in the part ends the actor.
#[inline(always)]
fn poll_contained(
    part: Pin<&mut Option<impl Future<Output = ExitReason>>>,
    task: &mut Context<'_>,
) -> Poll<ExitReason> {
    let part = part.as_pin_mut().expect("a part is dropped after its last poll only");
    contained(|| part.poll(task)).unwrap_or_else(|panicked| Poll::Ready(panicked.into()))
}
