//! No runtime: every actor has a separate plain thread, and every job too.

use std::sync::Mutex;
use std::thread::{Builder, JoinHandle};

use futures::executor::block_on;

use crate::stage::{Job, Stage};

/// Runs each job on a separate thread.
#[derive(Debug, Default)]
pub(crate) struct PlainStage {
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl Stage for PlainStage {
    type Here = ();

    fn open() -> Self {
        Self::default()
    }

    fn here(&self) {}

    fn post(&self, job: Job) {
        let thread = Builder::new()
            .name("job".into())
            .spawn(move || block_on(job()))
            .expect("a thread can be started");
        self.threads.lock().expect("no thread panics with it").push(thread);
    }

    fn close(self) {
        for thread in self.threads.into_inner().expect("no thread panics with it") {
            thread.join().expect("the thread has not panicked");
        }
    }
}
