//! A worker behind a shared queue: the program's actor, with a report whenever it is idle.

use std::sync::Arc;

use actor_core::actor::{Batch, Outcome};
use actor_core::{Actor, Context, ExitReason};

use crate::pool::slot::Slot;

/// The program's actor, reporting to the queue.
pub(super) struct Queued<A: Actor<O>, O: Outcome> {
    pub(super) actor: A,
    pub(super) slot: Arc<Slot<A::Message>>,
}

impl<A: Actor<O>, O: Outcome> Queued<A, O> {
    /// Reports the worker if it is idle. A failed one is not: its next life reports it.
    fn settle(&self, outcome: &O, cx: &Context<A::Message>) {
        if !outcome.is_failure()
            && let Some(accepted) = cx.accepted_if_taken()
        {
            self.slot.idle(accepted);
        }
    }
}

impl<A: Actor<O>, O: Outcome> Actor<O> for Queued<A, O> {
    type Message = A::Message;

    async fn started(&mut self, cx: &mut Context<A::Message>) -> O {
        let outcome = self.actor.started(cx).await;
        self.settle(&outcome, cx);
        outcome
    }

    async fn handle(&mut self, message: A::Message, cx: &mut Context<A::Message>) -> O {
        let outcome = self.actor.handle(message, cx).await;
        self.settle(&outcome, cx);
        outcome
    }

    async fn handle_batch(
        &mut self,
        batch: &mut Batch<'_, A::Message>,
        cx: &mut Context<A::Message>,
    ) -> O {
        let outcome = self.actor.handle_batch(batch, cx).await;
        // A message not taken goes to `handle`.
        if !batch.is_untaken() {
            self.settle(&outcome, cx);
        }
        outcome
    }

    fn message_expired(&mut self, cx: &mut Context<A::Message>) {
        self.actor.message_expired(cx);
        self.settle(&O::done(), cx);
    }

    async fn stopped(&mut self, reason: &ExitReason) {
        self.actor.stopped(reason).await;
    }
}
