//! A job on its way to a worker, with the promise of a result.

use actor_lanes::{Lane, Message, Recipient};

use crate::sender::source_of;
use crate::verifier::bounds::{
    AGGREGATES, BLOCKS, RECOVERIES, STRANGER_AGGREGATES, STRANGER_VOTES, VOTES,
};
use crate::verifier::job::{Done, Job, JobId, JobsDone, NotDone};
use network::PeerId;

/// A message to a verifier or the prover: a job with its ticket.
#[derive(Debug)]
pub struct Assigned {
    pub(super) ticket: Ticket,
    pub(super) job: Job,
    pub(super) turn: Turn,
}

/// The lanes of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// The lanes for this node's own work and that of configured peers.
    First,
    /// The lanes served less often, in which the given peers take turns.
    Stranger(PeerId),
}

impl Message for Assigned {
    // A lane with back-pressure has room for all jobs of its kind in flight, so it never refuses
    // one. Votes lose their value with age: when more arrive than can be verified, the oldest are
    // evicted. The shares of strangers are no bounds: with them, strangers take turns.
    const LANES: &'static [Lane] = &[
        Lane::fifo("blocks", BLOCKS).weight(8),
        Lane::fifo("aggregates", AGGREGATES).weight(4).batch(16),
        Lane::newest_first("votes", VOTES / 2).weight(4).batch(64),
        Lane::fifo("proving", RECOVERIES + 1),
        Lane::fifo("stranger_blocks", BLOCKS).share(BLOCKS),
        Lane::fifo("stranger_aggregates", STRANGER_AGGREGATES).share(STRANGER_AGGREGATES).batch(16),
        Lane::fifo("stranger_votes", STRANGER_VOTES).share(STRANGER_VOTES).batch(64),
    ];

    fn lane(&self) -> usize {
        match (&self.job, self.turn) {
            (Job::Block(_), Turn::First) => 0,
            (Job::Aggregate(..), Turn::First) => 1,
            (Job::Vote(..), Turn::First) => 2,
            (Job::Aggregation(_) | Job::Recovery(_), _) => 3,
            (Job::Block(_), Turn::Stranger(_)) => 4,
            (Job::Aggregate(..), Turn::Stranger(_)) => 5,
            (Job::Vote(..), Turn::Stranger(_)) => 6,
        }
    }

    fn source(&self) -> Option<u64> {
        match &self.turn {
            Turn::First => None,
            Turn::Stranger(peer) => Some(source_of(peer)),
        }
    }
}

/// Guarantees one result for a job in flight.
///
/// Dropping an open ticket reports the job as lost. The drop may happen in a drained lane, in a
/// killed verifier, or in a sender whose send was refused.
#[derive(Debug)]
pub(crate) struct Ticket {
    pub(super) id: JobId,
    /// The worker's index in the pool.
    pub(super) worker: usize,
    pub(super) results: Recipient<JobsDone>,
    is_open: bool,
}

impl Ticket {
    pub(super) fn new(id: JobId, worker: usize, results: Recipient<JobsDone>) -> Self {
        Self { id, worker, results, is_open: true }
    }

    /// Closes the ticket. The caller reports the result in another way.
    pub(super) fn settle(&mut self) {
        self.is_open = false;
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if self.is_open {
            let lost = Done { id: self.id, outcome: Err(NotDone::Lost) };
            // Refused only by an actor that has ended and needs no result.
            let _ = self.results.try_tell(JobsDone { worker: self.worker, done: vec![lost] });
        }
    }
}
