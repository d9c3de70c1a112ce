//! The maker of an actor with several lives, and its observers.

use std::marker::PhantomData;
use std::sync::Arc;

use crate::actor::{BoxError, Noting};
use crate::life::governor::Governor;
use crate::life::lives::{Lives, ManyLives};
use crate::life::made::{Made, Makes};
use crate::life::poison::Poison;
use crate::mailbox::exit::ExitReason;
use crate::mailbox::{Life, Message};
use crate::panic::{Contained, Panicked, contained};

/// Several lives.
pub(crate) struct Again<F, R, M, K> {
    make: Contained<F>,
    governor: Option<Arc<dyn Governor>>,
    poison: Option<Box<dyn Poison<M>>>,
    /// Whether the current life has started.
    has_started: bool,
    made: PhantomData<Makes<R, M, K>>,
}

impl<F, R, M, K> Again<F, R, M, K> {
    pub(crate) fn new(
        make: F,
        governor: Option<Arc<dyn Governor>>,
        poison: Option<Box<dyn Poison<M>>>,
    ) -> Self {
        let make = Contained::new(make);
        Self { make, governor, poison, has_started: false, made: PhantomData }
    }
}

impl<M: Message, K, R: Made<M, K>, F: FnMut() -> R> ManyLives for Again<F, R, M, K> {
    fn take_started(&mut self) -> bool {
        std::mem::take(&mut self.has_started)
    }

    fn drop_maker(&mut self) -> Result<(), Panicked> {
        self.make.end()
    }
}

impl<M: Message, K, R: Made<M, K>, F: FnMut() -> R> Lives for Again<F, R, M, K> {
    type Message = M;
    type Outcome = R::Outcome;
    type Actor = R::Actor;
    type Eye = ();

    #[inline(always)]
    fn eye(&self) {}

    fn make(&mut self) -> Result<R::Actor, BoxError> {
        (self.make.get_mut())().made()
    }

    fn has_started(&mut self, life: &Life) {
        self.has_started = true;
        life.start();
        if let Some(governor) = &self.governor {
            drop(contained(|| governor.life_started()));
        }
    }

    #[inline]
    fn note(&mut self, message: &M) {
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

    fn noting(&mut self) -> Option<&mut dyn Noting<M>> {
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
