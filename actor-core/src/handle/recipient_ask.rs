//! The future of a recipient's ask.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use crate::handle::ask::{AskTimeout, Asking, Sealed};
use crate::handle::error::{AskBlockingError, AskError, TellError};
use crate::mailbox::{Wait, What};
use crate::reply::{Answer, Asker, Reply};

/// A send whose message type is not known to its caller.
pub(super) trait Sending<V>: Future<Output = Result<(), TellError<V>>> + Send {
    /// Withdraws a pending send, and returns the value.
    fn withdraw(self: Pin<&mut Self>) -> V;
}

/// A send behind a pointer.
pub(super) type BoxedSending<'a, V> = Pin<Box<dyn Sending<V> + 'a>>;

/// Starts a send.
pub(super) trait Target<V> {
    fn send(&self, value: V, asker: Option<Asker>) -> BoxedSending<'_, V>;
    /// Returns the number of the named actor. 0 without a name.
    fn number(&self) -> u64;
}

/// The future of [`Recipient::ask`](crate::Recipient::ask): ready with the answer.
///
/// As [`Ask`](crate::handle::Ask), for an actor whose message type is not known.
///
/// # Cancel safety
///
/// Dropping the future cancels a queued ask: the actor skips it.
///
/// # Examples
///
/// ```
/// use actor_core::handle::RecipientAsk;
/// use actor_core::{Message, Recipient, Reply};
///
/// struct Read(Reply<u64>);
/// impl Message for Read {}
///
/// let (handle, mut mailbox) = actor_core::mailbox::<Read>();
/// let reads: Recipient<Read> = handle.recipient();
/// let ask: RecipientAsk<'_, Read, u64, fn(Reply<u64>) -> Read> = reads.ask(Read);
/// let actor = async { mailbox.recv().await.map(|Read(reply)| reply.send(7)) };
/// let both = async { futures::join!(ask, actor) };
/// assert!(matches!(futures::executor::block_on(both), (Ok(7), Some(()))));
/// ```
#[must_use = "nothing is asked until the future is awaited"]
pub struct RecipientAsk<'a, V, R, F> {
    target: &'a (dyn Target<V> + Send + Sync),
    /// Until the first poll.
    make: Option<F>,
    /// Set while the value waits for room.
    sending: Option<BoxedSending<'a, V>>,
    /// Set by the first poll.
    answer: Option<Answer<R>>,
    /// Set while the handler of a named actor waits for the answer.
    wait: Option<Wait>,
}

/// Nothing in it is pinned in place: the send is on the heap.
impl<V, R, F> Unpin for RecipientAsk<'_, V, R, F> {}

impl<'a, V, R, F> RecipientAsk<'a, V, R, F> {
    pub(super) fn new(target: &'a (dyn Target<V> + Send + Sync), make: F) -> Self {
        Self { target, make: Some(make), sending: None, answer: None, wait: None }
    }
}

impl<V, R: Send + 'static, F: FnOnce(Reply<R>) -> V> RecipientAsk<'_, V, R, F> {
    /// Limits the time for the whole ask, as [`Ask::timeout`](crate::handle::Ask::timeout).
    ///
    /// # Errors
    ///
    /// See [`AskBlockingError`].
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use actor_core::handle::AskBlockingError;
    /// use actor_core::{Message, Recipient, Reply};
    ///
    /// struct Read(Reply<u64>);
    /// impl Message for Read {}
    ///
    /// let (handle, _mailbox) = actor_core::mailbox::<Read>();
    /// let reads: Recipient<Read> = handle.recipient();
    /// let asked = reads.ask(Read).timeout(Duration::from_millis(1));
    /// assert!(matches!(futures::executor::block_on(asked), Err(AskBlockingError::Timeout)));
    /// ```
    pub fn timeout(self, limit: Duration) -> AskTimeout<Self> {
        self.limited(limit)
    }
}

impl<V, R: Send + 'static, F: FnOnce(Reply<R>) -> V> Future for RecipientAsk<'_, V, R, F> {
    type Output = Result<R, AskError<V>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        if let Some(make) = this.make.take() {
            let (reply, answer, asker) = Reply::queued();
            this.sending = Some(this.target.send(make(reply), Some(asker)));
            this.answer = Some(answer);
        }
        if let Some(sending) = &mut this.sending {
            let sent = ready!(sending.as_mut().poll(cx));
            this.sending = None;
            if let Err(TellError(value)) = sent {
                return Poll::Ready(Err(AskError::Closed(value)));
            }
        }
        let answer = this.answer.as_mut().expect("an ask is not polled after it was ready");
        let polled = Pin::new(answer).poll(cx).map_err(|_dropped| AskError::Dropped);
        Wait::follow(&mut this.wait, polled.is_pending(), What::Answer, || this.target.number());
        polled
    }
}

impl<V, R, F> Sealed for RecipientAsk<'_, V, R, F> {}

impl<V, R: Send + 'static, F: FnOnce(Reply<R>) -> V> Asking for RecipientAsk<'_, V, R, F> {
    type Message = V;
    type Answer = R;

    fn withdraw(self: Pin<&mut Self>) -> AskBlockingError<V> {
        let this = self.get_mut();
        this.answer = None;
        this.wait = None;
        match this.sending.take() {
            Some(mut sending) => AskBlockingError::Full(sending.as_mut().withdraw()),
            None => AskBlockingError::Timeout,
        }
    }
}

impl<V, R, F> fmt::Debug for RecipientAsk<'_, V, R, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecipientAsk")
            .field("asked", &self.make.is_none())
            .field("waiting", &self.sending.is_some())
            .finish()
    }
}
