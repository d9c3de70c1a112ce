//! The future of an ask, and its time limit.

use std::fmt;
use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use pin_project::pin_project;

use crate::handle::error::{AskBlockingError, AskError, TellError};
use crate::handle::tell::Tell;
use crate::mailbox::{Envelope, Message, Refused, Shared, Wait, What};
use crate::reply::{Answer, Reply};
use crate::runtime::patience::Patience;

/// The future of [`Handle::ask`](crate::Handle::ask): ready with the answer.
///
/// The first poll makes the message and sends it. `F` is the type of the function making it.
///
/// # Cancel safety
///
/// Dropping the future cancels a queued ask: the actor skips it.
///
/// # Examples
///
/// ```
/// use actor_core::handle::Ask;
/// use actor_core::{Message, Reply};
///
/// struct Read(Reply<u64>);
/// impl Message for Read {}
///
/// let (handle, mut mailbox) = actor_core::mailbox::<Read>();
/// let ask: Ask<'_, Read, u64, fn(Reply<u64>) -> Read> = handle.ask(Read);
/// let actor = async { mailbox.recv().await.map(|Read(reply)| reply.send(7)) };
/// let both = async { futures::join!(ask, actor) };
/// assert!(matches!(futures::executor::block_on(both), (Ok(7), Some(()))));
/// ```
#[must_use = "nothing is asked until the future is awaited"]
#[pin_project(!Unpin)]
pub struct Ask<'a, M: Message, T, F> {
    shared: &'a Shared<M>,
    stage: Stage<'a, M, F>,
    /// Belongs to no question until the first poll.
    answer: Answer<T>,
    /// Set while the handler of a named actor waits for the answer.
    wait: Option<Wait>,
}

enum Stage<'a, M: Message, F> {
    /// Until the first poll.
    Unasked(F),
    /// While the message waits for room. Boxed, because few asks wait for it: all others are
    /// smaller, and cheaper to drop.
    Telling(Pin<Box<Tell<'a, M>>>),
    /// The message is in its lane, or was returned.
    Asked,
}

/// An ask with a time limit. Created by [`Ask::timeout`] and
/// [`RecipientAsk::timeout`](crate::handle::RecipientAsk::timeout).
///
/// # Cancel safety
///
/// As [`Ask`].
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use actor_core::handle::AskBlockingError;
/// use actor_core::{Message, Reply};
///
/// struct Read(Reply<u64>);
/// impl Message for Read {}
///
/// let (handle, mailbox) = actor_core::mailbox::<Read>();
/// let asked = handle.ask(Read).timeout(Duration::from_millis(1));
/// assert!(matches!(futures::executor::block_on(asked), Err(AskBlockingError::Timeout)));
/// drop(mailbox);
/// ```
#[must_use = "nothing is asked until the future is awaited"]
#[pin_project]
pub struct AskTimeout<A> {
    #[pin]
    ask: A,
    patience: Patience,
}

/// A question with a way to take it back: [`Ask`] or
/// [`RecipientAsk`](crate::handle::RecipientAsk).
///
/// Implemented by the framework only, for pools as well.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use actor_core::handle::Asking;
/// use actor_core::{Message, Reply};
///
/// /// One limit for all questions of a program, of handles and of recipients.
/// async fn in_time<A: Asking>(ask: A) -> Option<A::Answer> {
///     ask.limited(Duration::from_secs(10)).await.ok()
/// }
///
/// struct Read(Reply<u64>);
/// impl Message for Read {}
///
/// let (handle, mut mailbox) = actor_core::mailbox::<Read>();
/// let actor = async { mailbox.recv().await.map(|Read(reply)| reply.send(7)) };
/// let both = async { futures::join!(in_time(handle.ask(Read)), actor) };
/// assert_eq!(futures::executor::block_on(both), (Some(7), Some(())));
/// ```
pub trait Asking: Future<Output = Result<Self::Answer, AskError<Self::Message>>> + Sealed {
    /// The unsent message, as returned to the caller.
    type Message;
    /// The awaited value.
    type Answer;

    /// Takes the question back. Returns the message if it is still unsent, and otherwise cancels
    /// the queued ask.
    #[doc(hidden)]
    fn withdraw(self: Pin<&mut Self>) -> AskBlockingError<Self::Message>;

    /// Limits the time for the whole ask, as [`Ask::timeout`].
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use actor_core::{Message, Reply};
    /// # struct Read(Reply<u64>);
    /// # impl Message for Read {}
    /// use actor_core::handle::Asking;
    ///
    /// let (handle, _mailbox) = actor_core::mailbox::<Read>();
    /// let asked = Asking::limited(handle.ask(Read), Duration::ZERO);
    /// assert!(futures::executor::block_on(asked).is_err());
    /// ```
    fn limited(self, limit: Duration) -> AskTimeout<Self>
    where
        Self: Sized,
    {
        AskTimeout { ask: self, patience: Patience::new(limit) }
    }
}

/// Keeps crates outside the framework from implementing [`Asking`].
#[doc(hidden)]
pub trait Sealed {}

impl<'a, M: Message, T, F> Ask<'a, M, T, F> {
    #[inline(always)]
    pub(super) fn new(shared: &'a Shared<M>, make: F) -> Self {
        Self { shared, stage: Stage::Unasked(make), answer: Answer::none(), wait: None }
    }
}

impl<M: Message, T: Send + 'static, F: FnOnce(Reply<T>) -> M> Ask<'_, M, T, F> {
    /// Limits the time for the whole ask: for the room in the lane and for the answer together.
    ///
    /// The time starts at the first poll. Within an executor's thread, the executor's clock
    /// measures it ([`runtime::current`](crate::runtime::current)). On every other thread a timer
    /// of the process does: in a task of any runtime, and in a `block_on` without a runtime. A
    /// limit past the end of the clock, such as [`Duration::MAX`], never ends.
    ///
    /// At the limit, a sender waiting for room is withdrawn, and a queued ask is cancelled: the
    /// actor skips it. A handler already at it can see this with
    /// [`Reply::is_cancelled`](crate::Reply::is_cancelled).
    ///
    /// # Errors
    ///
    /// See [`AskBlockingError`]. [`Full`](AskBlockingError::Full) and
    /// [`Closed`](AskBlockingError::Closed) return the unsent message.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use actor_core::handle::AskBlockingError;
    /// use actor_core::{Lane, Message, Reply};
    /// use futures::executor::block_on;
    ///
    /// struct Read(Reply<u64>);
    /// impl Message for Read {
    ///     const LANES: &'static [Lane] = &[Lane::fifo("reads", 1)];
    /// }
    ///
    /// let soon = Duration::from_millis(1);
    /// let (handle, mut mailbox) = actor_core::mailbox::<Read>();
    /// // No answer comes in time, and the queued ask is cancelled.
    /// assert!(matches!(
    ///     block_on(handle.ask(Read).timeout(soon)),
    ///     Err(AskBlockingError::Timeout)
    /// ));
    /// // It holds the lane's only place until the receiver skips it.
    /// assert!(matches!(
    ///     block_on(handle.ask(Read).timeout(soon)),
    ///     Err(AskBlockingError::Full(Read(_)))
    /// ));
    /// assert!(mailbox.try_recv().is_none());
    /// assert_eq!(handle.stats()[0].cancelled, 1);
    /// ```
    pub fn timeout(self, limit: Duration) -> AskTimeout<Self> {
        self.limited(limit)
    }
}

impl<M: Message, T: Send + 'static, F: FnOnce(Reply<T>) -> M> Future for Ask<'_, M, T, F> {
    type Output = Result<T, AskError<M>>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        if !matches!(this.stage, Stage::Asked) {
            match mem::replace(this.stage, Stage::Asked) {
                Stage::Unasked(make) => {
                    let (envelope, answer) = asking(make);
                    let lane = this.shared.lane_of(&envelope.message);
                    let full = match this.shared.send(lane, envelope) {
                        Ok(()) => None,
                        Err(Refused::Closed(envelope)) => {
                            return Poll::Ready(Err(AskError::Closed(envelope.message)));
                        }
                        Err(Refused::Full(envelope) | Refused::OverShare(envelope)) => {
                            Some(envelope)
                        }
                    };
                    // The former answer belongs to no question, so its drop has no effect.
                    mem::forget(mem::replace(this.answer, answer));
                    if let Some(envelope) = full {
                        let telling = Box::pin(Tell::new(this.shared, lane, envelope));
                        ready!(this.stage.poll_telling(telling, cx))?;
                    }
                }
                Stage::Telling(telling) => ready!(this.stage.poll_telling(telling, cx))?,
                Stage::Asked => {}
            }
        }
        let polled = Pin::new(this.answer).poll(cx).map_err(|_dropped| AskError::Dropped);
        Wait::follow(this.wait, polled.is_pending(), What::Answer, || this.shared.life().number());
        polled
    }
}

impl<'a, M: Message, F> Stage<'a, M, F> {
    /// Polls the send, and keeps it while it waits.
    #[cold]
    fn poll_telling(
        &mut self,
        mut telling: Pin<Box<Tell<'a, M>>>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), AskError<M>>> {
        let told = telling.as_mut().poll(cx);
        if told.is_pending() {
            *self = Self::Telling(telling);
        }
        told.map_err(|TellError(message)| AskError::Closed(message))
    }
}

impl<M: Message, T, F> Sealed for Ask<'_, M, T, F> {}

impl<M: Message, T: Send + 'static, F: FnOnce(Reply<T>) -> M> Asking for Ask<'_, M, T, F> {
    type Message = M;
    type Answer = T;

    fn withdraw(self: Pin<&mut Self>) -> AskBlockingError<M> {
        let this = self.project();
        *this.answer = Answer::none();
        *this.wait = None;
        match mem::replace(this.stage, Stage::Asked) {
            Stage::Telling(mut telling) => AskBlockingError::Full(telling.as_mut().withdraw()),
            Stage::Unasked(_) | Stage::Asked => AskBlockingError::Timeout,
        }
    }
}

impl<A: Asking> Future for AskTimeout<A> {
    type Output = Result<A::Answer, AskBlockingError<A::Message>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        if let Poll::Ready(asked) = this.ask.as_mut().poll(cx) {
            return Poll::Ready(asked.map_err(|error| match error {
                AskError::Closed(message) => AskBlockingError::Closed(message),
                AskError::Dropped => AskBlockingError::Dropped,
            }));
        }
        ready!(this.patience.poll(cx));
        Poll::Ready(Err(this.ask.withdraw()))
    }
}

/// Creates the message of an ask. Its envelope carries the asker's mark: the drop of the answer
/// cancels the message.
#[inline(always)]
pub(super) fn asking<M, T: Send + 'static>(
    make: impl FnOnce(Reply<T>) -> M,
) -> (Envelope<M>, Answer<T>) {
    let (reply, answer, asker) = Reply::queued();
    (Envelope { message: make(reply), asker: Some(asker) }, answer)
}

impl<M: Message, T, F> fmt::Debug for Ask<'_, M, T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ask")
            .field("asked", &!matches!(self.stage, Stage::Unasked(_)))
            .field("waiting", &matches!(self.stage, Stage::Telling(_)))
            .finish()
    }
}

impl<A: fmt::Debug> fmt::Debug for AskTimeout<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AskTimeout")
            .field("ask", &self.ask)
            .field("patience", &self.patience)
            .finish()
    }
}
