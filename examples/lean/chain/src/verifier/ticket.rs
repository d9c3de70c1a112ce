//! A job on its way, with the promise that its owner hears of its end.

use actor_lanes::{Lane, Message};

use crate::Chain;
use crate::verifier::{AGGREGATES, BLOCKS, Done, Job, JobId, NotDone, RECOVERIES, VOTES};

/// A message to a verifier or the prover: a job, and whom to tell.
#[derive(Debug)]
pub struct Assigned {
    pub(super) ticket: Ticket,
    pub(super) job: Job,
}

impl Message for Assigned {
    // Each lane that refuses has room for everything of its kind that may be under way at once, so none ever does. Votes
    // lose their worth with age: when there are more than can be verified, the oldest go.
    const LANES: &'static [Lane] = &[
        Lane::fifo("blocks", BLOCKS).weight(8),
        Lane::fifo("aggregates", AGGREGATES).weight(4).batch(16),
        Lane::newest_first("votes", VOTES / 2).weight(4).batch(64),
        Lane::fifo("proving", RECOVERIES + 1),
    ];

    fn lane(&self) -> usize {
        match self.job {
            Job::Block(_) => 0,
            Job::Aggregate(..) => 1,
            Job::Vote(..) => 2,
            Job::Aggregation(_) | Job::Recovery(_) => 3,
        }
    }
}

/// Stands for a job that is under way. Dropped before the job was done, wherever that happens (in a lane that is drained, by
/// a verifier that is killed, in the hand of one who could not send it), it tells the owner that the job was lost.
#[derive(Debug)]
pub(crate) struct Ticket {
    pub(super) id: JobId,
    /// The place in the pool of whoever does the job.
    pub(super) worker: usize,
    pub(super) chain: Chain,
    is_open: bool,
}

impl Ticket {
    pub(super) fn new(id: JobId, worker: usize, chain: Chain) -> Self {
        Self { id, worker, chain, is_open: true }
    }

    /// Ends the promise: the owner is told otherwise.
    pub(super) fn settle(&mut self) {
        self.is_open = false;
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if self.is_open {
            let lost = Done { id: self.id, outcome: Err(NotDone::Lost) };
            // Refused only by an owner that has ended, and wants to know nothing any more.
            let _ = self.chain.done(self.worker, vec![lost]);
        }
    }
}
