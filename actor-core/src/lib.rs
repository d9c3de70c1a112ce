//! An async-runtime-agnostic actor: many threads talk to one owner of state.
//!
//! Anyone may hold a [`Handle`] and send from any thread; messages wait in the lanes of a [`Mailbox`]; an [`Actor`],
//! pinned to one [`Executor`]'s thread, owns the state, which needs no `Send` and no lock. This crate names no
//! runtime: an adapter (`actor-tokio`, `actor-smol`, `actor-thread`) implements the seam, [`Runtime`], and the facade crate `actor`
//! picks one by a feature.
//!
//! # Examples
//!
//! ```
//! use std::rc::Rc;
//! use std::sync::Arc;
//! use std::time::Duration;
//!
//! use actor_core::{Actor, Context, Executor, Message, Reply, spawn};
//!
//! enum Count {
//!     Add(u64),
//!     Read(Reply<u64>),
//! }
//! impl Message for Count {}
//!
//! #[derive(Default)]
//! struct Counter {
//!     total: u64,
//!     _not_send: Rc<()>,
//! }
//!
//! impl Actor for Counter {
//!     type Message = Count;
//!
//!     async fn handle(&mut self, message: Count, _cx: &mut Context<Count>) {
//!         match message {
//!             Count::Add(n) => self.total += n,
//!             Count::Read(reply) => reply.send(self.total),
//!         }
//!     }
//! }
//!
//! fn count_on(executor: &Arc<dyn Executor>) -> u64 {
//!     let (counter, running) = spawn(executor, Counter::default).expect("the executor runs");
//!     std::thread::scope(|threads| {
//!         for _ in 0..4 {
//!             threads.spawn(|| counter.tell_blocking(Count::Add(10), Duration::from_secs(5)).expect("it counts"));
//!         }
//!     });
//!     let total = counter.ask_blocking(Count::Read, Duration::from_secs(5)).expect("it answers");
//!     running.stop(Duration::from_secs(1));
//!     assert!(running.join_blocking(Duration::from_secs(5)).expect("it ends").reason.is_normal());
//!     total
//! }
//! # use actor_core::{Runtime, ThreadConfig};
//! # let executor = actor_smol::SmolRuntime::new().start_executor(ThreadConfig::named("doc")).expect("a thread");
//! assert_eq!(count_on(&executor), 40);
//! ```

mod actor;
pub mod adapter;
mod alarm;
mod batch;
mod block;
#[cfg(any(loom, shuttle))]
#[doc(hidden)]
pub mod checker;
#[cfg(feature = "conformance")]
pub mod conformance;
mod contain;
mod context;
mod exit;
mod handle;
mod lane;
mod mailbox;
mod message;
#[cfg(all(test, any(loom, shuttle)))]
mod model;
mod notice;
mod offload;
mod quiet;
mod recipient;
mod reply;
mod running;
mod runtime;
mod serve;
mod spawn;
mod sync;
mod tell;
mod tell_all;
mod thread;
mod timers;
mod turn;
mod watch;

pub use actor::Actor;
pub use batch::Batch;
pub use context::Context;
pub use exit::{Exit, ExitReason};
pub use handle::{AskBlockingError, AskError, Handle, TellError, TryTellError, WeakHandle};
pub use lane::{Lane, LaneStats};
pub use mailbox::{Mailbox, mailbox};
pub use message::{Message, Variant};
pub use offload::WorkError;
pub use recipient::{Recipient, WeakRecipient};
pub use reply::{Answer, Reply, ReplyDropped};
pub use running::{NotStarted, Running};
pub use runtime::{Executor, ExecutorStopped, Maker, Runtime, Timer};
pub use spawn::{Spawn, SpawnError, spawn};
pub use tell::Tell;
pub use tell_all::Unsent;
pub use thread::{ThreadConfig, ThreadEnd};
pub use timers::{Beat, TimerId};
