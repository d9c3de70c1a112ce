//! An async-runtime-agnostic actor framework for programs in which many threads talk to one owner of state.
//!
//! This crate is [`actor_core`] together with the runtimes that its features enable: `tokio`, `smol`, and `thread`, which is
//! no async runtime but a plain thread that runs actors. No feature is a default, and none changes or removes anything.
//!
//! | a program writes | and gets |
//! |---|---|
//! | [`runtime_named("smol")`](runtime_named) | that runtime, whatever its dependencies enable |
//! | [`runtime::SmolRuntime::new()`](runtime) | the same, checked by the compiler |
//! | [`runtime::only()`](runtime) | the only enabled runtime; panics if a dependency enables another |
//! | [`runtime::all()`](runtime::all) | every enabled runtime |
//!
//! # Examples
//!
//! ```
//! use std::time::Duration;
//!
//! use actor_lanes::{Actor, Context, Message, Reply, ThreadConfig, spawn};
//!
//! enum Count {
//!     Add(u64),
//!     Read(Reply<u64>),
//! }
//! impl Message for Count {}
//!
//! struct Counter(u64);
//! impl Actor for Counter {
//!     type Message = Count;
//!     async fn handle(&mut self, message: Count, _cx: &mut Context<Count>) {
//!         match message {
//!             Count::Add(n) => self.0 += n,
//!             Count::Read(reply) => reply.send(self.0),
//!         }
//!     }
//! }
//!
//! # let Some(enabled) = actor_lanes::runtime::all().pop() else { return Ok(()) };
//! # let name = enabled.name();
//! // The name is the program's choice: "tokio", "smol" or "thread".
//! let executor = actor_lanes::runtime_named(name)?.start_executor(ThreadConfig::named("counter"))?;
//! let (counter, running) = spawn(&executor, || Counter(0))?;
//! counter.try_tell(Count::Add(2))?;
//! assert_eq!(counter.ask_blocking(Count::Read, Duration::from_secs(5)).ok(), Some(2));
//! running.stop(Duration::from_secs(1));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod chosen;

pub use actor_core::{
    Actor, AskError, Context, Executor, Exit, ExitReason, Handle, Lane, Mailbox, Message, Recipient, Reply, Running,
    Runtime, Spawn, ThreadConfig, TryTellError, actor, handle, life, mailbox, reply, spawn,
};
pub use chosen::runtime_named;

/// The enabled runtimes, and the traits of an adapter.
pub mod runtime {
    #[cfg(any(feature = "tokio", feature = "smol", feature = "thread"))]
    pub use crate::chosen::only;
    pub use crate::chosen::{UnknownRuntime, all};
    pub use actor_core::runtime::{Executor, ExecutorStopped, Maker, Runtime, ThreadConfig, ThreadEnd, Timer, adapter};
    #[cfg(feature = "smol")]
    pub use actor_smol::SmolRuntime;
    #[cfg(feature = "thread")]
    pub use actor_thread::ThreadRuntime;
    #[cfg(feature = "tokio")]
    pub use actor_tokio::TokioRuntime;
}

/// Runs the README's example as a test.
#[cfg(all(doctest, feature = "tokio"))]
#[doc = include_str!("../README.md")]
struct Readme;
