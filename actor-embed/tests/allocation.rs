//! The memory cost of a message and of a turn: none in steady use, with or without sleeps.
//!
//! A separate test binary, because it counts every allocation of its process's threads, by thread.

#![expect(unsafe_code, reason = "a global allocator that counts can be written in no other way")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use actor_core::{Actor, Context, Handle, Message, spawn};
use actor_embed::{Budget, Driver, Embed, ManualClock};

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

struct Add(u32);

impl Message for Add {}

/// Sums, and arms a timer again with each message.
struct Sum {
    total: Arc<AtomicU32>,
    has_timer: bool,
}

impl Actor for Sum {
    type Message = Add;

    async fn handle(&mut self, Add(n): Add, cx: &mut Context<Add>) {
        self.total.fetch_add(n, Ordering::Relaxed);
        if n > 0 && self.has_timer {
            cx.after(Duration::from_millis(1), Add(0));
        }
    }
}

/// Returns an actor, its sum and its driver, warm.
fn warm(has_timer: bool) -> (Handle<Add>, Arc<AtomicU32>, Driver) {
    let embed = Embed::new(|| {}).clock(ManualClock::new());
    let (executor, mut driver) = embed.build().expect("it is built");
    let total = Arc::new(AtomicU32::new(0));
    let sum = Arc::clone(&total);
    let (handle, _running) =
        spawn(&executor, move || Sum { total: sum, has_timer }).expect("it runs");
    for _ in 0..1_000 {
        handle.try_tell(Add(1)).expect("there is room");
        driver.advance(Duration::from_millis(2));
    }
    total.store(0, Ordering::Relaxed);
    (handle, total, driver)
}

#[test]
fn a_tell_and_a_turn_allocate_nothing() {
    let (handle, total, mut driver) = warm(false);
    let before = ALLOCATIONS.get();
    for _ in 0..ROUNDS {
        handle.try_tell(Add(1)).expect("there is room");
        driver.turn(Budget::polls(64));
        handle.try_tell(Add(1)).expect("there is room");
        driver.poll(Duration::from_secs(1));
    }
    assert_eq!(ALLOCATIONS.get() - before, 0);
    assert_eq!(total.load(Ordering::Relaxed), 2 * ROUNDS);
}

#[test]
fn a_timer_in_turns_allocates_nothing() {
    let (handle, total, mut driver) = warm(true);
    let before = ALLOCATIONS.get();
    for _ in 0..ROUNDS {
        handle.try_tell(Add(1)).expect("there is room");
        driver.advance(Duration::from_millis(2));
    }
    assert_eq!(ALLOCATIONS.get() - before, 0);
    assert_eq!(total.load(Ordering::Relaxed), ROUNDS);
}

#[test]
fn a_tell_from_another_thread_allocates_nothing_though_it_calls_the_wake() {
    let here = thread::current();
    let (executor, mut driver) = Embed::new(move || here.unpark()).build().expect("it is built");
    let total = Arc::new(AtomicU32::new(0));
    let sum = Arc::clone(&total);
    let make = move || Sum { total: sum, has_timer: false };
    let (handle, running) = spawn(&executor, make).expect("it runs");
    drop((executor, running));
    let told = Arc::clone(&total);
    let telling = thread::spawn(move || {
        let mut before = 0;
        for round in 0..ROUNDS {
            if round == 1_000 {
                before = ALLOCATIONS.get();
            }
            handle.try_tell(Add(1)).expect("there is room");
            // Each message is then separate, and most of them end a sleep.
            while told.load(Ordering::Acquire) <= round {
                thread::yield_now();
            }
        }
        ALLOCATIONS.get() - before
    });
    let mut before = None;
    loop {
        if total.load(Ordering::Relaxed) >= 1_000 {
            before.get_or_insert(ALLOCATIONS.get());
        }
        let turn = driver.turn(Budget::polls(64));
        if total.load(Ordering::Relaxed) == ROUNDS {
            break;
        }
        if !turn.has_more {
            thread::park();
        }
    }
    assert_eq!(ALLOCATIONS.get() - before.expect("it was warm"), 0);
    assert_eq!(telling.join().expect("telling does not panic"), 0);
}
