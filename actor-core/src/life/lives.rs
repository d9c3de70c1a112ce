//! The makers of an actor's lives, as the loop uses them.

use std::marker::PhantomData;
use std::rc::Rc;

use crate::actor::observer::Observer;
use crate::actor::{Actor, BoxError, Noting, Outcome};
use crate::life::eye::{Eye, Observing};
use crate::life::made::Made;
use crate::mailbox::exit::ExitReason;
use crate::mailbox::{Life, Message};
use crate::panic::Panicked;

/// Makes the state of each life, and observes the life.
///
/// A trait, so that the loop of an actor with one life is compiled without what other actors need.
pub(crate) trait Lives {
    type Message: Message;
    type Outcome: Outcome;
    type Actor: Actor<Self::Outcome, Message = Self::Message>;
    /// The observer's type, or `()`.
    type Eye: Eye<Self::Message>;

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

    /// Returns the hook for each message of a batch.
    #[inline(always)]
    fn noting(&mut self) -> Option<&mut dyn Noting<Self::Message>> {
        None
    }

    /// Returns the observer.
    fn eye(&self) -> Self::Eye;

    /// Called at the end of each life, after its state was dropped.
    #[inline(always)]
    fn life_ended(&mut self, _reason: &ExitReason) {}
}

/// The lives of an observed actor.
pub(crate) struct Observed<L, O> {
    lives: L,
    eye: Rc<Observing<O>>,
}

impl<L, O> Observed<L, O> {
    pub(crate) fn new(lives: L, observer: O) -> Self {
        Self { lives, eye: Observing::new(observer) }
    }
}

impl<L: Lives, O: Observer<L::Message>> Lives for Observed<L, O> {
    type Message = L::Message;
    type Outcome = L::Outcome;
    type Actor = L::Actor;
    type Eye = Rc<Observing<O>>;

    fn make(&mut self) -> Result<L::Actor, BoxError> {
        self.lives.make()
    }

    fn has_started(&mut self, life: &Life) {
        self.lives.has_started(life);
        Eye::<L::Message>::life_began(&self.eye, life.name());
    }

    fn note(&mut self, message: &L::Message) {
        self.lives.note(message);
    }

    fn is_handled(&mut self) {
        self.lives.is_handled();
    }

    fn noting(&mut self) -> Option<&mut dyn Noting<L::Message>> {
        self.lives.noting()
    }

    fn eye(&self) -> Rc<Observing<O>> {
        Rc::clone(&self.eye)
    }

    fn life_ended(&mut self, reason: &ExitReason) {
        self.lives.life_ended(reason);
        Eye::<L::Message>::life_ended(&self.eye, reason);
    }
}

impl<L: ManyLives, O: Observer<L::Message>> ManyLives for Observed<L, O> {
    fn take_started(&mut self) -> bool {
        self.lives.take_started()
    }

    fn drop_maker(&mut self) -> Result<(), Panicked> {
        self.lives.drop_maker()
    }
}

/// Makes the states of several lives.
pub(crate) trait ManyLives: Lives {
    /// Returns whether the last life has started.
    fn take_started(&mut self) -> bool;

    /// Drops the maker. No life follows.
    fn drop_maker(&mut self) -> Result<(), Panicked>;
}

/// One life.
///
/// The maker has no type of its own here. Otherwise the whole loop would be compiled for each call
/// that starts an actor, because each closure is a type.
pub(crate) struct One<A, O> {
    /// Taken by the loop. A thin pointer, because its place is part of the actor for all its life.
    make: Option<Box<OnceMaker<A>>>,
    outcome: PhantomData<fn() -> O>,
}

type OnceMaker<A> = Box<dyn FnOnce() -> Result<A, BoxError>>;

impl<O: Outcome, A: Actor<O>> One<A, O> {
    pub(crate) fn new<K, R>(make: impl FnOnce() -> R + 'static) -> Self
    where
        R: Made<A::Message, K, Actor = A, Outcome = O>,
    {
        let make: OnceMaker<A> = Box::new(move || make().made());
        Self { make: Some(Box::new(make)), outcome: PhantomData }
    }
}

impl<O: Outcome, A: Actor<O>> Lives for One<A, O> {
    type Message = A::Message;
    type Outcome = O;
    type Actor = A;
    type Eye = ();

    #[inline(always)]
    fn eye(&self) {}

    #[inline(always)]
    fn holds_maker(&self) -> bool {
        self.make.is_some()
    }

    #[inline(always)]
    fn make(&mut self) -> Result<A, BoxError> {
        self.make.take().expect("an actor is made once")()
    }
}
