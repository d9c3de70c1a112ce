//! Who does a job: the verifier with the least to do, or the prover.

use std::thread;

use actor_lanes::{Handle, TryTellError};

use crate::Chain;
use crate::verifier::{Assigned, Done, Job, JobId, Ticket};

/// The verifiers and the prover as the chain's owner sees them. Owned by it alone; no method waits.
#[derive(Debug)]
pub struct Pool {
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
    pub fn new(verifiers: Vec<Handle<Assigned>>, prover: Handle<Assigned>) -> Self {
        let worker = |handle| Worker { handle, load: 0, has_ended: false };
        Self { workers: verifiers.into_iter().chain([prover]).map(worker).collect() }
    }

    /// Gives a job to whoever has the least to do. `chain` hears of its end, also if nobody takes it.
    pub fn assign(&mut self, id: JobId, mut job: Job, chain: &Chain) {
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
    pub fn note(&mut self, worker: usize, done: &[Done]) {
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
pub fn verifier_count() -> usize {
    thread::available_parallelism().map_or(1, |cores| cores.get().saturating_sub(1).max(1))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use actor_lanes::{Mailbox, mailbox};

    use super::*;
    use crate::ChainMessage;
    use crate::verifier::{NotDone, Outcome};
    use consensus::{
        AttestationData, Root, SignedAggregatedAttestation, SingleMessageAggregate, Statement, aggregation_bits,
    };

    fn job() -> Job {
        let participants = aggregation_bits([0]).expect("one validator");
        let proof = SingleMessageAggregate { participants, proof: Default::default() };
        let statement = Statement { public_keys: Vec::new(), message: Root::ZERO, slot: 0 };
        Job::Aggregate(statement, Arc::new(SignedAggregatedAttestation { data: AttestationData::default(), proof }))
    }

    /// A pool of two verifiers and a prover that nobody works for, and where they would.
    fn pool() -> (Pool, Vec<Mailbox<Assigned>>) {
        let (mut handles, mailboxes): (Vec<_>, Vec<_>) = (0..3).map(|_| mailbox()).unzip();
        let prover = handles.pop().expect("there are three");
        (Pool::new(handles, prover), mailboxes)
    }

    fn depths(pool: &Pool) -> Vec<u64> {
        pool.workers.iter().map(|worker| worker.handle.stats().iter().map(|lane| lane.depth).sum()).collect()
    }

    fn next_done(mailbox: &mut Mailbox<ChainMessage>) -> (usize, Vec<Done>) {
        match futures::executor::block_on(mailbox.recv()) {
            Some(ChainMessage::Done(worker, done)) => (worker, done),
            other => panic!("nothing else is sent: {other:?}"),
        }
    }

    #[test]
    fn the_verifier_with_the_least_to_do_gets_the_next_job_and_the_prover_what_is_to_be_proved() {
        let (mut pool, _mailboxes) = pool();
        let (chain, _owner) = Chain::new();
        pool.assign(JobId::Block(0), job(), &chain);
        for number in 0..10 {
            pool.assign(JobId::Vote(number), job(), &chain);
        }
        pool.assign(JobId::Aggregation(1), job(), &chain);
        assert_eq!(depths(&pool), [1, 10, 1], "a block weighs as much as many votes");
        let done = Done { id: JobId::Block(0), outcome: Err(NotDone::Panicked) };
        pool.note(0, &[done]);
        pool.assign(JobId::Vote(10), job(), &chain);
        assert_eq!(depths(&pool), [2, 10, 1]);
    }

    #[test]
    fn one_that_has_ended_is_passed_by_and_what_it_had_is_told_of_as_lost() {
        let (mut pool, mut mailboxes) = pool();
        let (chain, mut owner) = Chain::new();
        pool.assign(JobId::Vote(0), job(), &chain);
        drop(mailboxes.remove(0));
        let (worker, done) = next_done(&mut owner);
        assert_eq!((worker, done[0].id), (0, JobId::Vote(0)));
        assert!(matches!(done[0].outcome, Err(NotDone::Lost)));
        pool.note(worker, &done);
        pool.assign(JobId::Vote(1), job(), &chain);
        assert_eq!(depths(&pool)[1..], [1, 0]);
    }

    #[test]
    fn a_job_that_nobody_is_left_for_is_told_of_as_lost() {
        let (mut pool, mailboxes) = pool();
        let (chain, mut owner) = Chain::new();
        drop(mailboxes);
        pool.assign(JobId::Recovery(3), job(), &chain);
        let (worker, done) = next_done(&mut owner);
        assert_eq!(done[0].id, JobId::Recovery(3));
        pool.note(worker, &done);
    }

    #[test]
    fn there_is_room_for_an_outcome_of_everything_that_may_be_under_way() {
        let (chain, _owner) = Chain::new();
        let done = || Done { id: JobId::Vote(0), outcome: Ok(Outcome::Vote(Ok(()))) };
        let taken = (0..crate::verifier::UNDER_WAY).filter(|_| chain.done(0, vec![done()]).is_ok()).count();
        assert_eq!(taken, crate::verifier::UNDER_WAY);
    }
}
