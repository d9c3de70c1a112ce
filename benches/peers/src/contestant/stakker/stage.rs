//! A thread running a stakker.

use std::any::Any;
use std::cell::RefCell;
use std::sync::LazyLock;
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::thread::{self, Builder, Thread};

use futures::executor::block_on;
use stakker::Stakker;

use crate::measure::now;
use crate::stage::{Job, Stage, join_actors};

thread_local! {
    static STAKKER: RefCell<Option<Stakker>> = const { RefCell::new(None) };
    /// Owners of values kept until the round ends: they are not `Send`.
    static KEPT: RefCell<Vec<Box<dyn Any>>> = const { RefCell::new(Vec::new()) };
}

/// The thread of the stakker. Jobs reach the stakker through [`with`].
pub(super) struct StakkerStage {
    jobs: SyncSender<Job>,
    thread: Thread,
}

/// The only thread of the process able to create a stakker, for all rounds.
static STAGE: LazyLock<StakkerStage> = LazyLock::new(|| {
    let (jobs, posted) = sync_channel(16);
    let thread = Builder::new()
        .name("stakker".into())
        .spawn(move || run(&posted))
        .expect("a thread can be started");
    StakkerStage { jobs, thread: thread.thread().clone() }
});

impl Stage for StakkerStage {
    type Here = ();

    fn open() -> Self {
        Self { jobs: STAGE.jobs.clone(), thread: STAGE.thread.clone() }
    }

    fn here(&self) {}

    fn post(&self, job: Job) {
        assert!(self.jobs.send(job).is_ok(), "the thread takes jobs as long as the process lives");
        self.thread.unpark();
    }

    /// Leaves the thread parked and idle.
    fn close(self) {}
}

/// Runs the available work, and parks until there is more.
fn run(posted: &Receiver<Job>) {
    let this = thread::current();
    let mut stakker = Stakker::new(now().instant());
    stakker.set_poll_waker(move || this.unpark());
    STAKKER.set(Some(stakker));
    loop {
        match posted.try_recv() {
            Ok(job) => {
                join_actors();
                // The job never waits.
                block_on(job());
            }
            Err(TryRecvError::Empty) => thread::park(),
            Err(TryRecvError::Disconnected) => return,
        }
        with(|stakker| {
            stakker.poll_wake();
            stakker.run(now().instant(), false);
        });
    }
}

/// Passes this thread's stakker to a job.
pub(super) fn with<T>(work: impl FnOnce(&mut Stakker) -> T) -> T {
    STAKKER.with_borrow_mut(|stakker| {
        work(stakker.as_mut().expect("a job runs on a stakker's thread"))
    })
}

/// Keeps a value until [`let_go`].
pub(super) fn keep(owner: impl Any) {
    KEPT.with_borrow_mut(|kept| kept.push(Box::new(owner)));
}

/// Drops all kept values.
pub(super) fn let_go() {
    KEPT.take().clear();
}
