//! Pools of equal actors behind one handle.
//!
//! ```text
//! Pool::new(n)                               Pool::shared_queue(n)
//!
//!               ┌─▶ ▭▭▭▭ worker 0                           ┌─▶ worker 0
//! PoolHandle ───┼─▶ ▭▭▭▭ worker 1            PoolHandle ──▶ ▭▭▭▭ queue ─┼─▶ worker 1
//!     Route     └─▶ ▭▭▭▭ worker 2                           └─▶ worker 2
//! ```
//!
//! With routes, the sender's thread chooses the worker, and a message costs as much as to one
//! actor. With a shared queue, the next message goes to the first idle worker, so no message waits
//! behind a slow one while another worker is idle. It costs a second send and a report.
//!
//! In reading order: `builder` starts a pool, `route` chooses the worker of a message, `handle` is
//! the sending end, `tell` a send that waits for room at several workers, `running` the spawner's
//! side, `front` the shared queue with `slot` (what it shares with a worker) and `queued` (a worker
//! behind it).

mod ask;
mod builder;
mod front;
mod handle;
#[cfg(all(test, shuttle))]
mod model;
mod queued;
mod route;
mod running;
mod slot;
mod tell;

pub use ask::PoolAsk;
pub use builder::Pool;
#[doc(hidden)]
pub use builder::{Routed, Shared};
pub use handle::{PoolHandle, PoolStats};
pub use route::Route;
pub use running::{PoolExit, PoolRunning};
