//! The way back: a reply inside a message, and the answer that its asker awaits.

#[cfg(all(test, any(loom, shuttle)))]
mod model;
mod pool;
mod slot;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

pub(crate) use self::slot::Asker;
use self::slot::{Awaiter, Replier};

/// Answers one ask. It travels inside the message; sending consumes it.
///
/// A reply that is dropped unsent (the handler panicked, forgot it, or the message was evicted) is an error at the
/// asker, never a hang.
///
/// # Examples
///
/// ```
/// use actor_core::Reply;
/// use actor_core::reply::ReplyDropped;
///
/// let (reply, answer) = Reply::pair();
/// reply.send(7);
/// assert_eq!(futures::executor::block_on(answer), Ok(7));
///
/// let (reply, answer) = Reply::<u32>::pair();
/// drop(reply);
/// assert_eq!(futures::executor::block_on(answer), Err(ReplyDropped));
/// ```
#[must_use = "dropping a reply tells the asker that there is none"]
pub struct Reply<T> {
    end: Replier<T>,
}

/// The asker's end of a [`Reply`]: a future of the value.
///
/// # Cancel safety
///
/// Dropping it tells the other side that nobody waits: an ask that is still queued is then not handled at all, and
/// one that is being handled can see it with [`Reply::is_cancelled`].
#[must_use = "an answer does nothing unless it is awaited"]
pub struct Answer<T> {
    end: Awaiter<T>,
}

/// Says that the other side dropped the reply without sending it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplyDropped;

impl<T> Reply<T> {
    /// Makes a reply and the answer that it settles.
    pub fn pair() -> (Self, Answer<T>) {
        let (reply, answer) = slot::pair();
        (Self { end: reply }, Answer { end: answer })
    }

    /// Makes a pair for a message that is going to be queued, and the mark for its envelope.
    pub(crate) fn queued() -> (Self, Answer<T>, Asker) {
        let (reply, answer, asker) = slot::queued();
        (Self { end: reply }, Answer { end: answer }, asker)
    }

    /// Answers. If the asker has left, the value is dropped: it asked for nothing else.
    pub fn send(self, value: T) {
        self.end.send(value);
    }

    /// Tells whether the asker has gone away, so that work for it can be left undone.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.end.is_abandoned()
    }
}

impl<T> Future for Answer<T> {
    type Output = Result<T, ReplyDropped>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.end.poll(cx.waker()).map(|value| value.ok_or(ReplyDropped))
    }
}

impl<T> fmt::Debug for Reply<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reply").field("cancelled", &self.is_cancelled()).finish()
    }
}

impl<T> fmt::Debug for Answer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer").field("settled", &self.end.is_settled()).finish()
    }
}

impl fmt::Display for ReplyDropped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the reply was dropped without being sent")
    }
}

impl std::error::Error for ReplyDropped {}
