//! What the publishers and the readers of one view share.

use std::mem;
use std::sync::Arc;

use crate::notice::Notice;
use crate::panic::drop_contained;
use crate::sync::{AtomicBool, AtomicU64, Ordering, Place};

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
const FIRST: u64 = 1;

/// A view with a value that waits for the end of a turn.
pub(crate) trait Waiting: Send + Sync {
    /// Publishes the value, if it still waits. May run the drop of an older value.
    fn publish(&self);
}

impl<T> Shared<T> {
    pub(super) fn new(initial: Arc<T>) -> Self {
        let first = Version { number: FIRST, value: initial };
        Self {
            latest: Place::new(Some(Arc::new(first))),
            waiting: Place::new(None),
            numbers: AtomicU64::new(FIRST),
            is_ended: AtomicBool::new(false),
            notice: Notice::new(),
        }
    }

    /// Adds the next number to a value.
    pub(super) fn number(&self, value: Arc<T>) -> Arc<Version<T>> {
        // Relaxed: numbers need an order among themselves only, and one word has one.
        let number = self.numbers.fetch_add(1, Ordering::Relaxed) + 1;
        Arc::new(Version { number, value })
    }

    /// Publishes a version. Returns what readers do not see any more, to be dropped last.
    pub(super) fn publish(&self, version: Arc<Version<T>>) -> Option<Arc<Version<T>>> {
        let replaced = put_newer(&self.latest, version);
        self.notice.notify();
        replaced
    }

    /// Keeps a value for the end of the turn. Returns what it replaces.
    pub(super) fn prepare(&self, value: Arc<T>) -> Option<Arc<Version<T>>> {
        put_newer(&self.waiting, self.number(value))
    }

    /// Publishes what waits, and then the owner's end. Returns what readers do not see any more.
    pub(super) fn end(&self) -> Option<Arc<Version<T>>> {
        let replaced = self.waiting.get().and_then(|last| put_newer(&self.latest, last));
        // Release: a reader that sees the end sees the last version.
        self.is_ended.store(true, Ordering::Release);
        self.notice.notify();
        replaced
    }

    /// Returns whether the owner has ended. What it has published is visible then.
    pub(super) fn is_ended(&self) -> bool {
        // Acquire: pairs with the store in `end`.
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
