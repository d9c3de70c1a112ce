//! What the workers of a tree report, and the mailbox of these reports.
//!
//! # No report is refused
//!
//! A worker has at most [`REPORTS`] reports in the mailbox at any time:
//!
//! ```text
//! a decided life     started, life ended       the next life waits for the answer to the second
//! a stop after it    started, life ended       a life for the rest of the queue is not decided
//!                    started                   the last one, after which nobody is asked
//!                    over
//! ```
//!
//! The lane has room for all of them from all workers, so a report never waits and is never lost.

use std::sync::Arc;

use actor_core::life::Governor;
use actor_core::{Exit, ExitReason, Handle, Lane, Mailbox, Message};

use super::engine::{Event, Number};

/// The most reports of one worker at a time.
const REPORTS: usize = 6;

/// The mailboxes for trees of each size.
static LANES: [[Lane; 1]; 10] = [
    [Lane::control("reports", 1 << 5)],
    [Lane::control("reports", 1 << 7)],
    [Lane::control("reports", 1 << 9)],
    [Lane::control("reports", 1 << 11)],
    [Lane::control("reports", 1 << 13)],
    [Lane::control("reports", 1 << 15)],
    [Lane::control("reports", 1 << 17)],
    [Lane::control("reports", 1 << 19)],
    [Lane::control("reports", 1 << 21)],
    [Lane::control("reports", 1 << 23)],
];

/// A worker's report to its tree.
pub(super) struct Report {
    pub(super) worker: Number,
    pub(super) event: Event,
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

/// Creates the mailbox for the reports of this many workers.
///
/// # Panics
///
/// Panics if there are more than a million workers.
pub(super) fn mailbox_for(workers: usize) -> Mailbox<Report> {
    let needed = workers.saturating_mul(REPORTS);
    let lanes = LANES.iter().find(|[lane]| lane.capacity() >= needed);
    let lanes = lanes.expect("a tree has at most a million workers");
    Mailbox::with_lanes(lanes).expect("one lane, of a size in the list")
}

/// Reports one worker's lives to its tree.
pub(super) struct Reporter {
    pub(super) worker: Number,
    pub(super) reports: Handle<Report>,
    /// The path of the worker's team.
    pub(super) team: Arc<str>,
}

impl Reporter {
    /// An ended tree takes no report. It has ended its workers, too.
    fn report(&self, event: Event) {
        drop(self.reports.try_tell(Report { worker: self.worker, event }));
    }
}

impl Governor for Reporter {
    fn begins(&self) -> bool {
        false
    }

    fn path(&self) -> Option<Arc<str>> {
        Some(Arc::clone(&self.team))
    }

    fn life_started(&self) {
        self.report(Event::Started);
    }

    fn life_ended(&self, reason: &ExitReason) {
        self.report(Event::LifeEnded(reason.clone()));
    }

    fn ended(&self, _exit: &Exit) {
        self.report(Event::Over);
    }
}
