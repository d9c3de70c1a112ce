//! A send waiting for room.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use event_listener::{EventListener, Listener};
use pin_project::pin_project;

use crate::handle::error::TellError;
use crate::mailbox::{Envelope, LaneQueue, Message, Refused, Shared, Wait, Waiting, What};
use crate::quiet::{Quiet, quietly};

/// The future of [`Handle::tell`](crate::Handle::tell): ready once the message is in its lane.
///
/// # Examples
///
/// ```
/// use actor_core::Message;
/// use actor_core::handle::Tell;
///
/// struct Tick;
/// impl Message for Tick {}
///
/// let (handle, mut mailbox) = actor_core::mailbox::<Tick>();
/// let tell: Tell<'_, Tick> = handle.tell(Tick);
/// assert!(futures::executor::block_on(tell).is_ok());
/// assert!(mailbox.try_recv().is_some());
/// ```
#[must_use = "a message is not sent until its `tell` is awaited"]
#[pin_project(!Unpin)]
pub struct Tell<'a, M: Message> {
    shared: &'a Shared<M>,
    lane: &'a LaneQueue<M>,
    /// The message, until it is sent or returned.
    envelope: Option<Envelope<M>>,
    /// Set after the lane was full. Dropped before `waiting`: a notification without effect here is
    /// passed on while this send is still counted.
    room: Option<Quiet<EventListener>>,
    waiting: Option<Waiting<'a>>,
    /// Set while the handler of a named actor waits for the room.
    wait: Option<Wait>,
}

impl<'a, M: Message> Tell<'a, M> {
    pub(crate) fn new(
        shared: &'a Shared<M>,
        lane: &'a LaneQueue<M>,
        envelope: Envelope<M>,
    ) -> Self {
        Self { shared, lane, envelope: Some(envelope), room: None, waiting: None, wait: None }
    }

    /// Returns the message of a send at its timeout.
    pub(crate) fn give_up(self: Pin<&mut Self>) -> Envelope<M> {
        self.project().envelope.take().expect("a pending tell still has its message")
    }

    /// Withdraws a pending send, which counts as refused.
    pub(crate) fn withdraw(self: Pin<&mut Self>) -> M {
        self.shared.count_refused(self.lane);
        self.give_up().message
    }
}

impl<M: Message> Future for Tell<'_, M> {
    type Output = Result<(), TellError<M>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        loop {
            let envelope = this.envelope.take().expect("a tell is not polled after it was ready");
            let ended = match this.shared.send(this.lane, envelope) {
                Err(Refused::Full(envelope) | Refused::OverShare(envelope)) => {
                    *this.envelope = Some(envelope);
                    None
                }
                Err(Refused::Closed(envelope)) => Some(Err(TellError(envelope.message))),
                Ok(()) => Some(Ok(())),
            };
            if let Some(ended) = ended {
                // Released here, because this future may be dropped much later and would receive
                // notifications meant for others until then. `discard`, because the notification
                // was used: dropping the listener would pass it on.
                if let Some(room) = this.room.take() {
                    room.into_inner().discard();
                }
                *this.waiting = None;
                *this.wait = None;
                return Poll::Ready(ended);
            }
            match this.room {
                // A message may have been taken after this try: listen first, then try again.
                None => {
                    let (waiting, room) = this.shared.wait_for_room(this.lane);
                    *this.waiting = Some(waiting);
                    *this.room = Some(quietly(room));
                }
                Some(room) => {
                    let polled = Pin::new(room).poll(cx);
                    let number = || this.shared.life().number();
                    Wait::follow(this.wait, polled.is_pending(), What::Room, number);
                    ready!(polled);
                    *this.room = None;
                }
            }
        }
    }
}

impl<M: Message> fmt::Debug for Tell<'_, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tell").field("waiting", &self.room.is_some()).finish()
    }
}
