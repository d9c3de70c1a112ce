//! An actor framework for programs with one owner of state and many threads sending to it.
//!
//! An [`Actor`] owns its state on one thread, so the state needs neither `Send` nor a lock. Any
//! thread sends messages through a [`Handle`], with or without an async runtime. The actor runs on
//! tokio, on smol, on a plain thread, or inside somebody else's loop. A feature selects each.
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
//! // The program selects "tokio", "smol" or "thread".
//! let runtime = actor_lanes::runtime_named(name)?;
//! let executor = runtime.start_executor(ThreadConfig::named("counter"))?;
//! let (counter, running) = spawn(&executor, || Counter(0))?;
//!
//! counter.try_tell(Count::Add(2))?;
//! assert_eq!(counter.ask_blocking(Count::Read, Duration::from_secs(10))?, 2);
//!
//! running.stop(Duration::from_secs(10));
//! let exit = running.join_blocking(Duration::from_secs(10)).expect("it ends in time");
//! assert!(exit.reason.is_normal());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Which runtime?
//!
//! | feature | an executor's thread runs | for actors awaiting |
//! |---|---|---|
//! | `thread` | actors only; it spins before it sleeps | messages, timers, offloaded work |
//! | `tokio` | a current-thread tokio runtime | tokio's I/O as well |
//! | `smol` | a smol executor | smol's I/O as well |
//! | `embed` | somebody else's loop, in turns | messages, timers, offloaded work |
//!
//! No feature is enabled by default, and every feature only adds. A program may enable several, and
//! so may its dependencies. It therefore names its runtime. The module `embed` is not among these
//! expressions: the loop's own code builds its executor.
//!
//! | expression | result |
//! |---|---|
//! | [`runtime_named("smol")`](runtime_named) | smol, or an error listing the enabled runtimes |
//! | [`runtime::SmolRuntime::new()`](runtime) | the same, checked by the compiler |
//! | [`runtime::only()`](runtime) | the only enabled runtime; panics if there are several |
//! | [`runtime::all()`](runtime::all) | every enabled runtime |
//!
//! # On a runtime of the program's own
//!
//! An executor may also be one task of a runtime that the program has already:
//!
//! | place | expression |
//! |---|---|
//! | a current-thread tokio, also in a test with paused time | `TokioRuntime::current()` |
//! | the same, from another thread | `TokioRuntime::on(&handle)` |
//! | tokio's `LocalSet` | `TokioRuntime::in_local_set(&set)` |
//! | smol's `LocalExecutor` | `SmolRuntime::on(&tasks)` |
//!
//! The page `docs/guide/src/where-does-my-actor-run.md` of the repository has every place with its
//! lines of code, also beside and inside a multi-thread runtime, and in other event loops.
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
//!
//! # What does full mean?
//!
//! | operation | `control`, `fifo` | with a [`share`] | evicting lanes |
//! |---|---|---|---|
//! | `try_tell`, `try_ask` | returns `Full` | returns `Full` | drops the oldest |
//! | `tell`, `ask` | waits for room | waits for room in the share | drops the oldest |
//! | `tell_blocking`, `ask_blocking` | waits up to the timeout | likewise | drops the oldest |
//!
//! After the timeout the result is `Full` as well. `Full` returns the message to the caller. A send
//! to an evicting lane succeeds; the asker of a dropped message receives [`AskError::Dropped`].
//!
//! # The life of an actor
//!
//! ```text
//!   made ──▶ started ──▶ serving ──▶ closing ──▶ stopped ──▶ exit
//!      spawn                 Running::stop                     Running::join
//! ```
//!
//! A closing actor accepts nothing new and handles the rest until its deadline. A stop, an error of
//! its own, a panic, a kill, or the drop of its last handle ends an actor; [`ExitReason`] lists the
//! reasons, and the first page of [`actor_core`] shows every transition.
//!
//! [`share`]: Lane::share

mod chosen;

pub use actor_core::actor::{
    ActorFn, Batch, Beat, BoxError, Down, Fallible, Missed, Parked, WallBeat, WallSchedule,
    WorkError, actor_fn,
};
pub use actor_core::handle::{AskBlockingError, TellError, WeakHandle};
pub use actor_core::life::{Backoff, NotStarted, OnPanic, Phase, Place, Restart, SpawnError};
pub use actor_core::{
    Actor, AskError, Context, Executor, Exit, ExitReason, Handle, Lane, Mailbox, Message,
    Recipient, Reply, Running, Runtime, Spawn, ThreadConfig, TryTellError, actor, flow, handle,
    life, mailbox, reply, spawn, view,
};
/// The derive macro for message types. Its page is [`actor_derive`].
#[cfg(feature = "derive")]
pub use actor_derive::LanesMessage as Message;
pub use actor_system::pool::{PoolHandle, PoolRunning, Route};
pub use actor_system::system::{Report, WeakSystem};
pub use actor_system::{
    Executors, Group, Pool, Strategy, Supervisor, System, executors, group, inspect, pool,
    supervise, system, topic,
};
pub use chosen::runtime_named;

/// The enabled runtimes, and the traits of an adapter.
///
/// # Examples
///
/// ```
/// use actor_lanes::runtime::{Runtime, ThreadConfig};
///
/// for runtime in actor_lanes::runtime::all() {
///     let executor = runtime.start_executor(ThreadConfig::named("owner"))?;
///     executor.stop();
///     assert!(executor.join(std::time::Duration::from_secs(10)), "{} ends", runtime.name());
/// }
/// # Ok::<(), std::io::Error>(())
/// ```
pub mod runtime {
    #[cfg(any(feature = "tokio", feature = "smol", feature = "thread"))]
    pub use crate::chosen::only;
    pub use crate::chosen::{UnknownRuntime, all};
    pub use actor_core::runtime::{
        Executor, ExecutorStopped, Maker, Runtime, ThreadConfig, ThreadEnd, Timer, adapter, current,
    };
    #[cfg(feature = "smol")]
    pub use actor_smol::SmolRuntime;
    #[cfg(feature = "thread")]
    pub use actor_thread::ThreadRuntime;
    #[cfg(feature = "tokio")]
    pub use actor_tokio::TokioRuntime;
}

/// What shows actors at work: figures, observers, a page for Prometheus. The features `tracing` and
/// `metrics` add adapters for those crates.
///
/// # Examples
///
/// ```
/// use actor_lanes::observe::Exporter;
///
/// struct Tick;
/// impl actor_lanes::Message for Tick {}
///
/// let (handle, _mailbox) = actor_lanes::mailbox::<Tick>();
/// assert!(handle.try_tell(Tick).is_ok());
/// let page = Exporter::new().actor("clock", handle.gauge()).render();
/// assert!(page.contains("actor_lane_accepted_total{actor=\"clock\",lane=\"messages\"} 1\n"));
/// ```
pub mod observe {
    pub use actor_core::observe::{
        Begun, Figures, Gauge, HandlerEnd, Histogram, InHand, LaneFigures, LaneStats, Observer,
    };
    #[cfg(feature = "metrics")]
    pub use actor_observe::Publisher;
    pub use actor_observe::{Exporter, prometheus};
    #[cfg(feature = "tracing")]
    pub use actor_observe::{Spans, Trace};
}

/// Executors inside somebody else's loop: an event loop of another library, a game, a test, or one
/// task of an async runtime.
///
/// They have no thread of their own, so [`runtime::all`] does not list them.
///
/// # Examples
///
/// ```
/// use actor_lanes::embed::{Budget, Embed};
///
/// let here = std::thread::current();
/// let (executor, mut driver) = Embed::new(move || here.unpark()).build()?;
/// executor.stop();
/// assert!(driver.turn(Budget::polls(64)).has_ended);
/// # Ok::<(), std::io::Error>(())
/// ```
#[cfg(feature = "embed")]
pub mod embed {
    pub use actor_embed::{
        Budget, Clock, Driver, Embed, EmbedTask, HostTask, Loop, ManualClock, Turn,
    };
}

/// The README, whose example is a test.
#[cfg(all(doctest, feature = "tokio"))]
#[doc = include_str!("../README.md")]
struct Readme;
