//! Threads for running actors, and a way for the measuring thread to run jobs there.

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

/// Creates a future on the thread that runs it, so that the future need not be `Send`.
pub(crate) type Job = Box<dyn FnOnce() -> Pin<Box<dyn Future<Output = ()>>> + Send>;

/// The stage's data required to start an actor of a contestant.
pub(crate) type Here<C, P> = <<C as Actors<P>>::Stage as Stage>::Here;

/// A separate thread with everything needed by a contestant's actors.
pub(crate) trait Stage: Sized {
    /// The data required to start an actor.
    type Here: Clone + Send + 'static;

    /// Starts the thread.
    fn open() -> Self;

    /// Returns the data required to start an actor.
    fn here(&self) -> Self::Here;

    /// Runs a job next to the actors.
    fn post(&self, job: Job);

    /// Ends the thread and waits for its end.
    fn close(self);
}

/// Starts a stage on the actors' core, if threads are pinned.
pub(crate) fn open<S: Stage>() -> S {
    on_core(ACTORS, S::open)
}

/// Runs a job on a stage and returns its result.
pub(crate) fn on_stage<S: Stage, T: Send + 'static, F: Future<Output = T> + 'static>(
    stage: &S,
    job: impl FnOnce(S::Here) -> F + Send + 'static,
) -> T {
    on_stage_at(ACTORS, stage, job)
}

/// As [`on_stage`]. If threads are pinned and the stage has no thread of its own, threads started
/// by the job are on this core.
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
