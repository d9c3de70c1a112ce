//! Where panics of other people's code end.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs code that is not this crate's. A panic of it ends here, and the panic hook has reported it.
pub(crate) fn contained<T>(code: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(code)).map_err(let_go).ok()
}

/// Drops what a panic was raised with; its own drop may panic.
fn let_go(payload: Box<dyn Any + Send>) {
    if let Err(again) = catch_unwind(AssertUnwindSafe(move || drop(payload))) {
        // There may be no end to it, so this one is not dropped.
        std::mem::forget(again);
    }
}
