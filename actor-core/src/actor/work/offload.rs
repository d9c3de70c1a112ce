//! A piece of work on another thread.
//!
//! ```text
//!   run ── result, or a panic ─┐
//!   dropped unrun ─────────────┼─▶ take the function ── message ──▶ Returns ──▶ actor
//!   deadline, by the actor ────┘     gone: nothing more
//! ```
//!
//! `mailbox/returns.rs` has the protocol.

use std::marker::PhantomData;
use std::sync::Arc;

use crate::actor::work::cancel::Cancel;
use crate::actor::work::error::WorkError;
use crate::mailbox::{Handover, Message, Returns};
use crate::panic::{Panicked, contained, drop_contained};

/// What the actor may do with a piece in flight.
pub(super) trait Remote<M> {
    /// Makes the message of an error. `None` if the piece's own result is on its way. The message
    /// is `None` if the function for it panicked.
    fn fail(&self, error: WorkError) -> Option<Option<M>>;

    /// Ensures that no message comes, unless it is on its way already.
    fn forget(&self);
}

/// A piece, shared by the actor and the thread of the work.
pub(super) struct Piece<M: Message, T, I> {
    id: u64,
    into_message: Handover<I>,
    cancel: Option<Cancel>,
    returns: Arc<Returns<M>>,
    result: PhantomData<fn() -> T>,
}

impl<M: Message, T, I: FnOnce(Result<T, WorkError>) -> M> Piece<M, T, I> {
    pub(super) fn new(
        id: u64,
        into_message: I,
        cancel: Option<Cancel>,
        returns: Arc<Returns<M>>,
    ) -> Arc<Self> {
        let piece =
            Self { id, into_message: Handover::new(), cancel, returns, result: PhantomData };
        drop(piece.into_message.put(into_message));
        Arc::new(piece)
    }

    /// Hands the message of the result to the actor, unless the actor has taken the function.
    fn settle(&self, result: Result<T, WorkError>) {
        match self.into_message.take() {
            Some(into_message) => {
                self.returns.give(self.id, contained(|| into_message(result)).ok());
            }
            None => drop(drop_contained(result)),
        }
    }

    fn cancel(&self) {
        if let Some(cancel) = &self.cancel {
            cancel.cancel();
        }
    }
}

impl<M: Message, T, I: FnOnce(Result<T, WorkError>) -> M> Remote<M> for Piece<M, T, I> {
    fn fail(&self, error: WorkError) -> Option<Option<M>> {
        let into_message = self.into_message.take()?;
        self.cancel();
        Some(contained(|| into_message(Err(error))).ok())
    }

    fn forget(&self) {
        self.cancel();
        drop(drop_contained(self.into_message.take()));
    }
}

/// The work itself, on its way through a pool. In every case its piece is settled.
pub(super) struct Job<M: Message, T, W, I: FnOnce(Result<T, WorkError>) -> M> {
    work: Option<W>,
    piece: Arc<Piece<M, T, I>>,
}

impl<M: Message, T, W: FnOnce() -> T, I: FnOnce(Result<T, WorkError>) -> M> Job<M, T, W, I> {
    pub(super) fn new(work: W, piece: Arc<Piece<M, T, I>>) -> Self {
        Self { work: Some(work), piece }
    }

    pub(super) fn run(mut self) {
        if self.piece.into_message.is_empty() {
            // Nothing waits for the result any more. The drop follows.
            return;
        }
        let Some(work) = self.work.take() else { return };
        let result = contained(work).map_err(|Panicked(text)| WorkError::Panicked(text));
        self.piece.settle(result);
    }
}

impl<M: Message, T, W, I: FnOnce(Result<T, WorkError>) -> M> Drop for Job<M, T, W, I> {
    /// Settles work not run.
    fn drop(&mut self) {
        if let Some(work) = self.work.take() {
            drop(drop_contained(work));
            self.piece.settle(Err(WorkError::NotRun));
        }
    }
}
