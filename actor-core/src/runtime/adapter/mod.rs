//! What an adapter is built of, besides [`ThreadConfig`](crate::ThreadConfig) and [`ThreadEnd`](crate::runtime::ThreadEnd). For
//! those who write an adapter; programs need nothing of it.
//!
//! The rules that every adapter keeps, each checked by `conformance::run` (feature `conformance`):
//!
//! * **No thread is special.** Spawns, wakes, drops of wakers and timers, `run_blocking` and `now` work on every
//!   thread, also on one that is ending and has lost its thread-locals. So a thread-local is reached through
//!   `try_with`, and its absence means "not the executor's own thread".
//! * **No panic gets out.** Makers, futures, work, wakers and panic payloads are other people's code, and so are their
//!   drops. Each of them runs inside [`contain`].
//! * **Nobody waits for more than two turns of each neighbour that has a backlog**: not a due timer, not a task that
//!   another thread wakes, not a new future.

mod pool;
pub(crate) mod staff;
mod task;
mod waker;

pub use pool::BlockingPool;
pub use task::Task;
pub use waker::ContainedWaker;

pub use crate::spin::Spin;

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::panic::let_go;

/// Runs code that may panic, and returns its result. Returns `None` if it panicked; the panic hook has reported that.
///
/// The panic's payload is dropped here, and a payload that panics in its drop is contained as well.
///
/// # Examples
///
/// ```
/// use actor_core::runtime::adapter::contain;
///
/// assert_eq!(contain(|| 1), Some(1));
/// assert_eq!(contain(|| -> u32 { panic!("reported, and contained") }), None);
/// ```
pub fn contain<T>(code: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(code)).map_err(let_go).ok()
}
