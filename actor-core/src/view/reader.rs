//! The readers' end of a view.

use std::fmt;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use event_listener::EventListener;

use crate::park::block_on_for;
use crate::quiet::{Quiet, quietly};
use crate::view::shared::{Shared, Version};

/// Reads the newest value of its owner, on any thread. Cheap to clone.
///
/// Each view remembers the last value that it has returned as a change. A clone begins with the
/// memory of the original.
///
/// # Examples
///
/// ```
/// use std::thread;
///
/// let (publisher, view) = actor_core::view::publisher(0);
/// publisher.publish(7);
/// let readers = [(); 4].map(|()| {
///     let view = view.clone();
///     thread::spawn(move || *view.get())
/// });
/// assert_eq!(readers.map(|reader| reader.join().unwrap_or_default()), [7; 4]);
/// ```
pub struct View<T> {
    shared: Arc<Shared<T>>,
    /// The number of the last value returned as a change.
    seen: u64,
}

/// The owner of a view has ended: there will be no other value.
///
/// # Examples
///
/// ```
/// use actor_core::view::{OwnerEnded, publisher};
///
/// let (publisher, mut view) = publisher(0);
/// drop(publisher);
/// assert_eq!(futures::executor::block_on(view.changed()), Err(OwnerEnded));
/// assert_eq!(OwnerEnded.to_string(), "the owner of the view has ended");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OwnerEnded;

/// A wait for the next change. `None` before the first pending poll.
pub(super) type Wait = Option<Quiet<EventListener>>;

impl<T> View<T> {
    pub(super) fn new(shared: Arc<Shared<T>>) -> Self {
        let seen = shared.latest.with(|latest| latest.map_or(0, |version| version.number));
        Self { shared, seen }
    }

    /// Returns the newest value.
    ///
    /// Never waits, takes no lock, and does not involve the owner. Works after the owner's end as
    /// well. What it returns stays the same for as long as the caller holds it.
    ///
    /// # Examples
    ///
    /// ```
    /// let (publisher, view) = actor_core::view::publisher("old");
    /// let old = view.get();
    /// publisher.publish("new");
    /// assert_eq!((*old, *view.get()), ("old", "new"));
    /// ```
    #[must_use]
    pub fn get(&self) -> Arc<T> {
        self.newest()
    }

    /// Returns the newest value, if this view has not returned it as a change before. Never waits.
    ///
    /// # Examples
    ///
    /// ```
    /// let (publisher, mut view) = actor_core::view::publisher(0);
    /// assert_eq!(view.take_change(), None);
    /// publisher.publish(1);
    /// publisher.publish(2);
    /// assert_eq!(view.take_change().as_deref(), Some(&2));
    /// assert_eq!(view.take_change(), None);
    /// ```
    pub fn take_change(&mut self) -> Option<Arc<T>> {
        let Self { shared, seen } = self;
        shared.latest.with(|latest| {
            let latest = latest.filter(|latest| latest.number > *seen)?;
            *seen = latest.number;
            Some(Arc::clone(&latest.value))
        })
    }

    /// Waits until there is a value that this view has not returned as a change, and returns the
    /// newest.
    ///
    /// Values that were published between two calls are not missed: the next call returns the
    /// newest of them at once. Several changes may be returned as one. A call of [`get`](Self::get)
    /// does not count. Cancel safe: a dropped wait loses nothing.
    ///
    /// # Errors
    ///
    /// [`OwnerEnded`] once the owner has ended and its last value was returned.
    ///
    /// # Examples
    ///
    /// ```
    /// let (publisher, mut view) = actor_core::view::publisher(0);
    /// let count = std::thread::spawn(move || {
    ///     futures::executor::block_on(async move {
    ///         let mut last = 0;
    ///         while let Ok(value) = view.changed().await {
    ///             assert!(*value > last);
    ///             last = *value;
    ///         }
    ///         last
    ///     })
    /// });
    /// (1..=100).for_each(|n| publisher.publish(n));
    /// drop(publisher);
    /// assert_eq!(count.join().ok(), Some(100), "the newest is never missed");
    /// ```
    pub async fn changed(&mut self) -> Result<Arc<T>, OwnerEnded> {
        let mut wait = None;
        poll_fn(|task| self.poll_changed(&mut wait, task)).await
    }

    /// As [`changed`](Self::changed), on a thread without a runtime. Returns `Ok(None)` after the
    /// timeout.
    ///
    /// # Errors
    ///
    /// [`OwnerEnded`] once the owner has ended and its last value was returned.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let (publisher, mut view) = actor_core::view::publisher(0);
    /// assert_eq!(view.changed_blocking(Duration::ZERO)?, None);
    /// publisher.publish(1);
    /// assert_eq!(view.changed_blocking(Duration::from_secs(10))?.as_deref(), Some(&1));
    /// # Ok::<(), actor_core::view::OwnerEnded>(())
    /// ```
    pub fn changed_blocking(&mut self, timeout: Duration) -> Result<Option<Arc<T>>, OwnerEnded> {
        block_on_for(pin!(self.changed()), timeout).transpose()
    }

    /// Returns whether the owner has ended. The newest value stays readable.
    ///
    /// # Examples
    ///
    /// ```
    /// let (publisher, view) = actor_core::view::publisher(0);
    /// assert!(!view.is_ended());
    /// drop(publisher);
    /// assert!(view.is_ended());
    /// ```
    #[must_use]
    pub fn is_ended(&self) -> bool {
        self.shared.is_ended()
    }

    fn newest(&self) -> Arc<T> {
        let value = |latest: &Version<T>| Arc::clone(&latest.value);
        self.shared.latest.with(|latest| latest.map(value)).expect("a view always has a value")
    }

    /// Returns a view that has returned no value as a change.
    pub(super) fn unseen(&self) -> Self {
        Self { shared: Arc::clone(&self.shared), seen: 0 }
    }

    pub(super) fn poll_changed(
        &mut self,
        wait: &mut Wait,
        task: &mut Context<'_>,
    ) -> Poll<Result<Arc<T>, OwnerEnded>> {
        loop {
            // Before the look at the value: the owner's end follows its last value.
            let is_ended = self.is_ended();
            if let Some(value) = self.take_change() {
                return Poll::Ready(Ok(value));
            }
            if is_ended {
                return Poll::Ready(Err(OwnerEnded));
            }
            let Some(listener) = wait else {
                // The loop looks again: a value published meanwhile has not notified this listener.
                *wait = Some(quietly(self.shared.notice.event().listen()));
                continue;
            };
            ready!(Pin::new(listener).poll(task));
            *wait = None;
        }
    }
}

impl<T> Clone for View<T> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared), seen: self.seen }
    }
}

impl<T: fmt::Debug> fmt::Debug for View<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("View")
            .field("value", &self.get())
            .field("is_ended", &self.is_ended())
            .finish_non_exhaustive()
    }
}

impl fmt::Display for OwnerEnded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the owner of the view has ended")
    }
}

impl std::error::Error for OwnerEnded {}
