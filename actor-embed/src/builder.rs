//! The configuration of an executor and its driver.

use std::fmt;
use std::io;
use std::sync::Arc;

use actor_core::runtime::adapter::{BlockingPool, Current, Ending, ForeignWake};
use actor_core::{Executor, ThreadConfig};

use crate::clock::Clock;
use crate::driver::{Driver, Seed};
use crate::executor::{Blocking, EmbedExecutor, Manner};
use crate::inbox::Inbox;
use crate::worker::{Entry, Work};

/// Configures an executor that a foreign loop drives.
///
/// `H` is the host of the driver: a [`Loop`], or one [task](crate::HostTask) of an async runtime.
///
/// # Examples
///
/// ```
/// use actor_embed::{Budget, Embed};
///
/// let here = std::thread::current();
/// let (executor, mut driver) = Embed::new(move || here.unpark()).named("chain").build()?;
/// executor.spawn(Box::new(|| Box::pin(async {}))).expect("the executor runs");
/// executor.stop();
/// assert!(driver.turn(Budget::polls(64)).has_ended);
/// # Ok::<(), std::io::Error>(())
/// ```
#[must_use = "it is built by `build`"]
pub struct Embed<H = Loop> {
    pub(crate) host: H,
    pub(crate) options: Options,
}

/// The host of a driver is a loop, woken by a function.
///
/// # Examples
///
/// ```
/// use actor_embed::{Embed, Loop};
///
/// let embed: Embed<Loop> = Embed::new(|| {});
/// assert!(embed.build().is_ok());
/// ```
pub struct Loop {
    wake: ForeignWake,
}

pub(crate) struct Options {
    name: String,
    clock: Clock,
    spins: bool,
    is_stepped: bool,
    shuffle: Option<u64>,
    blocking: BlockingWork,
}

enum BlockingWork {
    Threads(u32),
    On(BlockingPool),
    By(Box<dyn Fn(Work) + Send + Sync>),
    InTurns,
}

impl Embed {
    /// Creates the configuration of an executor. `wake` makes the foreign loop call
    /// [`Driver::turn`] soon: it writes an eventfd, sends an async notification, or posts an event.
    ///
    /// `wake` is called by any thread, at most once for each sleep announced by a turn, and never
    /// after the drop of the [`Driver`] has returned. Its panic is contained, and counts as the
    /// call of that sleep. It must not wait for the driver's thread.
    ///
    /// An event on the driver's own thread outside a turn calls it as well: the loop must learn
    /// that a turn is due. It must not turn the driver itself, because
    /// [`Driver::spawn_local`] calls it while the driver is borrowed.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::mpsc::sync_channel;
    ///
    /// use actor_embed::{Budget, Embed};
    ///
    /// // The events of this loop are the messages of a channel.
    /// let (sender, events) = sync_channel(1);
    /// let (executor, mut driver) = Embed::new(move || _ = sender.try_send("woken")).build()?;
    /// driver.turn(Budget::polls(64));
    /// std::thread::spawn(move || executor.stop());
    /// assert_eq!(events.recv(), Ok("woken"));
    /// assert!(driver.turn(Budget::polls(64)).has_ended);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn new(wake: impl Fn() + Send + Sync + 'static) -> Self {
        Self::hosted_by(Loop { wake: ForeignWake::new(wake) })
    }

    /// Creates the executor and its driver. Call it on the thread of the loop.
    ///
    /// # Errors
    ///
    /// Never fails today. Reserved for resources of the operating system.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_embed::Embed;
    ///
    /// let (executor, driver) = Embed::new(|| {}).build()?;
    /// drop(driver);
    /// let refused = executor.spawn(Box::new(|| Box::pin(async {})));
    /// assert!(refused.is_err(), "nothing can run any more");
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn build(self) -> io::Result<(Arc<dyn Executor>, Driver)> {
        let (executor, seed) = self.options.build(self.host.wake)?;
        Ok((executor, Driver::new(seed)))
    }
}

impl<H> Embed<H> {
    pub(crate) fn hosted_by(host: H) -> Self {
        let options = Options {
            name: "embed".to_owned(),
            clock: Clock::system(),
            spins: false,
            is_stepped: false,
            shuffle: None,
            blocking: BlockingWork::Threads(ThreadConfig::BLOCKING_THREADS),
        };
        Self { host, options }
    }

    /// Sets the executor's name. It is the default `"embed"` in debug output, and the threads for
    /// blocking work have it in their names.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_embed::Embed;
    ///
    /// let (executor, _driver) = Embed::new(|| {}).named("chain").build()?;
    /// assert!(format!("{executor:?}").contains("chain"));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.options.name = name.into();
        self
    }

    /// Sets the executor's clock. The default is the system's.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_embed::{Embed, ManualClock};
    ///
    /// let clock = ManualClock::new();
    /// let (executor, _driver) = Embed::new(|| {}).clock(clock.clone()).build()?;
    /// assert_eq!(executor.now(), clock.now());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn clock(mut self, clock: impl Into<Clock>) -> Self {
        self.options.clock = clock.into();
        self
    }

    /// States whether the loop polls for a while before it sleeps, as
    /// [`Executor::spins`](actor_core::Executor::spins) describes. The default is `false`.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_embed::Embed;
    ///
    /// let (executor, _driver) = Embed::new(|| {}).spins(true).build()?;
    /// assert!(executor.spins());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn spins(mut self, spins: bool) -> Self {
        self.options.spins = spins;
        self
    }

    /// Ends the turn of an actor after each message, or each batch of a lane with batches. For
    /// tests and simulators in steps: with [`Budget::polls(1)`](crate::Budget::polls),
    /// a turn of the driver then handles one message at most.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::{Actor, Context, Message, spawn};
    /// use actor_embed::{Budget, Embed};
    ///
    /// struct Job;
    /// impl Message for Job {}
    /// struct Worker;
    /// impl Actor for Worker {
    ///     type Message = Job;
    ///     async fn handle(&mut self, _job: Job, _cx: &mut Context<Job>) {}
    /// }
    ///
    /// let (executor, mut driver) = Embed::new(|| {}).stepped().build()?;
    /// let (worker, _running) = spawn(&executor, || Worker)?;
    /// worker.try_tell_all([Job, Job, Job])?;
    /// let mut turns = 1;
    /// while driver.turn(Budget::polls(1)).has_more {
    ///     turns += 1;
    /// }
    /// assert_eq!(turns, 3, "one message in each");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn stepped(mut self) -> Self {
        self.options.is_stepped = true;
        self
    }

    /// Polls the ready tasks of a round in an order by chance, decided by the seed. For tests that
    /// look for a dependence on the order of actors: the same seed leads to the same order.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_embed::Embed;
    ///
    /// let order = |seed| {
    ///     let (executor, mut driver) = Embed::new(|| {}).shuffled(seed).build()?;
    ///     let (sender, receiver) = std::sync::mpsc::sync_channel(8);
    ///     for n in 0..8 {
    ///         let sender = sender.clone();
    ///         let send = async move { sender.send(n).expect("there is room") };
    ///         executor.spawn(Box::new(|| Box::pin(send))).expect("the executor runs");
    ///     }
    ///     driver.run_until_stalled();
    ///     drop(sender);
    ///     Ok::<_, std::io::Error>(Vec::from_iter(receiver))
    /// };
    /// assert_eq!(order(7)?, order(7)?);
    /// assert_ne!(order(7)?, order(8)?);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn shuffled(mut self, seed: u64) -> Self {
        self.options.shuffle = Some(seed);
        self
    }

    /// Sets the limit on the executor's threads for blocking work, at least 1. The default is
    /// [512](ThreadConfig::BLOCKING_THREADS). Replaces an earlier choice of the place for this
    /// work.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_embed::Embed;
    ///
    /// let (executor, _driver) = Embed::new(|| {}).blocking_threads(1).build()?;
    /// let (sender, receiver) = std::sync::mpsc::sync_channel(2);
    /// for n in 0..2 {
    ///     let sender = sender.clone();
    ///     executor.run_blocking(Box::new(move || sender.send(n).expect("there is room")));
    /// }
    /// drop(sender);
    /// assert_eq!(Vec::from_iter(receiver), [0, 1], "one after the other");
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn blocking_threads(mut self, most: u32) -> Self {
        self.options.blocking = BlockingWork::Threads(most);
        self
    }

    /// Runs blocking work on the threads of this pool. For adapters with a [`ThreadConfig`] of
    /// their own. Replaces an earlier choice of the place for this work.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::ThreadConfig;
    /// use actor_core::runtime::adapter::BlockingPool;
    /// use actor_embed::Embed;
    ///
    /// let pool = BlockingPool::new(&ThreadConfig::named("storage"), |work| work())?;
    /// let (executor, _driver) = Embed::new(|| {}).blocking_on(pool).build()?;
    /// let (sender, receiver) = std::sync::mpsc::sync_channel(1);
    /// executor.run_blocking(Box::new(move || {
    ///     let name = std::thread::current().name().map(str::to_owned);
    ///     sender.send(name).expect("the receiver waits");
    /// }));
    /// assert_eq!(receiver.recv().expect("it ran").as_deref(), Some("storage-work"));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn blocking_on(mut self, pool: BlockingPool) -> Self {
        self.options.blocking = BlockingWork::On(pool);
        self
    }

    /// Passes blocking work to this function, for hosts with threads of their own for it. Replaces
    /// an earlier choice of the place for this work.
    ///
    /// `run` must return soon, and run or drop the work: its owner observes a drop. It is called on
    /// any thread. A panic of it is contained.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_embed::Embed;
    ///
    /// let run = |work| _ = std::thread::Builder::new().name("host".into()).spawn(work);
    /// let (executor, _driver) = Embed::new(|| {}).blocking_by(run).build()?;
    /// let (sender, receiver) = std::sync::mpsc::sync_channel(1);
    /// executor.run_blocking(Box::new(move || {
    ///     let name = std::thread::current().name().map(str::to_owned);
    ///     sender.send(name).expect("the receiver waits");
    /// }));
    /// assert_eq!(receiver.recv().expect("it ran").as_deref(), Some("host"));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn blocking_by(
        mut self,
        run: impl Fn(Box<dyn FnOnce() + Send>) + Send + Sync + 'static,
    ) -> Self {
        self.options.blocking = BlockingWork::By(Box::new(run));
        self
    }

    /// Runs blocking work inside turns, one piece in each round of polls. For deterministic
    /// tests and simulators: no thread is started. Replaces an earlier choice of the place for this
    /// work.
    ///
    /// Work that waits for an actor of the same driver then waits for ever.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_embed::Embed;
    ///
    /// let (executor, mut driver) = Embed::new(|| {}).blocking_in_turns().build()?;
    /// let (sender, receiver) = std::sync::mpsc::sync_channel(1);
    /// executor.run_blocking(Box::new(move || {
    ///     sender.send(std::thread::current().id()).expect("there is room");
    /// }));
    /// assert!(receiver.try_recv().is_err(), "it waits for a turn");
    /// driver.run_until_stalled();
    /// assert_eq!(receiver.try_recv(), Ok(std::thread::current().id()));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn blocking_in_turns(mut self) -> Self {
        self.options.blocking = BlockingWork::InTurns;
        self
    }
}

impl Options {
    pub(crate) fn build(self, wake: ForeignWake) -> io::Result<(Arc<dyn Executor>, Seed)> {
        let Self { name, clock, spins, is_stepped, shuffle, blocking } = self;
        let inbox = Arc::new(Inbox::new(wake));
        let entry = Entry::new(&inbox);
        let blocking = match blocking {
            BlockingWork::On(pool) => Blocking::Pool(pool),
            BlockingWork::By(run) => Blocking::By(run),
            BlockingWork::InTurns => Blocking::Turns(Arc::clone(&entry.work)),
            BlockingWork::Threads(most) => {
                let config = ThreadConfig::named(name.clone()).blocking_threads(most);
                Blocking::Pool(BlockingPool::new(&config, |work| work())?)
            }
        };
        let ending = Ending::new();
        let end = ending.end();
        let executor = EmbedExecutor::new(
            name,
            Manner { spins, is_stepped },
            blocking,
            &entry,
            Arc::clone(&inbox),
            clock.clone(),
            end,
        );
        let executor: Arc<dyn Executor> = Arc::new(executor);
        let current = Current::of(&executor);
        Ok((executor, Seed { entry, inbox, clock, shuffle, current, ending }))
    }
}

impl<H> fmt::Debug for Embed<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Options { name, clock, spins, .. } = &self.options;
        let mut built = f.debug_struct("Embed");
        built.field("name", name).field("clock", clock).field("spins", spins);
        built.finish_non_exhaustive()
    }
}

impl fmt::Debug for Loop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Loop").finish_non_exhaustive()
    }
}
