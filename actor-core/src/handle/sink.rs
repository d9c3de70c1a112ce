//! A handle as a sink, for streams that are forwarded to an actor.

use std::error::Error;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures::Sink;

use crate::handle::line::Line;
use crate::handle::permit::{Closed, PermitError, poll_reserve, send_reserved};
use crate::handle::strong::Handle;
use crate::mailbox::{Message, Reservation};

/// A [`Sink`] into one lane of an actor.
///
/// | operation | meaning |
/// |---|---|
/// | `poll_ready` | reserves room for one message, waiting for it as [`Handle::reserve`] does |
/// | `start_send` | sends the message into the reserved room |
/// | `poll_flush` | nothing: a sent message is in its lane |
/// | `poll_close` | returns reserved room; the actor goes on |
///
/// So a stream that is forwarded to a full lane is not polled until there is room. Room that is
/// reserved and not used is returned on drop. The sink keeps the actor reachable, as a handle does.
///
/// # Examples
///
/// ```
/// use actor_core::{Lane, Message};
/// use futures::{StreamExt, stream};
///
/// struct Block(u64);
/// impl Message for Block {
///     const LANES: &'static [Lane] = &[Lane::fifo("blocks", 2)];
/// }
///
/// let (handle, mut mailbox) = actor_core::mailbox::<Block>();
/// let blocks = stream::iter(0..100).map(Block).map(Ok);
/// let forwarding = blocks.forward(handle.sink(0));
/// let taking = async {
///     for n in 0..100 {
///         assert!(matches!(mailbox.recv().await, Some(Block(m)) if m == n));
///     }
/// };
/// let both = async { futures::join!(forwarding, taking) };
/// let (forwarded, ()) = futures::executor::block_on(both);
/// assert!(forwarded.is_ok());
/// assert_eq!(handle.stats()[0].refused, 0, "it waited for room");
/// ```
pub struct HandleSink<M: Message> {
    handle: Handle<M>,
    lane: usize,
    source: Option<u64>,
    reservation: Option<Reservation>,
    line: Option<Line<M>>,
}

/// The reason for a failed operation of a [`HandleSink`]. Returns the message, if there is one.
///
/// # Examples
///
/// ```
/// use actor_core::handle::SinkError;
/// use futures::SinkExt;
///
/// struct Tick;
/// impl actor_core::Message for Tick {}
///
/// let (handle, mailbox) = actor_core::mailbox::<Tick>();
/// drop(mailbox);
/// let sent = futures::executor::block_on(handle.sink(0).send(Tick));
/// assert!(matches!(sent, Err(SinkError::Closed(None))), "closed while it waited for room");
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum SinkError<M> {
    /// The actor has ended or is ending. `None` if there was no message yet, in `poll_ready`.
    Closed(Option<M>),
    /// The message was not sent, for the permit's reason.
    Refused(PermitError<M>),
    /// `start_send` was called without `poll_ready`.
    NotReady(M),
}

impl<M> SinkError<M> {
    /// Returns the message, if there is one.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::handle::SinkError;
    ///
    /// assert_eq!(SinkError::NotReady(7).into_message(), Some(7));
    /// assert_eq!(SinkError::<u64>::Closed(None).into_message(), None);
    /// ```
    pub fn into_message(self) -> Option<M> {
        match self {
            Self::Closed(message) => message,
            Self::Refused(refused) => Some(refused.into_message()),
            Self::NotReady(message) => Some(message),
        }
    }
}

impl<M: Message> Handle<M> {
    /// Returns a [`Sink`] into one lane. Several sinks of one actor are independent.
    ///
    /// # Panics
    ///
    /// Panics if the mailbox has no lane with this number.
    ///
    /// # Examples
    ///
    /// ```
    /// use futures::SinkExt;
    ///
    /// struct Tick(u32);
    /// impl actor_core::Message for Tick {}
    ///
    /// let (handle, mut mailbox) = actor_core::mailbox::<Tick>();
    /// let mut sink = handle.sink(0);
    /// assert!(futures::executor::block_on(sink.send(Tick(7))).is_ok());
    /// assert!(matches!(mailbox.try_recv(), Some(Tick(7))));
    /// ```
    pub fn sink(&self, lane: usize) -> HandleSink<M> {
        self.check_lane(lane);
        HandleSink { handle: self.clone(), lane, source: None, reservation: None, line: None }
    }
}

impl<M: Message> HandleSink<M> {
    /// Reserves for messages of this source, in a lane with a [share](crate::Lane::share).
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::{Lane, Message};
    /// use futures::{FutureExt, SinkExt};
    ///
    /// struct Vote(u64);
    /// impl Message for Vote {
    ///     const LANES: &'static [Lane] = &[Lane::fifo("votes", 8).share(1)];
    ///
    ///     fn source(&self) -> Option<u64> {
    ///         Some(self.0)
    ///     }
    /// }
    ///
    /// let (handle, _mailbox) = actor_core::mailbox::<Vote>();
    /// let (mut one, mut other) = (handle.sink(0).of_source(1), handle.sink(0).of_source(2));
    /// assert!(one.send(Vote(1)).now_or_never().is_some());
    /// assert!(one.send(Vote(1)).now_or_never().is_none(), "its share is used");
    /// assert!(other.send(Vote(2)).now_or_never().is_some());
    /// ```
    #[must_use]
    pub fn of_source(mut self, source: u64) -> Self {
        self.give_back();
        self.source = Some(source);
        self
    }

    fn give_back(&mut self) {
        self.line = None;
        if let Some(reservation) = self.reservation.take() {
            self.handle.shared().give_back(self.lane, reservation);
        }
    }
}

impl<M: Message> Sink<M> for HandleSink<M> {
    type Error = SinkError<M>;

    fn poll_ready(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), SinkError<M>>> {
        let Self { handle, lane, source, reservation, line } = self.get_mut();
        if reservation.is_none() {
            match ready!(poll_reserve(handle, *lane, *source, line, cx)) {
                Ok(new) => *reservation = Some(new),
                Err(Closed) => return Poll::Ready(Err(SinkError::Closed(None))),
            }
        }
        Poll::Ready(Ok(()))
    }

    fn start_send(self: Pin<&mut Self>, message: M) -> Result<(), SinkError<M>> {
        let Self { handle, lane, source, reservation, .. } = self.get_mut();
        if reservation.is_none() {
            return Err(SinkError::NotReady(message));
        }
        let sent = send_reserved(handle, *lane, *source, reservation, message);
        sent.map_err(|refused| match refused {
            PermitError::Closed(message) => SinkError::Closed(Some(message)),
            refused => SinkError::Refused(refused),
        })
    }

    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<Result<(), SinkError<M>>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<Result<(), SinkError<M>>> {
        self.get_mut().give_back();
        Poll::Ready(Ok(()))
    }
}

impl<M: Message> Drop for HandleSink<M> {
    fn drop(&mut self) {
        self.give_back();
    }
}

impl<M: Message> fmt::Debug for HandleSink<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HandleSink")
            .field("lane", &self.lane)
            .field("ready", &self.reservation.is_some())
            .finish_non_exhaustive()
    }
}

impl<M> SinkError<M> {
    fn name_and_text(&self) -> (&'static str, &'static str) {
        match self {
            Self::Closed(_) => ("Closed(..)", "the actor has ended or is ending"),
            Self::Refused(_) => {
                ("Refused(..)", "the message does not fit the sink's lane or source")
            }
            Self::NotReady(_) => ("NotReady(..)", "the sink was not polled until it was ready"),
        }
    }
}

impl<M> fmt::Debug for SinkError<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name_and_text().0)
    }
}

impl<M> fmt::Display for SinkError<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name_and_text().1)
    }
}

impl<M> Error for SinkError<M> {}
