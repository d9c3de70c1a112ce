//! Wraps the node's chain actor, to time its ticks from the outside.

use std::sync::mpsc::SyncSender;

use actor_lanes::{Actor, Context, ExitReason};

use chain::{ChainActor, ChainMessage};

use super::outcome::Ticks;
use super::timeline::{Timeline, instant};

/// Passes every message on to the chain actor. The measurements are sent when the actor stops.
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
        // A tick can arrive early, within the timer's resolution. It then has no effect and is
        // repeated, so it is not counted.
        if let (true, Some(lateness)) = (is_tick, lateness) {
            self.ticks.lateness.push(lateness);
            self.ticks.handled.push(began.elapsed());
        }
    }

    async fn stopped(&mut self, reason: &ExitReason) {
        self.chain.stopped(reason).await;
        // The channel has room for this one message. Without a receiver, the run has failed
        // already.
        let _ = self.out.try_send(std::mem::take(&mut self.ticks));
    }
}
