//! Several executors as one value.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use actor_core::life::{Host, OnPanic, Place, Seat, SpawnError, Wish};
use actor_core::{Executor, Exit, Running, Runtime, ThreadConfig};

use crate::clock::time_left;
use crate::inspect::Since;

/// How a pool of executors chooses one for the next actor.
///
/// # Examples
///
/// ```
/// use actor_core::ThreadConfig;
/// use actor_system::executors::{Choice, Executors};
///
/// # let runtime = actor_smol::SmolRuntime::new();
/// let executors = Executors::start(&runtime, "worker", 2)?.choosing(Choice::RoundRobin);
/// assert_eq!(Choice::default(), Choice::LeastLoaded);
/// # executors.stop();
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Choice {
    /// The executor with the fewest actors; among several, one after another.
    #[default]
    LeastLoaded,
    /// One after another.
    RoundRobin,
}

/// Several executors as one value, and a [`Place`] for actors: each actor starts on one of them.
///
/// Clones are the same executors. A [`System`](crate::System) has one of these, and adds names, a
/// shutdown and a report.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use actor_core::{Actor, Context, Message, spawn};
/// use actor_system::executors::Executors;
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
/// let executors = Executors::start(&runtime, "worker", 2)?;
/// let workers: Vec<_> = (0..4).map(|_| spawn(&executors, || Worker)).collect::<Result<_, _>>()?;
/// assert_eq!(executors.loads(), [2, 2]);
///
/// drop(workers);
/// executors.stop();
/// assert!(executors.join(Duration::from_secs(10)).is_empty(), "each thread has ended");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Executors {
    choice: Choice,
    slots: Arc<[Arc<Slot>]>,
    next: Arc<AtomicUsize>,
}

/// One executor with its name, and the number of its actors.
pub(crate) struct Slot {
    pub(crate) name: Arc<str>,
    pub(crate) executor: Arc<dyn Executor>,
    /// For how long looks have found no turn of its actors.
    pub(crate) since: Since,
    actors: Arc<AtomicUsize>,
}

/// An actor's part of the load of its executor. Does not hold the executor, because the mailbox
/// holds it as long as a handle exists.
#[derive(Debug)]
pub(crate) struct Seated {
    actors: Arc<AtomicUsize>,
    has_left: AtomicBool,
}

impl Executors {
    /// Starts executors on threads of their own. A single one has the given name; several have a
    /// number after it, such as `worker-0`.
    ///
    /// # Errors
    ///
    /// Returns an error if a thread cannot be started, or if `count` is 0
    /// ([`io::ErrorKind::InvalidInput`]).
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_system::executors::Executors;
    ///
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// let executors = Executors::start(&runtime, "worker", 2)?;
    /// assert_eq!(executors.names(), ["worker-0", "worker-1"]);
    /// assert!(Executors::start(&runtime, "worker", 0).is_err());
    /// # executors.stop();
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn start(runtime: &dyn Runtime, name: &str, count: usize) -> io::Result<Self> {
        let number = |number| if count == 1 { name.to_owned() } else { format!("{name}-{number}") };
        Self::start_with(runtime, (0..count).map(|i| ThreadConfig::named(number(i))))
    }

    /// Starts an executor for each configuration: with a name, a CPU core, a size of the stack.
    ///
    /// # Errors
    ///
    /// Returns an error if a thread cannot be started, or if there is no configuration
    /// ([`io::ErrorKind::InvalidInput`]). The threads started before the error end again.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::ThreadConfig;
    /// use actor_system::executors::Executors;
    ///
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// let on_cores = [0].map(|core| ThreadConfig::named(format!("core-{core}")).on_core(core));
    /// let executors = Executors::start_with(&runtime, on_cores)?;
    /// assert_eq!(executors.names(), ["core-0"]);
    /// # executors.stop();
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn start_with(
        runtime: &dyn Runtime,
        configs: impl IntoIterator<Item = ThreadConfig>,
    ) -> io::Result<Self> {
        let started = configs.into_iter().map(|config| Slot::start(runtime, config));
        let slots = started.collect::<io::Result<Vec<_>>>()?;
        if slots.is_empty() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "no executor was asked for"));
        }
        Ok(Self::of(slots))
    }

    /// Takes an executor that exists already: inside a loop, or a task of the program's own
    /// runtime. The name is for reports.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_embed::{Budget, Embed};
    /// use actor_system::executors::Executors;
    ///
    /// let (executor, mut driver) = Embed::new(|| {}).build()?;
    /// let executors = Executors::adopt("loop", executor);
    /// assert_eq!(executors.names(), ["loop"]);
    /// executors.stop();
    /// assert!(driver.turn(Budget::polls(64)).has_ended);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn adopt(name: impl Into<Arc<str>>, executor: Arc<dyn Executor>) -> Self {
        Self::of(vec![Slot::new(name.into(), executor)])
    }

    /// Adds another executor that exists already. Earlier clones are not changed.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::{Runtime, ThreadConfig};
    /// use actor_system::executors::Executors;
    ///
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// let start = |name| runtime.start_executor(ThreadConfig::named(name));
    /// let chain = Executors::adopt("chain", start("chain")?);
    /// let executors = chain.and("network", start("network")?);
    /// assert_eq!(executors.names(), ["chain", "network"]);
    /// # executors.stop();
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn and(self, name: impl Into<Arc<str>>, executor: Arc<dyn Executor>) -> Self {
        let added = Slot::new(name.into(), executor);
        let slots = self.slots.iter().cloned().chain([added]).collect();
        Self { slots, ..self }
    }

    /// Sets how the next actor's executor is chosen. The default is [`Choice::LeastLoaded`].
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::sync::Arc;
    /// use actor_core::life::{Place, Wish};
    /// use actor_system::executors::{Choice, Executors};
    ///
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// let executors = Executors::start(&runtime, "worker", 2)?.choosing(Choice::RoundRobin);
    /// let one = executors.seat(&Wish::default())?.executor;
    /// let other = executors.seat(&Wish::default())?.executor;
    /// assert!(!Arc::ptr_eq(&one, &other));
    /// # executors.stop();
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn choosing(self, choice: Choice) -> Self {
        Self { choice, ..self }
    }

    /// Returns the names of the executors, in their order.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_system::executors::Executors;
    ///
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// let executors = Executors::start(&runtime, "owner", 1)?;
    /// assert_eq!(executors.names(), ["owner"]);
    /// # executors.stop();
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn names(&self) -> Vec<&str> {
        self.slots.iter().map(|slot| &*slot.name).collect()
    }

    /// Returns the number of actors on each executor, in the executors' order. Only actors started
    /// through this value count.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::life::{Place, Wish};
    /// use actor_system::executors::Executors;
    ///
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// let executors = Executors::start(&runtime, "worker", 2)?;
    /// let seat = executors.seat(&Wish::default())?;
    /// assert_eq!(executors.loads().iter().sum::<usize>(), 1);
    /// drop(seat);
    /// assert_eq!(executors.loads(), [0, 0], "no actor was started there");
    /// # executors.stop();
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn loads(&self) -> Vec<usize> {
        self.slots.iter().map(|slot| slot.load()).collect()
    }

    /// Returns the executor of this name, the first one if there are several.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_system::executors::Executors;
    ///
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// let executors = Executors::start(&runtime, "worker", 2)?;
    /// assert!(executors.get("worker-1").is_some() && executors.get("worker-2").is_none());
    /// # executors.stop();
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Arc<dyn Executor>> {
        self.slots.iter().find(|slot| &*slot.name == name).map(|slot| &slot.executor)
    }

    /// Stops accepting actors on all executors. The existing actors run to their end; then the
    /// threads end.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::life::SpawnError;
    /// use actor_system::executors::Executors;
    /// # use actor_core::{Actor, Context, Message, spawn};
    /// # struct Job;
    /// # impl Message for Job {}
    /// # struct Worker;
    /// # impl Actor for Worker {
    /// #     type Message = Job;
    /// #     async fn handle(&mut self, _job: Job, _cx: &mut Context<Job>) {}
    /// # }
    ///
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// let executors = Executors::start(&runtime, "worker", 2)?;
    /// executors.stop();
    /// let refused = spawn(&executors, || Worker).map(drop);
    /// assert_eq!(refused, Err(SpawnError::ExecutorStopped));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn stop(&self) {
        self.slots.iter().for_each(|slot| slot.executor.stop());
    }

    /// Blocks the calling thread until all executors have ended, at most for `timeout` together.
    /// Returns the names of those that have not.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use actor_system::executors::Executors;
    ///
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// let executors = Executors::start(&runtime, "worker", 2)?;
    /// assert_eq!(executors.join(Duration::ZERO).len(), 2, "both run");
    /// executors.stop();
    /// assert!(executors.join(Duration::from_secs(10)).is_empty());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn join(&self, timeout: Duration) -> Vec<Arc<str>> {
        let left = time_left(timeout);
        let late = self.slots.iter().filter(|slot| !slot.executor.join(left()));
        late.map(|slot| Arc::clone(&slot.name)).collect()
    }

    /// No executor: for a system in which each actor has a thread of its own.
    pub(crate) fn none() -> Self {
        Self::of(Vec::new())
    }

    fn of(slots: Vec<Arc<Slot>>) -> Self {
        Self { choice: Choice::default(), slots: slots.into(), next: Arc::default() }
    }

    pub(crate) fn slots(&self) -> &[Arc<Slot>] {
        &self.slots
    }

    /// Chooses the executor of the next actor, and counts the actor. `None` without an executor.
    pub(crate) fn choose(&self) -> Option<(&Arc<Slot>, Seated)> {
        let count = self.slots.len();
        let first = self.next.fetch_add(1, Ordering::Relaxed);
        let in_turn = (0..count).map(|i| &self.slots[first.wrapping_add(i) % count]);
        let chosen = match self.choice {
            Choice::RoundRobin => in_turn.take(1).next(),
            // Of equal ones the first, so ties go to one after another.
            Choice::LeastLoaded => in_turn.min_by_key(|slot| slot.load()),
        };
        chosen.map(|slot| (slot, slot.sit()))
    }
}

impl Slot {
    pub(crate) fn new(name: Arc<str>, executor: Arc<dyn Executor>) -> Arc<Self> {
        Arc::new(Self { name, executor, since: Since::default(), actors: Arc::default() })
    }

    pub(crate) fn start(runtime: &dyn Runtime, config: ThreadConfig) -> io::Result<Arc<Self>> {
        let name = config.name().into();
        Ok(Self::new(name, runtime.start_executor(config)?))
    }

    pub(crate) fn load(&self) -> usize {
        self.actors.load(Ordering::Relaxed)
    }

    /// Counts an actor.
    pub(crate) fn sit(&self) -> Seated {
        self.actors.fetch_add(1, Ordering::Relaxed);
        Seated { actors: Arc::clone(&self.actors), has_left: AtomicBool::new(false) }
    }
}

impl Seated {
    /// Ends the actor's part of the load. Later calls have no effect.
    pub(crate) fn leave(&self) {
        if !self.has_left.swap(true, Ordering::Relaxed) {
            self.actors.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

impl Drop for Seated {
    fn drop(&mut self) {
        self.leave();
    }
}

impl Host for Seated {
    fn began(&self, _running: &Running) {}

    fn ended(&self, _exit: &Exit, _on_panic: OnPanic) {
        self.leave();
    }
}

impl Place for Executors {
    fn seat(&self, wish: &Wish) -> Result<Seat, SpawnError> {
        let (slot, seated) = self.choose().ok_or(SpawnError::NoExecutor)?;
        let executor = Arc::clone(&slot.executor);
        Ok(Seat { executor, path: wish.path(), host: Some(Arc::new(seated)) })
    }
}

impl fmt::Debug for Executors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Executors")
            .field("choice", &self.choice)
            .field("names", &self.names())
            .field("loads", &self.loads())
            .finish()
    }
}

impl fmt::Debug for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slot").field("name", &self.name).field("actors", &self.load()).finish()
    }
}
