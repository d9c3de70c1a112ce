//! Who does a job: the verifier with the least to do, or the prover.

use std::thread;

use actor::{Handle, TryTellError};

use crate::chain::Chain;
use crate::verifier::{Assigned, Done, Job, JobId, Ticket};

/// The verifiers and the prover as the chain's owner sees them. Owned by it alone; no method waits.
#[derive(Debug)]
pub(crate) struct Pool {
    /// The verifiers, and last the prover.
    workers: Vec<Worker>,
}

#[derive(Debug)]
struct Worker {
    handle: Handle<Assigned>,
    /// The weight of all jobs that it was given and has not told of.
    load: u64,
    has_ended: bool,
}

impl Pool {
    /// Makes a pool of these verifiers and this prover.
    pub(crate) fn new(verifiers: Vec<Handle<Assigned>>, prover: Handle<Assigned>) -> Self {
        let worker = |handle| Worker { handle, load: 0, has_ended: false };
        Self { workers: verifiers.into_iter().chain([prover]).map(worker).collect() }
    }

    /// Gives a job to whoever has the least to do. `chain` hears of its end, also if nobody takes it.
    pub(crate) fn assign(&mut self, id: JobId, mut job: Job, chain: &Chain) {
        while let Some(place) = self.choose(id) {
            let worker = &mut self.workers[place];
            let refused = match worker.handle.try_tell(Assigned { ticket: Ticket::new(id, place, chain.clone()), job })
            {
                Ok(()) => {
                    worker.load += id.weight();
                    return;
                }
                // Its lane has room for everything that may be under way, so this is not to be expected; the ticket is
                // dropped and tells.
                Err(TryTellError::Full(_)) => return,
                Err(TryTellError::Closed(refused)) => refused,
            };
            worker.has_ended = true;
            let Assigned { mut ticket, job: back } = refused;
            ticket.settle();
            job = back;
        }
        drop(Ticket::new(id, self.workers.len(), chain.clone()));
    }

    /// Notes what one of them has told of.
    pub(crate) fn note(&mut self, worker: usize, done: &[Done]) {
        if let Some(worker) = self.workers.get_mut(worker) {
            let weight = done.iter().map(|done| done.id.weight()).sum();
            worker.load = worker.load.saturating_sub(weight);
        }
    }

    /// Finds the one to do a job: the prover for a proof, and for anything else the verifier with the least to do. Without
    /// the one the other does it.
    fn choose(&self, id: JobId) -> Option<usize> {
        let prover = self.workers.len().checked_sub(1)?;
        let alive = |place: &usize| !self.workers[*place].has_ended;
        let least = (0..prover).filter(alive).min_by_key(|place| self.workers[*place].load);
        let prover = Some(prover).filter(alive);
        if id.is_proving() { prover.or(least) } else { least.or(prover) }
    }
}

/// Returns how many verifiers there are unless the configuration says so: one for each core but one, which is the
/// owner's, and at least one.
pub(crate) fn verifier_count() -> usize {
    thread::available_parallelism().map_or(1, |cores| cores.get().saturating_sub(1).max(1))
}
