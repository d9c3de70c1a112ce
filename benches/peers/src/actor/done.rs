//! How an actor reports the last message to the measuring thread.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, Thread};
use std::time::Duration;

use crate::measure::now;

/// The timeout of a round, in nanoseconds. A message not seen by then is lost.
const PATIENCE: u64 = 120_000_000_000;

/// A number awaited by one parked thread, any number of times.
#[derive(Debug)]
pub(crate) struct Done {
    value: AtomicU64,
    finished: AtomicBool,
    waiter: Thread,
}

impl Done {
    /// Creates a number to be awaited by the calling thread.
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            value: AtomicU64::new(0),
            finished: AtomicBool::new(false),
            waiter: thread::current(),
        })
    }

    pub(crate) fn finish(&self, value: u64) {
        self.value.store(value, Ordering::Relaxed);
        // Pairs with the swap in `wait`.
        self.finished.store(true, Ordering::Release);
        self.waiter.unpark();
    }

    /// Waits for the number. Panics after the timeout.
    pub(crate) fn wait(&self) -> u64 {
        let start = now();
        while !self.finished.swap(false, Ordering::Acquire) {
            thread::park_timeout(Duration::from_nanos(PATIENCE));
            assert!(now().since(start) < PATIENCE, "a message was lost");
        }
        self.value.load(Ordering::Relaxed)
    }
}
