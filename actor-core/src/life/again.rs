//! The maker of an actor with several lives, and its observers.

use std::marker::PhantomData;
use std::sync::Arc;

use crate::actor::{Actor, BoxError, Noting, Outcome};
use crate::life::governor::Governor;
use crate::life::lives::{Lives, ManyLives};
use crate::life::made::Made;
use crate::life::poison::Poison;
use crate::mailbox::Life;
use crate::mailbox::exit::ExitReason;
use crate::panic::{Contained, Panicked, contained};

/// Several lives. The maker has no type of its own, as that of [`One`](crate::life::lives::One).
pub(crate) struct Again<A: Actor<O>, O: Outcome> {
    make: Contained<AgainMaker<A>>,
    governor: Option<Arc<dyn Governor>>,
    poison: Option<Box<dyn Poison<A::Message>>>,
    /// Whether the current life has started.
    has_started: bool,
    outcome: PhantomData<fn() -> O>,
}

type AgainMaker<A> = Box<dyn FnMut() -> Result<A, BoxError>>;

impl<O: Outcome, A: Actor<O>> Again<A, O> {
    pub(crate) fn new<K, R>(
        mut make: impl FnMut() -> R + 'static,
        governor: Option<Arc<dyn Governor>>,
        poison: Option<Box<dyn Poison<A::Message>>>,
    ) -> Self
    where
        R: Made<A::Message, K, Actor = A, Outcome = O>,
    {
        let make: AgainMaker<A> = Box::new(move || make().made());
        let make = Contained::new(make);
        Self { make, governor, poison, has_started: false, outcome: PhantomData }
    }
}

impl<O: Outcome, A: Actor<O>> ManyLives for Again<A, O> {
    fn take_started(&mut self) -> bool {
        std::mem::take(&mut self.has_started)
    }

    fn drop_maker(&mut self) -> Result<(), Panicked> {
        self.make.end()
    }
}

impl<O: Outcome, A: Actor<O>> Lives for Again<A, O> {
    type Message = A::Message;
    type Outcome = O;
    type Actor = A;
    type Eye = ();

    #[inline(always)]
    fn eye(&self) {}

    fn make(&mut self) -> Result<A, BoxError> {
        self.make.get_mut()()
    }

    fn has_started(&mut self, life: &Life) {
        self.has_started = true;
        life.start();
        if let Some(governor) = &self.governor {
            drop(contained(|| governor.life_started()));
        }
    }

    #[inline]
    fn note(&mut self, message: &A::Message) {
        if let Some(poison) = &mut self.poison {
            poison.note(message);
        }
    }

    #[inline]
    fn is_handled(&mut self) {
        if let Some(poison) = &mut self.poison {
            poison.is_handled();
        }
    }

    fn noting(&mut self) -> Option<&mut dyn Noting<A::Message>> {
        let poison = self.poison.as_mut()?;
        Some(&mut **poison)
    }

    /// Passes the message in hand to the hook, after an end that was not normal.
    fn life_ended(&mut self, reason: &ExitReason) {
        if let Some(poison) = &mut self.poison {
            drop(contained(|| poison.life_ended(reason)));
        }
    }
}
