//! The makers of an actor's lives, as the loop uses them.

use std::marker::PhantomData;

use crate::actor::{Actor, BoxError, Noting, Outcome};
use crate::life::made::{Made, Makes};
use crate::mailbox::{Life, Message};

/// Makes the state of each life, and observes the life.
///
/// A trait, so that the loop of an actor with one life is compiled without what other actors need.
pub(crate) trait Lives {
    type Message: Message;
    type Outcome: Outcome;
    type Actor: Actor<Self::Outcome, Message = Self::Message>;

    /// Makes the state of the next life.
    fn make(&mut self) -> Result<Self::Actor, BoxError>;

    /// Returns whether a maker is left.
    #[inline(always)]
    fn holds_maker(&self) -> bool {
        true
    }

    /// Called when the actor's `started` has returned without a reason to end.
    #[inline(always)]
    fn has_started(&mut self, life: &Life) {
        life.start();
    }

    /// Called with each message before it is handled.
    #[inline(always)]
    fn note(&mut self, _message: &Self::Message) {}

    /// Called after each message, if its handler has returned.
    #[inline(always)]
    fn is_handled(&mut self) {}

    /// Returns the observer of each message of a batch.
    #[inline(always)]
    fn noting(&mut self) -> Option<&mut dyn Noting<Self::Message>> {
        None
    }
}

/// One life.
pub(crate) struct One<F, R, M, K> {
    /// Taken by the loop.
    make: Option<F>,
    made: PhantomData<Makes<R, M, K>>,
}

impl<F, R, M, K> One<F, R, M, K> {
    #[inline(always)]
    pub(crate) fn new(make: F) -> Self {
        Self { make: Some(make), made: PhantomData }
    }
}

impl<M: Message, K, R: Made<M, K>, F: FnOnce() -> R> Lives for One<F, R, M, K> {
    type Message = M;
    type Outcome = R::Outcome;
    type Actor = R::Actor;

    #[inline(always)]
    fn holds_maker(&self) -> bool {
        self.make.is_some()
    }

    #[inline(always)]
    fn make(&mut self) -> Result<R::Actor, BoxError> {
        self.make.take().expect("an actor is made once")().made()
    }
}
