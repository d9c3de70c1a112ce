//! Work in flight: futures of the actor, and work on other threads. Their results come as messages.
//!
//! In reading order: `error` has the reasons for work without a result, `cancel` the token of
//! offloaded work, `local` a future of the actor, `offload` a piece of work on another thread,
//! `deadlines` and `order` two lists of pieces, `pieces` all work of one life, `builder` the ways
//! to start it, `api` the methods of the context.

mod api;
mod builder;
mod cancel;
mod deadlines;
mod error;
mod local;
#[cfg(all(test, any(loom, shuttle)))]
mod model;
mod offload;
mod order;
pub(crate) mod pieces;

pub use builder::{Offloading, Spawning, WorkPool};
pub use cancel::Cancel;
pub use error::{Refused, WorkError, WorkId};
