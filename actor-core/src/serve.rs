//! The one actor loop.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Poll, ready};
use std::time::Instant;

use crate::batch::Batch;
use crate::running::Life;
use crate::turn::Turn;
use crate::{Actor, Context, ExitReason, Mailbox, Message, Timer};

/// Handles one message after the other until there is a reason to end.
pub(crate) async fn serve<A: Actor>(
    make: impl FnOnce() -> A,
    state: &mut Option<A>,
    mailbox: &mut Mailbox<A::Message>,
    cx: &mut Context<A::Message>,
    life: &Life,
) -> ExitReason {
    let executor = Arc::clone(cx.executor());
    let mut alarm = Alarm { timer: None, armed: None, was_timer: false };
    let mut turn = Turn::new();
    let actor = state.insert(make());
    actor.started(cx).await;
    loop {
        if cx.ending.is_some() {
            return cx.ending.take().expect("it was just seen");
        }
        if life.is_asked() {
            if life.is_killed() {
                return ExitReason::Killed;
            }
            if life.deadline().is_some_and(|deadline| executor.now() >= deadline) && mailbox.has_messages() {
                return ExitReason::DeadlinePassed;
            }
        }
        // Closed and drained, it has only to see so; yielding now could let a deadline pass that it has met.
        if turn.is_over(&executor) && (!mailbox.is_closed() || mailbox.has_messages()) {
            turn.pass().await;
        }
        let next = poll_fn(|task| {
            let next = alarm.poll_next(mailbox, cx, task);
            if next.is_pending() {
                turn = Turn::new();
            }
            next
        });
        match next.await {
            Some(message) if mailbox.gives_batches() => {
                let mut batch = Batch::new(message, mailbox, &executor, life, cx.timers.next());
                actor.handle_batch(&mut batch, cx).await;
                let (rest, more) = batch.end();
                turn.count(more);
                if let Some(message) = rest {
                    actor.handle(message, cx).await;
                }
            }
            Some(message) => actor.handle(message, cx).await,
            None if mailbox.is_closed() => return ExitReason::Stopped,
            None => return ExitReason::Unreachable,
        }
        turn.count(1);
    }
}

/// The runtime's timer as the actor's timers use it, and whose turn it is.
struct Alarm {
    /// Made when the actor first waits for one of its timers.
    timer: Option<Box<dyn Timer>>,
    /// What `timer` is armed for.
    armed: Option<Instant>,
    /// Whether the last message came from a timer. Then one from the mailbox goes first, so that neither starves.
    was_timer: bool,
}

impl Alarm {
    /// Gives the next message: a due timer's first, then the mailbox's. `None` if none can come any more.
    #[inline]
    fn poll_next<M: Message>(
        &mut self,
        mailbox: &mut Mailbox<M>,
        cx: &mut Context<M>,
        task: &mut std::task::Context<'_>,
    ) -> Poll<Option<M>> {
        if cx.timers.is_empty() {
            return mailbox.poll_next(task);
        }
        self.poll_timers_and(mailbox, cx, task)
    }

    fn poll_timers_and<M: Message>(
        &mut self,
        mailbox: &mut Mailbox<M>,
        cx: &mut Context<M>,
        task: &mut std::task::Context<'_>,
    ) -> Poll<Option<M>> {
        // Timers do not fire any more once the mailbox is closed.
        if !std::mem::take(&mut self.was_timer) && !mailbox.is_closed() {
            let now = cx.now();
            if let Some(message) = cx.timers.take_due(now) {
                mailbox.finish();
                self.was_timer = true;
                return Poll::Ready(Some(message));
            }
        }
        let ended = match mailbox.poll_next(task) {
            Poll::Ready(Some(message)) => return Poll::Ready(Some(message)),
            Poll::Ready(None) => true,
            Poll::Pending => false,
        };
        if mailbox.is_closed() {
            return if ended { Poll::Ready(None) } else { Poll::Pending };
        }
        let timer = self.timer.get_or_insert_with(|| cx.executor().timer());
        while let Some(at) = cx.timers.next() {
            if self.armed != Some(at) {
                timer.arm(at);
                self.armed = Some(at);
            }
            ready!(timer.poll_expired(task));
            // Armed anew even for the same time: a runtime's timer may be early by its resolution.
            self.armed = None;
            let now = cx.now();
            if let Some(message) = cx.timers.take_due(now) {
                self.was_timer = true;
                return Poll::Ready(Some(message));
            }
        }
        Poll::Pending
    }
}
