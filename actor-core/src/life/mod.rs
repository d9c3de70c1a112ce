//! An actor's life: its start, its loop, its stop and its end.

mod running;
mod serve;
mod spawn;
mod watch;

pub use crate::mailbox::exit::{Exit, ExitReason};
pub use running::{NotStarted, Running};
pub use spawn::{Spawn, SpawnError, spawn};
