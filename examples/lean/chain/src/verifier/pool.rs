//! Assigns each job to a worker: the least loaded verifier, or the prover.

use std::thread;

use actor_lanes::{Handle, Recipient, TryTellError};

use crate::verifier::job::{Done, Job, JobId, JobsDone};
use crate::verifier::ticket::{Assigned, Ticket, Turn};

/// The verifiers and the prover, as seen by the chain's actor. That actor alone owns the pool; no
/// method waits.
#[derive(Debug)]
pub struct Pool {
    /// The verifiers, then the prover.
    workers: Vec<Worker>,
    results: Recipient<JobsDone>,
}

#[derive(Debug)]
struct Worker {
    handle: Handle<Assigned>,
    /// The weight of all its jobs in flight.
    load: u64,
    has_ended: bool,
}

impl Pool {
    /// Creates a pool of these verifiers and this prover. Each job's end is reported to `results`.
    pub fn new(
        verifiers: Vec<Handle<Assigned>>,
        prover: Handle<Assigned>,
        results: Recipient<JobsDone>,
    ) -> Self {
        let worker = |handle| Worker { handle, load: 0, has_ended: false };
        Self { workers: verifiers.into_iter().chain([prover]).map(worker).collect(), results }
    }

    /// Sends a job to the least loaded worker. The pool's recipient gets its result, also if no
    /// worker accepts the job.
    pub fn assign(&mut self, id: JobId, mut job: Job, turn: Turn) {
        while let Some(place) = self.choose(id) {
            let ticket = Ticket::new(id, place, self.results.clone());
            let worker = &mut self.workers[place];
            let refused = match worker.handle.try_tell(Assigned { ticket, job, turn }) {
                Ok(()) => {
                    worker.load += id.weight();
                    return;
                }
                // Not expected: the lane has room for all jobs in flight. The dropped ticket
                // reports the loss.
                Err(TryTellError::Full(_)) => return,
                Err(TryTellError::Closed(refused)) => refused,
            };
            worker.has_ended = true;
            let Assigned { mut ticket, job: back, .. } = refused;
            ticket.settle();
            job = back;
        }
        drop(Ticket::new(id, self.workers.len(), self.results.clone()));
    }

    /// Reduces a worker's load by the jobs of its report.
    pub fn note(&mut self, worker: usize, done: &[Done]) {
        if let Some(worker) = self.workers.get_mut(worker) {
            let weight = done.iter().map(|done| done.id.weight()).sum();
            worker.load = worker.load.saturating_sub(weight);
        }
    }

    /// Returns the index of the worker for a job: the prover for a proof, else the least loaded
    /// verifier. If that kind of worker has ended, the other kind does the job.
    fn choose(&self, id: JobId) -> Option<usize> {
        let prover = self.workers.len().checked_sub(1)?;
        let alive = |place: &usize| !self.workers[*place].has_ended;
        let least = (0..prover).filter(alive).min_by_key(|place| self.workers[*place].load);
        let prover = Some(prover).filter(alive);
        if id.is_proving() { prover.or(least) } else { least.or(prover) }
    }
}

/// Returns the default number of verifiers: the number of cores minus one for the chain's actor, at
/// least 1.
pub fn verifier_count() -> usize {
    thread::available_parallelism().map_or(1, |cores| cores.get().saturating_sub(1).max(1))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use std::time::Duration;

    use actor_lanes::life::Restart;
    use actor_lanes::{Mailbox, Message, Spawn, mailbox};
    use actor_test::{Faults, Harness};

    use super::*;
    use crate::verifier::job::NotDone;
    use crate::verifier::worker::Verifier;
    use consensus::{
        AttestationData, MockProofs, Root, SignedAggregatedAttestation, SingleMessageAggregate,
        Statement, aggregation_bits,
    };

    impl Message for JobsDone {}

    fn job() -> Job {
        let participants = aggregation_bits([0]).expect("one validator");
        let proof = SingleMessageAggregate { participants, proof: Default::default() };
        let statement = Statement { public_keys: Vec::new(), message: Root::ZERO, slot: 0 };
        Job::Aggregate(
            statement,
            Arc::new(SignedAggregatedAttestation { data: AttestationData::default(), proof }),
        )
    }

    /// A pool of two verifiers and a prover, none of them running, with the mailboxes of the
    /// workers and of the results.
    fn pool() -> (Pool, Vec<Mailbox<Assigned>>, Mailbox<JobsDone>) {
        let (mut handles, mailboxes): (Vec<_>, Vec<_>) = (0..3).map(|_| mailbox()).unzip();
        let prover = handles.pop().expect("there are three");
        let (owner, results) = mailbox();
        (Pool::new(handles, prover, owner.recipient()), mailboxes, results)
    }

    fn depths(pool: &Pool) -> Vec<u64> {
        pool.workers
            .iter()
            .map(|worker| worker.handle.stats().iter().map(|lane| lane.depth).sum())
            .collect()
    }

    fn next_done(results: &mut Mailbox<JobsDone>) -> (usize, Vec<Done>) {
        let JobsDone { worker, done } =
            futures::executor::block_on(results.recv()).expect("the pool keeps it open");
        (worker, done)
    }

    #[test]
    fn the_least_loaded_verifier_gets_the_next_job_and_the_prover_gets_proofs() {
        let (mut pool, _mailboxes, _results) = pool();
        pool.assign(JobId::Block(0), job(), Turn::First);
        for number in 0..10 {
            pool.assign(JobId::Vote(number), job(), Turn::First);
        }
        pool.assign(JobId::Aggregation(1), job(), Turn::First);
        assert_eq!(depths(&pool), [1, 10, 1], "a block weighs as much as many votes");
        let done = Done { id: JobId::Block(0), outcome: Err(NotDone::Panicked) };
        pool.note(0, &[done]);
        pool.assign(JobId::Vote(10), job(), Turn::First);
        assert_eq!(depths(&pool), [2, 10, 1]);
    }

    #[test]
    fn an_ended_worker_is_skipped_and_its_jobs_are_reported_as_lost() {
        let (mut pool, mut mailboxes, mut results) = pool();
        pool.assign(JobId::Vote(0), job(), Turn::First);
        drop(mailboxes.remove(0));
        let (worker, done) = next_done(&mut results);
        assert_eq!((worker, done[0].id), (0, JobId::Vote(0)));
        assert!(matches!(done[0].outcome, Err(NotDone::Lost)));
        pool.note(worker, &done);
        pool.assign(JobId::Vote(1), job(), Turn::First);
        assert_eq!(depths(&pool)[1..], [1, 0]);
    }

    #[test]
    fn a_job_without_any_worker_is_reported_as_lost() {
        let (mut pool, mailboxes, mut results) = pool();
        drop(mailboxes);
        pool.assign(JobId::Recovery(3), job(), Turn::First);
        let (worker, done) = next_done(&mut results);
        assert_eq!(done[0].id, JobId::Recovery(3));
        pool.note(worker, &done);
    }

    #[test]
    fn a_restarted_verifier_has_lost_the_job_in_hand_and_does_the_others() {
        const ENOUGH: Duration = Duration::from_secs(60);
        let (mut pool, mut mailboxes, mut results) = pool();
        // In turn: the even ones to the first verifier.
        (0..6).for_each(|number| pool.assign(JobId::Aggregate(number), job(), Turn::First));
        assert_eq!(depths(&pool), [3, 3, 0]);
        let (harness, faults) = (Harness::new(), Faults::new());
        faults.panic_at_next(); // outside of a job
        let make = move || faults.wrap(Verifier::new(Arc::new(MockProofs::default())));
        let spawn = Spawn::new(mailboxes.remove(0)).restart(Restart::up_to(1));
        let running = spawn.start(&harness, make).expect("the executor runs");
        harness.advance(ENOUGH);
        let (worker, lost) = next_done(&mut results);
        assert_eq!((worker, lost.len(), lost[0].id), (0, 1, JobId::Aggregate(0)));
        assert!(matches!(lost[0].outcome, Err(NotDone::Lost)));
        let mut done = Vec::new();
        while done.len() < 2 {
            done.extend(next_done(&mut results).1);
        }
        assert_eq!([done[0].id, done[1].id], [2, 4].map(JobId::Aggregate));
        assert!(done.iter().all(|done| done.outcome.is_ok()));
        running.stop(ENOUGH);
        let exit = harness.run(running.join());
        assert_eq!((exit.restarts, exit.undelivered()), (1, 0));
        assert!(exit.reason.is_normal(), "{}", exit.reason);
    }
}
