//! A task of a `LocalSet` with a waker for every thread, also for one that is ending.
//!
//! The waker of a `LocalSet`'s task reads a thread-local of tokio. On a thread that has dropped its
//! thread-locals, it panics after it has marked the task as woken, and no later wake runs the task.
//! The waker of a [`LocalTask`] therefore first checks a thread-local of this crate. That one is
//! registered after tokio's, so the thread drops it before. Without it, the wake goes through the
//! queue of the runtime, on one of the runtime's threads.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use actor_core::runtime::adapter::contain;
use tokio::runtime::Handle;
use tokio::task::LocalSet;

thread_local! {
    static LOCALS: Locals = Locals::new();
}

/// Exists while tokio's thread-local exists as well.
struct Locals {
    are_usable: bool,
}

impl Locals {
    /// Uses tokio's thread-local for the first time, and only then registers this one.
    fn new() -> Self {
        Self { are_usable: contain(|| drop(LocalSet::new().enter())).is_some() }
    }
}

impl Drop for Locals {
    /// With a drop, the thread knows when the value is gone.
    fn drop(&mut self) {
        self.are_usable = false;
    }
}

/// A future as a task of a `LocalSet`.
pub(crate) struct LocalTask<F> {
    future: F,
    runtime: Handle,
    /// The waker of the last poll, and its wrapper.
    known: Option<(Arc<AnyThread>, Waker)>,
}

impl<F> LocalTask<F> {
    pub(crate) fn new(future: F, runtime: Handle) -> Self {
        Self { future, runtime, known: None }
    }
}

impl<F: Future<Output = ()> + Unpin> Future for LocalTask<F> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Self { future, runtime, known } = &mut *self;
        let latest = known.take().filter(|(wake, _)| wake.waker.will_wake(cx.waker()));
        let (_, waker) = known.insert(latest.unwrap_or_else(|| {
            let wake = AnyThread { waker: cx.waker().clone(), runtime: runtime.clone() };
            let wake = Arc::new(wake);
            (Arc::clone(&wake), Waker::from(wake))
        }));
        Pin::new(future).poll(&mut Context::from_waker(waker))
    }
}

/// Wakes a task of a `LocalSet` from any thread.
struct AnyThread {
    waker: Waker,
    runtime: Handle,
}

impl Wake for AnyThread {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if LOCALS.try_with(|locals| locals.are_usable).unwrap_or(false) {
            return self.waker.wake_by_ref();
        }
        let waker = self.waker.clone();
        drop(self.runtime.spawn(async move { waker.wake() }));
    }
}
