//! An actor's life: start, loop, stop and exit.
//!
//! In reading order: `spawn` runs a life from the maker to the exit, `serve` is the loop, `watch`
//! ends it from outside (kill, deadline, panic), `running` is the spawner's side.

mod running;
mod serve;
mod spawn;
mod watch;

pub use crate::mailbox::exit::{Ended, Exit, ExitReason};
pub use running::{NotStarted, Running};
pub use spawn::{Spawn, SpawnError, spawn};
