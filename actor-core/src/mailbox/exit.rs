//! How an actor ended.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use crate::mailbox::figures::{Figures, LaneFigures, LaneTimes};
use crate::mailbox::lane::LaneStats;

/// Why an actor ended.
///
/// # Examples
///
/// ```
/// use actor_core::ExitReason;
///
/// assert!(ExitReason::Stopped.is_normal() && ExitReason::Unreachable.is_normal());
/// let panicked = ExitReason::Panicked("no such block".to_owned());
/// assert!(!panicked.is_normal());
/// assert_eq!(panicked.to_string(), "panicked: no such block");
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ExitReason {
    /// It was asked to stop, or stopped itself.
    Stopped,
    /// It was asked to stop by a deadline, and the deadline passed while messages were queued, a
    /// handler was waiting, or offloaded work was in flight.
    DeadlinePassed,
    /// It was [killed](crate::Running::kill).
    Killed,
    /// Nothing could ever reach it again: there were no handles, no queued messages, no armed
    /// timers and no attached streams except weak ones, and no offloaded work in flight.
    Unreachable,
    /// It ended itself with this error.
    Failed(Arc<dyn Error + Send + Sync>),
    /// Its code panicked, with this message.
    Panicked(String),
    /// Its executor ended before it did.
    Abandoned,
    /// A linked actor ended abnormally, and this one ended with it. In a chain of links this is the
    /// first of them.
    Linked(Arc<Ended>),
    /// It had ended before, and no handle and no [`Running`](crate::Running) was left to keep the
    /// reason. Seen by the watchers of a [`WeakHandle`](crate::handle::WeakHandle) only.
    Unknown,
}

/// The end of an actor: its name and its reason.
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
/// #     async fn handle(&mut self, _job: Job, cx: &mut Context<Job>) {
/// #         cx.stop();
/// #     }
/// # }
/// use actor_core::life::Ended;
///
/// # let runtime = actor_smol::SmolRuntime::new();
/// # let executor = runtime.start_executor(ThreadConfig::named("worker"))?;
/// let (worker, _running) = spawn(&executor, || Worker)?;
/// worker.try_tell(Job)?;
/// let ended: Ended = futures::executor::block_on(worker.ended());
/// assert_eq!(ended.to_string(), "stopped");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Ended {
    /// The actor's name, if it has one.
    pub name: Option<Arc<str>>,
    /// Why it ended.
    pub reason: ExitReason,
}

/// How an actor ended, with the figures of its messages.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use actor_core::{Actor, Context, ExitReason, Message, Runtime, ThreadConfig, spawn};
///
/// struct Tick;
/// impl Message for Tick {}
///
/// struct Clock;
/// impl Actor for Clock {
///     type Message = Tick;
///     async fn handle(&mut self, _tick: Tick, _cx: &mut Context<Tick>) {}
/// }
///
/// let executor = actor_smol::SmolRuntime::new().start_executor(ThreadConfig::named("clock"))?;
/// let (clock, running) = spawn(&executor, || Clock)?;
/// assert!(clock.try_tell(Tick).is_ok());
/// running.stop(Duration::from_secs(30));
/// let exit = running.join_blocking(Duration::from_secs(30)).expect("it ends in time");
/// assert!(matches!(exit.reason, ExitReason::Stopped));
/// assert_eq!((exit.lanes[0].handled, exit.undelivered(), exit.lost_work), (1, 0, 0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Exit {
    /// Why it ended.
    pub reason: ExitReason,
    /// The figures of each lane of its mailbox. They are final, except for threads in the middle of
    /// a send at the actor's end: these may still count a message or take one back.
    pub lanes: Vec<LaneStats>,
    /// The number of results of offloaded work missed by the actor: work in flight at its end, and
    /// work without a message because the function for the message panicked. Also the number of
    /// streams and items for which no message could be made. A result that arrived
    /// in time and was not handled is not included. It counts as undelivered in its message's lane.
    pub lost_work: u64,
    /// The full name of the actor, if it has one.
    pub name: Option<Arc<str>>,
    /// The number of lives after the first one.
    pub restarts: u64,
    /// The number of pieces of work in flight at the actor's end. Their results reached nobody.
    pub in_flight: u64,
    /// The times of each lane, if any message was measured.
    pub(super) times: Option<Arc<[LaneTimes]>>,
}

impl ExitReason {
    /// Returns whether the end was a regular one: the actor stopped or became unreachable.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::ExitReason;
    ///
    /// // A supervisor starts an actor again after any other end.
    /// let starts_again = |reason: &ExitReason| !reason.is_normal();
    /// assert!(!starts_again(&ExitReason::Stopped));
    /// assert!(starts_again(&ExitReason::Panicked("no such block".to_owned())));
    /// ```
    #[must_use]
    pub fn is_normal(&self) -> bool {
        matches!(self, Self::Stopped | Self::Unreachable)
    }
}

impl ExitReason {
    /// Returns whether no life of the actor may follow, whatever its policy.
    pub(crate) fn is_final(&self) -> bool {
        match self {
            Self::Killed
            | Self::DeadlinePassed
            | Self::Unreachable
            | Self::Abandoned
            | Self::Unknown => true,
            Self::Stopped | Self::Failed(_) | Self::Panicked(_) | Self::Linked(_) => false,
        }
    }
}

impl Exit {
    /// Returns the number of accepted messages still queued at the actor's end.
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
    /// # struct Worker;
    /// # impl Actor for Worker {
    /// #     type Message = Job;
    /// #     async fn handle(&mut self, _job: Job, cx: &mut Context<Job>) {
    /// #         cx.stop();
    /// #     }
    /// # }
    /// let (worker, mailbox) = actor_core::mailbox();
    /// worker.try_tell_all((0..3).map(Job))?;
    /// // This worker stops itself at the first job.
    /// let running = Spawn::new(mailbox).start(&executor, || Worker)?;
    /// let exit = running.join_blocking(Duration::from_secs(10)).expect("the first job ends it");
    /// assert_eq!(exit.undelivered(), 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn undelivered(&self) -> u64 {
        self.lanes.iter().map(|lane| lane.undelivered).sum()
    }

    /// Returns the final figures, with the histograms of waiting and of handling.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use actor_core::{Actor, Context, Message, Runtime, ThreadConfig, spawn};
    /// # struct Job;
    /// # impl Message for Job {}
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// # let executor = runtime.start_executor(ThreadConfig::named("worker"))?;
    /// # struct Worker;
    /// # impl Actor for Worker {
    /// #     type Message = Job;
    /// #     async fn handle(&mut self, _job: Job, _cx: &mut Context<Job>) {}
    /// # }
    /// let (worker, running) = spawn(&executor, || Worker)?;
    /// worker.try_tell(Job)?;
    /// drop(worker);
    /// let exit = running.join_blocking(Duration::from_secs(10)).expect("nothing reaches it");
    /// assert_eq!(exit.figures().lanes[0].stats.handled, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn figures(&self) -> Figures {
        let times = |lane: usize| self.times.as_ref().map(|times| times[lane].clone());
        let of_lane = |(lane, stats)| LaneFigures::new(stats, times(lane));
        Figures {
            name: self.name.clone(),
            lanes: self.lanes.iter().copied().enumerate().map(of_lane).collect(),
            restarts: self.restarts,
            lost_work: self.lost_work,
            in_hand: None,
        }
    }
}

impl Ended {
    /// Returns the first end in a chain of links.
    pub(crate) fn root(&self) -> Arc<Self> {
        match &self.reason {
            ExitReason::Linked(first) => Arc::clone(first),
            _ => Arc::new(self.clone()),
        }
    }

    /// Returns the end of an actor that left no trace.
    pub(crate) fn unknown() -> Self {
        Self { name: None, reason: ExitReason::Unknown }
    }
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "{name}: {}", self.reason),
            None => self.reason.fmt(f),
        }
    }
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(name) = &self.name {
            write!(f, "{name}: ")?;
        }
        self.reason.fmt(f)?;
        let counts = [
            (self.restarts, "restarts"),
            (self.undelivered(), "undelivered"),
            (self.lost_work, "lost results"),
            (self.in_flight, "dropped in flight"),
        ];
        counts.into_iter().filter(|&(n, _)| n > 0).try_for_each(|(n, of)| write!(f, ", {n} {of}"))
    }
}

impl fmt::Display for ExitReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stopped => f.write_str("stopped"),
            Self::DeadlinePassed => f.write_str("stopped by the deadline, before it was done"),
            Self::Killed => f.write_str("killed"),
            Self::Unreachable => f.write_str("became unreachable"),
            Self::Failed(error) => write!(f, "failed: {error}"),
            Self::Panicked(message) => write!(f, "panicked: {message}"),
            Self::Abandoned => f.write_str("abandoned by its executor"),
            Self::Linked(first) => write!(f, "ended with a linked actor: {first}"),
            Self::Unknown => f.write_str("ended for an unknown reason"),
        }
    }
}
