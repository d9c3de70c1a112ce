//! The atomics and cells that the lock-free parts use: the real ones, or loom's under `--cfg loom`.

#[cfg(loom)]
mod chosen {
    pub(crate) use loom::cell::UnsafeCell;
    pub(crate) use loom::future::AtomicWaker;
    pub(crate) use loom::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, AtomicUsize, Ordering, fence};

    pub(crate) fn register(cell: &AtomicWaker, waker: &std::task::Waker) {
        cell.register_by_ref(waker);
    }

    /// loom takes `SeqCst` accesses for `AcqRel` ones, so under it the order that they stand for is asked of a fence.
    pub(crate) fn store_before_load() {
        fence(Ordering::SeqCst);
    }

    /// loom must be told where a thread comes back until another has gone on.
    pub(crate) fn comes_back() {
        loom::thread::yield_now();
    }
}

#[cfg(not(loom))]
mod chosen {
    pub(crate) use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, AtomicUsize, Ordering, fence};

    pub(crate) use futures::task::AtomicWaker;

    pub(crate) fn register(cell: &AtomicWaker, waker: &std::task::Waker) {
        cell.register(waker);
    }

    /// Nothing: the `SeqCst` accesses before and after it are in one order that all threads agree on.
    #[inline(always)]
    pub(crate) fn store_before_load() {}

    /// Nothing: whoever comes back does so by way of its executor.
    #[inline(always)]
    pub(crate) fn comes_back() {}

    /// loom's cell, without the checks.
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
    AtomicBool, AtomicPtr, AtomicU64, AtomicUsize, AtomicWaker, Ordering, UnsafeCell, comes_back, fence, register,
    store_before_load,
};
