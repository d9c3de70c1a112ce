//! The receiving end: lanes, one wake signal, one consumer.
//!
//! ```text
//!  any thread                 ┌────────── Shared ───────────┐            the actor's thread
//!  Handle ── try_tell ──────▶ │ lane 0  ▭▭▭▭▭   control     │
//!  Handle ── tell (waits) ──▶ │ lane 1  ▭▭▭▭▭▭▭ blocks      │ ── take ─▶ Mailbox ── recv ──▶ actor
//!  Handle ── ask ───────────▶ │ lane 2  ▭▭▭▭▭   votes       │
//!                             │ signal  sleeping? + waker   │ ◀─ announce
//!                             └─────────────────────────────┘
//! ```
//!
//! A lane is a ring (`ring`, or `evicting` where the newest message replaces the oldest) over
//! memory made on first use (`slots`). The `schedule` decides the next lane, and the `signal`
//! decides on wakes. The right to take messages is a type (`consumer`).

mod beside;
mod by_key;
pub(crate) mod consumer;
pub(crate) mod down;
mod envelope;
mod evicting;
pub(crate) mod exit;
pub(crate) mod extras;
mod figures;
mod filled;
mod given;
mod histogram;
mod kind;
pub(crate) mod lane;
mod laps;
mod late;
mod lazy;
mod life;
pub(crate) mod looks;
pub(crate) mod marks;
pub(crate) mod message;
#[cfg(all(test, any(loom, shuttle)))]
mod model;
mod places;
pub(crate) mod presence;
mod queue;
mod receiver;
mod reserve;
mod returns;
mod ring;
mod room;
mod schedule;
mod seen;
mod serial;
mod share;
mod shared;
pub(crate) mod signal;
mod slots;
mod sources;
mod stash;
mod table;
mod turns;
mod unpublished;
pub(crate) mod verdict;
mod waits;
mod wakes;
pub(crate) mod watchers;

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::thread;

use futures::Stream;
use futures::future::poll_fn;

use crate::panic::{drop_contained, let_go};

use consumer::Consumer;
pub(crate) use consumer::{LocalSide, Sleeper};
pub(crate) use envelope::{Envelope, Refused};
pub use figures::{Figures, InHand, LaneFigures};
pub use given::LanesError;
pub use histogram::Histogram;
pub use lane::{Lane, LaneStats};
pub(crate) use lazy::Handover;
pub(crate) use life::Life;
pub use message::{Message, Variant};
pub(crate) use presence::{Counts, Presence, Wait};
pub(crate) use queue::LaneQueue;
pub(crate) use receiver::{Lanes, Receiver};
use receiver::{NO_LANE, State};
pub(crate) use reserve::{Reservation, Unreserved};
pub(crate) use returns::{Collector, Returned, Returns};
pub(crate) use room::Waiting;
#[doc(hidden)]
pub use seen::{ActorSeen, SeenWait};
pub(crate) use shared::{Closeable, Shared};
#[doc(hidden)]
pub use signal::Sleep;
pub(crate) use waits::What;
pub(crate) use wakes::{StreamBell, WakeCollector};

/// The receiving end of a mailbox, with one consumer.
///
/// The lanes are served in a fixed order, and none of them starves. Control lanes come first,
/// except that one data message is served after 64 control messages in a row. Data lanes take turns
/// of [`Lane::weight`](crate::Lane::weight) messages.
///
/// Dropping the mailbox closes it. Messages still queued are dropped and counted as undelivered,
/// and their askers see their replies dropped.
///
/// As a [`Stream`], it ends once it is empty and no message can come any more, as in
/// [`recv`](Self::recv).
///
/// # Examples
///
/// ```
/// struct Tick(u32);
/// impl actor_core::Message for Tick {}
///
/// let (handle, mut mailbox) = actor_core::mailbox::<Tick>();
/// assert!(handle.try_tell(Tick(1)).is_ok());
/// mailbox.close();
/// assert!(handle.try_tell(Tick(2)).is_err());
/// assert!(matches!(mailbox.try_recv(), Some(Tick(1))), "it was accepted before the close");
/// assert!(mailbox.try_recv().is_none());
/// ```
pub struct Mailbox<M: Message> {
    consumer: Consumer<Shared<M>, State<M>>,
}

/// Returns whether each lane's messages fit into the address space.
const fn lanes_fit<M: Message>() -> bool {
    let mut lane = 0;
    while lane < M::LANES.len() {
        if !queue::fits::<M>(&M::LANES[lane]) {
            return false;
        }
        lane += 1;
    }
    true
}

impl<M: Message> Mailbox<M> {
    pub(crate) fn new() -> Self {
        const {
            assert!(
                !M::LANES.is_empty(),
                "Message::LANES must name one lane at least, except for `Mailbox::with_lanes`"
            )
        };
        const {
            assert!(
                M::LANES.len() < NO_LANE as usize,
                "Message::LANES must name fewer lanes than 65535"
            )
        };
        const {
            assert!(
                lanes_fit::<M>(),
                "a lane of Message::LANES takes more memory than there are addresses for"
            )
        };
        Self { consumer: Consumer::new(Shared::new(M::LANES), State::new(M::LANES)) }
    }

    /// Receives the next message, and waits if there is none.
    ///
    /// Returns `None` once no message can come any more: the mailbox is closed or its last handle
    /// is dropped, and every message accepted before that has been received.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing: a message is taken only when the future is ready.
    ///
    /// # Examples
    ///
    /// ```
    /// struct Tick(u32);
    /// impl actor_core::Message for Tick {}
    ///
    /// let (handle, mut mailbox) = actor_core::mailbox::<Tick>();
    /// let sending = std::thread::spawn(move || handle.try_tell(Tick(7)).is_ok());
    /// futures::executor::block_on(async {
    ///     assert!(matches!(mailbox.recv().await, Some(Tick(7))));
    ///     assert!(mailbox.recv().await.is_none(), "the last handle is dropped");
    /// });
    /// assert!(sending.join().expect("it sends"));
    /// ```
    pub async fn recv(&mut self) -> Option<M> {
        poll_fn(|cx| self.poll_recv(cx)).await
    }

    /// Returns the next message if one is ready. Never waits.
    ///
    /// # Examples
    ///
    /// ```
    /// struct Tick(u32);
    /// impl actor_core::Message for Tick {}
    ///
    /// let (handle, mut mailbox) = actor_core::mailbox::<Tick>();
    /// assert!(mailbox.try_recv().is_none());
    /// assert!(handle.try_tell(Tick(1)).is_ok());
    /// assert!(matches!(mailbox.try_recv(), Some(Tick(1))));
    /// ```
    pub fn try_recv(&mut self) -> Option<M> {
        self.receiver().try_recv()
    }

    /// Polls for the next message: [`recv`](Self::recv) for hand-written futures.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::task::{Context, Poll, Waker};
    ///
    /// struct Tick;
    /// impl actor_core::Message for Tick {}
    ///
    /// let (handle, mut mailbox) = actor_core::mailbox::<Tick>();
    /// let mut cx = Context::from_waker(Waker::noop());
    /// assert!(mailbox.poll_recv(&mut cx).is_pending());
    /// assert!(handle.try_tell(Tick).is_ok());
    /// assert!(matches!(mailbox.poll_recv(&mut cx), Poll::Ready(Some(Tick))));
    /// ```
    pub fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Option<M>> {
        self.receiver().poll_recv(cx)
    }

    /// Polls for the next message of a turn: [`poll_recv`](Self::poll_recv) for loops that take
    /// many messages in a row.
    ///
    /// `poll_recv` notifies senders that wait for room after each message. This function leaves
    /// them until it returns `Pending`, or until [`end_turn`](Self::end_turn). A turn that ends
    /// before `Pending` must call `end_turn`.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::task::{Context, Poll, Waker};
    ///
    /// struct Tick(u32);
    /// impl actor_core::Message for Tick {}
    ///
    /// let (handle, mut mailbox) = actor_core::mailbox::<Tick>();
    /// (0..5).for_each(|n| assert!(handle.try_tell(Tick(n)).is_ok()));
    /// let mut cx = Context::from_waker(Waker::noop());
    /// for n in 0..3 {
    ///     assert!(matches!(mailbox.poll_turn(&mut cx), Poll::Ready(Some(Tick(m))) if m == n));
    /// }
    /// mailbox.end_turn();
    /// ```
    pub fn poll_turn(&mut self, cx: &mut Context<'_>) -> Poll<Option<M>> {
        self.receiver().poll_turn(cx)
    }

    /// Ends a turn of [`poll_turn`](Self::poll_turn) before `Pending`: notifies senders that wait
    /// for room.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::task::{Context, Poll, Waker};
    ///
    /// use actor_core::{Lane, Message};
    /// use futures::FutureExt;
    ///
    /// struct Tick;
    /// impl Message for Tick {
    ///     const LANES: &'static [Lane] = &[Lane::fifo("one", 1)];
    /// }
    ///
    /// let (handle, mut mailbox) = actor_core::mailbox::<Tick>();
    /// assert!(handle.try_tell(Tick).is_ok());
    /// let mut waiting = Box::pin(handle.tell(Tick));
    /// assert!((&mut waiting).now_or_never().is_none());
    /// let mut cx = Context::from_waker(Waker::noop());
    /// assert!(matches!(mailbox.poll_turn(&mut cx), Poll::Ready(Some(Tick))));
    /// mailbox.end_turn();
    /// assert!(waiting.now_or_never().is_some(), "it was notified, and there is room");
    /// ```
    pub fn end_turn(&mut self) {
        self.receiver().notify_of_room();
    }

    /// Closes the mailbox: later sends return their message, and every message accepted before is
    /// still received.
    ///
    /// # Examples
    ///
    /// ```
    /// # struct Tick;
    /// # impl actor_core::Message for Tick {}
    /// let (handle, mut mailbox) = actor_core::mailbox::<Tick>();
    /// assert!(handle.try_tell(Tick).is_ok());
    /// mailbox.close();
    /// assert!(handle.try_tell(Tick).is_err(), "nothing new is accepted");
    /// assert!(mailbox.try_recv().is_some(), "it was accepted before");
    /// ```
    pub fn close(&self) {
        let shared = self.shared();
        shared.close();
        shared.interrupt();
    }

    /// Returns the figures of each lane.
    ///
    /// # Examples
    ///
    /// ```
    /// struct Tick;
    /// impl actor_core::Message for Tick {}
    ///
    /// let (handle, mut mailbox) = actor_core::mailbox::<Tick>();
    /// (0..3).for_each(|_| assert!(handle.try_tell(Tick).is_ok()));
    /// assert!(mailbox.try_recv().is_some());
    /// let lane = &mailbox.stats()[0];
    /// assert_eq!((lane.name, lane.accepted), ("messages", 3));
    /// assert_eq!(lane.depth, 3, "two wait, and one is in hand");
    /// ```
    #[must_use]
    pub fn stats(&self) -> Vec<LaneStats> {
        self.shared().stats()
    }

    /// Closes the mailbox, and passes each accepted message not yet received to `hook`, with its
    /// lane's name.
    ///
    /// The messages of one lane come oldest first, and count as undelivered. Nothing is received
    /// after this.
    ///
    /// # Examples
    ///
    /// ```
    /// struct Tick(u32);
    /// impl actor_core::Message for Tick {}
    ///
    /// let (handle, mut mailbox) = actor_core::mailbox::<Tick>();
    /// (1..=2).for_each(|n| assert!(handle.try_tell(Tick(n)).is_ok()));
    /// let mut lost = Vec::new();
    /// mailbox.drain_undelivered(|lane, Tick(n)| lost.push((lane, n)));
    /// assert_eq!(lost, [("messages", 1), ("messages", 2)]);
    /// assert_eq!(handle.stats()[0].undelivered, 2);
    /// ```
    pub fn drain_undelivered(&mut self, hook: impl FnMut(&'static str, M)) {
        self.receiver().drain_undelivered(hook);
    }

    /// Ends the mailbox with this reason, in the place of an actor elsewhere. Messages still queued
    /// are dropped, and count as undelivered.
    #[doc(hidden)]
    pub fn end_as(mut self, reason: exit::ExitReason) {
        self.drain_undelivered(|_lane, message| drop(drop_contained(message)));
        self.shared().end_without_actor(|| reason);
    }

    /// Returns the right to take messages and to sleep. It stays on this thread.
    #[inline]
    pub(crate) fn receiver(&mut self) -> Receiver<'_, M> {
        self.consumer.here()
    }

    pub(crate) fn linger_if(&mut self, lingers: bool) {
        self.consumer.own_mut().lingers = lingers;
    }

    pub(crate) fn shared(&self) -> &Arc<Shared<M>> {
        self.consumer.shared()
    }
}

impl<M: Message> Drop for Mailbox<M> {
    fn drop(&mut self) {
        let mut panicked = None;
        // A message that panics in its drop must not keep the askers behind it waiting for ever.
        while let Err(panic) =
            catch_unwind(AssertUnwindSafe(|| self.drain_undelivered(|_, message| drop(message))))
        {
            match panicked {
                None => panicked = Some(panic),
                Some(_) => let_go(panic),
            }
        }
        self.shared().end_without_actor(|| exit::ExitReason::Stopped);
        let Some(panic) = panicked else { return };
        if thread::panicking() { let_go(panic) } else { resume_unwind(panic) }
    }
}

impl<M: Message> Stream for Mailbox<M> {
    type Item = M;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<M>> {
        self.get_mut().poll_recv(cx)
    }
}

// Nothing in a mailbox is pinned: messages are moved in and out.
impl<M: Message> Unpin for Mailbox<M> {}

impl<M: Message> fmt::Debug for Mailbox<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mailbox").field("lanes", &self.stats()).finish()
    }
}
