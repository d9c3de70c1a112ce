//! An actor before its first message is small: its task, its mailbox's head, and a word or two for
//! each lane.
#![expect(unsafe_code, reason = "an allocator that counts is one")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::mpsc::sync_channel;

use actor_lanes::{Actor, Context, Executor, Message, Runtime, spawn};
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

/// One test, so that no other allocates meanwhile.
#[test]
fn an_idle_actor_is_small() {
    for runtime in actor_lanes::runtime::all() {
        let bytes = bytes_of_an_idle_actor(&*runtime);
        assert!(bytes < MOST, "{bytes} bytes on {}", runtime.name());
    }
}
