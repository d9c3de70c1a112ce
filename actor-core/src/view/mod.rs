//! Published views: one owner publishes immutable snapshots, and any thread reads the newest.
//!
//! A reader neither waits nor takes a lock, and the owner does not notice it. An actor publishes
//! with [`Context::publish`](crate::Context::publish) at the end of its turn, and any code with
//! [`Publisher::publish`] at once. A reader may also wait for a change.
//!
//! # Examples
//!
//! ```
//! use actor_core::view;
//!
//! let (publisher, mut view) = view::publisher("starting");
//! let reader = view.clone();
//! std::thread::scope(|threads| {
//!     threads.spawn(|| publisher.publish("running"));
//!     let changed = futures::executor::block_on(view.changed());
//!     assert_eq!(changed.as_deref(), Ok(&"running"));
//! });
//! assert_eq!(*reader.get(), "running");
//! drop(publisher);
//! assert!(view.is_ended());
//! assert_eq!(*reader.get(), "running", "the last value stays");
//! ```
//!
//! # Protocol
//!
//! A view shares four words: the *latest* snapshot with its version, a snapshot that *waits* for
//! the end of a turn, the number of versions given out, and whether the owner has ended.
//!
//! ```text
//! publish                              changed
//!   version = next number                latest newer than the last seen? -> return it
//!   latest: older -> this    (1)         ended? look again, then -> the owner has ended
//!   notice                   (2)         register with the notice            (3)
//!                                        look again                          (4)
//! owner's end                            wait, and begin again
//!   publish what waits
//!   ended = true
//!   notice
//! ```
//!
//! * A version is taken when `publish` is called. An older snapshot never replaces a newer one, so
//!   two publishing threads and a waiting snapshot need no order of their own.
//! * If the check at (2) misses the registration (3), then the look at (4) sees the snapshot of (1)
//!   or a newer one. `Notice` has the two fences. So the newest is never
//!   missed. Several changes may be seen as one.
//! * The end of a turn copies the waiting snapshot before it clears the place. An owner that ends
//!   at the same time finds it in one of the two places.
//! * The owner's end follows its last snapshot. A reader that sees the end looks once more, and so
//!   returns the last snapshot before the end.
//! * Each word is read and replaced in one step ([`Place`]). A reader takes no part in it, so a
//!   stopped reader delays nobody.
//! * The actor's task alone keeps the list of views with a waiting snapshot. One bit of its life's
//!   word guards the list, so a turn without one costs nothing.
//!
//! # Drops
//!
//! The last owner of a snapshot drops it: the publishing thread when it replaces a snapshot without
//! readers, and otherwise the last reader. A big snapshot without readers therefore costs its owner
//! the time of its drop. [`View::get`] drops nothing.

mod changes;
#[cfg(all(test, any(loom, shuttle)))]
mod model;
mod publisher;
mod reader;
mod shared;

pub use changes::Changes;
pub use publisher::Publisher;
pub use reader::{OwnerEnded, View};
pub(crate) use shared::Waiting;

#[doc(hidden)]
pub use crate::sync::Place;

/// Creates a view with its first value, and the publisher of the next ones.
///
/// The first value counts as seen: [`View::changed`] waits for the next.
///
/// # Examples
///
/// ```
/// let (publisher, view) = actor_core::view::publisher(1);
/// assert_eq!(*view.get(), 1);
/// publisher.publish(2);
/// assert_eq!(*view.get(), 2);
/// ```
#[must_use]
pub fn publisher<T: Send + Sync + 'static>(initial: T) -> (Publisher<T>, View<T>) {
    let publisher = Publisher::new(initial);
    let view = publisher.view();
    (publisher, view)
}
