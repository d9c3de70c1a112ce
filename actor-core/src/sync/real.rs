//! The real ones.

pub(crate) use std::alloc::{alloc, dealloc};
pub(crate) use std::hint::spin_loop;
pub(crate) use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, AtomicUsize, Ordering, fence};

use std::hash::{BuildHasher, RandomState};

/// The blocks of one size that a thread keeps for its next asks.
pub(crate) const CACHED_BLOCKS: usize = 256;

/// The lanes whose bits are in one word.
pub(crate) const WORD_BITS: usize = 64;

/// Lanes that are looked at one by one, 16 at most. To keep account of which are filled would cost more.
pub(crate) const FEW_LANES: usize = 4;

/// The slots that a ring begins with.
pub(crate) const FIRST_SLOTS: usize = 8;

/// The entries of a table that one cache line holds.
pub(crate) const NEIGHBOURS: usize = 8;

/// Returns a number that nobody can foresee, for hashes of what peers choose.
pub(crate) fn unforeseen() -> u64 {
    RandomState::new().hash_one(0)
}

/// Nothing: the `SeqCst` accesses before and after it are in one order that all threads agree on.
#[inline(always)]
pub(crate) fn store_before_load() {}

/// Asks for the cache line of what this thread is going to write soon. A hint without any effect but on time: whatever the
/// address is, nothing is read or written, and nothing faults.
#[cfg(all(target_arch = "x86_64", not(miri)))]
#[inline(always)]
#[expect(unsafe_code, reason = "the compiler has no name for this hint that does not depend on compiler flags")]
pub(crate) fn prepare_to_write<T>(soon: *const T) {
    // SAFETY: the instruction neither reads nor writes, and never faults. Processors without it do nothing.
    unsafe { std::arch::asm!("prefetchw [{}]", in(reg) soon, options(nostack, preserves_flags)) }
}

/// Nothing, where the hint has no name or no meaning.
#[cfg(not(all(target_arch = "x86_64", not(miri))))]
#[inline(always)]
pub(crate) fn prepare_to_write<T>(_soon: *const T) {}

/// Nothing: whoever comes back does so by way of its executor.
#[inline(always)]
pub(crate) fn comes_back() {}

/// Has the model check that nobody else can still be at the atomic; that costs nothing here.
#[inline(always)]
pub(crate) fn assert_exclusive(_atomic: &mut AtomicUsize) {}

/// std's cell with loom's face.
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
