//! Threads on which actors run, and how the measuring thread has something done there.

mod cores;
mod plain;
mod tokio;

use std::future::Future;
use std::pin::Pin;
use std::sync::mpsc::sync_channel;

use crate::actor::Actors;

pub(crate) use cores::{ACTORS, SENDERS, join_actors, on_core, pin};
pub(crate) use plain::PlainStage;
pub(crate) use tokio::TokioStage;

/// Makes a future where it will run, so that the future need not be `Send`.
pub(crate) type Job = Box<dyn FnOnce() -> Pin<Box<dyn Future<Output = ()>>> + Send>;

/// What starting an actor of a contestant's needs to know of its stage.
pub(crate) type Here<C, P> = <<C as Actors<P>>::Stage as Stage>::Here;

/// A thread of its own with what a contestant's actors need there.
pub(crate) trait Stage: Sized {
    /// What starting an actor needs to know.
    type Here: Clone + Send + 'static;

    /// Starts the thread.
    fn open() -> Self;

    /// Tells what starting an actor needs to know.
    fn here(&self) -> Self::Here;

    /// Runs a job beside the actors.
    fn post(&self, job: Job);

    /// Ends the thread and waits for that.
    fn close(self);
}

/// Starts a stage on the actors' core, if threads are pinned.
pub(crate) fn open<S: Stage>() -> S {
    on_core(ACTORS, S::open)
}

/// Runs a job on a stage and waits for what comes of it.
pub(crate) fn on_stage<S: Stage, T: Send + 'static, F: Future<Output = T> + 'static>(
    stage: &S,
    job: impl FnOnce(S::Here) -> F + Send + 'static,
) -> T {
    on_stage_at(ACTORS, stage, job)
}

/// As [`on_stage`]; what the job starts is on this core, if threads are pinned and the stage has no thread of its own.
pub(crate) fn on_stage_at<S: Stage, T: Send + 'static, F: Future<Output = T> + 'static>(
    core: usize,
    stage: &S,
    job: impl FnOnce(S::Here) -> F + Send + 'static,
) -> T {
    let (result, results) = sync_channel(1);
    let here = stage.here();
    let job: Job = Box::new(move || {
        Box::pin(async move {
            let value = job(here).await;
            result.send(value).expect("whoever posted the job waits for it");
        })
    });
    on_core(core, || stage.post(job));
    results.recv().expect("a job ends, and a panic in it has been reported")
}
