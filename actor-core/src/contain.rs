//! Where panics of an actor's code are caught: when a part of it runs, and when it is dropped.

use std::any::Any;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use crate::ExitReason;

/// Runs a part of the actor by `step` until that is ready, and drops the part. A panic on the way is the error.
pub(crate) async fn contained<P: Future, T>(
    part: P,
    mut step: impl FnMut(Pin<&mut P>, &mut Context<'_>) -> Poll<T>,
) -> Result<T, ExitReason> {
    let mut part = pin!(Some(part));
    let ended = poll_fn(|task| {
        let part = part.as_mut().as_pin_mut().expect("the part is dropped after its last poll only");
        match catch_unwind(AssertUnwindSafe(|| step(part, task))) {
            Ok(stepped) => stepped.map(Ok),
            Err(payload) => Poll::Ready(Err(ExitReason::Panicked(panic_text(payload)))),
        }
    })
    .await;
    // What a handler held where it waited is dropped here. Should that panic, the panic hook has reported it, and the
    // reason for dropping it stays the actor's.
    drop(catch_unwind(AssertUnwindSafe(|| part.set(None))));
    ended
}

/// Drops something that is the actor's, and tells of a panic in that.
pub(crate) fn drop_contained<T>(value: T) -> Option<ExitReason> {
    let dropped = catch_unwind(AssertUnwindSafe(move || drop(value)));
    dropped.err().map(|payload| ExitReason::Panicked(panic_text(payload)))
}

/// Reads the message that a panic was raised with, and drops that, whatever it is: its own drop may panic.
pub(crate) fn panic_text(payload: Box<dyn Any + Send>) -> String {
    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| payload.downcast_ref::<String>().cloned());
    if let Err(again) = catch_unwind(AssertUnwindSafe(move || drop(payload))) {
        // There may be no end to it, so this one is let go.
        std::mem::forget(again);
    }
    text.unwrap_or_else(|| "a panic without a message".to_owned())
}
