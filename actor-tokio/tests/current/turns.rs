//! Actors and the program's tasks on one runtime take turns. The tests count turns, not time.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

use actor_core::{Actor, Executor, Message, Running, spawn};
use actor_tokio::TokioRuntime;
use tokio::task::{LocalSet, yield_now};

use crate::rig::{Call, PATIENCE, Worker};

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

/// Checks that a task of the program has a turn after each turn of the busy actors.
async fn a_task_takes_turns_with(executor: &Arc<dyn Executor>) {
    const ACTORS: usize = 3;
    let (handled, running) = start_busy(executor, ACTORS);
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
    assert!(turns_with_work >= 100, "the actors had {turns_with_work} turns in 200 of the task");
    running.iter().for_each(Running::kill);
}

#[tokio::test]
async fn busy_actors_take_turns_with_a_task() {
    a_task_takes_turns_with(&TokioRuntime::current().expect("a runtime")).await;
}

#[tokio::test]
async fn busy_actors_take_turns_with_a_task_of_a_local_set() {
    let tasks = LocalSet::new();
    let executor = TokioRuntime::in_local_set(&tasks).expect("a context");
    tasks.run_until(async { a_task_takes_turns_with(&executor).await }).await;
}

#[tokio::test(start_paused = true)]
async fn busy_actors_do_not_delay_a_timer_of_the_program() {
    let executor = TokioRuntime::current().expect("a runtime");
    let (handled, running) = start_busy(&executor, 3);
    // Due at the next look at the timers. The paused clock is moved by hand, because busy actors
    // leave no idle moment to it.
    let sleep = tokio::spawn(tokio::time::sleep(Duration::from_millis(5)));
    yield_now().await;
    tokio::time::advance(Duration::from_millis(10)).await;
    let before = handled.load(Ordering::Relaxed);
    sleep.await.expect("no panic");
    let between = handled.load(Ordering::Relaxed) - before;
    assert!(between <= 4 * 3 * TURN, "{between} messages until the timer was seen");
    running.iter().for_each(Running::kill);
}

#[tokio::test]
async fn busy_tasks_do_not_delay_an_actor() {
    let turns = Rc::new(Cell::new(0_usize));
    let tasks = LocalSet::new();
    let executor = TokioRuntime::in_local_set(&tasks).expect("a context");
    for _ in 0..3 {
        let turns = Rc::clone(&turns);
        tasks.spawn_local(async move {
            loop {
                turns.set(turns.get() + 1);
                yield_now().await;
            }
        });
    }
    let counts = Rc::clone(&turns);
    tasks
        .run_until(async move {
            let (worker, _running) = spawn(&executor, Worker::default).expect("it takes actors");
            worker.ask(Call::Count).await.expect("it runs");
            for _ in 0..100 {
                let before = counts.get();
                worker.ask(Call::Count).await.expect("it runs");
                let between = counts.get() - before;
                assert!(between <= 3 * 4, "{between} turns of three tasks for one ask");
            }
        })
        .await;
}

#[tokio::test]
async fn an_actor_that_exhausts_its_budget_of_tokio_gives_way() {
    // tokio's semaphore is always ready here, and tokio limits the number of its uses in one poll.
    let executor = TokioRuntime::current().expect("a runtime");
    let (worker, running) = spawn(&executor, Worker::default).expect("it takes actors");
    let used = Arc::new(AtomicUsize::new(0));
    let uses = Arc::clone(&used);
    let endless = Call::work(move || async move {
        let semaphore = tokio::sync::Semaphore::new(1);
        loop {
            drop(semaphore.acquire().await.expect("it is open"));
            uses.fetch_add(1, Ordering::Relaxed);
        }
    });
    worker.try_tell(endless).expect("there is room");
    for _ in 0..100 {
        let before = used.load(Ordering::Relaxed);
        yield_now().await;
        let between = used.load(Ordering::Relaxed) - before;
        assert!(between <= 1_000, "{between} uses between two turns of a task");
    }
    assert!(used.load(Ordering::Relaxed) >= 1_000);
    running.kill();
    assert!(!running.join().await.reason.is_normal());
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
fn a_sleeping_runtime_is_woken_once_for_many_actors() {
    // A `LocalSet` polled by hand: its waker is the runtime's.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime");
    let _context = runtime.enter();
    let mut tasks = std::pin::pin!(LocalSet::new());
    let executor = TokioRuntime::in_local_set(&tasks).expect("a context");
    let wakes = Arc::new(Wakes::default());
    let waker = Waker::from(Arc::clone(&wakes));
    let mut run = || {
        for _ in 0..10 {
            let polled = tasks.as_mut().poll(&mut Context::from_waker(&waker));
            assert!(matches!(polled, Poll::Pending), "the executor has an owner");
        }
    };
    let workers: Vec<_> =
        (0..20).map(|_| spawn(&executor, Worker::default).expect("it takes actors")).collect();
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
