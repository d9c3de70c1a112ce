//! The task of an interceptor: it takes messages from its own lanes, applies the rules, and passes
//! them on.

use std::any::Any;
use std::collections::BTreeMap;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Instant;

use actor_core::{Executor, ExitReason, Handle, Mailbox, Message};
use concurrent_queue::ConcurrentQueue;

use crate::rules::{Passed, Plan, Rules};
use crate::shown::Shown;

/// Most messages held by delays. Further ones wait in the lanes.
const MOST_HELD: usize = 65_536;

pub(crate) struct Relay<M: Message> {
    pub(crate) mailbox: Mailbox<M>,
    pub(crate) real: Handle<M>,
    pub(crate) rules: Rules<M>,
    pub(crate) shown: Shown<M>,
    pub(crate) log: Arc<ConcurrentQueue<Passed>>,
    pub(crate) executor: Arc<dyn Executor>,
}

/// What the task does next.
enum Next<M> {
    Came(M),
    Due(M),
    /// The real actor is closing.
    Closed,
    /// No message can come any more.
    Over,
}

/// Delayed messages, by their times and then by their order.
type Held<M> = BTreeMap<(Instant, u64), M>;

impl<M: Message> Relay<M> {
    pub(crate) async fn run(mut self) {
        let start = self.executor.now();
        let mut held = Held::new();
        let mut number = 0;
        loop {
            let message = match self.next(&mut held).await {
                Next::Came(message) => message,
                Next::Due(message) => {
                    // An error means that the real actor is closing, seen in the next round.
                    drop(self.real.tell(message).await);
                    continue;
                }
                Next::Closed => break,
                Next::Over => return,
            };
            let plan = match self.judge(&message, start) {
                Ok(plan) => plan,
                Err(text) => return self.mailbox.end_as(ExitReason::Panicked(text)),
            };
            if plan.is_dropped {
                continue;
            }
            let due = self.executor.now().checked_add(plan.delay);
            for message in std::iter::once(message).chain(plan.copies) {
                match due {
                    Some(due) if !plan.delay.is_zero() => {
                        number += 1;
                        held.insert((due, number), message);
                    }
                    _ => drop(self.real.tell(message).await),
                }
            }
        }
        // Nothing new is accepted while the real actor is still at its last messages.
        self.mailbox.close();
        let ended = self.real.ended().await;
        self.mailbox.end_as(ended.reason);
    }

    /// Applies the rules and writes the log. Returns the text of a panic in a condition.
    fn judge(&mut self, message: &M, start: Instant) -> Result<Plan<M>, String> {
        let Self { rules, shown, .. } = self;
        let judged = catch_unwind(AssertUnwindSafe(|| {
            let plan = rules.apply(message);
            (shown.show(message), plan)
        }));
        let (message, plan) = judged.map_err(|panic| text_of(&*panic))?;
        let at = self.executor.now().saturating_duration_since(start);
        // The log drops its oldest line when it is full.
        drop(self.log.force_push(Passed { at, message, fate: plan.fate() }));
        Ok(plan)
    }

    /// Waits for the next message, the next delayed one, or the end of the real actor.
    async fn next(&mut self, held: &mut Held<M>) -> Next<M> {
        let Self { mailbox, real, executor, .. } = self;
        let mut closed = pin!(real.closed());
        let mut timer = held.first_key_value().map(|(&(at, _), _)| {
            let mut timer = executor.timer();
            timer.arm(at);
            timer
        });
        poll_fn(|cx| {
            if closed.as_mut().poll(cx).is_ready() {
                return Poll::Ready(Next::Closed);
            }
            if let Some(timer) = &mut timer
                && timer.poll_expired(cx).is_ready()
                && let Some((_, message)) = held.pop_first()
            {
                return Poll::Ready(Next::Due(message));
            }
            if held.len() >= MOST_HELD {
                return Poll::Pending;
            }
            match mailbox.poll_recv(cx) {
                Poll::Ready(Some(message)) => Poll::Ready(Next::Came(message)),
                Poll::Ready(None) if held.is_empty() => Poll::Ready(Next::Over),
                Poll::Ready(None) | Poll::Pending => Poll::Pending,
            }
        })
        .await
    }
}

fn text_of(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    text.unwrap_or_else(|| "a panic without a text".to_owned())
}
