//! Counts a pool's threads, and decides whether work needs another thread.
//!
//! One word holds the number of threads and a *balance*: the number of free threads minus the
//! amount of waiting work. A thread is free from its announcement until it has received work. The
//! queue of work is a separate channel.
//!
//! ```text
//! caller                                        thread
//!   balance > 0, or no thread may be added:       receive work, with a time limit  (3)
//!       balance -= 1                    (1)         work: run it, then balance += 1  (4)
//!   otherwise: threads += 1             (2)         time over: balance > 0?
//!   push the work                                     threads -= 1, balance -= 1   (5), end
//!   after (2): start a thread                         otherwise back to (3)
//!     it fails: threads -= 1, balance -= 1  (6)
//!   threads = 0? drop what is in the queue  (7)
//! ```
//!
//! * (2) adds a free thread and waiting work together, so the balance stays the same. Receiving
//!   work removes both again.
//! * (5) succeeds only while free threads outnumber waiting work. So every piece of work keeps a
//!   thread to receive it, even work not yet pushed, because (1) has announced it already.
//! * After (6), some work may have relied on the thread that did not start. If another thread
//!   remains, it cannot pass (5) before it has received that work. If none remains, (7) finds the
//!   work. Either the failed caller finds it, or the caller with the later push: both have a fence
//!   between their write and their check.

use crate::sync::{AtomicU64, Ordering, fence};

/// One thread, in the upper half of the word.
const THREAD: u64 = 1 << 32;

/// The lower half of the word when the balance is zero.
const EVEN: u64 = 1 << 31;

/// The threads of a pool and its balance.
#[derive(Debug)]
pub(crate) struct Staff {
    word: AtomicU64,
}

impl Staff {
    pub(crate) fn new() -> Self {
        Self { word: AtomicU64::new(EVEN) }
    }

    /// Announces work. Returns whether the caller must start a thread for it; the count already
    /// includes that thread.
    pub(crate) fn announce(&self, limit: u32) -> bool {
        let needs_thread = |word| balance(word) <= 0 && threads(word) < limit;
        let announced = |word: u64| if needs_thread(word) { word + THREAD } else { word - 1 };
        needs_thread(self.update(|word| Some(announced(word))).unwrap_or_else(|word| word))
    }

    /// Takes back a thread that did not start.
    pub(crate) fn did_not_start(&self) {
        self.word.fetch_sub(THREAD + 1, Ordering::SeqCst);
    }

    /// Announces that a thread has run its work and is free.
    pub(crate) fn is_free(&self) {
        self.word.fetch_add(1, Ordering::SeqCst);
    }

    /// Removes and drops the work queued while there is no thread.
    pub(crate) fn drop_stranded<W>(
        &self,
        mut pop: impl FnMut() -> Option<W>,
        mut push: impl FnMut(W),
        mut drop: impl FnMut(W),
    ) {
        while self.is_deserted()
            && let Some(work) = pop()
        {
            if self.is_deserted() {
                self.word.fetch_add(1, Ordering::SeqCst);
                drop(work);
            } else {
                // Another caller has started a thread meanwhile, and it runs this work.
                push(work);
            }
        }
    }

    /// Takes out a free thread, unless work relies on it. Returns whether the thread may end.
    pub(crate) fn leave(&self) -> bool {
        self.update(|word| (balance(word) > 0).then(|| word - THREAD - 1)).is_ok()
    }

    /// Returns whether there is no thread. The next caller to check sees this caller's earlier push
    /// or removal.
    fn is_deserted(&self) -> bool {
        // Between the caller's push, or its `did_not_start`, and this check.
        fence(Ordering::SeqCst);
        threads(self.word.load(Ordering::SeqCst)) == 0
    }

    fn update(&self, change: impl FnMut(u64) -> Option<u64>) -> Result<u64, u64> {
        self.word.fetch_update(Ordering::SeqCst, Ordering::SeqCst, change)
    }
}

fn threads(word: u64) -> u32 {
    (word >> 32) as u32
}

fn balance(word: u64) -> i64 {
    (word % THREAD) as i64 - EVEN as i64
}
