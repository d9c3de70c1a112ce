//! A driver as one task of an async runtime.

use std::cell::Cell;
use std::future::{Future, pending, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::sync_channel;
use std::task::{Context as Task, Poll, Wake, Waker};
use std::thread;
use std::time::{Duration, Instant};

use actor_core::runtime::Timer;
use actor_core::{Actor, Context, Executor, ExitReason, Message, Reply, spawn};
use actor_embed::{Embed, EmbedTask, ManualClock};
use futures::executor::LocalPool;
use futures::task::LocalSpawnExt;

/// The timeout of every wait.
const PATIENCE: Duration = Duration::from_secs(30);

struct Double(u32, Reply<u32>);

impl Message for Double {}

struct Doubler;

impl Actor for Doubler {
    type Message = Double;

    async fn handle(&mut self, Double(n, reply): Double, _cx: &mut Context<Double>) {
        reply.send(2 * n);
    }
}

/// A timer that never fires. Counts those that exist.
struct Never(Arc<AtomicUsize>);

impl Never {
    fn boxed(alive: &Arc<AtomicUsize>) -> Box<dyn Timer> {
        alive.fetch_add(1, Ordering::Relaxed);
        Box::new(Self(Arc::clone(alive)))
    }
}

impl Timer for Never {
    fn arm(&mut self, _at: Instant) {}

    fn poll_expired(&mut self, _cx: &mut Task<'_>) -> Poll<()> {
        Poll::Pending
    }
}

impl Drop for Never {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

fn task() -> (Arc<dyn Executor>, EmbedTask) {
    let alive = Arc::default();
    Embed::in_task(move || Never::boxed(&alive)).build().expect("it is built")
}

#[test]
fn an_actor_in_a_task_is_asked_by_its_neighbours_and_by_other_threads() {
    let (executor, task) = task();
    let (doubler, running) = spawn(&executor, || Doubler).expect("it runs");
    drop((executor, running));
    let mut pool = LocalPool::new();
    let task = pool.spawner().spawn_local_with_handle(task).expect("the pool runs");
    let near = doubler.clone();
    let asking = async move { near.ask(|reply| Double(21, reply)).await };
    assert_eq!(pool.run_until(asking).expect("it is answered"), 42);
    let far = thread::spawn(move || doubler.ask_blocking(|reply| Double(4, reply), PATIENCE));
    // The task ends with the last handle, which the other thread drops.
    pool.run_until(task);
    assert_eq!(far.join().expect("asking does not panic").expect("it is answered"), 8);
}

#[test]
fn a_busy_executor_leaves_turns_to_the_other_tasks_of_its_host() {
    let (executor, task) = task();
    executor
        .spawn(Box::new(|| {
            Box::pin(poll_fn(|cx| {
                cx.waker().wake_by_ref();
                Poll::Pending
            }))
        }))
        .expect("the executor runs");
    let mut pool = LocalPool::new();
    pool.spawner().spawn_local(task).expect("the pool runs");
    let turns = Rc::new(Cell::new(0));
    let counts = Rc::clone(&turns);
    pool.run_until(poll_fn(move |cx| {
        counts.set(counts.get() + 1);
        cx.waker().wake_by_ref();
        if counts.get() == 100 { Poll::Ready(()) } else { Poll::Pending }
    }));
    assert_eq!(turns.get(), 100);
}

#[test]
fn a_dropped_task_ends_its_actors_as_abandoned() {
    let (executor, task) = task();
    let (_doubler, running) = spawn(&executor, || Doubler).expect("it runs");
    let mut pool = LocalPool::new();
    pool.spawner().spawn_local(task).expect("the pool runs");
    pool.run_until_stalled();
    drop(pool);
    let exit = running.join_blocking(Duration::ZERO).expect("it has ended");
    assert!(matches!(exit.reason, ExitReason::Abandoned));
    assert!(executor.join(Duration::ZERO));
}

/// Counts its calls.
#[derive(Default)]
struct Counts(AtomicUsize);

impl Wake for Counts {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn the_host_has_a_timer_only_while_a_timer_is_armed() {
    let (alive, clock) = (Arc::new(AtomicUsize::new(0)), ManualClock::new());
    let counts = Arc::clone(&alive);
    let embed = Embed::in_task(move || Never::boxed(&counts)).clock(clock.clone());
    let (executor, mut task) = embed.build().expect("it is built");
    let wakes = Arc::new(Counts::default());
    let waker = Waker::from(Arc::clone(&wakes));
    let mut cx = Task::from_waker(&waker);
    // Polls the task until it does not wake itself.
    let mut settle = || loop {
        let before = wakes.0.load(Ordering::Relaxed);
        assert!(Pin::new(&mut task).poll(&mut cx).is_pending());
        if wakes.0.load(Ordering::Relaxed) == before {
            return;
        }
    };
    let own = Arc::clone(&executor);
    let (sender, receiver) = sync_channel(1);
    executor
        .spawn(Box::new(move || {
            Box::pin(async move {
                let mut timer = own.timer();
                timer.arm(own.now() + Duration::from_secs(1));
                poll_fn(|cx| timer.poll_expired(cx)).await;
                sender.send(()).expect("there is room");
                pending::<()>().await;
            })
        }))
        .expect("the executor runs");
    assert_eq!(alive.load(Ordering::Relaxed), 0);
    settle();
    assert_eq!(alive.load(Ordering::Relaxed), 1, "armed for the deadline");
    clock.advance(Duration::from_secs(1));
    settle();
    receiver.try_recv().expect("the timer was due");
    assert_eq!(alive.load(Ordering::Relaxed), 0, "no deadline, no timer");
}
