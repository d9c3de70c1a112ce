//! The decision about an actor's next life, from another thread.
//!
//! | state | the task: `ask` | any thread: `decide` | the task: `take` |
//! |---|---|---|---|
//! | `LIVING` | `WAITING` | – | – |
//! | `WAITING` | – | `BEGIN` or `END` | – |
//! | `BEGIN`, `END` | – | – | `LIVING` |
//!
//! A dash means no change. `withdraw` leads to `LIVING` from every state: the task needs no
//! decision any more, because of a stop or a kill. One decision at most is taken for each question.
//! The deciding thread interrupts the task afterwards.

use crate::sync::{AtomicUsize, Ordering};

const LIVING: usize = 0;
const WAITING: usize = 1;
const BEGIN: usize = 2;
const END: usize = 3;

/// A question of the actor's task, and the answer.
pub(crate) struct Verdict(AtomicUsize);

impl Verdict {
    pub(super) fn new() -> Self {
        Self(AtomicUsize::new(LIVING))
    }

    /// Asks for a decision.
    pub(crate) fn ask(&self) {
        self.0.store(WAITING, Ordering::SeqCst);
    }

    /// Takes the question back. Returns whether the last decision was to end.
    pub(crate) fn withdraw(&self) -> bool {
        self.0.swap(LIVING, Ordering::SeqCst) == END
    }

    /// Takes the decision: whether another life begins.
    pub(crate) fn take(&self) -> Option<bool> {
        match self.0.load(Ordering::SeqCst) {
            // Only the task leaves these two states.
            BEGIN | END => Some(!self.withdraw()),
            _ => None,
        }
    }

    /// Returns whether the task waits for a decision.
    pub(crate) fn is_asked(&self) -> bool {
        self.0.load(Ordering::SeqCst) == WAITING
    }

    /// Decides, if there is a question. Returns whether there was one.
    pub(crate) fn decide(&self, begins: bool) -> bool {
        let next = if begins { BEGIN } else { END };
        self.0.compare_exchange(WAITING, next, Ordering::SeqCst, Ordering::SeqCst).is_ok()
    }
}
