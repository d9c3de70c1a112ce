//! A send in two steps, for pools: the letter first, its actor afterwards.
//!
//! A pool chooses the actor by the message, or tries one actor after the other. An ask keeps its
//! mark on the way, so a letter in any of the mailboxes is cancelled with its answer. Not for
//! programs, and without a promise of stability.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use event_listener::{EventListener, Listener};

use crate::handle::strong::Handle;
use crate::handle::weak::WeakHandle;
use crate::mailbox::{
    Closeable, Envelope, LaneStats, Message, Refused, Shared, Wait, Waiting, What,
};
use crate::panic::drop_contained;
use crate::park::block_on_for;
use crate::quiet::{Quiet, quietly};
use crate::reply::{Answer, Reply};

/// A message on its way to an actor not yet chosen.
#[doc(hidden)]
pub struct Letter<M>(Envelope<M>);

/// A letter not accepted by an actor.
#[doc(hidden)]
pub enum Returned<M> {
    Full(Letter<M>),
    Closed(Letter<M>),
}

impl<M: Message> Letter<M> {
    #[doc(hidden)]
    pub fn new(message: M) -> Self {
        Self(Envelope { message, asker: None })
    }

    /// Creates the letter of an ask. The drop of the answer cancels it.
    #[doc(hidden)]
    pub fn asking<T: Send + 'static>(make: impl FnOnce(Reply<T>) -> M) -> (Self, Answer<T>) {
        let (reply, answer, asker) = Reply::queued();
        (Self(Envelope { message: make(reply), asker: Some(asker) }), answer)
    }

    #[doc(hidden)]
    pub fn message(&self) -> &M {
        &self.0.message
    }

    #[doc(hidden)]
    pub fn into_message(self) -> M {
        self.0.message
    }
}

impl<M: Message> Handle<M> {
    /// Sends a letter, or returns it. A refusal is not counted.
    #[doc(hidden)]
    #[inline(always)]
    pub fn post(&self, letter: Letter<M>) -> Result<(), Returned<M>> {
        let lane = self.shared().lane_of(&letter.0.message);
        self.shared().send(lane, letter.0).map_err(|refused| match refused {
            Refused::Full(envelope) | Refused::OverShare(envelope) => {
                Returned::Full(Letter(envelope))
            }
            Refused::Closed(envelope) => Returned::Closed(Letter(envelope)),
        })
    }

    /// Counts a letter refused by all actors in the statistics of this one.
    #[doc(hidden)]
    pub fn count_refused(&self, letter: &Letter<M>) {
        let shared = self.shared();
        shared.count_refused(shared.lane_of(&letter.0.message));
    }

    /// Registers the caller for the next room in the letter's lane, after the lane has refused a
    /// letter. The caller must try again before it waits. `None` if the lane was closed unused.
    #[doc(hidden)]
    pub fn room_for(&self, letter: &Letter<M>) -> Option<Room<'_>> {
        let lane = self.shared().lane_of(&letter.0.message);
        if !lane.was_used() {
            return None;
        }
        let (waiting, room) = self.shared().wait_for_room(lane);
        Some(Room { room: quietly(room), _waiting: waiting })
    }

    /// Returns the number of messages queued and in hand.
    #[doc(hidden)]
    #[inline]
    pub fn load(&self) -> u64 {
        self.shared().load()
    }
}

impl<M: Message> WeakHandle<M> {
    /// Returns the figures, also of an ended actor. `None` if its mailbox has been freed.
    #[doc(hidden)]
    #[must_use]
    pub fn stats(&self) -> Option<Vec<LaneStats>> {
        self.shared().map(|shared| shared.stats())
    }
}

/// Counts messages that an actor has lent to others, as work in flight of this actor: it ends only
/// once all are back, or at its deadline. Does not keep the actor reachable otherwise.
#[doc(hidden)]
pub struct Lender<M: Message> {
    shared: Arc<Shared<M>>,
}

impl<M: Message> Handle<M> {
    #[doc(hidden)]
    #[must_use]
    pub fn lender(&self) -> Lender<M> {
        self.shared().make_beside();
        Lender { shared: Arc::clone(self.shared()) }
    }
}

impl<M: Message> Lender<M> {
    /// Counts a message before it is lent. Called by the actor.
    #[doc(hidden)]
    pub fn lend(&self) {
        self.shared.make_beside().lend();
    }

    /// Counts the end of a loan: the message was handled, or lost.
    #[doc(hidden)]
    pub fn settle(&self) {
        self.shared.make_beside().loan_ends();
        // SeqCst, both: an actor that ends later sees this, or is seen here to wait for it.
        if self.shared.is_closed() || self.shared.handles() == 0 {
            self.shared.interrupt();
        }
    }

    /// Ends a loan with the message: the actor handles it beside its lanes. The message is dropped
    /// if the actor has ended.
    #[doc(hidden)]
    pub fn give_back(&self, message: M) {
        let beside = self.shared.make_beside();
        if let Err(message) = beside.late().push(message) {
            beside.loan_is_lost();
            drop(drop_contained(message));
        }
        self.shared.interrupt();
    }
}

/// A place in the line of senders waiting for room in one lane.
#[doc(hidden)]
pub struct Room<'a> {
    /// Dropped first: a notification without effect here is passed on while this sender is still
    /// counted.
    room: Quiet<EventListener>,
    _waiting: Waiting<'a>,
}

/// The wait of the current actor's handler for another actor, of a future of a pool.
#[doc(hidden)]
#[derive(Default)]
pub struct HandlerWait(Option<Wait>);

impl HandlerWait {
    /// Follows the polls of a future that waits for an answer of this actor.
    #[doc(hidden)]
    pub fn follow_answer<M: Message>(&mut self, is_pending: bool, actor: &Handle<M>) {
        Wait::follow(&mut self.0, is_pending, What::Answer, || actor.shared().life().number());
    }

    /// Follows the polls of a future that waits for room at this actor.
    #[doc(hidden)]
    pub fn follow_room<M: Message>(&mut self, is_pending: bool, actor: &Handle<M>) {
        Wait::follow(&mut self.0, is_pending, What::Room, || actor.shared().life().number());
    }

    /// Ends the wait.
    #[doc(hidden)]
    pub fn end(&mut self) {
        self.0 = None;
    }
}

impl fmt::Debug for HandlerWait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("HandlerWait").field(&self.0.is_some()).finish()
    }
}

impl Room<'_> {
    /// Leaves the line after a send into the lane: a notification was used.
    #[doc(hidden)]
    pub fn leave_satisfied(self) {
        self.room.into_inner().discard();
    }
}

impl Future for Room<'_> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.get_mut().room).poll(cx)
    }
}

/// Runs a future on this thread, which parks until it is ready or the timeout passes.
#[doc(hidden)]
pub fn park_for<F: Future>(future: Pin<&mut F>, timeout: Duration) -> Option<F::Output> {
    block_on_for(future, timeout)
}

impl<M> fmt::Debug for Letter<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Letter").field("asks", &self.0.asker.is_some()).finish_non_exhaustive()
    }
}

impl<M> fmt::Debug for Returned<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full(_) => "Full(..)",
            Self::Closed(_) => "Closed(..)",
        })
    }
}

impl fmt::Debug for Room<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Room").finish_non_exhaustive()
    }
}

impl<M: Message> fmt::Debug for Lender<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lender").finish_non_exhaustive()
    }
}
