//! Threads told apart, also while they end.

use std::cell::Cell;
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
