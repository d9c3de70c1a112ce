//! Waits for the first end of a part of the node, without polling.

use std::io;
use std::thread;

use actor_lanes::Running;
use futures::FutureExt as _;
use futures::channel::oneshot;
use futures::executor::block_on;
use futures::future::{BoxFuture, Either, select, select_all};

use crate::health::{Failure, Lifecycle};
use network::ThreadEnd;

/// A part's name, and its end with the reason.
type Ending = BoxFuture<'static, Failure>;

/// The parts of a node to be watched.
#[derive(Default)]
pub(crate) struct Parts(Vec<Ending>);

/// A running watch. Dropping it ends the watch.
#[derive(Debug)]
pub(crate) struct Watch {
    _watching: oneshot::Sender<()>,
}

impl Parts {
    /// Adds an actor.
    pub(crate) fn actor(&mut self, name: &str, running: &Running) {
        let (name, running) = (name.to_owned(), running.clone());
        let ended = async move { Failure::new(name, &running.join().await.reason.to_string()) };
        self.0.push(ended.boxed());
    }

    /// Adds a plain thread.
    pub(crate) fn thread(&mut self, name: &'static str, end: ThreadEnd) {
        self.0.push(end.reason().map(move |reason| Failure::new(name, &reason)).boxed());
    }

    /// Starts a thread to wait for the first end of a part. An end before the node's stop is a
    /// failure: it is recorded in `lifecycle`, and then passed to `failed`.
    pub(crate) fn watch(
        self,
        lifecycle: Lifecycle,
        failed: impl FnOnce(&Failure) + Send + 'static,
    ) -> io::Result<Watch> {
        let (watching, unwatched) = oneshot::channel();
        thread::Builder::new().name("watch".to_owned()).spawn(move || {
            let first = select(select_all(self.0), unwatched);
            if let Either::Left(((failure, ..), _)) = block_on(first)
                && lifecycle.fail(failure.clone())
            {
                tracing::error!(part = failure.part, reason = failure.reason, "a part has ended");
                failed(&failure);
            }
        })?;
        Ok(Watch { _watching: watching })
    }
}
