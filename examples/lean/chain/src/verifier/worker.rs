//! The actor that verifies, and proves: it has no state but the proof scheme.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

use actor_lanes::actor::Batch;
use actor_lanes::{Actor, Context};

use crate::verifier::{Assigned, Done, NotDone, Outcome, Ticket, WorkMeters};
use consensus::ProofScheme;

/// Does jobs, and tells the owner what came of them: of a batch at once.
pub struct Verifier {
    proofs: Arc<dyn ProofScheme>,
    meters: Arc<WorkMeters>,
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier").field("meters", &self.meters).finish_non_exhaustive()
    }
}

impl Verifier {
    /// Makes a verifier of this scheme's proofs.
    pub fn new(proofs: Arc<dyn ProofScheme>) -> Self {
        Self { proofs, meters: Arc::default() }
    }

    /// Notes what the work takes where others look for it.
    pub fn measured(self, meters: Arc<WorkMeters>) -> Self {
        Self { meters, ..self }
    }

    fn work(&self, assigned: impl Iterator<Item = Assigned>, now: impl Fn() -> Instant) {
        let mut report = Report::default();
        for Assigned { ticket, job } in assigned {
            // A job is a function of its own inputs, which end with it: nothing is left half done.
            let outcome = catch_unwind(AssertUnwindSafe(|| job.run_measured(&*self.proofs, &self.meters, &now)));
            let outcome = outcome.map_err(|_| {
                tracing::error!(job = ?ticket.id, "a verification panicked");
                NotDone::Panicked
            });
            report.0.push((ticket, outcome));
        }
        report.send();
    }
}

/// What came of a batch. Dropped unsent, its tickets tell the owner that the jobs were lost.
#[derive(Default)]
struct Report(Vec<(Ticket, Result<Outcome, NotDone>)>);

impl Report {
    fn send(self) {
        let Some((chain, worker)) = self.0.first().map(|(ticket, _)| (ticket.chain.clone(), ticket.worker)) else {
            return;
        };
        let done = self.0.into_iter().map(|(mut ticket, outcome)| {
            ticket.settle();
            Done { id: ticket.id, outcome }
        });
        // Refused only by an owner that has ended, and wants to know nothing any more.
        let _ = chain.done(worker, done.collect());
    }
}

impl Actor for Verifier {
    type Message = Assigned;

    async fn handle(&mut self, assigned: Assigned, cx: &mut Context<Assigned>) {
        self.work(std::iter::once(assigned), || cx.now());
    }

    async fn handle_batch(&mut self, batch: &mut Batch<'_, Assigned>, cx: &mut Context<Assigned>) {
        // Verified as they are taken, so that the batch ends by itself after a millisecond: a block waits for no more.
        self.work(batch, || cx.now());
    }
}
