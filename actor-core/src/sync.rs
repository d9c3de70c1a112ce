//! What the lock-free parts are made of: the real atomics, cells and memory, or loom's under `--cfg loom`.

#[cfg(loom)]
mod chosen {
    pub(crate) use loom::alloc::{alloc, dealloc};
    pub(crate) use loom::cell::UnsafeCell;
    pub(crate) use loom::hint::spin_loop;
    pub(crate) use loom::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, AtomicUsize, Ordering, fence};

    /// None under the model, which must see each block given back.
    pub(crate) const CACHED_BLOCKS: usize = 0;

    /// As few as can be, so that models come to where a ring grows.
    pub(crate) const FIRST_SLOTS: usize = 1;

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
}

#[cfg(not(loom))]
mod chosen {
    pub(crate) use std::alloc::{alloc, dealloc};
    pub(crate) use std::hint::spin_loop;
    pub(crate) use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, AtomicUsize, Ordering, fence};

    /// The blocks of one size that a thread keeps for its next asks.
    pub(crate) const CACHED_BLOCKS: usize = 256;

    /// The slots that a ring begins with.
    pub(crate) const FIRST_SLOTS: usize = 8;

    /// Nothing: the `SeqCst` accesses before and after it are in one order that all threads agree on.
    #[inline(always)]
    pub(crate) fn store_before_load() {}

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
}

pub(crate) use chosen::{
    AtomicBool, AtomicPtr, AtomicU64, AtomicUsize, CACHED_BLOCKS, FIRST_SLOTS, Ordering, UnsafeCell, alloc,
    assert_exclusive, comes_back, dealloc, fence, spin_loop, store_before_load,
};
