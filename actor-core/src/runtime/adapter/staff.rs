//! How many threads a pool has, and whether work needs another one.
//!
//! One word holds the number of threads and a *balance*: the threads that are free, less the work that waits. A thread
//! is free from the moment it announces that until it has received work. The queue of the work is a channel beside the
//! word.
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
//! * (2) adds a free thread and waiting work at once, so that the balance stays. To receive work takes both away again.
//! * (5) succeeds only while there are more free threads than waiting work. So no work is left without a thread that
//!   will receive it, also work whose push is still to come: (1) has announced it already.
//! * After (6) there may be work that relied on the thread that did not start. If another thread is left, it cannot pass (5)
//!   before it has received that work. If none is left, (7) finds the work: either the caller that failed does, or the
//!   one whose push came later, because a fence stands between each one's write and its look.

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

    /// Announces work. Returns whether a thread is to be started for it; that thread is counted already.
    pub(crate) fn announce(&self, limit: u32) -> bool {
        let needs_thread = |word| balance(word) <= 0 && threads(word) < limit;
        let announced = |word: u64| if needs_thread(word) { word + THREAD } else { word - 1 };
        needs_thread(self.update(|word| Some(announced(word))).unwrap_or_else(|word| word))
    }

    /// Takes back a thread that did not start.
    pub(crate) fn did_not_start(&self) {
        self.word.fetch_sub(THREAD + 1, Ordering::SeqCst);
    }

    /// Announces that a thread which has run its work is free.
    pub(crate) fn is_free(&self) {
        self.word.fetch_add(1, Ordering::SeqCst);
    }

    /// Takes work out of the queue that nobody will run, and has it dropped: what is there while there is no thread.
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
                // A thread that another caller has started meanwhile runs it.
                push(work);
            }
        }
    }

    /// Takes a free thread out, unless work relies on it. Returns whether the thread may end.
    pub(crate) fn leave(&self) -> bool {
        self.update(|word| (balance(word) > 0).then(|| word - THREAD - 1)).is_ok()
    }

    /// Returns whether there is no thread. What the caller pushed or took back before is seen by the next one to look.
    fn is_deserted(&self) -> bool {
        // Between the caller's push, or its `did_not_start`, and this look.
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
