//! The owner's end of a view, and what both ends share.

use std::fmt;
use std::mem;
use std::sync::Arc;

use crate::notice::Notice;
use crate::panic::drop_contained;
use crate::sync::{AtomicBool, AtomicU64, Ordering, Place};
use crate::view::reader::View;

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

/// What the publishers and the readers of one view share.
pub(super) struct Shared<T> {
    /// Never empty.
    pub(super) latest: Place<Version<T>>,
    /// The value that waits for the end of a turn.
    waiting: Place<Version<T>>,
    /// The number of the newest version, published or not.
    numbers: AtomicU64,
    is_ended: AtomicBool,
    pub(super) notice: Notice,
}

/// A value with its number.
pub(super) struct Version<T> {
    pub(super) number: u64,
    pub(super) value: Arc<T>,
}

/// The number of the first value.
pub(super) const FIRST: u64 = 1;

/// A view with a value that waits for the end of a turn.
pub(crate) trait Waiting: Send + Sync {
    /// Publishes the value, if it still waits. May run the drop of an older value.
    fn publish(&self);
}

impl<T: Send + Sync + 'static> Publisher<T> {
    pub(super) fn new(initial: T) -> Self {
        let first = Version { number: FIRST, value: Arc::new(initial) };
        let shared = Arc::new(Shared {
            latest: Place::new(Some(Arc::new(first))),
            waiting: Place::new(None),
            numbers: AtomicU64::new(FIRST),
            is_ended: AtomicBool::new(false),
            notice: Notice::new(),
        });
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
        self.put(value);
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

    /// Publishes a value, and returns its number.
    #[doc(hidden)]
    pub fn put(&self, value: Arc<T>) -> u64 {
        let version = self.owner.shared.number(value);
        let number = version.number;
        drop(self.owner.shared.publish(version));
        number
    }

    /// Keeps a value for the end of the turn. Returns the value that it replaces.
    pub(crate) fn prepare(&self, value: T) -> Option<impl Sized> {
        let shared = &self.owner.shared;
        let version = shared.number(Arc::new(value));
        put_newer(&shared.waiting, version)
    }

    /// Returns what publishes the value at the end of the turn.
    pub(crate) fn waiting(&self) -> Arc<dyn Waiting> {
        Arc::<Shared<T>>::clone(&self.owner.shared)
    }
}

impl<T> Shared<T> {
    /// Gives a value the next number.
    fn number(&self, value: Arc<T>) -> Arc<Version<T>> {
        // Relaxed: numbers need an order among themselves only, and one word has one.
        let number = self.numbers.fetch_add(1, Ordering::Relaxed) + 1;
        Arc::new(Version { number, value })
    }

    /// Publishes a version. Returns what readers do not see any more, to be dropped last.
    fn publish(&self, version: Arc<Version<T>>) -> Option<Arc<Version<T>>> {
        let replaced = put_newer(&self.latest, version);
        self.notice.notify();
        replaced
    }

    /// Returns whether the owner has ended. What it has published is visible then.
    pub(super) fn is_ended(&self) -> bool {
        // Acquire: pairs with the store in the drop of the owner.
        self.is_ended.load(Ordering::Acquire)
    }
}

/// Puts a version in place of an older one or of none. Returns what is not in the place any more,
/// which may be this version.
///
/// Values of the program are dropped only by the caller, or with their panics contained.
fn put_newer<T>(place: &Place<Version<T>>, version: Arc<Version<T>>) -> Option<Arc<Version<T>>> {
    let mut current = place.get();
    loop {
        if current.as_ref().is_some_and(|current| current.number >= version.number) {
            drop(drop_contained(current));
            return Some(version);
        }
        let Err(other) = place.replace(&current, Some(Arc::clone(&version))) else {
            return current;
        };
        // It may be the last owner of this value by now.
        drop(drop_contained(mem::replace(&mut current, other)));
    }
}

impl<T: Send + Sync> Waiting for Shared<T> {
    fn publish(&self) {
        let waiting = self.waiting.get();
        if let Some(version) = &waiting {
            // Before it leaves its place, so that an owner that ends meanwhile finds it in one of
            // the two.
            let replaced = self.publish(Arc::clone(version));
            // Another value waits for the end of another actor's turn.
            let other = self.waiting.replace(&waiting, None);
            drop((replaced, other));
        }
    }
}

impl<T> Drop for Owner<T> {
    fn drop(&mut self) {
        let shared = &self.shared;
        let replaced = shared.waiting.get().and_then(|last| put_newer(&shared.latest, last));
        // Release: a reader that sees the end sees the last version.
        shared.is_ended.store(true, Ordering::Release);
        shared.notice.notify();
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
