//! The allocations of a message to a pool: none, whether it is accepted or refused.
//!
//! A test binary of its own, because it counts all allocations of its process, per thread.

#![expect(unsafe_code, reason = "a global allocator that counts can be written in no other way")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::time::Duration;

use actor_core::{Actor, Context, Lane, Message, Runtime, ThreadConfig, TryTellError};
use actor_system::pool::{Pool, Route};
use actor_thread::ThreadRuntime;

/// The system's allocator, with a count.
struct Counting;

thread_local!(static ALLOCATIONS: Cell<usize> = const { Cell::new(0) });

fn count() {
    // An ending thread may allocate after its locals are gone. Its count is not read any more.
    _ = ALLOCATIONS.try_with(|allocations| allocations.set(allocations.get() + 1));
}

// SAFETY: every call is passed on to the system's allocator unchanged. Counting touches a `const`
// thread-local without a destructor, and so allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller keeps to the contract of `alloc`, which is the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps to the contract of `dealloc`, and every pointer comes from
        // `System`.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: the caller keeps to the contract of `realloc`, and every pointer comes from
        // `System`.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

struct Job(u64);

impl Message for Job {
    // No more than the slots of the first message, so that no lane grows during the count.
    const LANES: &'static [Lane] = &[Lane::fifo("jobs", 8)];
}

struct Worker;

impl Actor for Worker {
    type Message = Job;

    async fn handle(&mut self, _job: Job, _cx: &mut Context<Job>) {}
}

#[test]
fn a_message_to_a_pool_allocates_nothing() {
    let place =
        ThreadRuntime::new().start_executor(ThreadConfig::named("pool")).expect("it starts");
    let routed = |route| Pool::new(6).route(route).start(&place, |_index| Worker);
    let pools = [
        routed(Route::RoundRobin),
        routed(Route::LeastLoaded),
        routed(Route::by_key(|job: &Job| job.0)),
        Pool::shared_queue(6).start(&place, |_index| Worker),
    ];
    for (number, pool) in pools.into_iter().enumerate() {
        let (pool, running) = pool.expect("the place takes all");
        // The first message of each lane makes its memory.
        for n in 0..200 {
            pool.tell_blocking(Job(n), Duration::from_secs(30)).expect("there is room in time");
        }
        let (mut accepted, mut refused) = (0, 0);
        let before = ALLOCATIONS.get();
        for n in 0..20_000 {
            match pool.try_tell(Job(n)) {
                Ok(()) => accepted += 1,
                Err(TryTellError::Full(_)) => refused += 1,
                Err(TryTellError::Closed(_)) => panic!("the workers run"),
            }
        }
        let allocated = ALLOCATIONS.get() - before;
        assert_eq!(allocated, 0, "pool {number}: {accepted} accepted, {refused} refused");
        assert!(accepted > 0);
        running.kill();
        running.join_blocking(Duration::from_secs(30)).expect("it ends");
    }
}
