//! The chain's actor with a watch beside it: the node's own, its ticks and messages timed from outside.

use std::sync::mpsc::SyncSender;

use actor_lanes::{Actor, Context, ExitReason};

use chain::{ChainActor, ChainMessage};

use super::outcome::Ticks;
use super::timeline::{Timeline, instant};

/// Hands every message on to the chain's actor. What it has seen goes out when the actor ends.
pub(super) struct Watched {
    chain: ChainActor,
    timeline: Timeline,
    ticks: Ticks,
    out: SyncSender<Ticks>,
}

impl Watched {
    pub(super) fn new(chain: ChainActor, timeline: Timeline, out: SyncSender<Ticks>) -> Self {
        Self { chain, timeline, ticks: Ticks::default(), out }
    }
}

impl Actor for Watched {
    type Message = ChainMessage;

    async fn started(&mut self, cx: &mut Context<ChainMessage>) {
        self.chain.started(cx).await;
    }

    async fn handle(&mut self, message: ChainMessage, cx: &mut Context<ChainMessage>) {
        let due = self.timeline.due(self.chain.awaited());
        let began = instant();
        let lateness = self.timeline.now().checked_sub(due).filter(|_| self.timeline.has_begun());
        let is_tick = matches!(message, ChainMessage::Tick);
        self.chain.handle(message, cx).await;
        // A tick that is early by the timer's resolution does nothing and comes again.
        if let (true, Some(lateness)) = (is_tick, lateness) {
            self.ticks.lateness.push(lateness);
            self.ticks.handled.push(began.elapsed());
        }
    }

    async fn stopped(&mut self, reason: &ExitReason) {
        self.chain.stopped(reason).await;
        // There is room for one, and nobody listens only when the run has failed.
        let _ = self.out.try_send(std::mem::take(&mut self.ticks));
    }
}
