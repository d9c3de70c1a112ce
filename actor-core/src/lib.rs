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

pub mod actor;
#[cfg(any(loom, shuttle))]
#[doc(hidden)]
pub mod checker;
#[cfg(feature = "conformance")]
pub mod conformance;
pub mod handle;
pub mod life;
pub mod mailbox;
#[cfg(all(test, any(loom, shuttle)))]
mod model;
mod notice;
mod panic;
mod park;
mod quiet;
pub mod reply;
pub mod runtime;
mod sync;

pub use actor::{Actor, Context};
pub use handle::{AskError, Handle, Recipient, TryTellError, mailbox};
pub use life::{Exit, ExitReason, Running, Spawn, spawn};
pub use mailbox::{Lane, Mailbox, Message};
pub use reply::Reply;
pub use runtime::{Executor, Runtime, ThreadConfig};
