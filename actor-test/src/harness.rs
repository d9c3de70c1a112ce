//! Actors without threads, step by step.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use actor_core::actor::BoxError;
use actor_core::life::{Host, Made, OnPanic, Place, Seat, SpawnError, Tried, WeakGauge, Wish};
use actor_core::{Executor, Exit, Handle, Message, Running, Spawn, mailbox};
use actor_embed::{Budget, Driver, Embed, ManualClock};

use crate::actors::{ActorExecutor, Entry, Gate, Turns, short_name};
use crate::probe::Probe;
use crate::report;
use crate::report::Text;

/// Steps without a move of the clock, unless [`Harness::most_steps`] sets another limit.
const MOST_STEPS: u64 = 100_000;

/// The wall clock's time at the start, in seconds since 1970: fixed, so each run is the same.
const WALL_START: u64 = 1_600_000_000;

/// Runs actors on the thread of a test, without threads of their own, in virtual time.
///
/// Nothing runs by itself. [`step`](Self::step) and [`run_until_idle`](Self::run_until_idle) run
/// actors, and [`advance`](Self::advance) moves the time. With the same calls, the same things
/// happen in the same order. Offloaded work runs on this thread as well, one piece in a step.
///
/// A harness is also a [`Place`] for actors of every kind:
/// `spawn(&harness, …)`, a [`Spawn`] with options or restarts. A system takes
/// [`executor`](Self::executor). Clones are the same harness.
///
/// # Examples
///
/// ```
/// use actor_core::{Actor, Context, Message, Reply};
/// use actor_test::Harness;
///
/// enum Count {
///     Add(u64),
///     Read(Reply<u64>),
/// }
/// impl Message for Count {}
/// struct Counter(u64);
/// impl Actor for Counter {
///     type Message = Count;
///     async fn handle(&mut self, message: Count, _cx: &mut Context<Count>) {
///         match message {
///             Count::Add(n) => self.0 += n,
///             Count::Read(reply) => reply.send(self.0),
///         }
///     }
/// }
///
/// let harness = Harness::new();
/// let (counter, _running) = harness.spawn(|| Counter(0));
/// counter.try_tell_all([Count::Add(1), Count::Add(2)])?;
/// harness.step();
/// assert_eq!(counter.stats()[0].depth, 1, "one waits");
/// assert_eq!(harness.ask(&counter, Count::Read), 3);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Harness {
    pub(crate) inner: Rc<Inner>,
}

pub(crate) struct Inner {
    /// `None` once dropped by the test.
    driver: RefCell<Option<Driver>>,
    executor: Arc<dyn Executor>,
    pub(crate) clock: ManualClock,
    pub(crate) start: Instant,
    seed: Option<u64>,
    most_steps: Cell<u64>,
    steps: Cell<u64>,
    turns: Arc<Turns>,
    actors: RefCell<Vec<Arc<Entry>>>,
}

impl Harness {
    /// Creates a harness. Ready actors run in the order of their wakes.
    ///
    /// # Panics
    ///
    /// Panics if the operating system has no resources for an executor.
    ///
    /// # Examples
    ///
    /// ```
    /// let harness = actor_test::Harness::new();
    /// assert!(!harness.step(), "nothing is there to run");
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self::build(None)
    }

    /// Creates a harness with an order of the ready actors by chance, decided by the seed. The
    /// order of messages within a lane stays, and actors begin in the order of their spawns.
    ///
    /// Run a test with many seeds, to look for a dependence on the order of actors. A failure names
    /// the seed.
    ///
    /// # Panics
    ///
    /// As [`new`](Self::new).
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::{Actor, Context, Handle, Message};
    /// use actor_test::Harness;
    ///
    /// struct Name(&'static str);
    /// impl Message for Name {}
    /// struct Sender(&'static str, Handle<Name>);
    /// impl Actor for Sender {
    ///     type Message = Name;
    ///     async fn handle(&mut self, _go: Name, _cx: &mut Context<Name>) {
    ///         self.1.try_tell(Name(self.0)).expect("the lane has room");
    ///     }
    /// }
    ///
    /// let first = |seed| {
    ///     let harness = Harness::seeded(seed);
    ///     let mut probe = harness.probe::<Name>();
    ///     let handles = [probe.handle(), probe.handle()];
    ///     let senders = ["one", "other"].into_iter().zip(handles).map(|(name, handle)| {
    ///         harness.spawn(move || Sender(name, handle)).0
    ///     });
    ///     let senders: Vec<_> = senders.collect();
    ///     harness.run_until_idle();
    ///     senders.iter().for_each(|sender| sender.try_tell(Name("go")).expect("room"));
    ///     probe.expect(|_name| true).0
    /// };
    /// assert_eq!(first(1), first(1));
    /// let all: std::collections::BTreeSet<_> = (0..20).map(first).collect();
    /// assert_eq!(all.len(), 2, "each of them was first");
    /// ```
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self::build(Some(seed))
    }

    fn build(seed: Option<u64>) -> Self {
        let clock = ManualClock::new();
        clock.set_wall(SystemTime::UNIX_EPOCH + Duration::from_secs(WALL_START));
        let embed = Embed::new(|| {}).named("harness").clock(clock.clone());
        let embed = embed.stepped().blocking_in_turns();
        let embed = match seed {
            Some(seed) => embed.shuffled(seed),
            None => embed,
        };
        let (executor, driver) = embed.build().expect("an executor without threads");
        let start = clock.now();
        let inner = Inner {
            driver: RefCell::new(Some(driver)),
            executor,
            clock,
            start,
            seed,
            most_steps: Cell::new(MOST_STEPS),
            steps: Cell::new(0),
            turns: Arc::default(),
            actors: RefCell::default(),
        };
        Self { inner: Rc::new(inner) }
    }

    /// Sets the most steps without a move of the clock, 100,000 unless stated. After them, the
    /// harness fails: its actors never become idle.
    ///
    /// # Examples
    ///
    /// ```should_panic
    /// # use actor_core::{Actor, Context, Message};
    /// # struct Ball;
    /// # impl Message for Ball {}
    /// /// Tells itself without end.
    /// struct Player;
    /// impl Actor for Player {
    ///     type Message = Ball;
    ///     async fn handle(&mut self, ball: Ball, cx: &mut Context<Ball>) {
    ///         cx.handle().try_tell(ball).expect("the lane has room");
    ///     }
    /// }
    ///
    /// let harness = actor_test::Harness::new().most_steps(1000);
    /// let (player, _running) = harness.spawn(|| Player);
    /// player.try_tell(Ball).expect("the lane has room");
    /// harness.run_until_idle(); // fails: "the actors are not idle after 1000 steps"
    /// ```
    #[must_use]
    pub fn most_steps(self, most: u64) -> Self {
        self.inner.most_steps.set(most);
        self
    }

    /// Starts an actor. Nothing of it runs before a step.
    ///
    /// Unlike [`spawn`](actor_core::spawn), the maker and its values need not be `Send`: the actor
    /// and the test may share an `Rc`. The actor has a switch for [faults](Self::panic_at_next).
    ///
    /// # Panics
    ///
    /// Panics if the executor was stopped, and in a handler.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::cell::Cell;
    /// use std::rc::Rc;
    ///
    /// use actor_core::{Actor, Context, Message};
    ///
    /// struct Steer(i32);
    /// impl Message for Steer {}
    /// struct Ship(Rc<Cell<i32>>);
    /// impl Actor for Ship {
    ///     type Message = Steer;
    ///     async fn handle(&mut self, Steer(by): Steer, _cx: &mut Context<Steer>) {
    ///         self.0.set(self.0.get() + by);
    ///     }
    /// }
    ///
    /// let harness = actor_test::Harness::new();
    /// let course = Rc::new(Cell::new(0));
    /// let own = Rc::clone(&course);
    /// let (ship, running) = harness.spawn(move || Ship(own));
    /// ship.try_tell(Steer(7))?;
    /// drop(ship);
    /// harness.run_until_idle();
    /// assert_eq!(course.get(), 7);
    /// assert!(running.exit().is_some(), "nothing can reach it any more");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn spawn<M: Message, K: 'static, R: Made<M, K> + 'static>(
        &self,
        make: impl FnOnce() -> R + 'static,
    ) -> (Handle<M>, Running) {
        let (handle, mailbox) = mailbox();
        let running = self.start(Spawn::new(mailbox), make);
        (handle, running)
    }

    /// Starts an actor with options, as [`spawn`](Self::spawn) does.
    ///
    /// An actor with restarts is started by `spawn.restart(…).start(&harness, make)`.
    ///
    /// # Panics
    ///
    /// As [`spawn`](Self::spawn).
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::{Actor, Context, Message};
    /// # struct Job;
    /// # impl Message for Job {}
    /// # struct Worker;
    /// # impl Actor for Worker {
    /// #     type Message = Job;
    /// #     async fn handle(&mut self, _job: Job, _cx: &mut Context<Job>) {}
    /// # }
    /// use actor_core::Spawn;
    ///
    /// let harness = actor_test::Harness::new();
    /// let (worker, mailbox) = actor_core::mailbox();
    /// let running = harness.start(Spawn::new(mailbox).named("worker"), || Worker);
    /// assert_eq!(running.name().as_deref(), Some("worker"));
    /// # drop(worker);
    /// ```
    #[track_caller]
    pub fn start<M: Message, K: 'static, R: Made<M, K> + 'static>(
        &self,
        spawn: Spawn<M>,
        make: impl FnOnce() -> R + 'static,
    ) -> Running {
        let kind = short_name(std::any::type_name::<R::Actor>());
        let name = spawn.name().map_or(kind, |name| name).to_owned();
        let entry = self.add(name);
        let faults = entry.faults.clone();
        let make = move || make().made().map(|actor| faults.wrap(actor));
        let executor = ActorExecutor::of_life(&self.inner.executor, &entry);
        let (running, life) = spawn.into_life::<Tried<R::Outcome, BoxError>, _>(&executor, make);
        entry.set_gauge(WeakGauge::of(&running));
        let gate = Gate::new(entry, Box::pin(life));
        let is_started = self.with_driver(|driver| driver.spawn_local(gate).is_ok());
        assert!(is_started == Some(true), "the executor of the harness was stopped");
        running
    }

    fn add(&self, name: String) -> Arc<Entry> {
        let Inner { turns, start, .. } = &*self.inner;
        let mut actors = self.inner.actors.borrow_mut();
        let same = actors.iter().filter(|entry| is_numbered(&entry.name, &name)).count();
        let name = if same == 0 { name } else { format!("{name}#{}", same + 1) };
        let entry = Entry::new(actors.len() as u64 + 1, name, turns, *start);
        actors.push(Arc::clone(&entry));
        entry
    }

    /// Creates the entry of an actor whose handlers the test calls.
    pub(crate) fn add_direct(&self, name: &str) -> (Arc<Entry>, Arc<dyn Executor>) {
        let Inner { turns, start, executor, .. } = &*self.inner;
        let entry = Entry::new(0, name.to_owned(), turns, *start);
        let executor = ActorExecutor::of_life(executor, &entry);
        (entry, executor)
    }

    /// Returns the executor of the harness: for systems, interceptors and the like.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::spawn;
    /// use actor_system::{Executors, System};
    /// # use actor_core::{Actor, Context, Message};
    /// # struct Job;
    /// # impl Message for Job {}
    /// # struct Worker;
    /// # impl Actor for Worker {
    /// #     type Message = Job;
    /// #     async fn handle(&mut self, _job: Job, _cx: &mut Context<Job>) {}
    /// # }
    ///
    /// let harness = actor_test::Harness::new();
    /// let system = System::on("node", Executors::adopt("harness", harness.executor().clone()));
    /// let (worker, _running) = spawn(&system, || Worker)?;
    /// worker.try_tell(Job)?;
    /// harness.run_until_idle();
    /// assert_eq!(worker.stats()[0].handled, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn executor(&self) -> &Arc<dyn Executor> {
        &self.inner.executor
    }

    /// Creates a [`Probe`], to expect messages in order.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::Message;
    /// # struct Job(u32);
    /// # impl Message for Job {}
    /// let mut probe = actor_test::Harness::new().probe();
    /// probe.handle().try_tell(Job(7))?;
    /// assert_eq!(probe.expect(|_job| true).0, 7);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn probe<M: Message>(&self) -> Probe<M, Self> {
        Probe::waiting_by(self.clone())
    }

    /// Runs one ready task once. Returns whether one was ready.
    ///
    /// A task is an actor's life, a piece of offloaded work, or another future on the executor. An
    /// actor starts, handles one message (or one batch of a lane with batches), goes on with a
    /// handler that waited, or ends. Its first step starts it and handles the first message, if
    /// neither waits.
    ///
    /// # Panics
    ///
    /// Panics if it is called in a handler.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::{Actor, Context, Message};
    /// # struct Job;
    /// # impl Message for Job {}
    /// # struct Worker;
    /// # impl Actor for Worker {
    /// #     type Message = Job;
    /// #     async fn handle(&mut self, _job: Job, _cx: &mut Context<Job>) {}
    /// # }
    /// let harness = actor_test::Harness::new();
    /// let (worker, _running) = harness.spawn(|| Worker);
    /// worker.try_tell_all([Job, Job])?;
    /// assert!(harness.step() && harness.step());
    /// assert!(!harness.step(), "both jobs are done");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn step(&self) -> bool {
        let ran = self.with_driver(|driver| driver.poll(Budget::polls(1)).has_run);
        self.count(ran.unwrap_or(false))
    }

    /// Runs the actor of this handle once, if it is ready. Returns whether it was.
    ///
    /// No other actor started by this harness runs meanwhile. Actors of a system, offloaded work
    /// and other futures may.
    ///
    /// # Panics
    ///
    /// Panics if this harness has not started the actor, and in a handler.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::{Actor, Context, Message};
    /// # struct Job;
    /// # impl Message for Job {}
    /// # struct Worker;
    /// # impl Actor for Worker {
    /// #     type Message = Job;
    /// #     async fn handle(&mut self, _job: Job, _cx: &mut Context<Job>) {}
    /// # }
    /// let harness = actor_test::Harness::new();
    /// let (one, _running) = harness.spawn(|| Worker);
    /// let (other, _other_running) = harness.spawn(|| Worker);
    /// one.try_tell(Job)?;
    /// other.try_tell(Job)?;
    /// assert!(harness.step_of(&other));
    /// assert_eq!([one.stats()[0].handled, other.stats()[0].handled], [0, 1]);
    /// assert!(!harness.step_of(&other), "it is idle");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn step_of<M: Message>(&self, handle: &Handle<M>) -> bool {
        let entry = self.entry_of(handle);
        let before = entry.polls();
        self.inner.turns.only(&entry);
        self.with_driver(|driver| driver.poll(Budget::round()));
        self.inner.turns.all();
        self.count(entry.polls() > before)
    }

    /// Counts a step, if there was one.
    fn count(&self, ran: bool) -> bool {
        self.inner.steps.set(self.inner.steps.get() + u64::from(ran));
        ran
    }

    /// Runs until nothing is ready. The clock stands still: timers wait for
    /// [`advance`](Self::advance). Returns the number of steps.
    ///
    /// # Panics
    ///
    /// Panics if the actors are not idle after [`most_steps`](Self::most_steps), and in a handler.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::{Actor, Context, Message};
    /// # struct Job;
    /// # impl Message for Job {}
    /// # struct Worker;
    /// # impl Actor for Worker {
    /// #     type Message = Job;
    /// #     async fn handle(&mut self, _job: Job, _cx: &mut Context<Job>) {}
    /// # }
    /// let harness = actor_test::Harness::new();
    /// let (worker, _running) = harness.spawn(|| Worker);
    /// worker.try_tell_all([Job, Job, Job])?;
    /// assert_eq!(harness.run_until_idle(), 3);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn run_until_idle(&self) -> u64 {
        let mut steps = 0;
        while self.step() {
            steps += 1;
            self.check_steps(steps);
        }
        steps
    }

    /// Fails after too many steps without a move of the clock.
    #[track_caller]
    pub(crate) fn check_steps(&self, steps: u64) {
        if steps >= self.inner.most_steps.get() {
            let first = format!("the actors are not idle after {steps} steps");
            panic!("{}", self.describe(Text::new(first)).into_string());
        }
    }

    /// Makes an actor of this harness panic at its next message. For other actors see
    /// [`Faults`](crate::Faults).
    ///
    /// # Panics
    ///
    /// Panics if [`spawn`](Self::spawn) or [`start`](Self::start) have not started the actor.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::{Actor, Context, Message};
    /// # struct Job;
    /// # impl Message for Job {}
    /// # struct Worker;
    /// # impl Actor for Worker {
    /// #     type Message = Job;
    /// #     async fn handle(&mut self, _job: Job, _cx: &mut Context<Job>) {}
    /// # }
    /// let harness = actor_test::Harness::new();
    /// let (worker, running) = harness.spawn(|| Worker);
    /// harness.panic_at_next(&worker);
    /// worker.try_tell(Job)?;
    /// harness.run_until_idle();
    /// let exit = running.exit().expect("it has ended");
    /// assert_eq!(exit.reason.to_string(), "panicked: a fault on demand");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn panic_at_next<M: Message>(&self, handle: &Handle<M>) {
        self.entry_of(handle).faults.panic_at_next();
    }

    /// Makes an actor of this harness fail at its next message, as an `Err` of its handler does.
    ///
    /// # Panics
    ///
    /// As [`panic_at_next`](Self::panic_at_next).
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::{Actor, Context, Message};
    /// # struct Job;
    /// # impl Message for Job {}
    /// # struct Worker;
    /// # impl Actor for Worker {
    /// #     type Message = Job;
    /// #     async fn handle(&mut self, _job: Job, _cx: &mut Context<Job>) {}
    /// # }
    /// let harness = actor_test::Harness::new();
    /// let (worker, running) = harness.spawn(|| Worker);
    /// harness.fail_at_next(&worker);
    /// worker.try_tell(Job)?;
    /// harness.run_until_idle();
    /// let exit = running.exit().expect("it has ended");
    /// assert_eq!(exit.reason.to_string(), "failed: a fault on demand");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn fail_at_next<M: Message>(&self, handle: &Handle<M>) {
        self.entry_of(handle).faults.fail_at_next();
    }

    /// Stops the executor: it takes no more actors, and the existing ones go on.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::{Actor, Context, Message};
    /// # struct Job;
    /// # impl Message for Job {}
    /// # struct Worker;
    /// # impl Actor for Worker {
    /// #     type Message = Job;
    /// #     async fn handle(&mut self, _job: Job, _cx: &mut Context<Job>) {}
    /// # }
    /// let harness = actor_test::Harness::new();
    /// harness.stop_executor();
    /// assert!(actor_core::spawn(&harness, || Worker).is_err());
    /// ```
    pub fn stop_executor(&self) {
        self.inner.executor.stop();
    }

    /// Drops the executor with everything on it, as a runtime that is shut down does. Its actors
    /// end as [`Abandoned`](actor_core::ExitReason::Abandoned).
    ///
    /// # Panics
    ///
    /// Panics if it is called in a handler.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::{Actor, Context, ExitReason, Message};
    /// # struct Job;
    /// # impl Message for Job {}
    /// # struct Worker;
    /// # impl Actor for Worker {
    /// #     type Message = Job;
    /// #     async fn handle(&mut self, _job: Job, _cx: &mut Context<Job>) {}
    /// # }
    /// let harness = actor_test::Harness::new();
    /// let (worker, running) = harness.spawn(|| Worker);
    /// harness.drop_executor();
    /// assert!(matches!(running.exit().expect("it has ended").reason, ExitReason::Abandoned));
    /// assert!(worker.is_closed());
    /// ```
    #[track_caller]
    pub fn drop_executor(&self) {
        let Ok(mut driver) = self.inner.driver.try_borrow_mut() else { panic!("{IN_HANDLER}") };
        drop(driver.take());
    }

    /// Describes the harness and each of its actors: the number of messages of each lane queued or
    /// in hand, the outcome of the others, and the time of the next wake.
    /// The text is part of each failure.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::{Actor, Context, Message};
    /// # struct Job;
    /// # impl Message for Job {}
    /// # struct Worker;
    /// # impl Actor for Worker {
    /// #     type Message = Job;
    /// #     async fn handle(&mut self, _job: Job, _cx: &mut Context<Job>) {}
    /// # }
    /// let harness = actor_test::Harness::new();
    /// let (worker, _running) = harness.spawn(|| Worker);
    /// worker.try_tell(Job)?;
    /// assert!(harness.report().contains("Worker: messages 1 of 1024"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn report(&self) -> String {
        self.describe(Text::new("harness")).into_string()
    }

    pub(crate) fn describe(&self, text: Text) -> Text {
        let seed = self.inner.seed.map(|seed| seed.to_string());
        let actors: Vec<_> =
            self.inner.actors.borrow().iter().map(|entry| self.describe_actor(entry)).collect();
        text.line("time", &report::time(self.elapsed(), self.inner.steps.get()))
            .line_if("seed", seed.as_deref())
            .line_if("queued", (!actors.is_empty()).then(|| actors.join("\n")).as_deref())
    }

    fn describe_actor(&self, entry: &Entry) -> String {
        let name = &entry.name;
        let Some(gauge) = entry.gauge() else { return format!("{name}: not started") };
        if let Some(reason) = gauge.reason() {
            return format!("{name}: has ended ({reason})");
        }
        let Some(lanes) = gauge.lanes() else { return format!("{name}: has ended") };
        let lanes = report::lanes(&lanes);
        let wake = entry.wake().map(|at| at.saturating_sub(self.elapsed()));
        match wake {
            Some(wake) => format!("{name}: {lanes}; wakes in {wake:?}"),
            None => format!("{name}: {lanes}"),
        }
    }

    #[track_caller]
    fn entry_of<M: Message>(&self, handle: &Handle<M>) -> Arc<Entry> {
        let actors = self.inner.actors.borrow();
        let is_of = |entry: &&Arc<Entry>| entry.gauge().is_some_and(|gauge| gauge.is_of(handle));
        let Some(entry) = actors.iter().find(is_of) else {
            panic!("this harness has not started the actor of the handle")
        };
        Arc::clone(entry)
    }

    /// Passes the driver, unless it was dropped.
    #[track_caller]
    pub(crate) fn with_driver<T>(&self, with: impl FnOnce(&mut Driver) -> T) -> Option<T> {
        let Ok(mut driver) = self.inner.driver.try_borrow_mut() else { panic!("{IN_HANDLER}") };
        driver.as_mut().map(with)
    }
}

const IN_HANDLER: &str = "a handler cannot run its own harness";

fn is_numbered(name: &str, plain: &str) -> bool {
    name.strip_prefix(plain).is_some_and(|rest| rest.is_empty() || rest.starts_with('#'))
}

impl Place for Harness {
    fn seat(&self, wish: &Wish) -> Result<Seat, SpawnError> {
        let path = wish.path();
        let kind = short_name(wish.kind);
        let entry = self.add(path.as_deref().unwrap_or(kind).to_owned());
        let executor = ActorExecutor::of_place(&self.inner.executor, &entry);
        Ok(Seat { executor, path, host: Some(Arc::new(Introduced(entry))) })
    }
}

/// Keeps the figures of an actor started at the harness as a place.
struct Introduced(Arc<Entry>);

impl Host for Introduced {
    fn began(&self, running: &Running) {
        self.0.set_gauge(WeakGauge::of(running));
    }

    fn ended(&self, _exit: &Exit, _on_panic: OnPanic) {}
}

impl Default for Harness {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Harness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.report())
    }
}
