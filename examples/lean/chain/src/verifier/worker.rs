//! The actor behind each verifier and the prover. Its only state is the proof scheme.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

use actor_lanes::actor::Batch;
use actor_lanes::{Actor, Context};

use crate::verifier::job::{Done, JobsDone, NotDone, Outcome};
use crate::verifier::meters::WorkMeters;
use crate::verifier::ticket::{Assigned, Ticket};
use consensus::ProofScheme;

/// Runs jobs, and reports the results of a batch in one message.
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
    /// Creates a verifier with this proof scheme.
    pub fn new(proofs: Arc<dyn ProofScheme>) -> Self {
        Self { proofs, meters: Arc::default() }
    }

    /// Records the duration of the work in meters shared with readers.
    pub fn measured(self, meters: Arc<WorkMeters>) -> Self {
        Self { meters, ..self }
    }

    fn work(&self, assigned: impl Iterator<Item = Assigned>, now: impl Fn() -> Instant) {
        let mut results = Results::default();
        for Assigned { ticket, job, .. } in assigned {
            // A job owns its inputs and drops them when it ends, so a panic leaves no partial state
            // behind.
            let outcome = catch_unwind(AssertUnwindSafe(|| {
                job.run_measured(&*self.proofs, &self.meters, &now)
            }));
            let outcome = outcome.map_err(|_| {
                tracing::error!(job = ?ticket.id, "a verification panicked");
                NotDone::Panicked
            });
            results.0.push((ticket, outcome));
        }
        results.send();
    }
}

/// The results of a batch. Dropped unsent, its tickets report the jobs as lost.
#[derive(Default)]
struct Results(Vec<(Ticket, Result<Outcome, NotDone>)>);

impl Results {
    fn send(self) {
        let Some((results, worker)) =
            self.0.first().map(|(ticket, _)| (ticket.results.clone(), ticket.worker))
        else {
            return;
        };
        let done = self.0.into_iter().map(|(mut ticket, outcome)| {
            ticket.settle();
            Done { id: ticket.id, outcome }
        });
        // Refused only by an actor that has ended and needs no result.
        let _ = results.try_tell(JobsDone { worker, done: done.collect() });
    }
}

impl Actor for Verifier {
    type Message = Assigned;

    async fn handle(&mut self, assigned: Assigned, cx: &mut Context<Assigned>) {
        self.work(std::iter::once(assigned), || cx.now());
    }

    async fn handle_batch(&mut self, batch: &mut Batch<'_, Assigned>, cx: &mut Context<Assigned>) {
        // Jobs run as they are taken, so the batch ends by itself after a millisecond. A block
        // waits no longer than this.
        self.work(batch, || cx.now());
    }
}
