//! The owner's side of a mailbox: turns on the host's thread.

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use actor_core::mailbox::LanesError;
use actor_core::{Handle, Lane, Mailbox};

use crate::letter::Letter;
use crate::wake::HostWake;

/// The owner of a mailbox.
///
/// No call holds the mailbox while the host's code runs, so a handler may use every function
/// except those that take messages.
pub(crate) struct Owner<T: Send + 'static, R: Send + 'static> {
    mailbox: RefCell<Mailbox<Letter<T, R>>>,
    /// Makes the other handles, on any thread. Also keeps the mailbox from its end: it ends by a
    /// close only.
    door: Handle<Letter<T, R>>,
    wake: Option<Arc<HostWake>>,
    waker: Waker,
    is_at_work: Cell<bool>,
}

/// The result of a take.
pub(crate) enum Next<T, R> {
    Message(Letter<T, R>),
    /// Nothing waits: sleep is announced.
    Asleep,
    /// The mailbox is closed, and everything was taken.
    Ended,
}

/// The result of a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Turn {
    pub(crate) handled: usize,
    pub(crate) has_more: bool,
    pub(crate) has_ended: bool,
}

/// Why the owner cannot do it now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Busy {
    /// A handler of this owner is running.
    AtWork,
    /// The caller is this owner's wake function.
    Waking,
}

impl<T: Send + 'static, R: Send + 'static> Owner<T, R> {
    /// Creates the mailbox. Its sleep is announced already, so the first message calls `wake`.
    pub(crate) fn new(
        lanes: &'static [Lane],
        wake: Option<Arc<HostWake>>,
    ) -> Result<Self, LanesError> {
        let mut mailbox = Mailbox::with_lanes(lanes)?;
        let door = mailbox.handle();
        let waker = wake.as_ref().map_or_else(|| Waker::noop().clone(), HostWake::waker);
        let polled = mailbox.poll_turn(&mut Context::from_waker(&waker));
        debug_assert!(polled.is_pending(), "it is new and has a handle");
        let mailbox = RefCell::new(mailbox);
        Ok(Self { mailbox, door, wake, waker, is_at_work: Cell::new(false) })
    }

    /// Returns the handle that makes the others.
    pub(crate) fn door(&self) -> &Handle<Letter<T, R>> {
        &self.door
    }

    pub(crate) fn close(&self) {
        self.mailbox.borrow().close();
    }

    /// Takes one message.
    pub(crate) fn next(&self) -> Result<Next<T, R>, Busy> {
        self.begin()?;
        let next = self.take();
        self.is_at_work.set(false);
        Ok(next)
    }

    /// Passes up to `budget` messages to the handler, in the order of their lanes.
    pub(crate) fn drain(
        &self,
        budget: usize,
        mut handler: impl FnMut(Letter<T, R>),
    ) -> Result<Turn, Busy> {
        self.begin()?;
        let turn = self.turn(budget, &mut handler);
        self.is_at_work.set(false);
        Ok(turn)
    }

    /// Closes the mailbox, ends all calls of `wake`, and passes each remaining message to the hook.
    ///
    /// The caller has checked that the owner is not [busy](Self::busy).
    pub(crate) fn destroy(self, mut undelivered: impl FnMut(Letter<T, R>)) {
        if let Some(wake) = &self.wake {
            wake.close();
        }
        let mut mailbox = self.mailbox.into_inner();
        mailbox.drain_undelivered(|_lane, letter| undelivered(letter));
    }

    /// Returns why the owner can neither take messages nor end now.
    pub(crate) fn busy(&self) -> Option<Busy> {
        if self.wake.as_ref().is_some_and(|wake| wake.is_calling()) {
            return Some(Busy::Waking);
        }
        self.is_at_work.get().then_some(Busy::AtWork)
    }

    fn begin(&self) -> Result<(), Busy> {
        match self.busy() {
            Some(busy) => Err(busy),
            None => {
                self.is_at_work.set(true);
                Ok(())
            }
        }
    }

    fn turn(&self, budget: usize, handler: &mut impl FnMut(Letter<T, R>)) -> Turn {
        for handled in 0..budget {
            match self.take() {
                Next::Message(letter) => handler(letter),
                Next::Asleep => return Turn { handled, has_more: false, has_ended: false },
                Next::Ended => return Turn { handled, has_more: false, has_ended: true },
            }
        }
        self.mailbox.borrow_mut().end_turn();
        Turn { handled: budget, has_more: true, has_ended: false }
    }

    #[inline]
    fn take(&self) -> Next<T, R> {
        let mut cx = Context::from_waker(&self.waker);
        match self.mailbox.borrow_mut().poll_turn(&mut cx) {
            Poll::Ready(Some(letter)) => Next::Message(letter),
            Poll::Ready(None) => Next::Ended,
            Poll::Pending => Next::Asleep,
        }
    }
}
