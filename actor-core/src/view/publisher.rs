//! The owner's end of a view.

use std::fmt;
use std::sync::Arc;

use crate::panic::drop_contained;
use crate::view::reader::View;
use crate::view::shared::{Shared, Waiting};

/// Publishes the values of a [view](crate::view). Clones publish to the same view, for instance in
/// the maker of an actor that restarts. The drop of the last one is the owner's end.
///
/// # Examples
///
/// ```
/// use actor_core::view::{OwnerEnded, publisher};
///
/// let (publisher, mut view) = publisher(String::new());
/// let again = publisher.clone();
/// drop(publisher);
/// again.publish("still here".to_owned());
/// drop(again);
/// let changes = [(); 2].map(|()| futures::executor::block_on(view.changed()));
/// assert_eq!(changes[0].as_ref().map(|text| text.len()), Ok(10));
/// assert_eq!(changes[1], Err(OwnerEnded));
/// ```
pub struct Publisher<T: Send + Sync + 'static> {
    owner: Arc<Owner<T>>,
}

/// All clones of a publisher. Its drop is the owner's end.
struct Owner<T> {
    shared: Arc<Shared<T>>,
}

impl<T: Send + Sync + 'static> Publisher<T> {
    pub(super) fn new(initial: T) -> Self {
        let shared = Arc::new(Shared::new(Arc::new(initial)));
        Self { owner: Arc::new(Owner { shared }) }
    }

    /// Publishes a value at once. Readers see it when this returns, or a newer one.
    ///
    /// Any thread may call this, and it never waits. Wakes the readers that wait for a change. The
    /// replaced value is dropped here, unless a reader still holds it.
    ///
    /// # Examples
    ///
    /// ```
    /// let (publisher, view) = actor_core::view::publisher(vec![1]);
    /// let old = view.get();
    /// publisher.publish(vec![1, 2]);
    /// assert_eq!((old.len(), view.get().len()), (1, 2));
    /// ```
    pub fn publish(&self, value: T) {
        self.publish_shared(Arc::new(value));
    }

    /// Publishes a value that other code shares already, at once.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// let (publisher, view) = actor_core::view::publisher(0);
    /// let kept = Arc::new(1);
    /// publisher.publish_shared(Arc::clone(&kept));
    /// assert!(Arc::ptr_eq(&kept, &view.get()));
    /// ```
    pub fn publish_shared(&self, value: Arc<T>) {
        let shared = &self.owner.shared;
        drop(shared.publish(shared.number(value)));
    }

    /// Returns another view of the values. The present value counts as seen.
    ///
    /// # Examples
    ///
    /// ```
    /// let (publisher, _) = actor_core::view::publisher(0);
    /// publisher.publish(1);
    /// assert_eq!(*publisher.view().get(), 1);
    /// ```
    #[must_use]
    pub fn view(&self) -> View<T> {
        View::new(Arc::clone(&self.owner.shared))
    }

    /// Keeps a value for the end of the turn. Returns the value that it replaces.
    pub(crate) fn prepare(&self, value: T) -> Option<impl Sized> {
        self.owner.shared.prepare(Arc::new(value))
    }

    /// Returns what publishes the value at the end of the turn.
    pub(crate) fn waiting(&self) -> Arc<dyn Waiting> {
        Arc::<Shared<T>>::clone(&self.owner.shared)
    }
}

impl<T> Drop for Owner<T> {
    fn drop(&mut self) {
        let replaced = self.shared.end();
        // The panic hook has reported any panic in this drop. This may run in another drop.
        drop(drop_contained(replaced));
    }
}

impl<T: Send + Sync + 'static> Clone for Publisher<T> {
    fn clone(&self) -> Self {
        Self { owner: Arc::clone(&self.owner) }
    }
}

impl<T: Send + Sync + 'static> fmt::Debug for Publisher<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Publisher").finish_non_exhaustive()
    }
}
