//! What an actor is, and what its handlers may do.
//!
//! In reading order: this file has the trait, `outcome` the result of a handler, `function` an
//! actor from one function, `context` a handler's access to its own actor, `batch` several messages
//! in one call, `timers` the armed timers, `work` work in flight, `streams` attached streams,
//! `inflow` both of these, `watching` and `monitors` the ends of other actors, `budget` the bounds
//! of a turn and a batch, `deadline` the check of a message's deadline, `parked` messages held
//! until an event, `observer` what sees an actor's messages. Of the timers, `arming` is their
//! order, `timer_key` their keys, `beat` the repeating ones, `wall` those on the wall clock, and
//! `new_timer` their options.

mod arming;
mod batch;
mod beat;
pub(crate) mod budget;
pub(crate) mod context;
pub(crate) mod deadline;
mod function;
mod inflow;
mod inflow_access;
pub(crate) mod monitors;
mod new_timer;
pub(crate) mod observer;
mod outcome;
mod parked;
mod publishing;
mod streams;
mod timer_key;
pub(crate) mod timers;
#[cfg(all(test, not(any(loom, shuttle))))]
mod timers_model;
mod wall;
mod watching;
pub(crate) mod work;

pub use crate::mailbox::down::{Down, MonitorId};
pub use batch::Batch;
pub(crate) use batch::Noting;
pub use beat::{Beat, Missed};
pub use context::Context;
pub use function::{ActorFn, actor_fn};
pub use new_timer::NewTimer;
pub use outcome::{BoxError, Fallible, Handling, Outcome};
pub use parked::{Expired, Parked, ParkedId, ParkedStats, Placed, Released};
pub use streams::{Attaching, RefusedStream, StreamId, Streamed};
pub use timer_key::TimerKey;
pub use timers::TimerId;
pub use wall::{WallBeat, WallSchedule};
pub use work::{Cancel, Offloading, Refused, Spawning, WorkError, WorkId, WorkPool};

use std::future::Future;

use crate::mailbox::Message;
use crate::mailbox::exit::ExitReason;

/// An owner of state. Handles its messages one after the other.
///
/// The state is made on its executor's thread and never leaves it. Neither the state nor a
/// handler's future need be `Send`, and no lock is needed. Handlers are plain `async fn`s; a
/// handler without a wait costs as much as a function call. While a handler waits, no other message
/// is handled. Long work therefore runs elsewhere ([`Context::offload`]), and its result arrives as
/// a message.
///
/// A panic ends this actor only, and is stated in its [`ExitReason`].
///
/// The parameter `O` is what the handlers return. `impl Actor for X` has handlers without a result.
/// `impl Actor<Fallible> for X` has handlers that return a `Result` and use `?`; an `Err` ends the
/// life with [`ExitReason::Failed`]. See [`Fallible`].
///
/// # Examples
///
/// State without `Send`, and a message with an answer:
///
/// ```
/// use std::rc::Rc;
///
/// use actor_core::{Actor, Context, Message, Reply};
///
/// enum Names {
///     Add(String),
///     Count(Reply<usize>),
/// }
/// impl Message for Names {}
///
/// struct Register {
///     names: Vec<Rc<str>>,
/// }
///
/// impl Actor for Register {
///     type Message = Names;
///
///     async fn handle(&mut self, message: Names, _cx: &mut Context<Names>) {
///         match message {
///             Names::Add(name) => self.names.push(name.into()),
///             Names::Count(reply) => reply.send(self.names.len()),
///         }
///     }
/// }
///
/// # use std::time::Duration;
/// # use actor_core::{Runtime, ThreadConfig, spawn};
/// # let runtime = actor_smol::SmolRuntime::new();
/// let executor = runtime.start_executor(ThreadConfig::named("register"))?;
/// let (register, _running) = spawn(&executor, || Register { names: Vec::new() })?;
/// register.try_tell(Names::Add("Ada".to_owned()))?;
/// assert_eq!(register.ask_blocking(Names::Count, Duration::from_secs(10))?, 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// [`spawn`](crate::spawn) starts an actor; [`Spawn`](crate::Spawn) does so with options.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an actor",
    label = "this type does not implement `Actor`",
    note = "implement `Actor` for it: name its `type Message`, and write `async fn handle(&mut self, message, cx)`"
)]
pub trait Actor<O: Outcome = ()>: Sized + 'static {
    /// The type of all messages to this actor.
    type Message: Message;

    /// Runs once before the first message, for instance to arm timers or start work.
    fn started(&mut self, cx: &mut Context<Self::Message>) -> impl Handling<O> {
        let _ = cx;
        async { O::done() }
    }

    /// Handles one message. The next message waits until this future is ready.
    fn handle(
        &mut self,
        message: Self::Message,
        cx: &mut Context<Self::Message>,
    ) -> impl Handling<O>;

    /// Handles messages of a lane with [batches](crate::Lane::batch), as the iterator returns them.
    ///
    /// For work with a lower cost in bulk, such as verifying signatures or merging votes. The
    /// default passes each message to [`handle`](Self::handle). If the implementation takes no
    /// message, the first one goes to `handle` as well.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::actor::Batch;
    /// use actor_core::{Actor, Context, ExitReason, Lane, Message, Spawn};
    ///
    /// struct Vote(u64);
    /// impl Message for Vote {
    ///     const LANES: &'static [Lane] = &[Lane::fifo("votes", 1024).batch(64)];
    /// }
    ///
    /// struct Votes(Vec<u64>);
    ///
    /// impl Actor for Votes {
    ///     type Message = Vote;
    ///
    ///     async fn handle(&mut self, vote: Vote, _cx: &mut Context<Vote>) {
    ///         self.0.push(vote.0);
    ///     }
    ///
    ///     async fn handle_batch(&mut self, batch: &mut Batch<'_, Vote>, _cx: &mut Context<Vote>) {
    ///         self.0.extend(batch.map(|vote| vote.0));
    ///     }
    ///
    ///     async fn stopped(&mut self, _reason: &ExitReason) {
    ///         assert_eq!(self.0, [1, 2, 3]);
    ///     }
    /// }
    /// # use std::time::Duration;
    /// # use actor_core::{Runtime, ThreadConfig};
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// # let executor = runtime.start_executor(ThreadConfig::named("votes"))?;
    /// let (votes, mailbox) = actor_core::mailbox();
    /// votes.try_tell_all((1..=3).map(Vote))?;
    /// let running = Spawn::new(mailbox).start(&executor, || Votes(Vec::new()))?;
    /// running.stop(Duration::from_secs(10));
    /// let exit = running.join_blocking(Duration::from_secs(10)).expect("it ends");
    /// assert!(exit.reason.is_normal(), "{}", exit.reason);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    fn handle_batch(
        &mut self,
        batch: &mut Batch<'_, Self::Message>,
        cx: &mut Context<Self::Message>,
    ) -> impl Handling<O> {
        async {
            for message in batch {
                let outcome = self.handle(message, cx).await;
                if outcome.is_failure() {
                    return outcome;
                }
            }
            O::done()
        }
    }

    /// Runs after a message of a lane was dropped because of its deadline. For the workers of a
    /// pool.
    #[doc(hidden)]
    #[inline(always)]
    fn message_expired(&mut self, cx: &mut Context<Self::Message>) {
        let _ = cx;
    }

    /// Runs once when the life of the actor ends, for every reason but
    /// [`Abandoned`](ExitReason::Abandoned). The mailbox is closed by then, unless a
    /// [restart](crate::Spawn::restart) may follow. An actor without state (killed before its
    /// start, or with a failure of its maker) skips this.
    ///
    /// [`Panicked`](ExitReason::Panicked), [`Killed`](ExitReason::Killed) and
    /// [`DeadlinePassed`](ExitReason::DeadlinePassed) may end a handler in the middle of its work,
    /// so the state is as the handler left it. For a killed actor, or after the deadline, this runs
    /// up to its first wait only.
    fn stopped(&mut self, reason: &ExitReason) -> impl Future<Output = ()> {
        let _ = reason;
        async {}
    }
}
