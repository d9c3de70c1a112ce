//! The way back: a reply inside a message, and the answer that its asker awaits.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use concurrent_queue::{ConcurrentQueue, PopError};

use crate::sync::{AtomicWaker, register};

/// Answers one ask. It travels inside the message; sending consumes it.
///
/// A reply that is dropped unsent (the handler panicked, forgot it, or the message was evicted) is an error at the
/// asker, never a hang.
///
/// # Examples
///
/// ```
/// use actor_core::{Reply, ReplyDropped};
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
    cell: Arc<Cell<T>>,
}

/// The asker's end of a [`Reply`]: a future of the value.
///
/// # Cancel safety
///
/// Dropping it tells the other side that nobody waits: an ask that is still queued is then not handled at all, and
/// one that is being handled can see it with [`Reply::is_cancelled`].
#[must_use = "an answer does nothing unless it is awaited"]
pub struct Answer<T> {
    cell: Arc<Cell<T>>,
}

/// Says that the other side dropped the reply without sending it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplyDropped;

/// What the two ends share. The queue holds at most one value, inline; closing it is how either end says that it left.
struct Cell<T> {
    value: ConcurrentQueue<T>,
    /// The asker's waker, registered before its last look at `value`.
    asker: AtomicWaker,
}

/// What a mailbox needs to know of a queued ask: whether anyone still waits for it.
pub(crate) trait Asker: Send + Sync {
    fn has_left(&self) -> bool;
}

impl<T> Reply<T> {
    /// Makes a reply and the answer that it settles.
    pub fn pair() -> (Self, Answer<T>) {
        let cell = Arc::new(Cell { value: ConcurrentQueue::bounded(1), asker: AtomicWaker::new() });
        (Self { cell: Arc::clone(&cell) }, Answer { cell })
    }

    /// Answers. If the asker has left, the value is dropped: it asked for nothing else.
    pub fn send(self, value: T) {
        // Refused only when the asker has left; the drop of `self` then wakes nobody.
        drop(self.cell.value.push(value));
    }

    /// Tells whether the asker has gone away, so that work for it can be left undone.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.cell.value.is_closed()
    }

    pub(crate) fn asker(&self) -> Arc<dyn Asker>
    where
        T: Send + 'static,
    {
        Arc::clone(&self.cell) as Arc<dyn Asker>
    }
}

impl<T> Drop for Reply<T> {
    fn drop(&mut self) {
        self.cell.value.close();
        self.cell.asker.wake();
    }
}

impl<T> Drop for Answer<T> {
    fn drop(&mut self) {
        self.cell.value.close();
        // A value that nobody will read is dropped here rather than with the last end.
        drop(self.cell.value.pop());
    }
}

impl<T> Future for Answer<T> {
    type Output = Result<T, ReplyDropped>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if let Poll::Ready(settled) = self.cell.look() {
            return Poll::Ready(settled);
        }
        register(&self.cell.asker, cx.waker());
        // Look again: the reply may have come between the first look and the registration, and woken nobody.
        self.cell.look()
    }
}

impl<T> Cell<T> {
    fn look(&self) -> Poll<Result<T, ReplyDropped>> {
        match self.value.pop() {
            Ok(value) => Poll::Ready(Ok(value)),
            Err(PopError::Closed) => Poll::Ready(Err(ReplyDropped)),
            Err(PopError::Empty) => Poll::Pending,
        }
    }
}

impl<T: Send> Asker for Cell<T> {
    fn has_left(&self) -> bool {
        self.value.is_closed()
    }
}

impl<T> fmt::Debug for Reply<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reply").field("cancelled", &self.is_cancelled()).finish()
    }
}

impl<T> fmt::Debug for Answer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer").field("settled", &self.cell.value.is_closed()).finish()
    }
}

impl fmt::Display for ReplyDropped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the reply was dropped without being sent")
    }
}

impl std::error::Error for ReplyDropped {}
