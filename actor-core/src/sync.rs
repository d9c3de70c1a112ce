//! What the lock-free parts are made of: the real atomics, cells and memory, or loom's under `--cfg loom`.

#[cfg(loom)]
mod chosen {
    pub(crate) use loom::alloc::{alloc, dealloc};
    pub(crate) use loom::cell::UnsafeCell;
    pub(crate) use loom::future::AtomicWaker;
    pub(crate) use loom::hint::spin_loop;
    pub(crate) use loom::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering, fence};

    /// None under the model, which must see each block given back.
    pub(crate) const CACHED_BLOCKS: usize = 0;

    pub(crate) fn register(cell: &AtomicWaker, waker: &std::task::Waker) {
        cell.register_by_ref(waker);
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
    pub(crate) use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering, fence};

    pub(crate) use futures::task::AtomicWaker;

    /// The blocks of one size that a thread keeps for its next asks.
    pub(crate) const CACHED_BLOCKS: usize = 256;

    pub(crate) fn register(cell: &AtomicWaker, waker: &std::task::Waker) {
        cell.register(waker);
    }

    /// Has the model check that nobody else can still be at the atomic; that costs nothing here.
    pub(crate) fn assert_exclusive(_atomic: &mut AtomicUsize) {}

    /// std's cell with loom's face.
    #[repr(transparent)]
    pub(crate) struct UnsafeCell<T>(std::cell::UnsafeCell<T>);

    impl<T> UnsafeCell<T> {
        pub(crate) fn new(value: T) -> Self {
            Self(std::cell::UnsafeCell::new(value))
        }

        pub(crate) fn with<R>(&self, read: impl FnOnce(*const T) -> R) -> R {
            read(self.0.get())
        }

        pub(crate) fn with_mut<R>(&self, write: impl FnOnce(*mut T) -> R) -> R {
            write(self.0.get())
        }
    }
}

pub(crate) use chosen::{
    AtomicBool, AtomicU64, AtomicUsize, AtomicWaker, CACHED_BLOCKS, Ordering, UnsafeCell, alloc, assert_exclusive,
    dealloc, fence, register, spin_loop,
};
