//! Where panics of an actor's code are caught: when a part of it runs, and when it is dropped.

use std::any::Any;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use crate::mailbox::exit::ExitReason;

/// Polls a part of the actor. A panic is its end as well.
pub(crate) fn poll_contained<P: Future<Output = ExitReason>>(
    part: Pin<&mut Option<P>>,
    task: &mut Context<'_>,
) -> Poll<ExitReason> {
    let part = part.as_pin_mut().expect("a part is dropped after its last poll only");
    match catch_unwind(AssertUnwindSafe(|| part.poll(task))) {
        Ok(polled) => polled,
        Err(payload) => Poll::Ready(ExitReason::Panicked(panic_text(payload))),
    }
}

/// Drops something that is the actor's, and tells of a panic in that.
pub(crate) fn drop_contained<T>(value: T) -> Option<ExitReason> {
    contained(move || drop(value))
}

/// Runs something of the actor's, and tells of a panic in that.
pub(crate) fn contained(run: impl FnOnce()) -> Option<ExitReason> {
    let ran = catch_unwind(AssertUnwindSafe(run));
    ran.err().map(|payload| ExitReason::Panicked(panic_text(payload)))
}

/// Wakes a stranger's task, and keeps a panic in that from whoever wakes it.
pub(crate) fn wake_contained(waker: Option<Waker>) {
    if let Some(waker) = waker {
        drop(contained(|| waker.wake()));
    }
}

/// Reads the message that a panic was raised with, and drops that, whatever it is: its own drop may panic.
pub(crate) fn panic_text(payload: Box<dyn Any + Send>) -> String {
    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| payload.downcast_ref::<String>().cloned());
    let_go(payload);
    text.unwrap_or_else(|| "a panic without a message".to_owned())
}

/// Drops what a panic was raised with; its own drop may panic.
pub(crate) fn let_go(payload: Box<dyn Any + Send>) {
    if let Err(again) = catch_unwind(AssertUnwindSafe(move || drop(payload))) {
        // There may be no end to it, so this one is not dropped.
        std::mem::forget(again);
    }
}
