//! The state owned by every contestant's actor. It is the same for all, so that only the way to it
//! differs.

use std::fmt;
use std::sync::{Arc, OnceLock};

use crate::actor::{Actors, Done, Payload};

/// Adds up its numbers, reports the last one, and may hold the next actor of a ring.
pub(crate) struct Owner<C: Actors<P>, P: Payload> {
    sum: u64,
    /// Additions still expected before `done` receives the sum.
    missing: u64,
    done: Arc<Done>,
    /// Set before the first message to pass on.
    next: Option<Arc<OnceLock<C::Address>>>,
}

impl<C: Actors<P>, P: Payload> Owner<C, P> {
    /// Reports the sum to `done` after `additions` numbers.
    pub(crate) fn counting(done: &Arc<Done>, additions: u64) -> Self {
        Self { sum: 0, missing: additions, done: Arc::clone(done), next: None }
    }

    /// Passes messages on to `next`.
    pub(crate) fn passing_on(done: &Arc<Done>, next: &Arc<OnceLock<C::Address>>) -> Self {
        Self { next: Some(Arc::clone(next)), ..Self::counting(done, 0) }
    }

    /// Handles one message.
    pub(crate) fn take(&mut self, payload: P) {
        payload.handle(self);
    }

    /// Answers a question.
    pub(crate) fn sum(&self) -> u64 {
        self.sum
    }

    pub(super) fn add(&mut self, number: u64) {
        self.sum = self.sum.wrapping_add(number);
        // Never 0 again after that: a workload asking for the sum instead expects no additions.
        self.missing = self.missing.wrapping_sub(1);
        if self.missing == 0 {
            self.done.finish(self.sum);
        }
    }

    pub(super) fn done(&self) -> &Done {
        &self.done
    }

    pub(super) fn pass_on(&self, payload: P) {
        let next = self
            .next
            .as_ref()
            .and_then(|next| next.get())
            .expect("a ring is closed before it is used");
        assert!(
            C::try_tell(next, payload),
            "one message is under way, and every mailbox has room for it"
        );
    }

    pub(super) fn forget_next(&mut self) {
        self.next = None;
    }
}

impl<C: Actors<P>, P: Payload> fmt::Debug for Owner<C, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Owner")
            .field("sum", &self.sum)
            .field("missing", &self.missing)
            .finish_non_exhaustive()
    }
}
