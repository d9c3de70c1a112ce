//! The actor owning a vector's subject, and the function driving it.
//!
//! A vector is run in the same way as a node. The subject is created on its owner's thread and
//! never leaves it. Each step is a message to a handle, and the answer is a reply. Nothing in this
//! file names a runtime.

use std::sync::Arc;
use std::time::Duration;

use actor_lanes::actor::Fallible;
use actor_lanes::handle::AskBlockingError;
use actor_lanes::{Actor, Context, Executor, ExitReason, Message, Reply, Runtime, spawn};

use crate::case::Case;
use crate::field::{Field, Malformed};
use crate::trial::{self, Opened, Trial};
use crate::verdict::{Findings, Verdict};

/// The time limit for one step. The longest step takes a second in an unoptimised build.
const PATIENCE: Duration = Duration::from_secs(60);

/// The messages of the owner.
#[derive(Message)]
#[lane(fifo = "steps", 4)]
enum Examination {
    /// Asks for the number of steps.
    Begin(Reply<usize>),
    /// Requests the step with this number.
    Take(usize, Reply<()>),
    /// Asks for the verdict.
    Sum(Reply<Verdict>),
}

/// Owns the subject of a vector. A malformed vector ends it, because nothing can be compared.
struct Owner {
    case: Arc<Case>,
    subject: Subject,
    findings: Findings,
}

/// The state of the vector's run.
enum Subject {
    UnderWay(Box<dyn Trial>),
    Skipped(String),
}

impl Owner {
    fn new(case: Arc<Case>, runtime: &Arc<dyn Runtime>) -> Result<Self, Malformed> {
        let subject = match trial::open(&case, runtime)? {
            Opened::Trial(trial) => Subject::UnderWay(trial),
            Opened::Skipped(reason) => Subject::Skipped(reason),
        };
        Ok(Self { case, subject, findings: Findings::default() })
    }

    fn steps(&self) -> usize {
        match &self.subject {
            Subject::UnderWay(trial) => trial.steps(),
            Subject::Skipped(_) => 0,
        }
    }

    fn take(&mut self, step: usize) -> Result<(), Malformed> {
        match &mut self.subject {
            Subject::UnderWay(trial) => {
                trial.take(step, Field::top(&self.case.vector), &mut self.findings)
            }
            Subject::Skipped(_) => Ok(()),
        }
    }

    fn verdict(&mut self) -> Verdict {
        match &mut self.subject {
            Subject::Skipped(reason) => Verdict::skipped(std::mem::take(reason)),
            Subject::UnderWay(_) => std::mem::take(&mut self.findings).into_verdict(),
        }
    }
}

impl Actor<Fallible> for Owner {
    type Message = Examination;

    async fn handle(&mut self, message: Examination, _cx: &mut Context<Examination>) -> Fallible {
        match message {
            Examination::Begin(reply) => reply.send(self.steps()),
            Examination::Take(step, reply) => {
                self.take(step)?;
                reply.send(());
            }
            Examination::Sum(reply) => reply.send(self.verdict()),
        }
        Ok(())
    }
}

/// Runs one vector, with its subject owned by an actor on `executor`, and returns the verdict.
///
/// A subject with actors of its own starts them on executors of `runtime`, which should be the
/// runtime of `executor`.
///
/// The function parks the calling thread, which must not be the executor's. A panic of a subject
/// fails its own vector only.
pub fn examine(
    case: Arc<Case>,
    executor: &Arc<dyn Executor>,
    runtime: &Arc<dyn Runtime>,
) -> Verdict {
    let runtime = Arc::clone(runtime);
    let (owner, running) = match spawn(executor, move || Owner::new(case, &runtime)) {
        Ok(spawned) => spawned,
        Err(error) => return failed("the owner", error.to_string(), "an actor"),
    };
    let sum = || -> Result<Verdict, AskBlockingError<Examination>> {
        for step in 0..owner.ask_blocking(Examination::Begin, PATIENCE)? {
            owner.ask_blocking(|reply| Examination::Take(step, reply), PATIENCE)?;
        }
        owner.ask_blocking(Examination::Sum, PATIENCE)
    };
    let sum = sum();
    running.stop(PATIENCE);
    let end = running.join_blocking(PATIENCE).map(|exit| exit.reason);
    match (sum, end) {
        (Ok(verdict), _) => verdict,
        (Err(_), Some(ExitReason::Failed(malformed))) => {
            failed("the vector", malformed.to_string(), "a vector of its format")
        }
        (Err(error), end) => {
            let end = end.map_or_else(|| "and it does not end".to_owned(), |end| end.to_string());
            failed("the owner", format!("{error} ({end})"), "an answer to each message")
        }
    }
}

fn failed(what: &str, got: String, expected: &str) -> Verdict {
    let mut findings = Findings::default();
    findings.differ(what, got, expected);
    findings.into_verdict()
}
