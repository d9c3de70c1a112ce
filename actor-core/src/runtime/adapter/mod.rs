//! Building blocks of an adapter, besides [`ThreadConfig`](crate::ThreadConfig) and
//! [`ThreadEnd`](crate::runtime::ThreadEnd). They are for authors of adapters; programs need none
//! of them.
//!
//! Every adapter keeps these rules. `conformance::run` (feature `conformance`) checks each of them:
//!
//! * **No thread is special.** Spawns, wakes, drops of wakers and timers, `run_blocking` and `now`
//!   work on every thread, even on an ending thread without its thread-locals. A thread-local is
//!   therefore reached through `try_with`, and its absence means "not the executor's own thread".
//! * **No panic escapes.** Makers, futures, work, wakers and panic payloads are foreign code, and
//!   so are their drops. Each of them runs inside [`contain`].
//! * **The current executor is stated**, by [`Current`]: once by a thread of its own, otherwise for
//!   each turn.
//! * **The wait is at most two turns of each neighbour with a backlog.** This holds for a due
//!   timer, for a task woken by another thread, and for a new future.

mod counted;
mod foreign;
mod pool;
pub(crate) mod staff;
mod task;
mod waker;

pub use counted::CountedTask;
pub use foreign::ForeignWake;
pub use pool::BlockingPool;
pub use task::Task;
pub use waker::ContainedWaker;

pub use crate::runtime::current::Current;
pub use crate::runtime::end::Ending;
pub use crate::runtime::wall::system_wall_now;
pub use crate::spin::Spin;

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::panic::let_go;

/// Runs code that may panic, and returns its result. Returns `None` after a panic, already reported
/// by the panic hook.
///
/// The panic's payload is dropped here. A panic in that drop is contained as well.
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
