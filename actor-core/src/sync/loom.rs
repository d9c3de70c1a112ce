//! loom's types: every access may see any value allowed by the memory model.

pub(crate) use loom::alloc::{alloc, dealloc};
pub(crate) use loom::cell::UnsafeCell;
pub(crate) use loom::hint::spin_loop;
pub(crate) use loom::sync::atomic::{
    AtomicBool, AtomicPtr, AtomicU64, AtomicUsize, Ordering, fence,
};

/// None under the model: it must see every block given back.
pub(crate) const CACHED_BLOCKS: usize = 0;

/// The smallest possible number: the lanes of a model then fill several words.
pub(crate) const WORD_BITS: usize = 2;

/// None: models of several lanes test the search for lanes by their bits.
pub(crate) const FEW_LANES: usize = 1;

/// Nothing: models have no caches.
pub(crate) fn prepare_to_write<T>(_soon: *const T) {}

/// The smallest possible number: the ring of a model then grows.
pub(crate) const FIRST_SLOTS: usize = 1;

/// The smallest possible number: a model then fills them.
pub(crate) const NEIGHBOURS: usize = 2;

/// The same each time, because a model must do the same in each of its runs.
pub(crate) fn unforeseen() -> u64 {
    0
}

/// loom treats `SeqCst` accesses as `AcqRel`, so a fence provides their order under it.
pub(crate) fn store_before_load() {
    fence(Ordering::SeqCst);
}

/// loom needs a yield where a thread retries until another thread has progressed.
pub(crate) fn comes_back() {
    loom::thread::yield_now();
}

/// Checks, under the model, that no other thread can still access the atomic.
pub(crate) fn assert_exclusive(atomic: &mut AtomicUsize) {
    atomic.with_mut(|_| ());
}

/// A thread-local value without a destructor. loom's own macro takes no `const` block.
macro_rules! per_thread {
    ($(#[$about:meta])* static $name:ident: $kind:ty = const { $value:expr };) => {
        loom::thread_local! { $(#[$about])* static $name: $kind = $value; }
    };
}

pub(crate) use per_thread;
