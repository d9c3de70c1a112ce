//! The memory cost of waking: none, on the executor's thread and on any other. Arming a timer again
//! allocates nothing either.
//!
//! A separate test binary, because it counts every allocation of its process's threads, by thread.

#![expect(unsafe_code, reason = "a global allocator that counts can be written in no other way")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::sync_channel;
use std::task::Poll;
use std::time::Duration;

use actor_core::{Executor, Runtime, ThreadConfig};
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

const ROUNDS: u32 = 10_000;

/// Polls a future until `step` returns `Ready`. Returns the number of its thread's allocations
/// meanwhile, without those of the first polls.
fn allocations_of(
    mut step: impl FnMut(&Arc<dyn Executor>, &mut std::task::Context<'_>) -> Poll<()> + Send + 'static,
) {
    const WARM: u32 = 500;

    let runtime = ThreadRuntime::new().spin(Duration::ZERO);
    let executor = runtime.start_executor(ThreadConfig::named("counted")).expect("a thread");
    let own = Arc::clone(&executor);
    let (tell, told) = sync_channel(1);
    let future = move || async move {
        let (mut polls, mut before) = (0, 0);
        poll_fn(|cx| {
            polls += 1;
            if polls == WARM {
                before = ALLOCATIONS.get();
            }
            step(&own, cx)
        })
        .await;
        assert!(polls > WARM, "something was counted");
        tell.send(ALLOCATIONS.get() - before).expect("the test waits");
    };
    executor
        .spawn(Box::new(move || Box::pin(future()) as Pin<Box<dyn Future<Output = ()>>>))
        .expect("the executor takes futures");
    assert_eq!(
        told.recv_timeout(Duration::from_secs(60)),
        Ok(0),
        "allocations on the executor's thread"
    );
}

#[test]
fn waking_on_the_own_thread_allocates_nothing() {
    let mut left = ROUNDS;
    allocations_of(move |_, cx| {
        left -= 1;
        cx.waker().wake_by_ref();
        if left == 0 { Poll::Ready(()) } else { Poll::Pending }
    });
}

#[test]
fn waking_from_another_thread_allocates_nothing() {
    let polled = Arc::new(AtomicU32::new(0));
    let (lend, lent) = sync_channel::<std::task::Waker>(1);
    let sees = Arc::clone(&polled);
    let waking = std::thread::spawn(move || {
        let waker = lent.recv().expect("it is lent");
        let before = ALLOCATIONS.get();
        for round in 1..ROUNDS {
            waker.wake_by_ref();
            // Each wake is then separate, and some are wakes of a parked thread.
            while sees.load(Ordering::Acquire) <= round {
                std::hint::spin_loop();
            }
        }
        assert_eq!(ALLOCATIONS.get() - before, 0, "allocations on the waking thread");
    });
    let mut lend = Some(lend);
    allocations_of(move |_, cx| {
        if let Some(lend) = lend.take() {
            lend.send(cx.waker().clone()).expect("it waits");
        }
        if polled.fetch_add(1, Ordering::Release) + 1 == ROUNDS {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    });
    waking.join().expect("waking allocates nothing");
}

#[test]
fn arming_a_timer_again_allocates_nothing() {
    let (mut timer, mut left) = (None, ROUNDS);
    allocations_of(move |executor, cx| {
        let timer = timer.get_or_insert_with(|| executor.timer());
        left -= 1;
        // Alternately earlier and later than before: mostly far in the future, and sometimes close
        // enough to fire.
        let after = if left % 100 == 0 { 50 } else { 1_000_000 + u64::from(left % 7) };
        timer.arm(executor.now() + Duration::from_micros(after));
        if timer.poll_expired(cx).is_pending() && after > 50 {
            cx.waker().wake_by_ref();
        }
        if left == 0 { Poll::Ready(()) } else { Poll::Pending }
    });
}
