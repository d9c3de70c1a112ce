//! Whole pools with a shared queue: the queue and each worker on a thread of its own, with a
//! failure, a kill or a stop at any time.
//!
//! For shuttle only, because three lives have too many steps for loom.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::task::{Context as Task, Poll};
use std::time::{Duration, Instant};

use actor_core::checker::{block_on, check, thread};
use actor_core::life::Restart;
use actor_core::runtime::{ExecutorStopped, Maker, Timer};
use actor_core::{Actor, Context, Executor, Lane, Message};

use crate::pool::{Pool, PoolExit, PoolHandle, PoolRunning};
use crate::sync::{AtomicU64, Ordering};

const PREEMPTIONS: usize = 4;

/// Passes its makers to the model, where they run. Its time stands still.
#[derive(Debug)]
struct Still {
    start: Instant,
    makers: Sender<Maker>,
}

/// Expires at once if it is due when armed, and otherwise never.
struct Due {
    now: Instant,
    is_due: bool,
}

impl Timer for Due {
    fn arm(&mut self, at: Instant) {
        self.is_due = at <= self.now;
    }

    fn poll_expired(&mut self, _task: &mut Task<'_>) -> Poll<()> {
        if self.is_due { Poll::Ready(()) } else { Poll::Pending }
    }
}

impl Still {
    #[expect(
        clippy::disallowed_methods,
        reason = "there is no other way to make an `Instant`, and its value is of no account"
    )]
    fn start() -> (Arc<dyn Executor>, Receiver<Maker>) {
        let (makers, made) = channel();
        (Arc::new(Self { start: Instant::now(), makers }), made)
    }
}

impl Executor for Still {
    fn spawn(&self, maker: Maker) -> Result<(), ExecutorStopped> {
        self.makers.send(maker).map_err(|refused| ExecutorStopped(refused.0))
    }

    fn timer(&self) -> Box<dyn Timer> {
        Box::new(Due { now: self.start, is_due: false })
    }

    fn now(&self) -> Instant {
        self.start
    }

    fn run_blocking(&self, work: Box<dyn FnOnce() + Send>) {
        work();
    }

    fn stop(&self) {}

    fn join(&self, _timeout: Duration) -> bool {
        true
    }
}

/// A message that fails its worker, if `fails` is set. It counts its handling.
struct Job {
    fails: bool,
    handled: Arc<AtomicU64>,
}

impl Message for Job {
    const LANES: &'static [Lane] = &[Lane::fifo("jobs", 2)];
}

struct Worker;

impl Actor for Worker {
    type Message = Job;

    async fn handle(&mut self, job: Job, cx: &mut Context<Job>) {
        job.handled.fetch_add(1, Ordering::SeqCst);
        if job.fails {
            cx.fail("on purpose");
        }
    }
}

/// Runs a pool with its lives on threads, one sender of these jobs, and one thread that ends it.
/// Each job is handled once, or is undelivered at the queue.
fn pool(
    workers: usize,
    jobs: &'static [bool],
    end: fn(&PoolRunning),
    judge: impl Fn(u64, &PoolExit) + Send + Sync + Copy + 'static,
) {
    check(PREEMPTIONS, move || {
        let (executor, made) = Still::start();
        let pool = Pool::shared_queue(workers).restart(Restart::up_to(u32::MAX));
        let (handle, running) = pool.start(&executor, |_index| Worker).expect("it is not stopped");
        let spawn = |maker: Maker| thread::spawn(move || block_on(maker()));
        let living: Vec<_> = made.try_iter().map(spawn).collect();
        let handled = Arc::new(AtomicU64::new(0));
        let count = Arc::clone(&handled);
        let send = move |pool: PoolHandle<Job>| {
            let send = |fails: &bool| {
                block_on(pool.tell(Job { fails: *fails, handled: Arc::clone(&count) })).is_ok()
            };
            jobs.iter().filter(|fails| send(fails)).count() as u64
        };
        let sending = thread::spawn(move || send(handle));
        let ended = running.clone();
        let ending = thread::spawn(move || end(&ended));
        let accepted = sending.join().expect("sending does not panic");
        ending.join().expect("ending does not panic");
        let exit = block_on(running.join());
        living.into_iter().for_each(|life| life.join().expect("a life does not panic"));
        let handled = handled.load(Ordering::SeqCst);
        assert_eq!(handled + exit.undelivered(), accepted, "{exit:?}");
        judge(accepted, &exit);
    });
}

#[test]
fn a_queue_without_handles_ends_after_all_its_messages() {
    pool(
        2,
        &[false; 3],
        |_running| {},
        |accepted, exit| {
            assert_eq!((accepted, exit.undelivered()), (3, 0));
            assert!(exit.is_normal(), "{exit:?}");
        },
    );
}

#[test]
fn a_failed_life_loses_no_message_of_the_queue() {
    pool(
        1,
        &[true, false],
        |_running| {},
        |accepted, exit| {
            assert_eq!((accepted, exit.undelivered()), (2, 0));
            assert_eq!(exit.workers[0].restarts, 1);
        },
    );
}

#[test]
fn a_stopped_queue_hands_out_all_accepted_messages() {
    pool(
        2,
        &[false; 2],
        |running| running.stop(Duration::from_secs(1)),
        |_accepted, exit| {
            assert_eq!(exit.undelivered(), 0);
            assert!(exit.is_normal(), "{exit:?}");
        },
    );
}

#[test]
fn a_killed_worker_returns_its_message_to_the_queue() {
    pool(
        2,
        &[false; 2],
        |running| running.workers()[0].kill(),
        |accepted, exit| {
            assert_eq!((accepted, exit.undelivered()), (2, 0));
        },
    );
}

#[test]
fn a_queue_ends_with_its_last_worker() {
    pool(1, &[false; 2], |running| running.workers()[0].kill(), |_accepted, _exit| {});
}
