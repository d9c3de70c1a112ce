//! What the queue of a pool shares with one worker.
//!
//! # Protocol
//!
//! All data goes through mailboxes: messages from the queue to the worker's mailbox, reports from
//! the worker to the queue's second mailbox. The flags only keep the number of reports and loans
//! exact.
//!
//! ```text
//!  queue's actor                              worker's actor
//!    takes the report of worker w
//!    noted[w] = false
//!    holds a message, and w is idle:
//!      away[w] = true; a loan begins
//!      posts the message ────────────────────▶ handles it
//!                                              the lanes are empty, and have accepted a message
//!                                              since the last report:
//!                                                away[w] was true: the loan ends
//!    is woken ◀──────────────────────────────    noted[w] was false: reports that w is idle
//! ```
//!
//! * A worker reports after each handled message and after each start, once its lanes are empty. A
//!   message of a timer, or a result of work, is no message of the lanes, so it causes no report.
//! * At most one report of each worker waits, because of `noted`. So the mailbox of the reports
//!   always has room.
//! * A panic ends a worker's life without a report. The next life reports at its start, unless the
//!   message is still in the lanes.
//! * A worker that ends for good gives a message that it has not handled back to the queue, as a
//!   message beside the lanes. Its last report is that it has ended.
//! * The queue's actor does not end while a loan is open, except at its deadline or by a kill.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use actor_core::handle::Lender;
use actor_core::{Handle, Lane, Mailbox, Message, Running};

use crate::sync::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

/// A report to the queue.
#[derive(Debug)]
pub(super) enum Report {
    Idle(usize),
    Ended,
}

/// The most workers behind one queue.
pub(super) const MOST_WORKERS: usize = 65_536;

/// The lanes of the reports, for pools of several sizes: two reports for each worker have room.
static LANES: [[Lane; 1]; 3] = [
    [Lane::fifo("reports", 2 * 32)],
    [Lane::fifo("reports", 2 * 1024)],
    [Lane::fifo("reports", 2 * MOST_WORKERS)],
];

/// Creates the mailbox for the reports of a pool.
pub(super) fn reports(workers: usize) -> Mailbox<Report> {
    let lanes = match workers {
        0..=32 => &LANES[0],
        33..=1024 => &LANES[1],
        _ => &LANES[2],
    };
    Mailbox::with_lanes(lanes).expect("there is one lane, of few bytes")
}

impl Message for Report {
    const LANES: &'static [Lane] = &[];

    fn lane(&self) -> usize {
        0
    }

    fn source(&self) -> Option<u64> {
        None
    }

    fn key(&self) -> u64 {
        0
    }
}

/// What all parts of a pool with a shared queue know of each other.
#[derive(Debug, Default)]
pub(super) struct Common {
    /// Workers that have not ended for good.
    alive: AtomicUsize,
    /// The queue's actor is ending, and ends the workers.
    is_ending: AtomicBool,
    queue: OnceLock<Running>,
    workers: OnceLock<Arc<[Running]>>,
}

impl Common {
    pub(super) fn new(workers: usize) -> Self {
        Self { alive: AtomicUsize::new(workers), ..Self::default() }
    }

    /// Sets the queue's actor, before any worker starts.
    pub(super) fn set_queue(&self, queue: Running) {
        _ = self.queue.set(queue);
    }

    /// Sets the workers once they have been started. A queue that has ended before ends them here.
    pub(super) fn set_workers(&self, workers: Arc<[Running]>) {
        _ = self.workers.set(workers);
        // Pairs with `end`: one of the two sees the other.
        if self.is_ending.load(Ordering::SeqCst) {
            self.workers().iter().for_each(Running::kill);
        }
    }

    /// Records that the queue's actor ends.
    pub(super) fn end(&self) {
        self.is_ending.store(true, Ordering::SeqCst);
    }

    pub(super) fn workers(&self) -> &[Running] {
        self.workers.get().map(|workers| &**workers).unwrap_or_default()
    }

    /// Returns the time until the deadline of the queue's stop, if there is one.
    pub(super) fn time_left(&self) -> Option<Duration> {
        self.queue.get()?.time_left()
    }
}

/// What the queue shares with one worker.
#[derive(Debug)]
pub(super) struct Slot<M: Message> {
    index: usize,
    /// A report waits.
    is_noted: AtomicBool,
    /// A message of the queue is at the worker.
    is_away: AtomicBool,
    /// The number of messages accepted by the worker's lanes at its last report. Written by the
    /// worker alone.
    reported: AtomicU64,
    reports: Handle<Report>,
    lender: Lender<M>,
    common: Arc<Common>,
}

impl<M: Message> Slot<M> {
    pub(super) fn new(
        index: usize,
        reports: Handle<Report>,
        lender: Lender<M>,
        common: Arc<Common>,
    ) -> Self {
        Self {
            index,
            is_noted: AtomicBool::new(false),
            is_away: AtomicBool::new(false),
            // No number: the first start is reported.
            reported: AtomicU64::new(u64::MAX),
            reports,
            lender,
            common,
        }
    }

    /// Records that the queue has received the report of this worker.
    pub(super) fn receive(&self) {
        self.is_noted.store(false, Ordering::SeqCst);
    }

    /// Begins a loan, before the message is posted.
    pub(super) fn lend(&self) {
        self.lender.lend();
        self.is_away.store(true, Ordering::SeqCst);
    }

    /// Ends the loan, if there is one.
    pub(super) fn settle(&self) {
        if self.is_away.swap(false, Ordering::SeqCst) {
            self.lender.settle();
        }
    }

    /// Returns a message to the queue that no worker takes.
    pub(super) fn give_back(&self, message: M) {
        self.lender.lend();
        self.lender.give_back(message);
    }

    /// Reports an idle worker. `accepted` is the number of messages accepted by its lanes, all of
    /// them handled.
    pub(super) fn idle(&self, accepted: u64) {
        if self.reported.load(Ordering::Relaxed) == accepted {
            return;
        }
        self.reported.store(accepted, Ordering::Relaxed);
        self.settle();
        if !self.is_noted.swap(true, Ordering::SeqCst) {
            self.report(Report::Idle(self.index));
        }
    }

    /// There is room for one report of each kind.
    fn report(&self, report: Report) {
        _ = self.reports.try_tell(report);
    }
}

/// Watches the end of a worker: in its hook for undelivered messages, and dropped with it.
#[derive(Debug)]
pub(super) struct End<M: Message>(pub(super) Arc<Slot<M>>);

impl<M: Message> End<M> {
    /// Returns the message of the queue to the queue, and any other message to the caller: the
    /// worker has sent it to itself.
    pub(super) fn give_back(&self, message: M) -> Option<M> {
        if self.0.is_away.swap(false, Ordering::SeqCst) {
            self.0.lender.give_back(message);
            return None;
        }
        Some(message)
    }
}

impl<M: Message> Drop for End<M> {
    fn drop(&mut self) {
        let Slot { common, .. } = &*self.0;
        self.0.settle();
        self.0.report(Report::Ended);
        if common.alive.fetch_sub(1, Ordering::SeqCst) == 1
            && !common.is_ending.load(Ordering::SeqCst)
            && let Some(queue) = common.queue.get()
        {
            // Its messages would wait for ever.
            queue.stop(Duration::ZERO);
        }
    }
}
