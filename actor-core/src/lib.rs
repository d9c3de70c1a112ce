//! An actor framework for programs with one owner of state and many threads sending to it.
//!
//! An [`Actor`] owns its state on one [`Executor`]'s thread, so the state needs neither `Send` nor
//! a lock. Any thread sends messages through a [`Handle`]; the lanes of a [`Mailbox`] hold them
//! until the actor handles them, one at a time. This crate depends on no async runtime: an adapter
//! (`actor-tokio`, `actor-smol` or `actor-thread`) implements [`Runtime`], `actor-embed` hosts an
//! executor in somebody else's loop, and the facade crate `actor-lanes` selects them by feature.
//!
//! # Examples
//!
//! ```
//! use std::time::Duration;
//!
//! use actor_core::{Actor, Context, Message, Reply, Runtime, ThreadConfig, spawn};
//!
//! enum Count {
//!     Add(u64),
//!     Read(Reply<u64>),
//! }
//! impl Message for Count {}
//!
//! struct Counter(u64);
//!
//! impl Actor for Counter {
//!     type Message = Count;
//!
//!     async fn handle(&mut self, message: Count, _cx: &mut Context<Count>) {
//!         match message {
//!             Count::Add(n) => self.0 += n,
//!             Count::Read(reply) => reply.send(self.0),
//!         }
//!     }
//! }
//!
//! let timeout = Duration::from_secs(10);
//! let executor = actor_smol::SmolRuntime::new().start_executor(ThreadConfig::named("counter"))?;
//! let (counter, running) = spawn(&executor, || Counter(0))?;
//! std::thread::scope(|threads| {
//!     for _ in 0..4 {
//!         threads.spawn(|| counter.tell_blocking(Count::Add(10), timeout).expect("it runs"));
//!     }
//! });
//! assert_eq!(counter.ask_blocking(Count::Read, timeout)?, 40);
//!
//! running.stop(timeout);
//! let exit = running.join_blocking(timeout).expect("the counter ends in time");
//! assert!(exit.reason.is_normal());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # The life of an actor
//!
//! ```text
//!   made      the mailbox accepts messages; nothing handles them
//!     │  spawn, Spawn::start
//!     ▼
//!   started   the state is made, and Actor::started runs ────────┐
//!     │                                                          │  Context::stop     Stopped
//!     ▼                                                          │  Context::fail     Failed
//!   serving   Actor::handle, one message at a time ──────────────┤  a panic           Panicked
//!     │  Running::stop, Context::stop_when_drained               │  Running::kill     Killed
//!     ▼                                                          │  nothing can come  Unreachable
//!   closing   nothing new is accepted; the rest is handled ──────┤
//!     │  all was handled:      Stopped                           │
//!     │  the deadline passed:  DeadlinePassed                    │
//!     ▼                                                          │
//!   stopped   the mailbox is closed, and Actor::stopped runs ◀───┘
//!     │  the state is dropped; undelivered messages go to Spawn::on_undelivered
//!     ▼
//!   exit      Running::join returns the reason and the statistics
//! ```
//!
//! The capitalised words at the right are the variants of [`ExitReason`]. Nothing can come when no
//! handle is left, no message is queued, no timer except weak ones is armed, no stream except weak
//! ones is attached and no offloaded work is in flight. An actor without state, because it was
//! killed before its start or its maker failed, skips `Actor::stopped`. An executor dropped
//! together with its actor ends it in any state, as [`Abandoned`](ExitReason::Abandoned).
//!
//! With a [restart policy](Spawn::restart), an actor has several lives on one mailbox. After a
//! panic or an error, the state goes through `Actor::stopped` and is dropped. The mailbox stays
//! open, and the maker makes the next state, which goes on with the queued messages.
//!
//! # Which lane?
//!
//! | messages | lane |
//! |---|---|
//! | stops, configuration: never lost, never waiting behind data | [`Lane::control`] |
//! | blocks, commands: all handled, in order | [`Lane::fifo`] |
//! | the same, from many sources, none of them filling the lane | [`Lane::fifo`] with [`share`] |
//! | votes, samples: newest first, because their value falls with age | [`Lane::newest_first`] |
//! | a setting: only the last one counts | [`Lane::latest`] |
//! | the status of each peer: only the last one counts | [`Lane::latest_by_key`] |
//! | signatures: cheaper to handle together | any lane with [`batch`] |
//!
//! [`Message`] has an example with several lanes.
//!
//! # What does full mean?
//!
//! | operation | `control`, `fifo` | with a [`share`] | evicting lanes |
//! |---|---|---|---|
//! | [`try_tell`], [`try_ask`] | returns `Full` | returns `Full` | drops the oldest |
//! | [`tell`], [`ask`] | waits for room | waits for room in the share | drops the oldest |
//! | [`tell_blocking`], [`ask_blocking`] | waits up to the timeout | likewise | drops the oldest |
//!
//! After the timeout the result is `Full` as well. `Full` returns the message to the caller.
//! Evicting lanes are `newest_first`, `latest` and `latest_by_key`; there the send succeeds, and
//! the asker of a dropped message receives [`AskError::Dropped`]. [`LaneStats`](mailbox::LaneStats)
//! counts refused and dropped messages.
//!
//! No operation succeeds once the actor is closing: the caller receives the message back in
//! `Closed`, or from `tell` in [`TellError`](handle::TellError).
//!
//! [`share`]: Lane::share
//! [`batch`]: Lane::batch
//! [`try_tell`]: Handle::try_tell
//! [`try_ask`]: Handle::try_ask
//! [`tell`]: Handle::tell
//! [`ask`]: Handle::ask
//! [`tell_blocking`]: Handle::tell_blocking
//! [`ask_blocking`]: Handle::ask_blocking
//!
//! # Which runtime?
//!
//! | handlers await | adapter |
//! |---|---|
//! | messages, timers and offloaded work only | `actor-thread`: a plain thread, no async runtime |
//! | tokio's I/O | `actor-tokio` |
//! | smol's I/O | `actor-smol` |
//! | messages, timers and offloaded work, in a loop that exists already | `actor-embed` |
//!
//! An actor on `actor-thread` is reached fastest, because its thread spins for a while before it
//! sleeps. One process may use several runtimes. Senders need none.

pub mod actor;
#[cfg(any(loom, shuttle))]
#[doc(hidden)]
pub mod checker;
#[cfg(feature = "conformance")]
pub mod conformance;
pub mod flow;
pub mod handle;
pub mod life;
pub mod mailbox;
#[cfg(all(test, any(loom, shuttle)))]
mod model;
mod notice;
/// What shows an actor at work: its figures, and an observer of its messages.
///
/// # Examples
///
/// ```
/// struct Tick;
/// impl actor_core::Message for Tick {}
///
/// let (handle, mut mailbox) = actor_core::mailbox::<Tick>();
/// assert!(handle.try_tell(Tick).is_ok());
/// assert!(mailbox.try_recv().is_some());
/// assert_eq!(handle.figures().lanes[0].stats.accepted, 1);
/// ```
pub mod observe {
    pub use crate::actor::observer::{Begun, HandlerEnd, Observer};
    pub use crate::handle::Gauge;
    pub use crate::mailbox::{Figures, Histogram, InHand, LaneFigures, LaneStats};
}
mod panic;
mod park;
mod quiet;
pub mod reply;
pub mod runtime;
mod spin;
mod sync;
pub mod view;

pub use actor::{Actor, Context};
pub use handle::{AskError, Handle, Recipient, TryTellError, mailbox};
pub use life::{Exit, ExitReason, Running, Spawn, spawn};
pub use mailbox::{Lane, Mailbox, Message};
pub use reply::Reply;
pub use runtime::{Executor, Runtime, ThreadConfig};
