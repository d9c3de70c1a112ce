//! Threads told apart, also while they end.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

static LAST: AtomicU64 = AtomicU64::new(0);

thread_local! {
    // Without a destructor, so that it is there until the thread's last instruction.
    static NUMBER: Cell<u64> = const { Cell::new(0) };
}

/// Returns the number of this thread: never 0, and of no other thread of the process, ended ones
/// included.
pub(crate) fn number() -> u64 {
    let number = NUMBER.get();
    if number != 0 {
        return number;
    }
    let number = LAST.fetch_add(1, Ordering::Relaxed) + 1;
    NUMBER.set(number);
    number
}

/// The owner's thread of one mailbox, known to all its handles. There is none before the first take
/// and after the end.
#[derive(Clone)]
pub(crate) struct OwnersThread(Arc<AtomicU64>);

// All Relaxed: the host orders the calls of one owner after the other, and a thread that is not the
// owner's finds another number at any time.
impl OwnersThread {
    pub(crate) fn none() -> Self {
        Self(Arc::new(AtomicU64::new(0)))
    }

    /// Makes this thread the owner's. Returns `false` if another one is.
    pub(crate) fn adopt(&self) -> bool {
        let here = number();
        self.0.load(Ordering::Relaxed) == here
            || self.0.compare_exchange(0, here, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    /// Returns whether this thread is the owner's.
    pub(crate) fn is_this(&self) -> bool {
        self.0.load(Ordering::Relaxed) == number()
    }

    /// Returns whether another thread is the owner's.
    pub(crate) fn is_another(&self) -> bool {
        let owner = self.0.load(Ordering::Relaxed);
        owner != 0 && owner != number()
    }

    /// Forgets the thread: its mailbox ends.
    pub(crate) fn end(&self) {
        self.0.store(0, Ordering::Relaxed);
    }
}
