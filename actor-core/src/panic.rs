//! Catches panics of foreign code: while it runs, and while its values are dropped.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Waker;

/// The text of a caught panic.
#[derive(Debug)]
pub(crate) struct Panicked(pub(crate) String);

/// Runs foreign code. A panic in it becomes an `Err`.
pub(crate) fn contained<T>(run: impl FnOnce() -> T) -> Result<T, Panicked> {
    catch_unwind(AssertUnwindSafe(run)).map_err(|payload| Panicked(panic_text(payload)))
}

/// Drops a foreign value. A panic in its destructor becomes an `Err`.
pub(crate) fn drop_contained<T>(value: T) -> Result<(), Panicked> {
    contained(move || drop(value))
}

/// A foreign value beside others in one struct. Its drop never panics, because two panics in one
/// drop abort the process.
pub(crate) struct Contained<T>(Option<T>);

impl<T> Contained<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(Some(value))
    }

    pub(crate) fn get_mut(&mut self) -> &mut T {
        self.0.as_mut().expect("it is taken by value only")
    }

    /// Drops the value now. A panic in its destructor becomes an `Err`.
    pub(crate) fn end(&mut self) -> Result<(), Panicked> {
        drop_contained(self.0.take())
    }

    pub(crate) fn into_inner(mut self) -> T {
        self.0.take().expect("it is taken by value only")
    }
}

impl<T> Drop for Contained<T> {
    fn drop(&mut self) {
        // The panic hook has reported any panic in this drop.
        drop(self.end());
    }
}

/// Wakes a foreign task. A panic of its waker does not reach the caller.
pub(crate) fn wake_contained(waker: Option<Waker>) {
    if let Some(waker) = waker {
        drop(contained(|| waker.wake()));
    }
}

/// Returns the text of a panic, and drops the payload. The payload's own drop may panic.
pub(crate) fn panic_text(payload: Box<dyn Any + Send>) -> String {
    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| payload.downcast_ref::<String>().cloned());
    let_go(payload);
    text.unwrap_or_else(|| "a panic without a message".to_owned())
}

/// Drops a panic's payload. The payload's own drop may panic.
pub(crate) fn let_go(payload: Box<dyn Any + Send>) {
    if let Err(again) = catch_unwind(AssertUnwindSafe(move || drop(payload))) {
        // Leaked, because the payload of this second panic may panic as well, and so on without
        // end.
        std::mem::forget(again);
    }
}
