//! Actors and the program's tasks on one executor take turns. The tests count turns, not time.

use std::cell::Cell;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;

use actor_core::{Actor, Executor, Message, Running, spawn};
use actor_smol::SmolRuntime;
use async_executor::LocalExecutor;

use crate::rig::{Call, PATIENCE, Worker, yield_now};

struct Again;

impl Message for Again {}

/// Always has more to do. Counts its messages.
struct Busy(Arc<AtomicUsize>);

impl Actor for Busy {
    type Message = Again;

    async fn handle(&mut self, _again: Again, cx: &mut actor_core::Context<Again>) {
        self.0.fetch_add(1, Ordering::Relaxed);
        cx.handle().try_tell(Again).expect("there is room for what was taken");
    }
}

/// The messages of a turn: its limit, and a few for its last check.
const TURN: usize = 160;

/// Starts busy actors, each with enough messages to never run out of them.
fn start_busy(executor: &Arc<dyn Executor>, number: usize) -> (Arc<AtomicUsize>, Vec<Running>) {
    let handled = Arc::new(AtomicUsize::new(0));
    let start = |_| {
        let counts = Arc::clone(&handled);
        let (busy, running) = spawn(executor, move || Busy(counts)).expect("it takes actors");
        (0..300).for_each(|_| busy.try_tell(Again).expect("there is room"));
        running
    };
    let running = (0..number).map(start).collect();
    (handled, running)
}

#[test]
fn busy_actors_take_turns_with_a_task() {
    const ACTORS: usize = 3;
    let tasks = LocalExecutor::new();
    let executor = SmolRuntime::on(&tasks).expect("a place");
    let (handled, running) = start_busy(&executor, ACTORS);
    let task = tasks.spawn(async move {
        while handled.load(Ordering::Relaxed) == 0 {
            yield_now().await;
        }
        let mut turns_with_work = 0;
        for _ in 0..200 {
            let before = handled.load(Ordering::Relaxed);
            yield_now().await;
            let between = handled.load(Ordering::Relaxed) - before;
            assert!(between <= 2 * ACTORS * TURN, "{between} messages between two turns");
            turns_with_work += usize::from(between > 0);
        }
        assert!(
            turns_with_work >= 100,
            "the actors had {turns_with_work} turns in 200 of the task"
        );
        running.iter().for_each(Running::kill);
    });
    async_io::block_on(tasks.run(task));
}

#[test]
fn busy_tasks_do_not_delay_an_actor() {
    let turns = Rc::new(Cell::new(0_usize));
    let tasks = LocalExecutor::new();
    let executor = SmolRuntime::on(&tasks).expect("a place");
    for _ in 0..3 {
        let turns = Rc::clone(&turns);
        let endless = async move {
            loop {
                turns.set(turns.get() + 1);
                yield_now().await;
            }
        };
        tasks.spawn(endless).detach();
    }
    let task = tasks.spawn(async move {
        let (worker, _running) = spawn(&executor, Worker::default).expect("it takes actors");
        worker.ask(Call::Count).await.expect("it runs");
        for _ in 0..100 {
            let before = turns.get();
            worker.ask(Call::Count).await.expect("it runs");
            let between = turns.get() - before;
            assert!(between <= 3 * 4, "{between} turns of three tasks for one ask");
        }
    });
    async_io::block_on(tasks.run(task));
}

/// Counts wakes.
#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn a_sleeping_executor_is_woken_once_for_many_actors() {
    let tasks = LocalExecutor::new();
    let executor = SmolRuntime::on(&tasks).expect("a place");
    let workers: Vec<_> =
        (0..20).map(|_| spawn(&executor, Worker::default).expect("it takes actors")).collect();
    let wakes = Arc::new(Wakes::default());
    let waker = Waker::from(Arc::clone(&wakes));
    let mut runs = pin!(tasks.run(std::future::pending::<()>()));
    let mut run = || {
        for _ in 0..10 {
            let polled = runs.as_mut().poll(&mut Context::from_waker(&waker));
            assert!(matches!(polled, Poll::Pending), "it never ends");
        }
    };
    run();
    for _ in 0..10 {
        wakes.0.store(0, Ordering::SeqCst);
        thread::scope(|threads| {
            for (worker, _) in &workers {
                threads.spawn(|| worker.try_tell(Call::work(|| async {})).expect("room"));
            }
        });
        assert_eq!(wakes.0.load(Ordering::SeqCst), 1, "one for the first message");
        run();
    }
    for (worker, running) in workers {
        drop(worker);
        run();
        let exit = running.join_blocking(PATIENCE).expect("nothing reaches it");
        assert_eq!(exit.lanes[0].handled, 10);
    }
}
