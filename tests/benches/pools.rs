//! A program for counting the instructions of a message through a pool, on one thread and without a
//! runtime. A task is polled only after its wake.
//!
//! ```text
//! cargo bench -p actor-tests --bench pools --no-run
//! valgrind --tool=callgrind target/release/deps/pools-… least-loaded 4 100000
//! ```
//!
//! The first argument is the pool (`actor` stands for one actor without a pool), the second the
//! number of workers, the third the number of messages. To get the instructions per message, divide
//! the difference of two runs by the difference of their message counts.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::hint::black_box;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{self, Wake, Waker};
use std::time::{Duration, Instant, SystemTime};

use actor_lanes::pool::{Pool, PoolHandle, Route};
use actor_lanes::runtime::{ExecutorStopped, Maker, SmolRuntime, Timer};
use actor_lanes::{Actor, Context, Executor, Handle, Lane, Message, Runtime, spawn};

/// Messages sent before the actors are polled.
const BURST: u64 = 64;

thread_local! {
    static TASKS: RefCell<Vec<Task>> = const { RefCell::new(Vec::new()) };
    static HANDLED: Cell<u64> = const { Cell::new(0) };
}

struct Task {
    future: Pin<Box<dyn Future<Output = ()>>>,
    woken: Arc<Woken>,
    waker: Waker,
}

struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.store(true, Ordering::Release);
    }
}

/// Keeps futures for [`poll_woken`].
#[derive(Debug)]
struct Here(Arc<dyn Executor>);

impl Executor for Here {
    fn spawn(&self, maker: Maker) -> Result<(), ExecutorStopped> {
        let woken = Arc::new(Woken(AtomicBool::new(true)));
        let task = Task { future: maker(), waker: Waker::from(Arc::clone(&woken)), woken };
        TASKS.with_borrow_mut(|tasks| tasks.push(task));
        Ok(())
    }

    fn timer(&self) -> Box<dyn Timer> {
        self.0.timer()
    }

    fn now(&self) -> Instant {
        self.0.now()
    }

    fn wall_now(&self) -> SystemTime {
        self.0.wall_now()
    }

    fn run_blocking(&self, work: Box<dyn FnOnce() + Send>) {
        work();
    }

    fn stop(&self) {}

    fn join(&self, _timeout: Duration) -> bool {
        true
    }
}

fn poll_woken() {
    TASKS.with_borrow_mut(|tasks| {
        for Task { future, woken, waker } in tasks {
            if woken.0.load(Ordering::Relaxed) {
                woken.0.store(false, Ordering::Relaxed);
                let poll = future.as_mut().poll(&mut task::Context::from_waker(waker));
                assert!(poll.is_pending(), "no actor ends here");
            }
        }
    });
}

struct Count(u64);

impl Message for Count {
    const LANES: &'static [Lane] = &[Lane::fifo("counts", 256)];
}

struct Counter(u64);

impl Actor for Counter {
    type Message = Count;

    async fn handle(&mut self, Count(n): Count, _cx: &mut Context<Count>) {
        self.0 += black_box(n);
        HANDLED.set(HANDLED.get() + 1);
    }
}

enum Way {
    Actor(Handle<Count>),
    Pool(PoolHandle<Count>),
}

fn start(executor: &Arc<dyn Executor>, kind: &str, workers: usize) -> Way {
    let routed = |route| Pool::new(workers).route(route).start(executor, |_| Counter(0));
    let pool = match kind {
        "round-robin" => routed(Route::RoundRobin),
        "least-loaded" => routed(Route::LeastLoaded),
        "by-key" => routed(Route::by_key(|count: &Count| count.0)),
        "shared-queue" => Pool::shared_queue(workers).start(executor, |_| Counter(0)),
        _ => return Way::Actor(spawn(executor, || Counter(0)).expect("it takes all").0),
    };
    Way::Pool(pool.expect("it takes all").0)
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let kind = arguments.next().unwrap_or_default();
    let mut number = |otherwise| arguments.next().and_then(|n| n.parse().ok()).unwrap_or(otherwise);
    let (workers, messages) = (number(4), number(10_000) as u64);
    let clock = SmolRuntime::new()
        .start_executor(actor_lanes::ThreadConfig::named("clock"))
        .expect("a thread starts");
    let executor: Arc<dyn Executor> = Arc::new(Here(Arc::clone(&clock)));
    let way = start(&executor, &kind, workers);
    poll_woken();
    let start = clock.now();
    let mut sent = 0;
    while sent < messages {
        for n in 0..BURST {
            let told = match &way {
                Way::Actor(actor) => actor.try_tell(Count(n)).is_ok(),
                Way::Pool(pool) => pool.try_tell(Count(n)).is_ok(),
            };
            assert!(told, "there is room");
        }
        sent += BURST;
        while HANDLED.get() < sent {
            poll_woken();
        }
    }
    let took = clock.now().duration_since(start);
    println!("{kind} {workers}: {:.1} ns each", took.as_secs_f64() * 1e9 / sent as f64);
}
