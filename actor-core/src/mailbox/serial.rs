//! A state changed by operations from any thread, one operation after the other, without a lock.
//!
//! # Protocol
//!
//! The operations are on a [`Stack`]. It is closed at rest.
//!
//! ```text
//! any thread: run(operation)
//!   push it, or open the stack
//!     pushed: done, because another thread is at work and takes it
//!     opened: this thread is at work
//!       take the state
//!       apply the operation
//!   ┌─▶ put the state back
//!   │   close the stack, if it is empty    ─ done
//!   │   take the state, and all operations
//!   └── apply them, oldest first
//! ```
//!
//! * At most one thread is at work: only the thread that has opened the stack, until it closes it.
//! * No operation is lost: an operation is applied by the thread that opened the stack with it, or
//!   is pushed onto an open stack. An open stack closes only when it is empty.
//! * No thread waits for another. The operations of a thread are applied in its order, but perhaps
//!   after its call has returned.
//! * The next thread at work sees the state: it was put back before the close (Release), and is
//!   taken after the open (Acquire).

use std::collections::VecDeque;

use crate::mailbox::late::Stack;
use crate::panic::contained;

/// A state and its waiting operations.
pub(super) struct Serial<S: Apply> {
    operations: Stack<S::Operation>,
    /// Holds the state while no thread is at work.
    state: Stack<S>,
}

/// A state with operations.
pub(super) trait Apply {
    type Operation;
    /// What is left to be done by the thread at work, once it has put the state back.
    type Rest;

    fn apply(&mut self, operation: Self::Operation, rest: &mut VecDeque<Self::Rest>);
}

impl<S: Apply> Serial<S> {
    pub(super) fn new(state: S) -> Self {
        let serial = Self { operations: Stack::closed(), state: Stack::new() };
        serial.put_back(state);
        serial
    }

    /// Applies the operation, unless another thread is at work and does it. Adds what is left to
    /// be done.
    pub(super) fn run(&self, operation: S::Operation, rest: &mut VecDeque<S::Rest>) {
        let Err(operation) = self.operations.push_or_open(operation) else { return };
        let mut waiting = Some(operation).into_iter();
        self.apply_all(&mut waiting, rest);
        while !self.operations.close_if_empty() {
            self.apply_all(&mut self.operations.take_all(), rest);
        }
    }

    /// Reads the state, while no thread is at work.
    #[cfg(all(test, any(loom, shuttle)))]
    pub(super) fn look<T>(&self, look: impl FnOnce(&S) -> T) -> T {
        let state = self.state.take_all().next().expect("no thread is at work");
        let seen = look(&state);
        self.put_back(state);
        seen
    }

    fn apply_all(
        &self,
        operations: &mut dyn Iterator<Item = S::Operation>,
        rest: &mut VecDeque<S::Rest>,
    ) {
        let mut state = self.state.take_all().next().expect("it was put back");
        for operation in operations {
            // The panic hook has reported any panic of a value's drop. The state is put back.
            drop(contained(|| state.apply(operation, rest)));
        }
        self.put_back(state);
    }

    fn put_back(&self, state: S) {
        assert!(self.state.push(state).is_ok(), "this stack is never closed");
    }
}
