//! Waiting on a plain thread: a future run by parking, with an end to the patience.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

/// Runs the future on this thread until it is ready, or gives up after `timeout`.
pub(crate) fn block_on_for<F: Future>(mut future: Pin<&mut F>, timeout: Duration) -> Option<F::Output> {
    let parked = Arc::new(Parked { thread: thread::current(), woken: AtomicBool::new(false) });
    let waker = Waker::from(Arc::clone(&parked));
    let mut cx = Context::from_waker(&waker);
    #[expect(clippy::disallowed_methods, reason = "a plain thread has no executor, so it goes by its own clock")]
    let now = Instant::now;
    // A timeout too long for the clock is as good as none.
    let deadline = now().checked_add(timeout);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
            return Some(output);
        }
        // Acquire pairs with the Release in `wake_by_ref`.
        while !parked.woken.swap(false, Ordering::Acquire) {
            match deadline.map(|deadline| deadline.saturating_duration_since(now())) {
                None => thread::park(),
                Some(Duration::ZERO) => return None,
                Some(patience) => thread::park_timeout(patience),
            }
        }
    }
}

/// The thread to unpark, and whether it was: parking also ends by itself.
struct Parked {
    thread: Thread,
    woken: AtomicBool,
}

impl Wake for Parked {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.woken.store(true, Ordering::Release);
        self.thread.unpark();
    }
}
