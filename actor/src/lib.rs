//! The former name of [`actor_lanes`], with most names of 0.1 at its root.
//!
//! For programs with a path dependency on `actor`. Such a program must enable a runtime feature
//! itself, because no feature is a default any more. A few items have changed as well, and the
//! project's `CHANGELOG.md` lists them under "Changed". New programs use `actor-lanes`. This crate
//! gets no new names, and is removed in 0.3.
//!
//! # Examples
//!
//! ```
//! let (handle, mailbox) = actor::mailbox::<Ping>();
//! # struct Ping;
//! # impl actor::Message for Ping {}
//! assert!(handle.try_tell(Ping).is_ok());
//! # drop(mailbox);
//! ```

pub use actor_lanes::actor::{Batch, Beat, TimerId, WorkError};
pub use actor_lanes::handle::{
    AskBlockingError, Tell, TellError, Unsent, WeakHandle, WeakRecipient,
};
pub use actor_lanes::life::{NotStarted, SpawnError};
pub use actor_lanes::mailbox::{LaneStats, Variant};
pub use actor_lanes::reply::{Answer, ReplyDropped};
#[cfg(feature = "smol")]
pub use actor_lanes::runtime::SmolRuntime;
#[cfg(feature = "thread")]
pub use actor_lanes::runtime::ThreadRuntime;
#[cfg(feature = "tokio")]
pub use actor_lanes::runtime::TokioRuntime;
#[cfg(any(feature = "tokio", feature = "smol", feature = "thread"))]
pub use actor_lanes::runtime::only as runtime;
pub use actor_lanes::runtime::{
    ExecutorStopped, Maker, ThreadEnd, Timer, UnknownRuntime, all as runtimes,
};
pub use actor_lanes::{
    Actor, AskError, Context, Executor, Exit, ExitReason, Handle, Lane, Mailbox, Message,
    Recipient, Reply, Running, Runtime, Spawn, ThreadConfig, TryTellError, mailbox, runtime_named,
    spawn,
};
