//! The memory of timers: a stated number of bytes for each, and none kept after them.
//!
//! A separate test binary, because it counts all bytes of its threads, by thread.

#![expect(unsafe_code, reason = "a global allocator that counts can be written in no other way")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::time::Duration;

use actor_core::{Actor, Context, Message, spawn};
use actor_embed::{Embed, ManualClock};

/// The system's allocator, with a count.
struct Counting;

thread_local!(static BYTES: Cell<isize> = const { Cell::new(0) });
thread_local!(static ALLOCATIONS: Cell<isize> = const { Cell::new(0) });

fn count(bytes: isize) {
    // An ending thread may allocate after its locals are gone. Its count is not read any more.
    _ = BYTES.try_with(|all| all.set(all.get() + bytes));
    _ = ALLOCATIONS.try_with(|all| all.set(all.get() + isize::from(bytes > 0)));
}

// SAFETY: every call is passed on to the system's allocator unchanged. Counting touches `const`
// thread-locals without a destructor, and so allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        // SAFETY: the caller keeps to the contract of `alloc`, which is the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(-(layout.size() as isize));
        // SAFETY: the caller keeps to the contract of `dealloc`, and every pointer comes from
        // `System`.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

const TIMERS: u64 = 100_000;

/// A message of 8 bytes.
struct Timeout(u64);

impl Message for Timeout {}

/// Returns the bytes of an operation and the number of its allocations.
fn cost(operation: impl FnOnce()) -> (isize, isize) {
    let (bytes, allocations) = (BYTES.get(), ALLOCATIONS.get());
    operation();
    (BYTES.get() - bytes, ALLOCATIONS.get() - allocations)
}

type Arm = fn(u64, &mut Context<Timeout>);

/// Arms the timers at its start, and reports the cost. Handles them all, and reports again.
struct Peers {
    arm: Arm,
    left: u64,
    before: isize,
    costs: SyncSender<(isize, isize)>,
}

impl Actor for Peers {
    type Message = Timeout;

    async fn started(&mut self, cx: &mut Context<Timeout>) {
        // What an actor has with its first timer.
        let first = cx.after(Duration::ZERO, Timeout(0));
        cx.cancel(first);
        self.before = BYTES.get();
        let cost = cost(|| (0..TIMERS).for_each(|n| (self.arm)(n, cx)));
        self.costs.send(cost).expect("the test reads");
    }

    async fn handle(&mut self, Timeout(n): Timeout, _cx: &mut Context<Timeout>) {
        assert!(n < TIMERS);
        self.left -= 1;
        if self.left == 0 {
            // The timer of the runtime, and the figures of messages beside the lanes.
            self.costs.send((BYTES.get() - self.before, 0)).expect("the test reads");
        }
    }
}

/// Returns the bytes and the allocations of all timers, and the bytes left after them.
fn measure(arm: Arm) -> (isize, isize, isize) {
    let (executor, mut driver) =
        Embed::new(|| {}).clock(ManualClock::new()).build().expect("it is built");
    let (costs, measured) = sync_channel(2);
    let make = move || Peers { arm, left: TIMERS, before: 0, costs };
    let (_peers, _running) = spawn(&executor, make).expect("it runs");
    driver.advance(Duration::from_secs(100));
    let (bytes, allocations) = measured.try_recv().expect("it has started");
    let (left, _) = measured.try_recv().expect("all timers were handled");
    (bytes, allocations, left)
}

/// Times in no order, within 100 seconds.
fn delay(n: u64) -> Duration {
    Duration::from_micros(n.wrapping_mul(0x9e37_79b9) % 100_000_000)
}

#[test]
fn a_timer_costs_a_stated_number_of_bytes() {
    let plain_in_order: Arm = |n, cx| _ = cx.after(Duration::from_micros(n), Timeout(n));
    let plain: Arm = |n, cx| _ = cx.after(delay(n), Timeout(n));
    let keyed: Arm = |n, cx| _ = cx.timer().key(("peer", n)).after(delay(n), Timeout(n));
    // Each key's timer is replaced three times.
    let replaced: Arm = |n, cx| {
        (0..4).for_each(|_| _ = cx.timer().key(("peer", n)).after(delay(n), Timeout(n)));
    };
    let table = [
        ("plain, in the order of the times", plain_in_order, 80, 0.2),
        ("plain", plain, 74, 0.2),
        ("with a key", keyed, 240, 1.4),
        ("with a key, replaced", replaced, 240, 5.4),
    ];
    for (name, arm, most_bytes, most_allocations) in table {
        let (bytes, allocations, left) = measure(arm);
        let each = bytes as f64 / TIMERS as f64;
        let allocations = allocations as f64 / TIMERS as f64;
        println!("{name}: {each:.1} bytes, {allocations:.2} allocations; {left} bytes are left");
        assert!(each <= f64::from(most_bytes), "{name}: {each:.1} bytes");
        assert!(allocations <= most_allocations, "{name}: {allocations:.2} allocations");
        assert!(left <= 2048, "{name}: {left} bytes are left");
    }
}
