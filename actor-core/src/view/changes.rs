//! The changes of a view as a stream.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures::Stream;
use futures::stream::FusedStream;

use crate::view::reader::{View, Wait};

/// The present value of a view, and then each change. Made by [`View::changes`].
///
/// Several changes may be one item, and the newest is never missed. The stream ends with the
/// owner, after its last value.
///
/// # Examples
///
/// ```
/// use futures::StreamExt;
///
/// let (publisher, view) = actor_core::view::publisher("red");
/// let changes = view.changes();
/// publisher.publish("green");
/// drop(publisher);
/// let seen: Vec<_> = futures::executor::block_on(changes.collect());
/// assert_eq!(*seen[0], "green", "one item for both");
/// assert_eq!(seen.len(), 1);
/// ```
pub struct Changes<T> {
    view: View<T>,
    wait: Wait,
    is_ended: bool,
}

impl<T> View<T> {
    /// Returns the present value and then each change as a stream, which ends with the owner.
    ///
    /// # Examples
    ///
    /// ```
    /// use futures::StreamExt;
    ///
    /// let (publisher, view) = actor_core::view::publisher(1);
    /// let mut changes = view.changes();
    /// futures::executor::block_on(async {
    ///     assert_eq!(changes.next().await.as_deref(), Some(&1));
    ///     publisher.publish(2);
    ///     assert_eq!(changes.next().await.as_deref(), Some(&2));
    ///     drop(publisher);
    ///     assert_eq!(changes.next().await, None);
    /// });
    /// ```
    #[must_use]
    pub fn changes(&self) -> Changes<T> {
        Changes { view: self.unseen(), wait: None, is_ended: false }
    }
}

impl<T> Stream for Changes<T> {
    type Item = Arc<T>;

    fn poll_next(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Option<Arc<T>>> {
        let Self { view, wait, is_ended } = self.get_mut();
        view.poll_changed(wait, task).map(|change| {
            *is_ended = change.is_err();
            change.ok()
        })
    }
}

impl<T> FusedStream for Changes<T> {
    fn is_terminated(&self) -> bool {
        self.is_ended
    }
}

impl<T: fmt::Debug> fmt::Debug for Changes<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Changes").field("view", &self.view).finish_non_exhaustive()
    }
}
