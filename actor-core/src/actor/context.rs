//! A handler's access to its own actor.

use std::cell::Cell;
use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::actor::beat::Beat;
use crate::actor::inflow::Inflow;
use crate::actor::monitors::Monitors;
use crate::actor::outcome::Outcome;
use crate::actor::timers::{TimerId, Timers};
use crate::handle::Handle;
use crate::mailbox::exit::ExitReason;
use crate::mailbox::watchers;
use crate::mailbox::{Closeable, Message, Shared};
use crate::panic::drop_contained;
use crate::runtime::Executor;

/// A handler's access to its own actor: handle, timers, clock, work on other threads, and the end.
///
/// Messages made here, by timers and by [`offload`](Self::offload), reach
/// [`Actor::handle`](crate::Actor::handle) like all others.
///
/// # Examples
///
/// A clock with a timer of its own, ending after three beats:
///
/// ```
/// use std::time::Duration;
///
/// use actor_core::{Actor, Context, Message, Runtime, ThreadConfig, spawn};
///
/// struct Tick;
/// impl Message for Tick {}
///
/// struct Clock(u32);
/// impl Actor for Clock {
///     type Message = Tick;
///
///     async fn started(&mut self, cx: &mut Context<Tick>) {
///         cx.every(cx.now(), Duration::from_millis(1), |_beat| Tick);
///     }
///
///     async fn handle(&mut self, _tick: Tick, cx: &mut Context<Tick>) {
///         self.0 += 1;
///         if self.0 == 3 {
///             cx.stop();
///         }
///     }
/// }
///
/// # let runtime = actor_smol::SmolRuntime::new();
/// let executor = runtime.start_executor(ThreadConfig::named("clock"))?;
/// let (clock, running) = spawn(&executor, || Clock(0))?;
/// let exit = running.join_blocking(Duration::from_secs(10)).expect("it ends after three beats");
/// assert_eq!(exit.lanes[0].handled, 3);
/// assert!(clock.is_closed());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Context<M> {
    pub(super) shared: Arc<Shared<M>>,
    pub(crate) executor: Arc<dyn Executor>,
    /// Created with the first timer.
    pub(crate) timers: Option<Box<Timers<M>>>,
    /// Made with the first work in flight, or with the first stream. A cell, because a shared
    /// context can offload.
    pub(crate) inflow: Cell<Option<Box<Inflow<M>>>>,
    /// Created with the first monitor, or with a requested end.
    rare: Option<Box<Rare<M>>>,
}

/// What few lives have, behind one pointer.
struct Rare<M> {
    monitors: Option<Monitors<M>>,
    /// The reason for a requested end after the message in hand.
    ending: Option<ExitReason>,
}

impl<M> Drop for Rare<M> {
    /// An error's drop may panic, beside that of a timer's message.
    fn drop(&mut self) {
        drop(drop_contained(self.ending.take()));
    }
}

/// Longer than any program runs: 100 years.
const NEVER: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

impl<M: Message> Context<M> {
    pub(crate) fn new(shared: Arc<Shared<M>>, executor: Arc<dyn Executor>) -> Self {
        let inflow = Cell::new(None);
        Self { shared, executor, timers: None, inflow, rare: None }
    }

    /// Returns a handle to this actor.
    ///
    /// A handle in the actor's own state keeps the actor reachable forever. A handler must not
    /// await an ask through it ([`Handle::ask`]).
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::{Actor, Context, Handle, Message, Reply};
    ///
    /// struct WhoAreYou(Reply<Handle<Self>>);
    /// impl Message for WhoAreYou {}
    ///
    /// struct Own;
    /// impl Actor for Own {
    ///     type Message = WhoAreYou;
    ///     async fn handle(&mut self, ask: WhoAreYou, cx: &mut Context<WhoAreYou>) {
    ///         ask.0.send(cx.handle());
    ///     }
    /// }
    /// # use std::time::Duration;
    /// # use actor_core::{Runtime, ThreadConfig, spawn};
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// # let executor = runtime.start_executor(ThreadConfig::named("own"))?;
    /// let (own, _running) = spawn(&executor, || Own)?;
    /// let handle = own.ask_blocking(WhoAreYou, Duration::from_secs(10))?;
    /// assert!(handle.same_actor(&own));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn handle(&self) -> Handle<M> {
        Handle::first(Arc::clone(&self.shared))
    }

    /// Ends the actor after the message in hand, with [`ExitReason::Stopped`]. Queued messages are
    /// not delivered.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use actor_core::{Actor, Context, Message, Runtime, Spawn, ThreadConfig};
    /// # struct Job(u32);
    /// # impl Message for Job {}
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// # let executor = runtime.start_executor(ThreadConfig::named("worker"))?;
    /// struct Worker;
    /// impl Actor for Worker {
    ///     type Message = Job;
    ///     async fn handle(&mut self, _job: Job, cx: &mut Context<Job>) {
    ///         cx.stop();
    ///     }
    /// }
    ///
    /// let (worker, mailbox) = actor_core::mailbox();
    /// worker.try_tell_all([Job(1), Job(2)])?;
    /// let running = Spawn::new(mailbox).start(&executor, || Worker)?;
    /// let exit = running.join_blocking(Duration::from_secs(10)).expect("the first job ends it");
    /// assert_eq!((exit.lanes[0].handled, exit.undelivered()), (1, 1));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn stop(&mut self) {
        self.end(ExitReason::Stopped);
    }

    /// Closes the mailbox, and ends the actor once it has handled all queued messages and all
    /// results of work in flight. The reason is [`ExitReason::Stopped`].
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::{Actor, Context, Message, Spawn};
    ///
    /// struct Job {
    ///     is_last: bool,
    /// }
    /// impl Message for Job {}
    ///
    /// struct Worker;
    /// impl Actor for Worker {
    ///     type Message = Job;
    ///     async fn handle(&mut self, job: Job, cx: &mut Context<Job>) {
    ///         if job.is_last {
    ///             cx.stop_when_drained();
    ///         }
    ///     }
    /// }
    /// # use std::time::Duration;
    /// # use actor_core::{Runtime, ThreadConfig};
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// # let executor = runtime.start_executor(ThreadConfig::named("worker"))?;
    /// let (worker, mailbox) = actor_core::mailbox();
    /// worker.try_tell_all([true, false, false].map(|is_last| Job { is_last }))?;
    /// let running = Spawn::new(mailbox).start(&executor, || Worker)?;
    /// let exit = running.join_blocking(Duration::from_secs(10)).expect("it ends");
    /// assert_eq!((exit.lanes[0].handled, exit.undelivered()), (3, 0));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn stop_when_drained(&mut self) {
        self.shared.close();
        self.shared.interrupt();
    }

    /// Ends the actor after the message in hand, with [`ExitReason::Failed`].
    ///
    /// Accepts every error type, a `Box<dyn Error + Send + Sync>`, an `anyhow::Error`, or a text.
    /// An `anyhow` error keeps its text, but the reason cannot be downcast to the error inside.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use actor_core::{Actor, Context, ExitReason, Message, Runtime, ThreadConfig, spawn};
    /// use actor_core::life::NotStarted;
    ///
    /// struct Work;
    /// impl Message for Work {}
    ///
    /// struct Reader(&'static str);
    /// impl Actor for Reader {
    ///     type Message = Work;
    ///
    ///     async fn started(&mut self, cx: &mut Context<Work>) {
    ///         if let Err(error) = std::fs::read(self.0) {
    ///             cx.fail(error);
    ///         }
    ///     }
    ///
    ///     async fn handle(&mut self, _work: Work, _cx: &mut Context<Work>) {}
    /// }
    ///
    /// let runtime = actor_smol::SmolRuntime::new();
    /// let executor = runtime.start_executor(ThreadConfig::named("reader"))?;
    /// let (_reader, running) = spawn(&executor, || Reader("no/such/file"))?;
    /// let Err(NotStarted::Ended(exit)) = running.started_blocking(Duration::from_secs(30)) else {
    ///     panic!("there is no such file")
    /// };
    /// let ExitReason::Failed(error) = exit.reason else { panic!("it has failed") };
    /// assert!(error.is::<std::io::Error>());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn fail(&mut self, error: impl Into<Box<dyn Error + Send + Sync>>) {
        self.end(ExitReason::Failed(Arc::from(error.into())));
    }

    /// Arms a timer: the actor handles `message` after `delay`.
    ///
    /// A due timer waits for at most one message, or for a batch if it was armed during the batch.
    /// Its message skips the lanes, so it is never refused. It is counted in the lane named by
    /// [`Message::lane`], or in no lane if that index is past the end. A closed mailbox ends all
    /// timers. A delay past the end of the clock never ends.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use actor_core::{Actor, Context, Message, Runtime, ThreadConfig, spawn};
    ///
    /// struct Timeout;
    /// impl Message for Timeout {}
    ///
    /// struct Session;
    /// impl Actor for Session {
    ///     type Message = Timeout;
    ///
    ///     async fn started(&mut self, cx: &mut Context<Timeout>) {
    ///         let first = cx.after(Duration::from_secs(3600), Timeout);
    ///         assert!(cx.cancel(first) && !cx.cancel(first));
    ///         cx.after(Duration::from_millis(1), Timeout);
    ///     }
    ///
    ///     async fn handle(&mut self, _timeout: Timeout, cx: &mut Context<Timeout>) {
    ///         cx.stop();
    ///     }
    /// }
    ///
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// # let executor = runtime.start_executor(ThreadConfig::named("session"))?;
    /// let (_session, running) = spawn(&executor, || Session)?;
    /// let exit = running.join_blocking(Duration::from_secs(10)).expect("the timer ends it");
    /// assert!(exit.reason.is_normal(), "{}", exit.reason);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn after(&mut self, delay: Duration, message: M) -> TimerId {
        self.timer().after(delay, message)
    }

    /// Arms a repeating timer: the actor handles a message every `period`, the first at `first`. A
    /// time in the past means now.
    ///
    /// The beats keep their schedule, so a late beat does not shift the next one. A late actor
    /// receives one beat instead of a burst: beats already past are skipped and counted in
    /// [`Beat::missed`].
    ///
    /// # Panics
    ///
    /// Panics if `period` is zero.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use actor_core::{Actor, Context, Message, Runtime, ThreadConfig, spawn};
    /// # struct Slots(u32);
    /// # impl Message for Slots {}
    /// struct Chain(u32);
    /// impl Actor for Chain {
    ///     type Message = Slots;
    ///     async fn started(&mut self, cx: &mut Context<Slots>) {
    ///         // Counts every slot, even if the actor is late.
    ///         cx.every(cx.now(), Duration::from_millis(1), |beat| Slots(1 + beat.missed));
    ///     }
    ///     async fn handle(&mut self, Slots(new): Slots, cx: &mut Context<Slots>) {
    ///         self.0 += new;
    /// #       if self.0 >= 3 { cx.stop() }
    ///     }
    /// }
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// # let executor = runtime.start_executor(ThreadConfig::named("chain"))?;
    /// # let (_chain, running) = spawn(&executor, || Chain(0))?;
    /// # let exit = running.join_blocking(Duration::from_secs(10)).expect("slot 3 ends it");
    /// # assert!(exit.reason.is_normal(), "{}", exit.reason);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn every(
        &mut self,
        first: Instant,
        period: Duration,
        make: impl FnMut(Beat) -> M + 'static,
    ) -> TimerId {
        self.timer().every(first, period, make)
    }

    /// Cancels a timer. Returns whether it was armed.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use actor_core::actor::TimerId;
    /// # use actor_core::{Actor, Context, ExitReason, Message, Runtime, Spawn, ThreadConfig};
    /// # enum Event { Answer, Timeout }
    /// # impl Message for Event {}
    /// struct Request(Option<TimerId>);
    /// impl Actor for Request {
    ///     type Message = Event;
    ///     async fn started(&mut self, cx: &mut Context<Event>) {
    ///         self.0 = Some(cx.after(Duration::from_secs(3600), Event::Timeout));
    ///     }
    ///     async fn handle(&mut self, _answer: Event, cx: &mut Context<Event>) {
    ///         let timeout = self.0.take().expect("it was armed at the start");
    ///         assert!(cx.cancel(timeout), "the answer was in time");
    ///     }
    /// }
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// # let executor = runtime.start_executor(ThreadConfig::named("request"))?;
    /// # let (request, mailbox) = actor_core::mailbox();
    /// # request.try_tell(Event::Answer)?;
    /// # drop(request);
    /// # let running = Spawn::new(mailbox).start(&executor, || Request(None))?;
    /// # let exit = running.join_blocking(Duration::from_secs(10)).expect("no timer keeps it");
    /// # assert!(matches!(exit.reason, ExitReason::Unreachable), "{}", exit.reason);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn cancel(&mut self, timer: TimerId) -> bool {
        self.timers.as_mut().is_some_and(|timers| timers.cancel(timer))
    }

    /// Returns the time of the actor's executor.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::time::{Duration, Instant};
    /// # use actor_core::{Actor, Context, Message, Reply, Runtime, ThreadConfig, spawn};
    /// struct IsInTime(Instant, Reply<bool>);
    /// # impl Message for IsInTime {}
    /// struct Clock;
    /// impl Actor for Clock {
    ///     type Message = IsInTime;
    ///     async fn handle(&mut self, IsInTime(due, reply): IsInTime, cx: &mut Context<IsInTime>) {
    ///         // The same clock as for timers. A test may pause it.
    ///         reply.send(cx.now() <= due);
    ///     }
    /// }
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// # let executor = runtime.start_executor(ThreadConfig::named("clock"))?;
    /// # let (clock, _running) = spawn(&executor, || Clock)?;
    /// let due = executor.now() + Duration::from_secs(3600);
    /// assert!(clock.ask_blocking(|reply| IsInTime(due, reply), Duration::from_secs(10))?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn now(&self) -> Instant {
        self.executor.now()
    }

    /// Returns the actor's executor, for instance to spawn other actors on it.
    ///
    /// Such an actor is not part of a system, even if this one is: a system has only the actors
    /// that were started on the system or one of its places.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::{Actor, Context, Handle, Message, Reply, spawn};
    ///
    /// struct Grow(Reply<Handle<Self>>);
    /// impl Message for Grow {}
    ///
    /// struct Branch;
    /// impl Actor for Branch {
    ///     type Message = Grow;
    ///     async fn handle(&mut self, Grow(reply): Grow, cx: &mut Context<Grow>) {
    ///         if let Ok((child, _running)) = spawn(cx.executor(), || Branch) {
    ///             reply.send(child);
    ///         }
    ///     }
    /// }
    /// # use std::time::Duration;
    /// # use actor_core::{Runtime, ThreadConfig};
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// # let executor = runtime.start_executor(ThreadConfig::named("tree"))?;
    /// let (branch, _running) = spawn(&executor, || Branch)?;
    /// let child = branch.ask_blocking(Grow, Duration::from_secs(10))?;
    /// assert!(!child.same_actor(&branch));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn executor(&self) -> &Arc<dyn Executor> {
        &self.executor
    }

    /// Returns the number of messages accepted by the lanes, if all of them have been taken and the
    /// actor goes on. For the workers of a pool.
    #[doc(hidden)]
    #[must_use]
    pub fn accepted_if_taken(&self) -> Option<u64> {
        if self.is_ending() { None } else { self.shared.accepted_if_taken() }
    }

    /// Ends the actor after this message, with this reason: for an actor that stands for others,
    /// such as a supervisor. The first reason counts.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use actor_core::{Actor, Context, Exit, ExitReason, Message, Runtime, ThreadConfig, spawn};
    ///
    /// struct Ended(ExitReason);
    /// impl Message for Ended {}
    ///
    /// /// Ends as another actor has ended.
    /// struct Shadow;
    /// impl Actor for Shadow {
    ///     type Message = Ended;
    ///     async fn handle(&mut self, Ended(reason): Ended, cx: &mut Context<Ended>) {
    ///         cx.end(reason);
    ///     }
    /// }
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// let executor = runtime.start_executor(ThreadConfig::named("shadow"))?;
    /// let (shadow, running) = spawn(&executor, || Shadow)?;
    /// shadow.try_tell(Ended(ExitReason::Panicked("no such block".to_owned())))?;
    /// let exit = running.join_blocking(Duration::from_secs(10)).expect("it ends");
    /// assert_eq!(exit.reason.to_string(), "panicked: no such block");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn end(&mut self, reason: ExitReason) {
        self.shared.life().end_after_this();
        rare(&mut self.rare).ending.get_or_insert(reason);
    }

    /// Returns the deadline of a [stop](crate::Running::stop), on the actor's clock. Returns `None`
    /// before a stop, and for a stop without a deadline.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::{Duration, Instant};
    ///
    /// use actor_core::{Actor, Context, Message, Reply, Runtime, ThreadConfig, spawn};
    ///
    /// struct Ask(Reply<Option<Instant>>);
    /// impl Message for Ask {}
    ///
    /// struct Patient;
    /// impl Actor for Patient {
    ///     type Message = Ask;
    ///     async fn handle(&mut self, Ask(reply): Ask, cx: &mut Context<Ask>) {
    ///         reply.send(cx.deadline());
    ///     }
    /// }
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// let executor = runtime.start_executor(ThreadConfig::named("patient"))?;
    /// let (patient, _running) = spawn(&executor, || Patient)?;
    /// assert_eq!(patient.ask_blocking(Ask, Duration::from_secs(10))?, None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.shared.life().deadline()
    }

    /// Ends the actor's life with the error of a failed handler, if it has failed. A failure
    /// replaces a normal reason.
    #[inline(always)]
    pub(crate) fn settle(&mut self, outcome: impl Outcome) {
        if let Some(error) = outcome.failure() {
            if let Some(rare) = &mut self.rare {
                rare.ending.take_if(|reason| reason.is_normal());
            }
            self.end(ExitReason::Failed(Arc::from(error)));
        }
    }

    /// Returns whether a drop of this may run code of the program.
    #[inline(always)]
    pub(crate) fn holds_foreign(&mut self) -> bool {
        self.has_sources() || self.rare.is_some()
    }

    /// Ends what belongs to one life of the actor: its timers. Called at the end of each life,
    /// after its state has been dropped.
    ///
    /// Runs destructors of the program. The caller contains their panics.
    #[inline(always)]
    pub(crate) fn end_of_life(&mut self) {
        if self.timers.is_some() {
            self.timers = None;
        }
        if self.rare.is_some() {
            self.rare = None;
        }
    }

    /// Returns whether an end after the message in hand was requested.
    #[inline(always)]
    pub(crate) fn is_ending(&self) -> bool {
        self.rare.as_ref().is_some_and(|rare| rare.ending.is_some())
    }

    /// Returns the reason for a requested end.
    #[inline(always)]
    pub(crate) fn take_ending(&mut self) -> Option<ExitReason> {
        self.rare.as_mut()?.ending.take()
    }

    /// Returns the monitors of this life, if it has had any.
    pub(crate) fn monitors(&mut self) -> Option<&mut Monitors<M>> {
        self.rare.as_mut()?.monitors.as_mut()
    }

    pub(super) fn make_monitors(&mut self) -> &mut Monitors<M> {
        let shared = &self.shared;
        let new = || Monitors::new(watchers::weak(shared));
        rare(&mut self.rare).monitors.get_or_insert_with(new)
    }

    /// Returns whether a pending monitor keeps the actor reachable.
    pub(crate) fn is_kept_by_monitors(&self) -> bool {
        self.rare
            .as_ref()
            .and_then(|rare| rare.monitors.as_ref())
            .is_some_and(Monitors::keep_reachable)
    }

    /// Returns the due time of the next timer.
    pub(crate) fn next_timer(&self) -> Option<Instant> {
        self.timers.as_ref()?.next()
    }

    /// Returns the time after a delay. A delay past the end of the clock never ends.
    pub(crate) fn time_after(&self, delay: Duration) -> Instant {
        let now = self.now();
        now.checked_add(delay).unwrap_or(now + NEVER)
    }

    pub(crate) fn timers(&mut self) -> &mut Timers<M> {
        self.timers.get_or_insert_with(|| Box::new(Timers::new()))
    }
}

fn rare<M>(rare: &mut Option<Box<Rare<M>>>) -> &mut Rare<M> {
    rare.get_or_insert_with(|| Box::new(Rare { monitors: None, ending: None }))
}

impl<M: Message> fmt::Debug for Context<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut all = f.debug_struct("Context");
        if let Some(name) = self.shared.life().name() {
            all.field("name", name);
        }
        all.field("executor", &self.executor)
            .field("is_ending", &self.is_ending())
            .finish_non_exhaustive()
    }
}
