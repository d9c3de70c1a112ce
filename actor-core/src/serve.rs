//! The one actor loop.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::{self, Poll, ready};

use crate::batch::Batch;
use crate::running::Life;
use crate::turn::Turn;
use crate::{Actor, Context, Executor, ExitReason, Mailbox, Message};

/// Makes the actor's state, and handles one message after the other until there is a reason to end.
pub(crate) async fn serve<A: Actor>(
    make: &mut Option<impl FnOnce() -> A>,
    state: &mut Option<A>,
    mailbox: &mut Mailbox<A::Message>,
    cx: &mut Context<A::Message>,
    executor: &Arc<dyn Executor>,
    life: &Life,
) -> ExitReason {
    let make = make.take().expect("an actor is made once");
    let actor = state.insert(make());
    actor.started(cx).await;
    let mut turn = Turn::new();
    loop {
        if cx.ending.is_some() {
            return *cx.ending.take().expect("it was just seen");
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
        if turn.is_over(executor) && (!mailbox.is_closed() || mailbox.has_messages()) {
            turn.pass().await;
        }
        let next = poll_fn(|task| {
            let next = poll_next(mailbox, cx, task);
            if next.is_pending() {
                turn = Turn::new();
            }
            next
        });
        match next.await {
            Some(message) if mailbox.gives_batches() => {
                let mut batch = Batch::new(message, mailbox, executor, life, cx.next_timer());
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

/// Gives the next message: a due timer's first, then the mailbox's. `None` if none can come any more.
#[inline]
fn poll_next<M: Message>(
    mailbox: &mut Mailbox<M>,
    cx: &mut Context<M>,
    task: &mut task::Context<'_>,
) -> Poll<Option<M>> {
    if cx.timers.as_ref().is_none_or(|timers| timers.is_empty()) {
        return mailbox.poll_next(task);
    }
    poll_timers_and_mailbox(mailbox, cx, task)
}

fn poll_timers_and_mailbox<M: Message>(
    mailbox: &mut Mailbox<M>,
    cx: &mut Context<M>,
    task: &mut task::Context<'_>,
) -> Poll<Option<M>> {
    let Context { timers: Some(timers), executor, .. } = cx else { return mailbox.poll_next(task) };
    // Timers do not fire any more once the mailbox is closed.
    if timers.alarm.goes_first()
        && !mailbox.is_closed()
        && let Some(message) = timers.take_due(executor.now())
    {
        mailbox.finish();
        timers.alarm.went();
        return Poll::Ready(Some(message));
    }
    let ended = match mailbox.poll_next(task) {
        Poll::Ready(Some(message)) => return Poll::Ready(Some(message)),
        Poll::Ready(None) => true,
        Poll::Pending => false,
    };
    if mailbox.is_closed() {
        return if ended { Poll::Ready(None) } else { Poll::Pending };
    }
    while let Some(at) = timers.next() {
        ready!(timers.alarm.poll_at(at, &**executor, task));
        if let Some(message) = timers.take_due(executor.now()) {
            timers.alarm.went();
            return Poll::Ready(Some(message));
        }
    }
    Poll::Pending
}
