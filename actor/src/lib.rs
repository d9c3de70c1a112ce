//! An async-runtime-agnostic actor framework for programs in which many threads talk to one owner of state.
//!
//! This crate is [`actor_core`] together with the runtimes that its features enable: `tokio`, `smol`, and `thread`, which is
//! no async runtime but a plain thread that runs actors. No feature is a default, and none changes or removes anything.
//!
//! | a program writes | and gets |
//! |---|---|
//! | [`runtime_named("smol")`](runtime_named) | that runtime, whatever its dependencies enable |
//! | `SmolRuntime::new()` | the same, checked by the compiler |
//! | `runtime()` | the only one that is enabled; panics if a dependency enables another |
//! | [`runtimes()`](runtimes) | all that are enabled |
//!
//! # Examples
//!
//! ```
//! use std::time::Duration;
//!
//! use actor::{Actor, Context, Message, Reply, ThreadConfig, spawn};
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
//! # let Some(enabled) = actor::runtimes().pop() else { return Ok(()) };
//! # let name = enabled.name();
//! // The name is the program's choice: "tokio", "smol" or "thread".
//! let executor = actor::runtime_named(name)?.start_executor(ThreadConfig::named("counter"))?;
//! let (counter, running) = spawn(&executor, || Counter(0))?;
//! counter.try_tell(Count::Add(2))?;
//! assert_eq!(counter.ask_blocking(Count::Read, Duration::from_secs(5)).ok(), Some(2));
//! running.stop(Duration::from_secs(1));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod chosen;

pub use actor_core::{
    Actor, Answer, AskBlockingError, AskError, Batch, Beat, Context, Executor, ExecutorStopped, Exit, ExitReason,
    Handle, Lane, LaneStats, Mailbox, Maker, Message, NotStarted, Recipient, Reply, ReplyDropped, Running, Runtime,
    Spawn, SpawnError, Tell, TellError, ThreadConfig, ThreadEnd, Timer, TimerId, TryTellError, Unsent, Variant,
    WeakHandle, WeakRecipient, WorkError, mailbox, spawn,
};
#[cfg(feature = "smol")]
pub use actor_smol::SmolRuntime;
#[cfg(feature = "thread")]
pub use actor_thread::ThreadRuntime;
#[cfg(feature = "tokio")]
pub use actor_tokio::TokioRuntime;
#[cfg(any(feature = "tokio", feature = "smol", feature = "thread"))]
pub use chosen::runtime;
pub use chosen::{UnknownRuntime, runtime_named, runtimes};

/// Runs the README's example as a test.
#[cfg(all(doctest, feature = "tokio"))]
#[doc = include_str!("../../README.md")]
struct Readme;
