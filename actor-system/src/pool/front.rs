//! The shared queue of a pool: an actor that hands its messages to idle workers.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use actor_core::handle::{Letter, Returned};
use actor_core::{Actor, Context, ExitReason, Handle, Mailbox, Message, Running};

use crate::pool::slot::{Common, Report, Slot};

/// A worker's handle, and the values that the queue shares with it.
type Worker<M> = (Handle<M>, Arc<Slot<M>>);

/// The queue's actor. Between two messages, a worker is idle: the next message stays in its lane
/// until then, and the lanes keep their order, their bounds and their evictions.
pub(super) struct Front<M: Message> {
    /// Empty once it ends.
    workers: Box<[Worker<M>]>,
    /// The idle workers, the first one first. At most one entry for each worker.
    idle: VecDeque<usize>,
    reports: Mailbox<Report>,
    /// Workers that have not ended.
    open: usize,
    common: Arc<Common>,
}

impl<M: Message> Front<M> {
    pub(super) fn new(
        workers: Box<[Worker<M>]>,
        reports: Mailbox<Report>,
        common: Arc<Common>,
    ) -> Self {
        let idle = VecDeque::with_capacity(workers.len());
        Self { open: workers.len(), workers, idle, reports, common }
    }

    /// Waits until a worker is idle. Returns `false` if all have ended.
    async fn wait_for_idle(&mut self) -> bool {
        while self.idle.is_empty() {
            if self.open == 0 {
                return false;
            }
            match self.reports.recv().await {
                Some(Report::Idle(worker)) => {
                    self.workers[worker].1.receive();
                    self.idle.push_back(worker);
                }
                Some(Report::Ended) => self.open -= 1,
                None => return false,
            }
        }
        true
    }

    /// Hands the message to the first idle worker. Returns it if all workers have ended.
    async fn hand_out(&mut self, mut message: M) -> Result<(), M> {
        while self.wait_for_idle().await {
            let Some(worker) = self.idle.pop_front() else { continue };
            let (handle, slot) = &self.workers[worker];
            slot.lend();
            message = match handle.post(Letter::new(message)) {
                Ok(()) => return Ok(()),
                // Filled by others than the queue, such as the worker itself.
                Err(Returned::Full(letter)) => match handle.tell(letter.into_message()).await {
                    Ok(()) => return Ok(()),
                    Err(closed) => closed.0,
                },
                Err(Returned::Closed(letter)) => letter.into_message(),
            };
            slot.settle();
        }
        Err(message)
    }

    fn fail_without_workers(cx: &mut Context<M>) {
        cx.fail("every worker of the pool has ended");
    }
}

impl<M: Message> Actor for Front<M> {
    type Message = M;

    async fn started(&mut self, cx: &mut Context<M>) {
        if !self.wait_for_idle().await {
            Self::fail_without_workers(cx);
        }
    }

    async fn handle(&mut self, message: M, cx: &mut Context<M>) {
        if let Err(message) = self.hand_out(message).await {
            // Undelivered, like all messages behind it.
            self.workers[0].1.give_back(message);
        }
        if !self.wait_for_idle().await {
            Self::fail_without_workers(cx);
        }
    }

    /// Ends the workers, and waits for their ends until the deadline.
    async fn stopped(&mut self, reason: &ExitReason) {
        self.common.end();
        let patience = match reason {
            ExitReason::Stopped => self.common.time_left().unwrap_or(Duration::MAX),
            ExitReason::Unreachable => Duration::MAX,
            _ => Duration::ZERO,
        };
        let workers = self.common.workers();
        match reason {
            ExitReason::Killed => workers.iter().for_each(Running::kill),
            _ => workers.iter().for_each(|worker| worker.stop(patience)),
        }
        self.workers = Box::default();
        for worker in workers {
            worker.join().await;
        }
    }
}
