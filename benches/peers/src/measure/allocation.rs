//! The system's allocator, with counters that can be switched on.
//!
//! Counting is off in the timed rounds: two counters written by all threads would cost more than
//! the allocations themselves. Each contestant has a separate round with counting.

#![expect(unsafe_code, reason = "a global allocator that counts can be written in no other way")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};

struct Counting;

#[global_allocator]
static COUNTING: Counting = Counting;

/// Read by every allocation, and written only between rounds. Its cache line stays shared by all
/// cores.
static ENABLED: AtomicBool = AtomicBool::new(false);
static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);
/// Bytes allocated minus bytes freed while counting. Negative if memory allocated earlier is freed.
static LIVE: AtomicI64 = AtomicI64::new(0);

/// Counts allocations while `work` runs, on all threads.
pub(crate) fn counting<T>(work: impl FnOnce() -> T) -> T {
    let before = ENABLED.swap(true, Ordering::Relaxed);
    let result = work();
    ENABLED.store(before, Ordering::Relaxed);
    result
}

/// Allocations counted so far, `realloc` among them.
pub(crate) fn allocations() -> u64 {
    ALLOCATIONS.load(Ordering::Relaxed)
}

/// Bytes allocated while counting and not freed.
pub(crate) fn live_bytes() -> i64 {
    LIVE.load(Ordering::Relaxed)
}

fn count(allocations: u64, grown: usize, shrunk: usize) {
    if ENABLED.load(Ordering::Relaxed) {
        ALLOCATIONS.fetch_add(allocations, Ordering::Relaxed);
        LIVE.fetch_add(signed(grown) - signed(shrunk), Ordering::Relaxed);
    }
}

fn signed(bytes: usize) -> i64 {
    // A layout is never larger than `isize::MAX`, and an allocator must not panic.
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

// SAFETY: every call is passed on to the system's allocator unchanged; counting touches atomics
// only.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(1, layout.size(), 0);
        // SAFETY: the caller keeps to the contract of `alloc`, which is the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(1, layout.size(), 0);
        // SAFETY: the caller keeps to the contract of `alloc_zeroed`, which is the same.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(0, 0, layout.size());
        // SAFETY: the caller keeps to the contract of `dealloc`, and every pointer comes from
        // `System`.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(1, size, layout.size());
        // SAFETY: the caller keeps to the contract of `realloc`, and every pointer comes from
        // `System`.
        unsafe { System.realloc(pointer, layout, size) }
    }
}
