//! The atomics that the lock-free parts use: the real ones, or loom's under `--cfg loom`.

#[cfg(loom)]
mod chosen {
    pub(crate) use loom::future::AtomicWaker;
    pub(crate) use loom::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering, fence};

    pub(crate) fn register(cell: &AtomicWaker, waker: &std::task::Waker) {
        cell.register_by_ref(waker);
    }
}

#[cfg(not(loom))]
mod chosen {
    pub(crate) use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering, fence};

    pub(crate) use futures::task::AtomicWaker;

    pub(crate) fn register(cell: &AtomicWaker, waker: &std::task::Waker) {
        cell.register(waker);
    }
}

pub(crate) use chosen::{AtomicBool, AtomicU64, AtomicUsize, AtomicWaker, Ordering, fence, register};
