//! The real types, of `std`.

pub(crate) use std::alloc::{alloc, dealloc};
pub(crate) use std::hint::spin_loop;
pub(crate) use std::sync::atomic::{
    AtomicBool, AtomicPtr, AtomicU64, AtomicUsize, Ordering, fence,
};
pub(crate) use std::thread_local as per_thread;

use std::hash::{BuildHasher, RandomState};

/// The number of blocks of one size kept by a thread for its next asks.
pub(crate) const CACHED_BLOCKS: usize = 256;

/// The number of lanes with their bits in one word.
pub(crate) const WORD_BITS: usize = 64;

/// Up to this number of lanes, at most 16, the receiver checks each lane in turn. A record of the
/// filled lanes would cost more.
pub(crate) const FEW_LANES: usize = 4;

/// The number of slots in a new ring.
pub(crate) const FIRST_SLOTS: usize = 8;

/// The number of a table's entries in one cache line.
pub(crate) const NEIGHBOURS: usize = 8;

/// Returns an unpredictable number, for hashes of values chosen by peers.
pub(crate) fn unforeseen() -> u64 {
    RandomState::new().hash_one(0)
}

/// Nothing: the `SeqCst` accesses before and after it have one order, the same for all threads.
#[inline(always)]
pub(crate) fn store_before_load() {}

/// Prefetches the cache line of memory that this thread will soon write. A hint with an effect on
/// time only: for any address, nothing is read or written, and nothing faults.
#[cfg(all(target_arch = "x86_64", not(miri)))]
#[inline(always)]
#[expect(
    unsafe_code,
    reason = "the compiler has no name for this hint that does not depend on compiler flags"
)]
pub(crate) fn prepare_to_write<T>(soon: *const T) {
    // SAFETY: the instruction neither reads nor writes, and never faults. Processors without it do
    // nothing.
    unsafe { std::arch::asm!("prefetchw [{}]", in(reg) soon, options(nostack, preserves_flags)) }
}

/// Nothing, where the hint has no name or no meaning.
#[cfg(not(all(target_arch = "x86_64", not(miri))))]
#[inline(always)]
pub(crate) fn prepare_to_write<T>(_soon: *const T) {}

/// Nothing: a retrying task is polled again by its executor.
#[inline(always)]
pub(crate) fn comes_back() {}

/// Checks, under a model, that no other thread can still access the atomic. No cost here.
#[inline(always)]
pub(crate) fn assert_exclusive(_atomic: &mut AtomicUsize) {}

/// std's cell with loom's interface.
#[derive(Debug)]
#[repr(transparent)]
pub(crate) struct UnsafeCell<T>(std::cell::UnsafeCell<T>);

impl<T> UnsafeCell<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self(std::cell::UnsafeCell::new(value))
    }

    #[inline(always)]
    pub(crate) fn with<R>(&self, read: impl FnOnce(*const T) -> R) -> R {
        read(self.0.get())
    }

    #[inline(always)]
    pub(crate) fn with_mut<R>(&self, write: impl FnOnce(*mut T) -> R) -> R {
        write(self.0.get())
    }
}
