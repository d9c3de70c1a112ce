//! How an actor tells the measuring thread that it has seen the last message.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, Thread};
use std::time::Duration;

use crate::measure::now;

/// What no round takes, in nanoseconds. Whoever has not seen its last message by then has lost one.
const PATIENCE: u64 = 120_000_000_000;

/// A number that one thread waits for, parked; it may be waited for again.
#[derive(Debug)]
pub(crate) struct Done {
    value: AtomicU64,
    finished: AtomicBool,
    waiter: Thread,
}

impl Done {
    /// Makes one that the calling thread will wait for.
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self { value: AtomicU64::new(0), finished: AtomicBool::new(false), waiter: thread::current() })
    }

    pub(crate) fn finish(&self, value: u64) {
        self.value.store(value, Ordering::Relaxed);
        // Pairs with `wait`.
        self.finished.store(true, Ordering::Release);
        self.waiter.unpark();
    }

    /// Waits for the number, and panics if it does not come.
    pub(crate) fn wait(&self) -> u64 {
        let start = now();
        while !self.finished.swap(false, Ordering::Acquire) {
            thread::park_timeout(Duration::from_nanos(PATIENCE));
            assert!(now().since(start) < PATIENCE, "a message was lost");
        }
        self.value.load(Ordering::Relaxed)
    }
}
