//! A current-thread tokio runtime on a separate thread, for all contestants based on tokio.

use std::thread::{Builder, JoinHandle};

use tokio::runtime;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::spawn_local;

use crate::stage::{Job, Stage};

/// Runs jobs and actors as tasks next to each other.
#[derive(Debug)]
pub(crate) struct TokioStage {
    jobs: UnboundedSender<Job>,
    thread: JoinHandle<()>,
}

impl Stage for TokioStage {
    type Here = ();

    #[expect(clippy::disallowed_methods, reason = "holds no more than the jobs of one round")]
    fn open() -> Self {
        let (jobs, posted) = unbounded_channel();
        let thread = Builder::new()
            .name("tokio".into())
            .spawn(move || run(posted))
            .expect("a thread can be started");
        Self { jobs, thread }
    }

    fn here(&self) {}

    fn post(&self, job: Job) {
        assert!(self.jobs.send(job).is_ok(), "the thread takes jobs until the stage is closed");
    }

    fn close(self) {
        drop(self.jobs);
        self.thread.join().expect("the thread has not panicked");
    }
}

fn run(mut posted: UnboundedReceiver<Job>) {
    // All drivers are on, as in most programs and as in our own adapter.
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .build_local(runtime::LocalOptions::default())
        .expect("a runtime can be made");
    runtime.block_on(async move {
        while let Some(job) = posted.recv().await {
            drop(spawn_local(job()));
        }
    });
}
