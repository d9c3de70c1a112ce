//! A system: executors, the names of the actors on them, and their shutdown with a report.
//!
//! In reading order: this file has the owner, `builder` makes it, `place` is where actors start,
//! `shared` is the common state, `entry` one actor, `names` the registry, `shutdown` the end, and
//! `report` its result.

mod builder;
mod entry;
mod names;
mod place;
mod report;
mod shared;
mod shutdown;

use std::fmt;
use std::io;
use std::sync::{Arc, Weak};
use std::time::Duration;

use actor_core::life::Phase;
use actor_core::{Handle, Message, Running, Runtime};

use crate::executors::Executors;
pub use builder::SystemBuilder;
pub use entry::ActorId;
pub(crate) use entry::Entry;
pub use names::RegisterError;
pub use place::SystemPlace;
pub use report::{ActorReport, Cause, Report, ThreadReport, ThreadState};
pub(crate) use report::{THREAD_IS_BUSY, problem_of};
pub(crate) use shared::Shared;
pub(crate) use shutdown::GRACE;

/// Executors, the actors on them, their names, and one shutdown with a report.
///
/// A system is a value. Two systems in one process never see each other. `&system` is a
/// [`Place`](actor_core::life::Place): actors start on it, as on an executor. Clones are the same
/// system. The drop of the last one ends it, as [`stop`](Self::stop) with the patience of
/// [`SystemBuilder::patience`] does. An actor with a clone keeps its own system; it should hold a
/// [`WeakSystem`].
///
/// # Shutdown
///
/// The first stop closes the system: further spawns return
/// [`SpawnError::SystemStopping`](actor_core::life::SpawnError::SystemStopping). Then the phases end
/// in order: [sources, workers, owners, stores](Phase). The actors of a phase are stopped together.
/// They accept nothing new, and handle what is queued. A phase may take an equal share of the time
/// left, so a phase with quick actors leaves its time to the others. An actor that has not ended
/// 250 ms after its share is killed. In the end the executors are stopped, and their threads are
/// joined. The [`Report`] names what did not come back, so a stuck handler delays it by the
/// patience and about 1.5 s at most.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use actor_core::life::Phase;
/// use actor_core::{Actor, Context, Message, Spawn};
/// use actor_system::System;
///
/// struct Job;
/// impl Message for Job {}
/// struct Worker;
/// impl Actor for Worker {
///     type Message = Job;
///     async fn handle(&mut self, _job: Job, _cx: &mut Context<Job>) {}
/// }
///
/// # let runtime = actor_smol::SmolRuntime::new();
/// let system = System::new("node", runtime)?;
/// let (worker, mailbox) = actor_core::mailbox();
/// let spawn = Spawn::new(mailbox).named("worker").phase(Phase::Workers);
/// let _running = spawn.start(&system, || Worker)?;
/// worker.try_tell(Job)?;
///
/// let report = system.stop_blocking(Duration::from_secs(10));
/// assert!(report.is_clean(), "{report}");
/// assert_eq!(report.actor("/worker").expect("it ran").lanes()[0].handled, 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct System {
    owner: Arc<Owner>,
}

/// A reference that does not keep its system: for actors, timers and signal handlers.
///
/// # Examples
///
/// ```
/// use actor_system::System;
///
/// # let runtime = actor_smol::SmolRuntime::new();
/// let system = System::new("node", runtime)?;
/// let weak = system.downgrade();
/// assert_eq!(weak.upgrade().expect("the system is there").name(), "node");
/// drop(system);
/// assert!(weak.upgrade().is_none());
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone)]
pub struct WeakSystem {
    owner: Weak<Owner>,
}

/// One running actor of a system.
///
/// # Examples
///
/// ```
/// # use actor_core::{Actor, Context, Message, Spawn};
/// # struct Job;
/// # impl Message for Job {}
/// # struct Worker;
/// # impl Actor for Worker {
/// #     type Message = Job;
/// #     async fn handle(&mut self, _job: Job, _cx: &mut Context<Job>) {}
/// # }
/// use actor_system::System;
/// use actor_system::system::ActorInfo;
///
/// # let runtime = actor_smol::SmolRuntime::new();
/// let system = System::new("node", runtime)?;
/// let (_worker, mailbox) = actor_core::mailbox();
/// let _running = Spawn::new(mailbox).named("worker").start(&system, || Worker)?;
/// let [worker]: &[ActorInfo] = &system.actors()[..] else { panic!("it has one actor") };
/// assert_eq!((&*worker.path, &*worker.thread), ("/worker", "node"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ActorInfo {
    /// Its number.
    pub id: ActorId,
    /// Its path.
    pub path: Arc<str>,
    /// Whether its name was stated. Otherwise its path is that of its type, with its number.
    pub is_named: bool,
    /// The phase of the shutdown in which it is stopped.
    pub phase: Phase,
    /// The name of its thread.
    pub thread: Arc<str>,
    /// The right to stop it.
    pub running: Running,
}

/// All clones of a [`System`] together. Its drop begins the shutdown.
struct Owner {
    shared: Arc<Shared>,
}

impl System {
    /// Starts a system with one executor, on a thread with the system's name.
    ///
    /// One, because an owner of state needs no more, and because further threads are decisions of
    /// the program: [`builder`](Self::builder) adds them.
    ///
    /// # Errors
    ///
    /// Returns an error if the thread cannot be started.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use actor_system::System;
    ///
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// let system = System::new("node", runtime)?;
    /// assert_eq!(system.executors().names(), ["node"]);
    /// assert!(system.stop_blocking(Duration::from_secs(10)).is_clean());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn new(name: impl Into<Arc<str>>, runtime: impl Runtime) -> io::Result<Self> {
        Self::builder(name).runtime(runtime).start()
    }

    /// Begins a system with options.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::ThreadConfig;
    /// use actor_system::System;
    ///
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// let system = System::builder("node")
    ///     .runtime(runtime)
    ///     .executors(2)
    ///     .executor(ThreadConfig::named("chain").on_core(0))
    ///     .start()?;
    /// assert_eq!(system.executors().names(), ["node-0", "node-1"]);
    /// assert!(system.executor("chain").is_some());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn builder(name: impl Into<Arc<str>>) -> SystemBuilder {
        SystemBuilder::new(name.into())
    }

    /// Makes a system of executors that exist already: inside a loop, or a task of the program's
    /// own runtime.
    ///
    /// The system starts no thread. Its shutdown runs as a task of the first executor, so this
    /// executor must run until the report, and a stop blocking its thread returns no report of it.
    /// The end of the shutdown stops the executors.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use actor_embed::{Budget, Embed};
    /// use actor_system::System;
    /// use actor_system::executors::Executors;
    ///
    /// let (executor, mut driver) = Embed::new(|| {}).build()?;
    /// let system = System::on("game", Executors::adopt("loop", executor));
    /// system.stop(Duration::from_secs(1));
    /// while !driver.turn(Budget::polls(64)).has_ended {}
    /// assert!(system.report().expect("the loop ended after it").is_clean());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn on(name: impl Into<Arc<str>>, executors: Executors) -> Self {
        let shared = Shared::new(name.into(), None, executors, Vec::new(), SystemBuilder::PATIENCE);
        Self::of(shared)
    }

    fn of(shared: Arc<Shared>) -> Self {
        Self { owner: Arc::new(Owner { shared }) }
    }

    /// Returns the name of the system.
    ///
    /// # Examples
    ///
    /// ```
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// assert_eq!(actor_system::System::new("node", runtime)?.name(), "node");
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn name(&self) -> &str {
        &self.shared().name
    }

    /// Returns the executors that an actor without a wish starts on.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::{Actor, Context, Message, spawn};
    /// # struct Job;
    /// # impl Message for Job {}
    /// # struct Worker;
    /// # impl Actor for Worker {
    /// #     type Message = Job;
    /// #     async fn handle(&mut self, _job: Job, _cx: &mut Context<Job>) {}
    /// # }
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// let system = actor_system::System::builder("node").runtime(runtime).executors(2).start()?;
    /// let _one = spawn(&system, || Worker)?;
    /// let _other = spawn(&system, || Worker)?;
    /// assert_eq!(system.executors().loads(), [1, 1]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn executors(&self) -> &Executors {
        &self.shared().pool
    }

    /// Returns the running actors, in the order of their starts.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::{Actor, Context, Message, spawn};
    /// # struct Job;
    /// # impl Message for Job {}
    /// # struct Worker;
    /// # impl Actor for Worker {
    /// #     type Message = Job;
    /// #     async fn handle(&mut self, _job: Job, _cx: &mut Context<Job>) {}
    /// # }
    /// use std::time::Duration;
    ///
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// let system = actor_system::System::new("node", runtime)?;
    /// let (_worker, running) = spawn(&system, || Worker)?;
    /// assert_eq!(system.actors().len(), 1);
    /// system.actors()[0].running.kill();
    /// running.join_blocking(Duration::from_secs(10)).expect("it was killed");
    /// assert!(system.actors().is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn actors(&self) -> Vec<ActorInfo> {
        let members = self.shared().members();
        let info = members.iter().map(|entry| ActorInfo {
            id: entry.facts.id,
            path: Arc::clone(&entry.facts.path),
            is_named: entry.facts.is_named,
            phase: entry.facts.phase,
            thread: Arc::clone(&entry.facts.thread),
            running: entry.running.clone(),
        });
        info.collect()
    }

    /// Registers a handle under a name. The system keeps a weak handle only: the name is free again
    /// when no handle is left or the actor has ended.
    ///
    /// # Errors
    ///
    /// The name is empty, or taken by an actor or by another handle whose actor is running.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_system::System;
    ///
    /// # struct Job;
    /// # impl actor_core::Message for Job {}
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// let system = System::new("node", runtime)?;
    /// let (jobs, mailbox) = actor_core::mailbox::<Job>();
    /// system.register("jobs", &jobs)?;
    /// assert!(system.register("jobs", &jobs).is_err());
    /// mailbox.close();
    /// let (again, _mailbox) = actor_core::mailbox::<Job>();
    /// system.register("jobs", &again)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn register<M: Message>(
        &self,
        name: &str,
        handle: &Handle<M>,
    ) -> Result<(), RegisterError> {
        self.shared().names.register(name, handle)
    }

    /// Returns the handle under a name: of the actor with this path, or a
    /// [registered](Self::register) one. `None` if there is none of this message type, or if no
    /// handle is left or the actor has ended.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::{Actor, Context, Message, Spawn};
    /// use actor_system::System;
    ///
    /// # struct Job;
    /// # impl actor_core::Message for Job {}
    /// # struct Other;
    /// # impl actor_core::Message for Other {}
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// let system = System::new("node", runtime)?;
    /// # struct Worker;
    /// # impl Actor for Worker {
    /// #     type Message = Job;
    /// #     async fn handle(&mut self, _job: Job, _cx: &mut Context<Job>) {}
    /// # }
    /// let (worker, mailbox) = actor_core::mailbox();
    /// let _running = Spawn::new(mailbox).named("worker").start(&system, || Worker)?;
    /// assert!(system.find::<Job>("worker").is_some_and(|found| found.same_actor(&worker)));
    /// assert!(system.find::<Other>("worker").is_none(), "it has other messages");
    /// assert!(system.find::<Job>("jobs").is_none());
    /// system.register("jobs", &worker)?;
    /// assert!(system.find::<Job>("/jobs").is_some(), "a service under a second name");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn find<M: Message>(&self, name: &str) -> Option<Handle<M>> {
        self.shared().names.find(name)
    }

    /// Begins the shutdown, and returns immediately. May be called from any thread, in a handler,
    /// and any number of times: the first call sets the time limit, and there is one shutdown.
    ///
    /// A patience past the end of the clock, such as [`Duration::MAX`], sets no limit.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use actor_system::System;
    ///
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// let system = System::new("node", runtime)?;
    /// system.stop(Duration::from_secs(10));
    /// system.stop(Duration::ZERO);
    /// assert!(system.is_stopping());
    /// assert!(futures::executor::block_on(system.stopped()).is_clean());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn stop(&self, patience: Duration) {
        self.shared().begin(Cause::Requested, patience, None);
    }

    /// Returns whether the shutdown has begun.
    ///
    /// # Examples
    ///
    /// ```
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// let system = actor_system::System::new("node", runtime)?;
    /// assert!(!system.is_stopping());
    /// system.stop(std::time::Duration::ZERO);
    /// assert!(system.is_stopping());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        self.shared().gate.is_closed()
    }

    /// Waits for the report of the shutdown. Does not begin one.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future has no effect.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use actor_system::System;
    ///
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// let system = System::new("node", runtime)?;
    /// let stopper = system.clone();
    /// std::thread::spawn(move || stopper.stop(Duration::from_secs(10)));
    /// let report = futures::executor::block_on(system.stopped());
    /// assert!(report.is_clean(), "{report}");
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub async fn stopped(&self) -> Report {
        self.shared().wait_for(Shared::report).await.clone()
    }

    /// Waits for the report of the shutdown, blocking the thread. Returns `None` after `timeout`.
    /// Does not begin a shutdown.
    ///
    /// In code of one of the system's executors there is no wait, as in
    /// [`stop_blocking`](Self::stop_blocking).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// let system = actor_system::System::new("node", runtime)?;
    /// assert!(system.stopped_blocking(Duration::ZERO).is_none(), "it runs");
    /// system.stop(Duration::from_secs(10));
    /// assert!(system.stopped_blocking(Duration::from_secs(20)).is_some());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn stopped_blocking(&self, timeout: Duration) -> Option<Report> {
        self.shared().reported_blocking(timeout).cloned()
    }

    /// Begins the shutdown and waits for its report, blocking the thread.
    ///
    /// The wait ends 5 s after the patience at the latest. The report is then that of the moment:
    /// it names what is still busy, and [`Report::is_final`] is `false`.
    ///
    /// In a handler of one of its actors, and all other code of its executors, there is no wait,
    /// because that thread cannot end meanwhile. The report of the moment returns immediately, and
    /// the shutdown goes on. Such code should call [`stop`](Self::stop).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// let system = actor_system::System::new("node", runtime)?;
    /// let report = system.stop_blocking(Duration::from_secs(10));
    /// assert!(report.is_clean(), "{report}");
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use = "it names what has not ended"]
    pub fn stop_blocking(&self, patience: Duration) -> Report {
        self.stop(patience);
        self.shared().reported_or_draft(patience)
    }

    /// Returns the report, once the shutdown has ended.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// let system = actor_system::System::new("node", runtime)?;
    /// assert!(system.report().is_none());
    /// let report = system.stop_blocking(Duration::from_secs(10));
    /// assert_eq!(system.report().map(|report| report.started), Some(report.started));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn report(&self) -> Option<Report> {
        self.shared().report().cloned()
    }

    /// Returns a reference that does not keep the system.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use actor_core::{Actor, Context, Message, spawn};
    /// # struct Job;
    /// # impl Message for Job {}
    /// use actor_system::System;
    /// use actor_system::system::WeakSystem;
    ///
    /// /// Its first job ends the system.
    /// struct Worker(WeakSystem);
    /// impl Actor for Worker {
    ///     type Message = Job;
    ///     async fn handle(&mut self, _job: Job, _cx: &mut Context<Job>) {
    ///         if let Some(system) = self.0.upgrade() {
    ///             system.stop(Duration::from_secs(10));
    ///         }
    ///     }
    /// }
    ///
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// let system = System::new("node", runtime)?;
    /// let weak = system.downgrade();
    /// let (worker, _running) = spawn(&system, || Worker(weak))?;
    /// worker.try_tell(Job)?;
    /// let report = system.stopped_blocking(Duration::from_secs(20)).expect("the job ends it");
    /// assert!(report.is_clean(), "{report}");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn downgrade(&self) -> WeakSystem {
        WeakSystem { owner: Arc::downgrade(&self.owner) }
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.owner.shared
    }
}

impl WeakSystem {
    /// Returns the system. `None` if all its owners have dropped it.
    ///
    /// # Examples
    ///
    /// ```
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// let system = actor_system::System::new("node", runtime)?;
    /// let weak = system.downgrade();
    /// assert!(weak.upgrade().is_some());
    /// drop(system);
    /// assert!(weak.upgrade().is_none());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn upgrade(&self) -> Option<System> {
        self.owner.upgrade().map(|owner| System { owner })
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.shared.begin(Cause::Dropped, self.shared.patience, None);
    }
}

impl fmt::Debug for System {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let paths: Vec<_> = self.actors().into_iter().map(|actor| actor.path).collect();
        f.debug_struct("System")
            .field("name", &self.name())
            .field("executors", &self.executors().names())
            .field("actors", &paths)
            .field("is_stopping", &self.is_stopping())
            .finish()
    }
}

impl fmt::Debug for WeakSystem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WeakSystem").finish_non_exhaustive()
    }
}
