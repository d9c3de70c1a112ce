//! loom's: every access may see any value that the memory model allows.

pub(crate) use loom::alloc::{alloc, dealloc};
pub(crate) use loom::cell::UnsafeCell;
pub(crate) use loom::hint::spin_loop;
pub(crate) use loom::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, AtomicUsize, Ordering, fence};

/// None under the model, which must see each block given back.
pub(crate) const CACHED_BLOCKS: usize = 0;

/// As few as can be, so that models come to where lanes fill several words.
pub(crate) const WORD_BITS: usize = 2;

/// None: models of several lanes are about lanes that are looked for by their bits.
pub(crate) const FEW_LANES: usize = 1;

/// Nothing: models have no caches.
pub(crate) fn prepare_to_write<T>(_soon: *const T) {}

/// As few as can be, so that models come to where a ring grows.
pub(crate) const FIRST_SLOTS: usize = 1;

/// As few as can be, so that a model fills them.
pub(crate) const NEIGHBOURS: usize = 2;

/// The same each time, because a model must do the same in each of its runs.
pub(crate) fn unforeseen() -> u64 {
    0
}

/// loom takes `SeqCst` accesses for `AcqRel` ones, so under it the order that they stand for is asked of a fence.
pub(crate) fn store_before_load() {
    fence(Ordering::SeqCst);
}

/// loom must be told where a thread comes back until another has gone on.
pub(crate) fn comes_back() {
    loom::thread::yield_now();
}

/// Has the model check that nobody else can still be at the atomic.
pub(crate) fn assert_exclusive(atomic: &mut AtomicUsize) {
    atomic.with_mut(|_| ());
}
