//! A send that waits for room.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use event_listener::{EventListener, Listener};
use pin_project::pin_project;

use crate::handle::error::TellError;
use crate::mailbox::{Envelope, LaneQueue, Message, Refused, Shared, Waiting};
use crate::quiet::{Quiet, quietly};

/// The future of [`Handle::tell`](crate::Handle::tell): ready once the message is in its lane.
#[must_use = "a message is not sent until its `tell` is awaited"]
#[pin_project(!Unpin)]
pub struct Tell<'a, M: Message> {
    shared: &'a Shared<M>,
    lane: &'a LaneQueue<M>,
    /// The message, until it is sent or handed back.
    envelope: Option<Envelope<M>>,
    /// Set while the lane was found full. Dropped after `room`, so that a notification that reached this send in vain is
    /// passed on while it is still counted.
    room: Option<Quiet<EventListener>>,
    waiting: Option<Waiting<'a>>,
}

impl<'a, M: Message> Tell<'a, M> {
    pub(crate) fn new(shared: &'a Shared<M>, lane: &'a LaneQueue<M>, envelope: Envelope<M>) -> Self {
        Self { shared, lane, envelope: Some(envelope), room: None, waiting: None }
    }

    /// Takes the message back from a wait that has gone on for long enough.
    pub(crate) fn give_up(self: Pin<&mut Self>) -> Envelope<M> {
        self.project().envelope.take().expect("a pending tell still has its message")
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
                // Not left for the drop, which may come much later: until then, what others wait for could go to this. If it
                // was told of room, that is the room it has taken: dropping the listener would tell another of it.
                if let Some(room) = this.room.take() {
                    room.into_inner().discard();
                }
                *this.waiting = None;
                return Poll::Ready(ended);
            }
            match this.room {
                // The try before this one may have been before a message was taken: listen, then try again.
                None => {
                    let (waiting, room) = this.shared.wait_for_room(this.lane);
                    *this.waiting = Some(waiting);
                    *this.room = Some(quietly(room));
                }
                Some(room) => {
                    ready!(Pin::new(room).poll(cx));
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
