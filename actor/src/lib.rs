//! The former name of [`actor_lanes`], with all names at its root as before 0.2.
//!
//! Programs with a path dependency on `actor` keep compiling. New programs use `actor-lanes`. This
//! crate goes away with 0.3, and gets no new names.
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
