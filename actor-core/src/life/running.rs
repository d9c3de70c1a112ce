//! The spawner's side of an actor: its stop and its end.

use std::fmt;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use event_listener::listener;

use crate::handle::Sealed;
use crate::life::governor::Governed;
use crate::mailbox::exit::Exit;
use crate::mailbox::extras::Extras;
use crate::mailbox::watchers::{Peer, Target};
use crate::mailbox::{ActorSeen, Closeable, LaneStats, Life, Presence};
use crate::park::block_on_for;
use crate::quiet::quietly;
use crate::runtime::Executor;
use crate::runtime::patience::within;

/// The spawner's side of an actor: stops it, and waits for its exit. Senders have no access to
/// this.
///
/// Dropping it detaches the actor, which then ends when nothing can reach it.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use actor_core::{Actor, Context, ExitReason, Message, Runtime, ThreadConfig, spawn};
///
/// struct Job;
/// impl Message for Job {}
///
/// struct Worker;
/// impl Actor for Worker {
///     type Message = Job;
///     async fn handle(&mut self, _job: Job, _cx: &mut Context<Job>) {}
/// }
///
/// # let runtime = actor_smol::SmolRuntime::new();
/// let executor = runtime.start_executor(ThreadConfig::named("worker"))?;
/// let (worker, running) = spawn(&executor, || Worker)?;
/// let timeout = Duration::from_secs(10);
/// running.started_blocking(timeout)?;
/// worker.try_tell(Job)?;
/// assert!(running.exit().is_none(), "it runs");
///
/// running.stop(timeout);
/// assert!(worker.try_tell(Job).is_err(), "nothing new is accepted");
/// let exit = running.join_blocking(timeout).expect("it ends in time");
/// assert!(matches!(exit.reason, ExitReason::Stopped));
/// assert_eq!(exit.lanes[0].handled, 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "it can stop the actor; `drop` it to let the actor run on, for instance until its system stops"]
#[derive(Clone)]
pub struct Running {
    pub(super) mailbox: Arc<dyn Closeable>,
    /// The clock of the deadline.
    executor: Arc<dyn Executor>,
}

/// The reason for an actor not started. Returned by [`Running::started_blocking`].
///
/// # Examples
///
/// ```
/// # use std::time::Duration;
/// # use actor_core::{Actor, Context, Message, Runtime, ThreadConfig, spawn};
/// # use actor_core::life::NotStarted;
/// # struct Job;
/// # impl Message for Job {}
/// struct Slow;
/// impl Actor for Slow {
///     type Message = Job;
///     async fn started(&mut self, _cx: &mut Context<Job>) {
///         std::future::pending().await
///     }
/// #   async fn handle(&mut self, _job: Job, _cx: &mut Context<Job>) {}
/// }
/// # let runtime = actor_smol::SmolRuntime::new();
/// # let executor = runtime.start_executor(ThreadConfig::named("slow"))?;
/// let (_slow, running) = spawn(&executor, || Slow)?;
/// assert!(matches!(running.started_blocking(Duration::ZERO), Err(NotStarted::Timeout)));
/// running.kill();
/// let killed = running.started_blocking(Duration::from_secs(10));
/// assert!(matches!(killed, Err(NotStarted::Ended(exit)) if !exit.reason.is_normal()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum NotStarted {
    /// The actor ended before its first message: its maker or its `started` panicked, `started`
    /// ended it, or it was stopped before `started` returned.
    Ended(Exit),
    /// The actor had neither started nor ended at the timeout.
    Timeout,
}

impl Running {
    pub(crate) fn new(mailbox: Arc<dyn Closeable>, executor: Arc<dyn Executor>) -> Self {
        Self { mailbox, executor }
    }

    /// Stops the actor: it accepts nothing new, handles its queue for at most `patience`, and ends.
    /// Returns immediately; [`join`](Self::join) waits.
    ///
    /// [Offloaded](crate::Context::offload) work is part of the queue: the actor waits for each
    /// result, and may offload more meanwhile. It does not wait for timers. Results not received
    /// before the deadline are counted in [`Exit::lost_work`].
    ///
    /// From now on, each send returns its message. Messages still queued at the deadline are
    /// counted as undelivered and passed to the hook. The first call sets the deadline, and later
    /// calls do not move it. A patience past the end of the clock, such as [`Duration::MAX`], sets
    /// no deadline.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use actor_core::{Actor, Context, Message, Runtime, ThreadConfig, spawn};
    /// # struct Job;
    /// # impl Message for Job {}
    /// # struct Worker;
    /// # impl Actor for Worker {
    /// #     type Message = Job;
    /// #     async fn handle(&mut self, _job: Job, _cx: &mut Context<Job>) {}
    /// # }
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// # let executor = runtime.start_executor(ThreadConfig::named("worker"))?;
    /// let (worker, running) = spawn(&executor, || Worker)?;
    /// worker.try_tell(Job)?;
    /// running.stop(Duration::from_secs(10));
    /// assert!(worker.try_tell(Job).is_err(), "nothing new is accepted");
    /// let exit = running.join_blocking(Duration::from_secs(10)).expect("it ends in time");
    /// assert_eq!((exit.lanes[0].handled, exit.undelivered()), (1, 0));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn stop(&self, patience: Duration) {
        // Closed first: an actor seeing the deadline also sees the closed mailbox.
        self.mailbox.close();
        // Past the end of the clock there is no deadline.
        if let Some(deadline) = self.executor.now().checked_add(patience) {
            self.life().stop(deadline);
        }
        // Last, because it runs the task's waker. On later stops as well, because the wake of the
        // first one may have failed.
        self.mailbox.interrupt();
    }

    /// Kills the actor: no further message is handled. A waiting handler is dropped at its wait; a
    /// computing handler runs to its next wait or its end. Returns immediately;
    /// [`join`](Self::join) waits.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use actor_core::{Actor, Context, ExitReason, Message, Runtime, ThreadConfig, spawn};
    ///
    /// struct Wait;
    /// impl Message for Wait {}
    ///
    /// struct Waiting;
    /// impl Actor for Waiting {
    ///     type Message = Wait;
    ///     async fn handle(&mut self, _wait: Wait, _cx: &mut Context<Wait>) {
    ///         std::future::pending().await
    ///     }
    /// }
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// # let executor = runtime.start_executor(ThreadConfig::named("waiting"))?;
    /// let (waiting, running) = spawn(&executor, || Waiting)?;
    /// waiting.try_tell(Wait)?;
    /// running.kill();
    /// let exit = running.join_blocking(Duration::from_secs(10)).expect("nothing delays it");
    /// assert!(matches!(exit.reason, ExitReason::Killed));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn kill(&self) {
        self.life().kill();
        self.mailbox.close();
        self.mailbox.interrupt();
    }

    #[deprecated(note = "renamed to `kill`")]
    #[doc(hidden)]
    pub fn stop_now(&self) {
        self.kill();
    }

    /// Waits until the actor has started: [`Actor::started`](crate::Actor::started) has returned.
    ///
    /// # Errors
    ///
    /// Returns the exit of an actor ended earlier: its maker or its `started` panicked, `started`
    /// ended it, or it was stopped before `started` returned.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future has no effect.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use actor_core::{Actor, Context, Message, Runtime, ThreadConfig, spawn};
    /// # struct Job;
    /// # impl Message for Job {}
    /// # struct Worker;
    /// # impl Actor for Worker {
    /// #     type Message = Job;
    /// #     async fn handle(&mut self, _job: Job, _cx: &mut Context<Job>) {}
    /// # }
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// # let executor = runtime.start_executor(ThreadConfig::named("worker"))?;
    /// use futures::executor::block_on;
    ///
    /// let (_worker, running) = spawn(&executor, || Worker)?;
    /// assert!(block_on(running.started()).is_ok());
    ///
    /// let (_faulty, running) = spawn(&executor, || -> Worker { panic!("no such file") })?;
    /// let exit = block_on(running.started()).expect_err("its maker panicked");
    /// assert_eq!(exit.reason.to_string(), "panicked: no such file");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub async fn started(&self) -> Result<(), Exit> {
        loop {
            if let Some(started) = self.has_started() {
                return started;
            }
            listener!(self.life().on_change().event() => starting);
            // Checked again, because it may have started before the listener was registered.
            if let Some(started) = self.has_started() {
                return started;
            }
            quietly(starting).await;
        }
    }

    /// Waits until the actor has started, for at most `limit`.
    ///
    /// Within an executor's thread, the executor's clock measures the time; elsewhere a timer of
    /// the process does.
    ///
    /// # Errors
    ///
    /// As [`started`](Self::started), and [`NotStarted::Timeout`].
    ///
    /// # Cancel safety
    ///
    /// Dropping the future has no effect.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use actor_core::{Actor, Context, Message, Runtime, ThreadConfig, spawn};
    /// # struct Job;
    /// # impl Message for Job {}
    /// # struct Worker;
    /// # impl Actor for Worker {
    /// #     type Message = Job;
    /// #     async fn handle(&mut self, _job: Job, _cx: &mut Context<Job>) {}
    /// # }
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// # let executor = runtime.start_executor(ThreadConfig::named("worker"))?;
    /// use actor_core::life::NotStarted;
    /// use futures::executor::block_on;
    ///
    /// let limit = Duration::from_secs(10);
    /// let (_worker, running) = spawn(&executor, || Worker)?;
    /// block_on(running.started_within(limit))?;
    ///
    /// let make = || std::fs::read("no such file").map(|_| Worker);
    /// let (_worker, running) = spawn(&executor, make)?;
    /// let failed = block_on(running.started_within(limit));
    /// assert!(matches!(failed, Err(NotStarted::Ended(exit)) if !exit.reason.is_normal()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub async fn started_within(&self, limit: Duration) -> Result<(), NotStarted> {
        let started = within(self.started(), limit).await;
        started.ok_or(NotStarted::Timeout)?.map_err(NotStarted::Ended)
    }

    /// Waits until the actor has started, parking the thread for at most `timeout`.
    ///
    /// # Errors
    ///
    /// As [`started`](Self::started), and [`NotStarted::Timeout`].
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use actor_core::{Actor, Context, Message, Runtime, ThreadConfig, spawn};
    /// # struct Job;
    /// # impl Message for Job {}
    /// # struct Worker;
    /// # impl Actor for Worker {
    /// #     type Message = Job;
    /// #     async fn handle(&mut self, _job: Job, _cx: &mut Context<Job>) {}
    /// # }
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// # let executor = runtime.start_executor(ThreadConfig::named("worker"))?;
    /// use actor_core::life::NotStarted;
    ///
    /// let timeout = Duration::from_secs(10);
    /// let (_worker, running) = spawn(&executor, || Worker)?;
    /// running.started_blocking(timeout)?;
    ///
    /// let (_faulty, running) = spawn(&executor, || -> Worker { panic!("no such file") })?;
    /// assert!(matches!(running.started_blocking(timeout), Err(NotStarted::Ended(_))));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn started_blocking(&self, timeout: Duration) -> Result<(), NotStarted> {
        let started = block_on_for(pin!(self.started()), timeout);
        started.ok_or(NotStarted::Timeout)?.map_err(NotStarted::Ended)
    }

    fn has_started(&self) -> Option<Result<(), Exit>> {
        if self.life().has_started() {
            return Some(Ok(()));
        }
        self.exit().map(Err)
    }

    /// Waits for the actor's end, and returns its reason and its statistics.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future has no effect.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use actor_core::{Actor, Context, Message, Runtime, ThreadConfig, spawn};
    /// # struct Job;
    /// # impl Message for Job {}
    /// # struct Worker;
    /// # impl Actor for Worker {
    /// #     type Message = Job;
    /// #     async fn handle(&mut self, _job: Job, _cx: &mut Context<Job>) {}
    /// # }
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// # let executor = runtime.start_executor(ThreadConfig::named("worker"))?;
    /// let (worker, running) = spawn(&executor, || Worker)?;
    /// worker.try_tell(Job)?;
    /// // Without a handle, the actor ends after its queue.
    /// drop(worker);
    /// let exit = futures::executor::block_on(running.join());
    /// assert_eq!(exit.lanes[0].handled, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub async fn join(&self) -> Exit {
        loop {
            if let Some(exit) = self.exit() {
                return exit;
            }
            listener!(self.life().on_change().event() => ending);
            // Checked again, because it may have ended before the listener was registered.
            if let Some(exit) = self.exit() {
                return exit;
            }
            quietly(ending).await;
        }
    }

    /// Waits for the actor's end, parking the thread. Returns `None` after `timeout`.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use actor_core::{Actor, Context, Message, Runtime, ThreadConfig, spawn};
    /// # struct Job;
    /// # impl Message for Job {}
    /// # struct Worker;
    /// # impl Actor for Worker {
    /// #     type Message = Job;
    /// #     async fn handle(&mut self, _job: Job, _cx: &mut Context<Job>) {}
    /// # }
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// # let executor = runtime.start_executor(ThreadConfig::named("worker"))?;
    /// let (worker, running) = spawn(&executor, || Worker)?;
    /// assert!(running.join_blocking(Duration::ZERO).is_none(), "it runs");
    /// drop(worker);
    /// let exit = running.join_blocking(Duration::from_secs(10)).expect("nothing reaches it");
    /// assert!(exit.reason.is_normal());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn join_blocking(&self, timeout: Duration) -> Option<Exit> {
        block_on_for(pin!(self.join()), timeout)
    }

    /// Returns the exit of an ended actor.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use actor_core::{Actor, Context, Message, Runtime, ThreadConfig, spawn};
    /// # struct Job;
    /// # impl Message for Job {}
    /// # struct Worker;
    /// # impl Actor for Worker {
    /// #     type Message = Job;
    /// #     async fn handle(&mut self, _job: Job, _cx: &mut Context<Job>) {}
    /// # }
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// # let executor = runtime.start_executor(ThreadConfig::named("worker"))?;
    /// let (worker, running) = spawn(&executor, || Worker)?;
    /// assert!(running.exit().is_none(), "it runs");
    /// drop(worker);
    /// assert!(running.join_blocking(Duration::from_secs(10)).is_some());
    /// assert!(running.exit().is_some_and(|exit| exit.reason.is_normal()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn exit(&self) -> Option<Exit> {
        let reason = self.life().reason()?;
        Some(self.mailbox.exit(reason.clone()))
    }

    /// Returns the full name of the actor, if it has one.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use actor_core::{Actor, Context, Message, Runtime, ThreadConfig, Spawn};
    /// # struct Job;
    /// # impl Message for Job {}
    /// # struct Worker;
    /// # impl Actor for Worker {
    /// #     type Message = Job;
    /// #     async fn handle(&mut self, _job: Job, _cx: &mut Context<Job>) {}
    /// # }
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// # let executor = runtime.start_executor(ThreadConfig::named("worker"))?;
    /// let (_worker, mailbox) = actor_core::mailbox();
    /// let running = Spawn::new(mailbox).named("worker").start(&executor, || Worker)?;
    /// assert_eq!(running.name().as_deref(), Some("worker"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn name(&self) -> Option<Arc<str>> {
        self.life().name().cloned()
    }

    /// Returns the figures of each lane, also while the actor runs.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use actor_core::{Actor, Context, Message, Runtime, Spawn, ThreadConfig};
    /// # struct Job;
    /// # impl Message for Job {}
    /// # struct Worker;
    /// # impl Actor for Worker {
    /// #     type Message = Job;
    /// #     async fn handle(&mut self, _job: Job, _cx: &mut Context<Job>) {}
    /// # }
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// # let executor = runtime.start_executor(ThreadConfig::named("worker"))?;
    /// let (worker, mailbox) = actor_core::mailbox();
    /// worker.try_tell(Job)?;
    /// let running = Spawn::new(mailbox).start(&executor, || Worker)?;
    /// assert_eq!(running.lanes()[0].accepted, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn lanes(&self) -> Vec<LaneStats> {
        self.mailbox.stats()
    }

    /// Returns the decisions about the lives of a [governed](crate::Spawn::governed) actor.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use actor_core::{Actor, Context, Message, Runtime, ThreadConfig, spawn};
    /// # struct Job;
    /// # impl Message for Job {}
    /// # struct Worker;
    /// # impl Actor for Worker {
    /// #     type Message = Job;
    /// #     async fn handle(&mut self, _job: Job, _cx: &mut Context<Job>) {}
    /// # }
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// # let executor = runtime.start_executor(ThreadConfig::named("worker"))?;
    /// let (_worker, running) = spawn(&executor, || Worker)?;
    /// assert!(running.governed().is_none());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn governed(&self) -> Option<Governed> {
        let is_governed = self.life().extras().is_some_and(Extras::is_governed);
        is_governed.then(|| Governed::new(Arc::clone(&self.mailbox)))
    }

    /// Returns the time until the deadline of the stop, if there is one. For the queue of a pool.
    #[doc(hidden)]
    #[must_use]
    pub fn time_left(&self) -> Option<Duration> {
        let deadline = self.life().deadline()?;
        Some(deadline.saturating_duration_since(self.executor.now()))
    }

    pub(super) fn mailbox(&self) -> &Arc<dyn Closeable> {
        &self.mailbox
    }

    pub(crate) fn executor(&self) -> &Arc<dyn Executor> {
        &self.executor
    }

    /// Sets the name, before the life begins.
    /// Returns what other threads see of the named actor at work.
    pub(crate) fn presence(&self) -> Option<Arc<Presence>> {
        self.life().presence().cloned()
    }

    /// Returns what a look from this thread finds of the actor, for the system that owns it. Never
    /// waits.
    #[doc(hidden)]
    #[must_use]
    pub fn seen(&self) -> ActorSeen {
        let mut seen = self.mailbox.seen();
        seen.has_started = self.life().has_started();
        seen.restarts = self.life().extras().map_or(0, Extras::restarts);
        seen.lost_work = self.mailbox.lost_work();
        if let Some(presence) = self.life().presence() {
            presence.add_to(&mut seen);
        }
        seen
    }

    /// States that this actor passes messages on to these, for a look: a queue, to its workers.
    #[doc(hidden)]
    pub fn passes_on_to(&self, others: &[Self]) {
        if let Some(presence) = self.life().presence() {
            presence.pass_on_to(others.iter().map(|other| other.life().number()));
        }
    }

    pub(crate) fn set_name(&self, name: Arc<str>) {
        self.life().make_extras().set_name(name);
    }

    /// Adds a receiver of the exit, before the life begins.
    pub(crate) fn on_end(&self, receive: impl Fn(&Exit) + Send + Sync + 'static) {
        self.life().make_extras().add_on_end(Box::new(receive));
    }

    /// Requests the end of the current life, as a link does.
    #[cfg(all(test, shuttle))]
    pub(crate) fn end_life(&self, reason: crate::life::ExitReason) {
        self.life().end_life(reason);
        self.mailbox.interrupt();
    }

    /// Marks the actor as governed, before its life begins.
    pub(crate) fn govern(&self) {
        self.life().make_extras().govern();
    }

    /// Returns the actor, to be watched.
    pub(super) fn peer(&self) -> Arc<dyn Peer> {
        Arc::clone(&self.mailbox) as _
    }

    /// Asks the governor for the first life. Before the actor starts, so the answer may come at any
    /// time after.
    pub(crate) fn ask_for_verdict(&self) {
        self.life().make_extras().verdict().ask();
    }

    fn life(&self) -> &Life {
        self.mailbox.life()
    }
}

impl Sealed for Running {
    fn target(&self) -> Target {
        Target(Some(self.peer()))
    }
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut all = f.debug_struct("Running");
        if let Some(name) = self.life().name() {
            all.field("name", name);
        }
        all.field("lanes", &self.mailbox.stats()).field("exit", &self.exit()).finish()
    }
}

impl fmt::Display for NotStarted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ended(exit) => {
                write!(f, "the actor ended before its first message: {}", exit.reason)
            }
            Self::Timeout => f.write_str("the actor did not start in time"),
        }
    }
}

impl std::error::Error for NotStarted {}
