//! An actor before its first message is small: its task, its mailbox's head, and a word or two for
//! each lane.
#![expect(unsafe_code, reason = "an allocator that counts is one")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, OnceLock};

use actor_lanes::actor::Down;
use actor_lanes::{Actor, Context, Executor, Handle, Message, Runtime, spawn};
use actor_tests::{PATIENCE, executor};

/// The system's allocator, and the number of allocated bytes.
struct Counting;

static BYTES: AtomicI64 = AtomicI64::new(0);

// SAFETY: the system's allocator does the work; counting touches no memory of its own.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        BYTES.fetch_add(layout.size() as i64, Ordering::Relaxed);
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        BYTES.fetch_sub(layout.size() as i64, Ordering::Relaxed);
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(memory, layout) };
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

struct Add(u64);
impl Message for Add {}

struct Sum(u64);
impl Actor for Sum {
    type Message = Add;

    async fn handle(&mut self, add: Add, _cx: &mut Context<Add>) {
        self.0 += add.0;
    }
}

/// The size of an idle actor of the most frugal framework with a mailbox, when measured against
/// this one.
const MOST: i64 = 677;

/// Waits until every future spawned before is waiting.
fn settle(executor: &Arc<dyn Executor>) {
    // Two rounds: the first runs after all earlier futures have been created, the second after they
    // have been polled.
    for _ in 0..2 {
        // The smallest possible channel, because the time of its drop by the future is unknown.
        let (tell, told) = sync_channel(1);
        let telling = async move { tell.send(()).expect("the test waits") };
        executor.spawn(Box::new(|| Box::pin(telling))).expect("the executor runs");
        told.recv_timeout(PATIENCE).expect("the executor runs");
    }
}

fn bytes_of_an_idle_actor(runtime: &dyn Runtime) -> i64 {
    const ACTORS: usize = 1000;

    let executor = executor(runtime);
    let mut actors = Vec::with_capacity(ACTORS);
    settle(&executor);
    let before = BYTES.load(Ordering::Relaxed);
    actors.extend((0..ACTORS).map(|_| spawn(&executor, || Sum(0)).expect("the executor runs")));
    settle(&executor);
    let bytes = BYTES.load(Ordering::Relaxed) - before;
    drop(actors);
    // The next runtime's measurement begins when these actors have ended.
    executor.stop();
    assert!(executor.join(PATIENCE), "its actors end, for nobody can reach them");
    bytes / ACTORS as i64
}

/// The sizes on each runtime. Measured once, and by no two tests at the same time.
fn sizes() -> &'static [(&'static str, i64)] {
    static SIZES: OnceLock<Vec<(&'static str, i64)>> = OnceLock::new();
    SIZES.get_or_init(|| {
        let measure =
            |runtime: &Arc<dyn Runtime>| (runtime.name(), bytes_of_an_idle_actor(&**runtime));
        actor_lanes::runtime::all().iter().map(measure).collect()
    })
}

#[test]
fn an_idle_actor_is_small() {
    for (runtime, bytes) in sizes() {
        assert!(*bytes < MOST, "{bytes} bytes on {runtime}");
    }
}

/// Watches an actor many times, and ends.
struct Watcher(Handle<Add>);
impl Actor for Watcher {
    type Message = Add;

    async fn started(&mut self, cx: &mut Context<Add>) {
        let add = |_: Down| Add(1);
        let first = cx.monitor(&self.0, add);
        (1..MONITORS).for_each(|_| _ = cx.monitor_weak(&self.0, add));
        assert!(cx.demonitor(first));
        cx.link(&self.0);
        cx.stop();
    }

    async fn handle(&mut self, _add: Add, _cx: &mut Context<Add>) {}
}

const MONITORS: usize = 10;

/// Watchers at the same time.
const ROUND: usize = 100;

#[test]
fn many_short_lived_watchers_of_one_actor_leave_no_memory() {
    // After the other measurement.
    sizes();
    let executor = executor(&actor_lanes::runtime::ThreadRuntime::new());
    let (target, _running) = spawn(&executor, || Sum(0)).expect("the executor runs");
    let round = || {
        let watch = |_| {
            spawn(&executor, {
                let target = target.clone();
                move || Watcher(target)
            })
            .expect("the executor runs")
            .1
        };
        let watching: Vec<_> = (0..ROUND).map(watch).collect();
        for running in watching {
            assert!(running.join_blocking(PATIENCE).is_some());
        }
        settle(&executor);
    };
    (0..10).for_each(|_| round());
    let before = BYTES.load(Ordering::Relaxed);
    (0..1_000_000 / MONITORS / ROUND).for_each(|_| round());
    let bytes = BYTES.load(Ordering::Relaxed) - before;
    assert!(bytes < 16 * 1024, "{bytes} bytes");
}
