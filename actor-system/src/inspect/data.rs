//! What a look at a system finds, as plain data.
//!
//! Owned strings and numbers only, so a picture outlives its system and crosses processes. With the
//! feature `serde`, each type is `Serialize` and `Deserialize`, and a missing field has its default
//! value: a newer reader understands an older writer.

use std::time::Duration;

/// One look at a [`System`](crate::System): its executors, its actors, and who waits for whom.
///
/// Made by [`System::inspect`](crate::System::inspect). The numbers are read while the actors run,
/// so two of them may be from slightly different moments. `Display` prints a tree.
///
/// # Examples
///
/// ```
/// use actor_core::{Actor, Context, Message, Spawn};
/// use actor_system::System;
/// use actor_system::inspect::Inspection;
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
/// let (_worker, mailbox) = actor_core::mailbox();
/// let _running = Spawn::new(mailbox).named("worker").start(&system, || Worker)?;
/// let seen: Inspection = system.inspect();
/// assert_eq!(seen.system, "node");
/// assert!(seen.actor("/worker").is_some());
/// println!("{seen}");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
#[non_exhaustive]
pub struct Inspection {
    /// The name of the system.
    pub system: String,
    /// The identity of the process.
    pub process: u32,
    /// The time since the system's start.
    pub uptime: Duration,
    /// Whether the system's shutdown has begun.
    pub is_stopping: bool,
    /// The number of actors started so far, ended ones included.
    pub started: u64,
    /// The executors: those of the pool, those with a name, and those of single actors.
    pub executors: Vec<ExecutorView>,
    /// The actors that run now, in the order of their starts.
    pub actors: Vec<ActorView>,
    /// The findings of the system's watchdogs that last now.
    pub findings: Vec<FindingView>,
}

/// One executor of a system.
///
/// # Examples
///
/// ```
/// # let runtime = actor_smol::SmolRuntime::new();
/// let system = actor_system::System::new("node", runtime)?;
/// let executor = &system.inspect().executors[0];
/// assert_eq!((&*executor.name, executor.is_alive, executor.actors), ("node", true, 0));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
#[non_exhaustive]
pub struct ExecutorView {
    /// The name of the executor, and of its thread.
    pub name: String,
    /// Whether its thread runs. False once it has ended.
    pub is_alive: bool,
    /// The number that the operating system uses for the thread that ran an actor of this executor
    /// last. Only on Linux, and only once an actor had a turn.
    pub thread: Option<u32>,
    /// The number of its actors.
    pub actors: usize,
    /// Turns of its actors so far: of those that run now.
    pub turns: u64,
    /// For at least how long an actor has waited for its turn, and none had one. `None` if no actor
    /// waits for a turn, or if one has had its turn since the last look.
    pub not_turned_for: Option<Duration>,
}

/// One actor of a system.
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
/// # let runtime = actor_smol::SmolRuntime::new();
/// # let system = actor_system::System::new("node", runtime)?;
/// let (_worker, mailbox) = actor_core::mailbox();
/// let _running = Spawn::new(mailbox).named("worker").start(&system, || Worker)?;
/// let seen = system.inspect();
/// let worker = seen.actor("/worker").expect("it runs");
/// assert_eq!((&*worker.executor, worker.restarts, worker.waiting()), ("node", 0, 0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
#[non_exhaustive]
pub struct ActorView {
    /// The number of the actor in its system, counted from 1.
    pub id: u64,
    /// The path: `/` and the name, below the names of its supervisors.
    pub path: String,
    /// The name of its executor.
    pub executor: String,
    /// When a shutdown stops it: `sources`, `workers`, `owners` or `stores`.
    pub phase: String,
    /// Whether a supervisor or a pool starts it again.
    pub is_supervised: bool,
    /// What it does.
    pub doing: Doing,
    /// How often it has been started again.
    pub restarts: u64,
    /// The number of its turns so far.
    pub turns: u64,
    /// Its lanes.
    pub lanes: Vec<LaneView>,
    /// Armed timers.
    pub timers: u64,
    /// Pieces of work in flight.
    pub in_flight: u64,
    /// Pieces of work that ended without a message.
    pub lost_work: u64,
    /// Attached streams.
    pub streams: u64,
    /// What its handler waits for: answers, and room in lanes. Empty outside of waits, and for a
    /// wait for anything else.
    pub waits: Vec<WaitView>,
}

/// What an actor does.
///
/// # How exact is this?
///
/// An actor writes down the lane and the kind of each message that it takes, and no time: reading
/// the clock costs more than a small handler. The times here therefore come from looks: two looks
/// that find the same message in hand show that the handler has lasted at least from one to the
/// other. The first look shows zero. [`System::inspect`](crate::System::inspect) is a look, and so
/// is each period of a watchdog. With a watchdog, the time is thus short by at most its period.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use actor_system::inspect::{Doing, InHand};
///
/// let message = InHand { lane: "blocks".into(), kind: Some("Import".into()) };
/// let doing = Doing::Handling { message, at_least: Duration::from_millis(300) };
/// assert_eq!(doing.to_string(), "in its handler of Import (lane blocks) for 300 ms");
/// assert_eq!(Doing::default(), Doing::Idle);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum Doing {
    /// Its maker runs, or its `started`.
    Starting,
    /// It waits for a message.
    #[default]
    Idle,
    /// It has work, and waits for its turn on the executor.
    Ready,
    /// It has its turn, and no message in hand: it takes one, or polls its work in flight.
    Turning,
    /// It is in a handler, which runs on its thread now.
    Handling {
        /// The message.
        message: InHand,
        /// For at least how long, as seen by looks.
        at_least: Duration,
    },
    /// It is in a handler, which awaits something.
    Awaiting {
        /// The message.
        message: InHand,
        /// For at least how long, as seen by looks.
        at_least: Duration,
    },
    /// It waits for something besides messages, and is in no handler: for its next life after a
    /// failure, or for the end of a watched actor.
    Resting,
    /// It accepts nothing any more, and ends: `stopped` runs, and the drops.
    Stopping,
}

/// The message in the hands of an actor.
///
/// # Examples
///
/// ```
/// use actor_system::inspect::InHand;
///
/// let named = InHand { lane: "blocks".into(), kind: Some("Import".into()) };
/// assert_eq!(named.to_string(), "Import (lane blocks)");
/// assert_eq!(InHand { kind: None, ..named }.to_string(), "a message of lane blocks");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
pub struct InHand {
    /// The name of its lane.
    pub lane: String,
    /// The name of its kind, if its type [names the kinds](actor_core::Message::KINDS).
    pub kind: Option<String>,
}

/// One wait of an actor's handler for another actor.
///
/// # Examples
///
/// ```
/// use actor_system::inspect::{WaitFor, WaitView};
///
/// let mut wait = WaitView::default();
/// assert_eq!(wait.to_string(), "an answer of an actor without a name");
/// wait.actor = Some("/store".into());
/// wait.what = WaitFor::Room;
/// assert_eq!(wait.to_string(), "room at /store");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
#[non_exhaustive]
pub struct WaitView {
    /// The path of the other actor. `None` for an actor without a name, and outside of all systems.
    pub actor: Option<String>,
    /// The name of the other actor's system. `None` as for the actor.
    pub system: Option<String>,
    /// What the handler waits for.
    pub what: WaitFor,
}

/// What a handler waits for at another actor.
///
/// # Examples
///
/// ```
/// use actor_system::inspect::WaitFor;
///
/// assert_eq!(WaitFor::default(), WaitFor::Answer);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum WaitFor {
    /// The answer of an ask.
    #[default]
    Answer,
    /// Room in a lane.
    Room,
}

/// One lane of an actor: [`LaneFigures`](actor_core::observe::LaneFigures) as owned data.
///
/// # Examples
///
/// ```
/// use actor_core::{Lane, Message};
/// use actor_system::inspect::LaneView;
///
/// struct Job;
/// impl Message for Job {
///     const LANES: &'static [Lane] = &[Lane::fifo("jobs", 2)];
/// }
/// let (jobs, _mailbox) = actor_core::mailbox();
/// jobs.try_tell(Job).expect("the lane has room");
/// let lane = LaneView::from(jobs.stats()[0]);
/// assert_eq!((&*lane.name, lane.depth, lane.capacity, lane.lost()), ("jobs", 1, 2, 0));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
#[non_exhaustive]
pub struct LaneView {
    /// The lane's name.
    pub name: String,
    /// The lane's capacity, in messages.
    pub capacity: usize,
    /// Messages accepted and not finished: the waiting ones and the one in hand.
    pub depth: u64,
    /// The most messages seen waiting at the same time.
    pub high_water: u64,
    /// Accepted messages, with any later outcome.
    pub accepted: u64,
    /// Messages whose handling has ended.
    pub handled: u64,
    /// Messages returned because the lane was full.
    pub refused: u64,
    /// Messages returned because of their source's share.
    pub over_share: u64,
    /// Messages dropped to make room for newer ones.
    pub evicted: u64,
    /// Asks whose asker had given up by their turn.
    pub cancelled: u64,
    /// Messages dropped because their deadline had passed.
    pub expired: u64,
    /// Messages still queued at the actor's end.
    pub undelivered: u64,
    /// The times of its handlers, waits included.
    pub handling: TimesView,
    /// The times of messages in the lane, until their handlers began.
    pub waiting: TimesView,
}

/// A [`Histogram`](actor_core::observe::Histogram) of times in five numbers, over all lives of the
/// actor. The times are upper limits: at most twice the measured ones.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use actor_system::inspect::TimesView;
///
/// let times = TimesView::default();
/// assert_eq!((times.count, times.median, times.longest), (0, Duration::ZERO, Duration::ZERO));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
#[non_exhaustive]
pub struct TimesView {
    /// The number of messages up to the last sample. A few of the newest are not in it yet.
    pub count: u64,
    /// The sum of the times of all messages, an estimate from the samples.
    pub sum: Duration,
    /// Half of the messages took at most this time.
    pub median: Duration,
    /// 99 of 100 messages took at most this time.
    pub p99: Duration,
    /// The longest time of all samples.
    pub longest: Duration,
}

/// A finding of a watchdog that lasts.
///
/// # Examples
///
/// ```
/// use actor_system::inspect::FindingView;
///
/// assert_eq!(FindingView::default().to_string(), "");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
#[non_exhaustive]
pub struct FindingView {
    /// One sentence about it.
    pub text: String,
    /// For how long it has lasted.
    pub lasts: Duration,
}

impl Inspection {
    /// Returns the actor with this path, such as `/chain`.
    ///
    /// # Examples
    ///
    /// ```
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// let system = actor_system::System::new("node", runtime)?;
    /// assert!(system.inspect().actor("/nobody").is_none());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn actor(&self, path: &str) -> Option<&ActorView> {
        self.actors.iter().find(|actor| actor.path == path)
    }
}

impl ActorView {
    /// Returns the number of messages accepted and not finished, in all lanes.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(actor_system::inspect::ActorView::default().waiting(), 0);
    /// ```
    #[must_use]
    pub fn waiting(&self) -> u64 {
        self.lanes.iter().map(|lane| lane.depth).sum()
    }

    /// Returns the number of handled messages, of all lanes.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(actor_system::inspect::ActorView::default().handled(), 0);
    /// ```
    #[must_use]
    pub fn handled(&self) -> u64 {
        self.lanes.iter().map(|lane| lane.handled).sum()
    }
}

impl LaneView {
    /// Returns the number of messages that nobody handled: refused, over their share, evicted,
    /// expired or left over. An ask that its asker gave up is not among them.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_system::inspect::LaneView;
    ///
    /// let mut lane = LaneView::default();
    /// (lane.refused, lane.evicted, lane.cancelled) = (2, 1, 7);
    /// assert_eq!(lane.lost(), 3);
    /// ```
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.refused + self.over_share + self.evicted + self.expired + self.undelivered
    }
}

impl From<actor_core::mailbox::LaneStats> for LaneView {
    fn from(stats: actor_core::mailbox::LaneStats) -> Self {
        Self {
            name: stats.name.to_owned(),
            capacity: stats.capacity,
            depth: stats.depth,
            high_water: stats.high_water,
            accepted: stats.accepted,
            handled: stats.handled,
            refused: stats.refused,
            over_share: stats.over_share,
            evicted: stats.evicted,
            cancelled: stats.cancelled,
            expired: stats.expired,
            undelivered: stats.undelivered,
            ..Self::default()
        }
    }
}

impl From<actor_core::observe::LaneFigures> for LaneView {
    fn from(figures: actor_core::observe::LaneFigures) -> Self {
        let (handling, waiting) = (&figures.handling, &figures.waiting);
        Self { handling: handling.into(), waiting: waiting.into(), ..Self::from(figures.stats) }
    }
}

impl From<&actor_core::observe::Histogram> for TimesView {
    fn from(times: &actor_core::observe::Histogram) -> Self {
        let longest = times.longest();
        // The limit of a bucket may exceed the longest time in it.
        let quantile = |part| times.quantile(part).min(longest);
        Self {
            count: times.count(),
            sum: times.sum(),
            median: quantile(0.5),
            p99: quantile(0.99),
            longest,
        }
    }
}
