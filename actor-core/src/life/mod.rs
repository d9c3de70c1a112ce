//! An actor's life: start, loop, stop and exit.
//!
//! In reading order: `made` is what a maker returns, `place` where an actor starts and `spawn` the
//! builder, with `spawn_restarting` for several lives and `spawn_observed` with an observer
//! (`eye`). `live` runs a life from the maker to the exit, with `lives` (its maker), `serve` (the
//! loop), `watch` (the end from outside: kill, deadline, panic) and `ending` (the last steps).
//! `relive` runs several lives on one mailbox, with `again` (their maker), `decider` (the next
//! life) and `poison` (the message in hand). `restart` and `backoff` are the policy, `governor` is
//! another party in its place. `running` is the spawner's side. `direct` calls handlers without a
//! loop, and `gauge` looks at an actor without keeping it: both are for test kits.

mod again;
mod backoff;
mod decider;
mod direct;
mod ending;
mod error;
mod eye;
mod gauge;
mod governor;
mod links;
mod live;
mod lives;
mod made;
mod named;
mod place;
mod poison;
mod relive;
mod restart;
mod running;
mod serve;
mod spawn;
mod spawn_observed;
mod spawn_restarting;
mod watch;

pub use crate::mailbox::exit::{Ended, Exit, ExitReason};
pub use backoff::Backoff;
pub use error::SpawnError;
#[doc(hidden)]
pub use gauge::WeakGauge;
pub use governor::{Governed, Governor};
pub use made::Made;
#[doc(hidden)]
pub use made::{Plain, Tried};
pub use named::{current_name, name_panics};
pub use place::{Host, OnPanic, Phase, Place, Seat, Wish};
pub use restart::{Restart, Restarts};
pub use running::{NotStarted, Running};
pub use spawn::{Once, Spawn, spawn};
#[doc(hidden)]
pub use spawn_observed::{See, Seen};
pub use spawn_restarting::{Restarting, SpawnRestarting};
