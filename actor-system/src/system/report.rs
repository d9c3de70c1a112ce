//! The report of a shutdown: each actor, each lane, each thread.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use actor_core::Exit;
use actor_core::life::Phase;
use actor_core::mailbox::LaneStats;

use crate::inspect::Shown;
use crate::system::entry::{ActorId, Entry, Facts};

/// What a shutdown of a [`System`](crate::System) has ended, and what it has not.
///
/// The actors are those of the begin of the shutdown, in the order of their phases, and of their
/// starts within a phase. An actor that ended earlier is in [`started`](Self::started) only.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
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
/// let _running = Spawn::new(mailbox).named("worker").start(&system, || Worker)?;
/// worker.try_tell(Job)?;
///
/// let report = system.stop_blocking(Duration::from_secs(10));
/// assert!(report.is_clean(), "{report}");
/// let actor = report.actor("/worker").expect("it ran until the stop");
/// assert_eq!(actor.lanes()[0].handled, 1);
/// assert!(report.to_string().starts_with("system `node` stopped as requested"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Report {
    /// The name of the system.
    pub system: Arc<str>,
    /// What began the shutdown.
    pub cause: Cause,
    /// The actors of the begin of the shutdown.
    pub actors: Vec<ActorReport>,
    /// The threads of the system. Those of actors with a thread of their own are included.
    pub threads: Vec<ThreadReport>,
    /// The number of actors started in the system's life, those of `actors` included.
    pub started: u64,
    /// The time from the begin of the shutdown to this report, by the clock of its executor.
    pub took: Duration,
    /// Whether the shutdown had ended at this report. `false` only for a report of the moment, from
    /// [`stop_blocking`](crate::System::stop_blocking).
    pub is_final: bool,
}

/// What began a shutdown.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use actor_system::System;
/// use actor_system::system::Cause;
///
/// # let runtime = actor_smol::SmolRuntime::new();
/// let system = System::new("node", runtime)?;
/// let report = system.stop_blocking(Duration::from_secs(10));
/// assert!(matches!(report.cause(), Cause::Requested));
/// assert_eq!(report.cause().to_string(), "as requested");
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Cause {
    /// The program called `stop`.
    Requested,
    /// The process received the signal of this number: 2 is SIGINT, 15 is SIGTERM.
    Signal(i32),
    /// The last [`System`](crate::System) value was dropped.
    Dropped,
    /// This actor panicked or failed, with
    /// [`OnPanic::EndSystem`](actor_core::life::OnPanic::EndSystem).
    Panicked {
        /// The actor's path.
        path: Arc<str>,
        /// Its end.
        exit: Exit,
    },
}

/// One actor in a [`Report`].
///
/// # Examples
///
/// ```
/// # use std::time::Duration;
/// # use actor_core::{Actor, Context, Message, Spawn, Reply};
/// # struct Job(Reply<()>);
/// # impl Message for Job {}
/// # struct Worker;
/// # impl Actor for Worker {
/// #     type Message = Job;
/// #     async fn handle(&mut self, Job(done): Job, cx: &mut Context<Job>) {
/// #         done.send(());
/// #         cx.fail(std::fmt::Error);
/// #     }
/// # }
/// use actor_core::ExitReason;
/// use actor_system::System;
/// use actor_system::system::ActorReport;
///
/// # let runtime = actor_smol::SmolRuntime::new();
/// let system = System::new("node", runtime)?;
/// let (_worker, mailbox) = actor_core::mailbox();
/// let _running = Spawn::new(mailbox).named("worker").start(&system, || Worker)?;
/// let report = system.stop_blocking(Duration::from_secs(10));
/// let worker: &ActorReport = &report.actors[0];
/// assert_eq!((&*worker.path, &*worker.thread), ("/worker", "node"));
/// assert!(worker.exit.as_ref().is_some_and(|exit| exit.reason.is_normal()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ActorReport {
    /// The actor's number in its system.
    pub id: ActorId,
    /// The actor's path, such as `/chain`.
    pub path: Arc<str>,
    /// The phase in which it was stopped.
    pub phase: Phase,
    /// The name of its thread.
    pub thread: Arc<str>,
    /// How it ended. `None` for an actor still busy on its thread.
    pub exit: Option<Exit>,
    /// The figures of its lanes at the report. Only for an actor without an exit.
    busy: Vec<LaneStats>,
}

/// One thread of a system in a [`Report`].
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use actor_system::System;
/// use actor_system::system::{ThreadState, ThreadReport};
///
/// # let runtime = actor_smol::SmolRuntime::new();
/// let system = System::new("node", runtime)?;
/// let report = system.stop_blocking(Duration::from_secs(10));
/// let [thread]: &[ThreadReport] = &report.threads[..] else { panic!("it has one thread") };
/// assert_eq!((&*thread.name, thread.end), ("node", ThreadState::Ended));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ThreadReport {
    /// The thread's name.
    pub name: Arc<str>,
    /// Whether it has ended.
    pub end: ThreadState,
}

/// Whether a thread of a system has ended.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use actor_system::System;
/// use actor_system::system::ThreadState;
///
/// # let runtime = actor_smol::SmolRuntime::new();
/// let system = System::new("node", runtime)?;
/// let report = system.stop_blocking(Duration::from_secs(10));
/// assert!(report.threads.iter().all(|thread| thread.end == ThreadState::Ended));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ThreadState {
    /// It has ended.
    Ended,
    /// It runs the shutdown itself, and ends after the report. Only for adopted executors.
    RunsShutdown,
    /// It had not ended when the report was made.
    Busy,
}

impl Report {
    /// Returns what began the shutdown.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use actor_system::System;
    /// use actor_system::system::Cause;
    ///
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// let system = System::new("node", runtime)?;
    /// let watching = system.clone();
    /// system.stop(Duration::from_secs(10));
    /// let report = watching.stopped_blocking(Duration::from_secs(20)).expect("it ends in time");
    /// assert!(matches!(report.cause(), Cause::Requested));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn cause(&self) -> &Cause {
        &self.cause
    }

    /// Returns whether nothing was lost: every actor ended by itself with all its messages and
    /// its work, every thread ended, and no panic was the cause.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use actor_system::System;
    ///
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// let report = System::new("node", runtime)?.stop_blocking(Duration::from_secs(10));
    /// assert!(report.is_clean(), "{report}");
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.is_final
            && !matches!(self.cause, Cause::Panicked { .. })
            && self.actors.iter().all(ActorReport::is_clean)
            && self.threads.iter().all(|thread| thread.end != ThreadState::Busy)
    }

    /// Returns the report of the actor with this path.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use actor_system::System;
    ///
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// let report = System::new("node", runtime)?.stop_blocking(Duration::from_secs(10));
    /// assert!(report.actor("/chain").is_none());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn actor(&self, path: &str) -> Option<&ActorReport> {
        self.actors.iter().find(|actor| &*actor.path == path)
    }

    /// Returns the actors that were still busy when the report was made.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use actor_system::System;
    ///
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// let report = System::new("node", runtime)?.stop_blocking(Duration::from_secs(10));
    /// assert_eq!(report.late().count(), 0);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn late(&self) -> impl Iterator<Item = &ActorReport> {
        self.actors.iter().filter(|actor| actor.exit.is_none())
    }
}

impl Report {
    /// Returns a text for each actor with another end than a clean one, and for each thread that
    /// has not ended.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use actor_system::System;
    /// # use actor_core::{Actor, Context, Message, Spawn};
    /// # struct Job;
    /// # impl Message for Job {}
    /// # struct Worker;
    /// # impl Actor for Worker {
    /// #     type Message = Job;
    /// #     async fn handle(&mut self, _job: Job, cx: &mut Context<Job>) {
    /// #         cx.fail(std::io::Error::other("the disk is full"));
    /// #     }
    /// # }
    ///
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// let system = System::new("node", runtime)?;
    /// # let (worker, mailbox) = actor_core::mailbox();
    /// # worker.try_tell(Job)?;
    /// # let named = Spawn::new(mailbox).named("store").on_panic(actor_core::life::OnPanic::EndSystem);
    /// # named.start(&system, || Worker)?;
    /// # let begun = futures::executor::block_on(system.stopping());
    /// // … an actor has failed …
    /// let report = system.stop_blocking(Duration::from_secs(10));
    /// let problems: Vec<_> = report.problems().collect();
    /// assert_eq!(problems, ["/store: failed: the disk is full"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn problems(&self) -> impl Iterator<Item = String> {
        let actors = self.actors.iter().filter_map(|actor| {
            let problem = problem_of(actor.exit.as_ref())?;
            Some(format!("{}: {problem}", actor.path))
        });
        let busy = self.threads.iter().filter(|thread| thread.end == ThreadState::Busy);
        let early = (!self.is_final).then(|| format!("{}: {IS_STOPPING}", self.system));
        let busy = busy.map(|thread| format!("{}: {THREAD_IS_BUSY}", thread.name));
        early.into_iter().chain(actors).chain(busy)
    }
}

/// The problem of a report of the moment.
const IS_STOPPING: &str =
    "the shutdown goes on: a thread of the system cannot wait for it, or 5 s of overtime were over";

/// The problem of a thread that has not ended.
pub(crate) const THREAD_IS_BUSY: &str = "its thread had not ended when the time was up";

/// Describes the end of an actor, unless it is a clean one.
pub(crate) fn problem_of(exit: Option<&Exit>) -> Option<String> {
    let Some(exit) = exit else {
        return Some("still busy when the time was up".to_owned());
    };
    (!is_clean(exit)).then(|| end_of(exit))
}

/// The end of an actor with its counts, without its name: that is in a column of its own.
fn end_of(exit: &Exit) -> String {
    let mut exit = exit.clone();
    exit.name = None;
    exit.to_string()
}

fn is_clean(exit: &Exit) -> bool {
    exit.reason.is_normal() && exit.undelivered() + exit.lost_work + exit.in_flight == 0
}

impl ActorReport {
    pub(crate) fn of(Entry { facts, running, .. }: &Entry) -> Self {
        let exit = running.exit();
        let busy = if exit.is_none() { running.lanes() } else { Vec::new() };
        Self { exit, busy, ..Self::new(facts) }
    }

    /// The report of an actor whose end began the shutdown.
    pub(crate) fn ended(facts: &Facts, exit: Exit) -> Self {
        Self { exit: Some(exit), ..Self::new(facts) }
    }

    fn new(facts: &Facts) -> Self {
        Self {
            id: facts.id,
            path: Arc::clone(&facts.path),
            phase: facts.phase,
            thread: Arc::clone(&facts.thread),
            exit: None,
            busy: Vec::new(),
        }
    }

    /// Returns whether the actor ended by itself, with all its messages handled and all its work
    /// done.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use actor_system::System;
    /// use actor_system::system::ActorReport;
    ///
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// let report = System::new("node", runtime)?.stop_blocking(Duration::from_secs(10));
    /// assert!(report.actors.iter().all(ActorReport::is_clean));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.exit.as_ref().is_some_and(is_clean)
    }

    /// Returns the figures of each lane: at the actor's end, or at the report if it is busy.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use actor_core::{Actor, Context, Message, spawn};
    /// # struct Job;
    /// # impl Message for Job {}
    /// # struct Worker;
    /// # impl Actor for Worker {
    /// #     type Message = Job;
    /// #     async fn handle(&mut self, _job: Job, _cx: &mut Context<Job>) {}
    /// # }
    /// use actor_system::System;
    ///
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// let system = System::new("node", runtime)?;
    /// let (worker, _running) = spawn(&system, || Worker)?;
    /// worker.try_tell(Job)?;
    /// let report = system.stop_blocking(Duration::from_secs(10));
    /// assert_eq!(report.actors[0].lanes()[0].handled, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn lanes(&self) -> &[LaneStats] {
        self.exit.as_ref().map_or(&self.busy, |exit| &exit.lanes)
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Requested => f.write_str("as requested"),
            Self::Signal(2) => f.write_str("by SIGINT"),
            Self::Signal(15) => f.write_str("by SIGTERM"),
            Self::Signal(number) => write!(f, "by signal {number}"),
            Self::Dropped => f.write_str("because it was dropped"),
            Self::Panicked { path, exit } => {
                write!(f, "because {} {}", Shown(path), Shown(&exit.reason.to_string()))
            }
        }
    }
}

/// A line for each lane of each actor, and a line for each thread that has not ended.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { system, cause, actors, threads, started, took, is_final } = self;
        let system = Shown(system);
        let late = self.late().count();
        let ended = actors.len() - late;
        if *is_final {
            writeln!(f, "system `{system}` stopped {cause} in {took:.1?}")?;
        } else {
            writeln!(f, "system `{system}` is still stopping {cause}")?;
        }
        let noun = if *started == 1 { "actor" } else { "actors" };
        writeln!(f, "{started} {noun} in all, {ended} ended by the stop, {late} late")?;
        if !actors.is_empty() {
            let lanes = actors.iter().flat_map(ActorReport::lanes);
            let columns = Columns {
                path: width(actors.iter().map(|actor| &*actor.path), 5),
                thread: width(actors.iter().map(|actor| &*actor.thread), 6),
                lane: width(lanes.map(|lane| lane.name), 16),
            };
            columns.heading(f)?;
            actors.iter().try_for_each(|actor| columns.actor(f, actor))?;
        }
        let busy = threads.iter().filter(|thread| thread.end == ThreadState::Busy);
        busy.map(|thread| Shown(&thread.name))
            .try_for_each(|name| writeln!(f, "the thread `{name}` has not ended"))
    }
}

/// The width of a column: of its longest text, between that of its heading and that of a line.
fn width<'a>(texts: impl Iterator<Item = &'a str>, at_least: usize) -> usize {
    texts
        .map(|text| Shown(text).to_string().chars().count())
        .max()
        .unwrap_or_default()
        .clamp(at_least, 80)
}

/// The widths of a table's columns.
struct Columns {
    path: usize,
    thread: usize,
    lane: usize,
}

impl Columns {
    fn heading(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, thread, lane: lane_width } = self;
        write!(
            f,
            "{:7}  {:path$}  {:thread$}  {:lane_width$}",
            "phase", "actor", "thread", "lane"
        )?;
        writeln!(f, "  {:>9}  {:>9}  end", "handled", "dropped")
    }

    fn actor(&self, f: &mut fmt::Formatter<'_>, actor: &ActorReport) -> fmt::Result {
        let Self { path, thread, lane: lane_width } = self;
        let lanes = actor.lanes();
        let mut rows = lanes.iter().map(Some).collect::<Vec<_>>();
        if rows.is_empty() {
            rows.push(None);
        }
        for (number, lane) in rows.into_iter().enumerate() {
            let (phase, name, on) = match number {
                0 => (phase_name(actor.phase), &*actor.path, &*actor.thread),
                _ => ("", "", ""),
            };
            let (name, on) = (Shown(name), Shown(on));
            let lane_name = Shown(lane.map_or("", |lane| lane.name));
            let handled = lane.map_or(0, |lane| lane.handled);
            let dropped = lane.map_or(0, |lane| lane.undelivered + lane.evicted + lane.expired);
            write!(f, "{phase:7}  {name:path$}  {on:thread$}  {lane_name:lane_width$}")?;
            write!(f, "  {handled:>9}  {dropped:>9}")?;
            match (number, &actor.exit) {
                (0, Some(exit)) => writeln!(f, "  {}", Shown(&end_of(exit)))?,
                (0, None) => writeln!(f, "  still busy")?,
                _ => writeln!(f)?,
            }
        }
        Ok(())
    }
}

fn phase_name(phase: Phase) -> &'static str {
    match phase {
        Phase::Sources => "sources",
        Phase::Workers => "workers",
        Phase::Owners => "owners",
        Phase::Stores => "stores",
    }
}
