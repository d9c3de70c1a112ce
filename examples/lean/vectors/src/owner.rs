//! The actor that owns what a vector tests, and whoever drives it.
//!
//! A vector is gone through as a node's life is: the subject is made on its owner's thread and never leaves it, each
//! step is a message to a handle, and the answer comes back through a reply. Nothing here names a runtime.

use std::sync::Arc;
use std::time::Duration;

use actor_lanes::handle::AskBlockingError;
use actor_lanes::{Actor, Context, Executor, Lane, Message, Reply, Runtime, spawn};

use crate::case::Case;
use crate::field::{Field, Malformed};
use crate::trial::{self, Opened, Trial};
use crate::verdict::{Findings, Verdict};

/// How long one step may take. The longest takes a second in a build without optimisation.
const PATIENCE: Duration = Duration::from_secs(60);

/// Everything that the owner of a vector's subject is sent.
enum Examination {
    /// How many steps are there?
    Begin(Reply<usize>),
    /// Take the step of this number.
    Take(usize, Reply<()>),
    /// What came of it all?
    Sum(Reply<Verdict>),
}

impl Message for Examination {
    const LANES: &'static [Lane] = &[Lane::fifo("steps", 4)];
}

/// Owns what a vector tests.
struct Owner {
    case: Arc<Case>,
    subject: Subject,
    findings: Findings,
}

/// What has become of the vector so far.
enum Subject {
    UnderWay(Box<dyn Trial>),
    Skipped(String),
    Malformed,
}

impl Owner {
    fn new(case: Arc<Case>, runtime: &Arc<dyn Runtime>) -> Self {
        let mut findings = Findings::default();
        let subject = match trial::open(&case, runtime) {
            Ok(Opened::Trial(trial)) => Subject::UnderWay(trial),
            Ok(Opened::Skipped(reason)) => Subject::Skipped(reason),
            Err(malformed) => give_up(&malformed, &mut findings),
        };
        Self { case, subject, findings }
    }

    fn steps(&self) -> usize {
        match &self.subject {
            Subject::UnderWay(trial) => trial.steps(),
            Subject::Skipped(_) | Subject::Malformed => 0,
        }
    }

    fn take(&mut self, step: usize) {
        if let Subject::UnderWay(trial) = &mut self.subject
            && let Err(malformed) = trial.take(step, Field::top(&self.case.vector), &mut self.findings)
        {
            self.subject = give_up(&malformed, &mut self.findings);
        }
    }

    fn verdict(&mut self) -> Verdict {
        match &mut self.subject {
            Subject::Skipped(reason) => Verdict::skipped(std::mem::take(reason)),
            Subject::UnderWay(_) | Subject::Malformed => std::mem::take(&mut self.findings).into_verdict(),
        }
    }
}

/// A vector that cannot be read has failed: nobody can say that it holds.
fn give_up(malformed: &Malformed, findings: &mut Findings) -> Subject {
    findings.differ("the vector", malformed.to_string(), "a vector of its format");
    Subject::Malformed
}

impl Actor for Owner {
    type Message = Examination;

    async fn handle(&mut self, message: Examination, _cx: &mut Context<Examination>) {
        match message {
            Examination::Begin(reply) => reply.send(self.steps()),
            Examination::Take(step, reply) => {
                self.take(step);
                reply.send(());
            }
            Examination::Sum(reply) => reply.send(self.verdict()),
        }
    }
}

/// Goes through one vector, with its subject owned by an actor on `executor`, and says what came of it.
///
/// A subject that has actors of its own has them on executors of `runtime`, which should be the executor's.
///
/// It parks the calling thread, which must not be the executor's. A subject that panics fails its vector, and no other.
pub fn examine(case: Arc<Case>, executor: &Arc<dyn Executor>, runtime: &Arc<dyn Runtime>) -> Verdict {
    let runtime = Arc::clone(runtime);
    let (owner, running) = match spawn(executor, move || Owner::new(case, &runtime)) {
        Ok(spawned) => spawned,
        Err(error) => return broken(error.to_string()),
    };
    let sum = || -> Result<Verdict, AskBlockingError<Examination>> {
        for step in 0..owner.ask_blocking(Examination::Begin, PATIENCE)? {
            owner.ask_blocking(|reply| Examination::Take(step, reply), PATIENCE)?;
        }
        owner.ask_blocking(Examination::Sum, PATIENCE)
    };
    let sum = sum();
    running.stop(PATIENCE);
    let exit = running.join_blocking(PATIENCE);
    match sum {
        Ok(verdict) => verdict,
        Err(error) => {
            let end = exit.map_or_else(|| String::from("and it does not end"), |exit| exit.reason.to_string());
            broken(format!("{error} ({end})"))
        }
    }
}

fn broken(got: String) -> Verdict {
    let mut findings = Findings::default();
    findings.differ("the owner", got, "an answer to each message");
    findings.into_verdict()
}
