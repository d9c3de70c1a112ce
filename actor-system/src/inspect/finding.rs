//! What a watchdog finds, as plain data.

use std::fmt;
use std::time::Duration;

use crate::inspect::data::{Doing, InHand, WaitView};
use crate::inspect::shown::Shown;
use crate::inspect::threads::ThreadView;
use crate::inspect::words::Span;

/// The begin or the end of a problem, as a [`Watchdog`](crate::inspect::Watchdog) reports it.
///
/// `Display` prints one sentence, and the stack of the thread below it, if there is one.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use actor_system::inspect::{Finding, Problem};
///
/// let problem = Problem::Lane {
///     actor: "/chain".into(),
///     lane: "votes".into(),
///     accepted: 70,
///     waiting: 64,
/// };
/// let finding = Finding::begins("node", problem, Duration::from_secs(10));
/// assert_eq!(
///     finding.to_string(),
///     "node: lane votes of /chain is only filled: 70 accepted and none handled for 10.0 s, \
///      64 waiting"
/// );
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding {
    /// The name of the system.
    pub system: String,
    /// What was found.
    pub problem: Problem,
    /// For how long the problem has lasted, as seen by the watchdog's looks. A time in which the
    /// process was stopped is not included.
    pub lasted: Duration,
    /// Whether the problem is over. Otherwise it lasts.
    pub is_over: bool,
}

/// A problem found by a watchdog.
///
/// # Examples
///
/// ```
/// use actor_system::inspect::Problem;
///
/// let problem = Problem::Executor { name: "node".into(), ready: vec!["/a".into()], thread: None };
/// assert_eq!(problem.actors(), ["/a"]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Problem {
    /// A handler exceeds its budget. Also a maker, `started` and `stopped`.
    Handler {
        /// The path of the actor.
        actor: String,
        /// What the actor does, with the message in its hands.
        doing: Doing,
        /// What the handler waits for, if it waits for another actor.
        waits: Vec<WaitView>,
        /// The thread of the actor. `None` if the handler awaits something, or if the number of the
        /// thread is not known.
        thread: Option<ThreadView>,
    },
    /// Handlers wait for each other in a ring, so none of them can go on.
    Ring {
        /// The ring: each one waits for the next, and the last one for the first.
        actors: Vec<RingPart>,
    },
    /// An executor gives no turn to actors with work.
    Executor {
        /// The name of the executor.
        name: String,
        /// The paths of the actors that wait for their turn.
        ready: Vec<String>,
        /// The thread of the executor, if its number is known.
        thread: Option<ThreadView>,
    },
    /// A lane accepts messages, and none of them is handled.
    Lane {
        /// The path of the actor.
        actor: String,
        /// The name of the lane.
        lane: String,
        /// The number of messages accepted in this time.
        accepted: u64,
        /// The number of messages waiting now.
        waiting: u64,
    },
}

/// One actor of a ring.
///
/// # Examples
///
/// ```
/// use actor_system::inspect::{InHand, RingPart, WaitFor};
///
/// let message = InHand { lane: "asks".into(), kind: Some("Balance".into()) };
/// let part = RingPart::new("/bank", Some(message), WaitFor::Answer);
/// assert_eq!(part.to_string(), "/bank in its handler of Balance (lane asks)");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RingPart {
    /// The path of the actor.
    pub actor: String,
    /// The message in its hands. `None` for the queue of a pool, which waits for its workers.
    pub message: Option<InHand>,
    /// What it waits for at the next actor of the ring.
    pub what: crate::inspect::WaitFor,
}

impl RingPart {
    /// Makes one part.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_system::inspect::{RingPart, WaitFor};
    ///
    /// assert_eq!(RingPart::new("/pool", None, WaitFor::Answer).to_string(), "/pool");
    /// ```
    #[must_use]
    pub fn new(
        actor: impl Into<String>,
        message: Option<InHand>,
        what: crate::inspect::WaitFor,
    ) -> Self {
        Self { actor: actor.into(), message, what }
    }
}

impl Finding {
    /// Makes the begin of a problem.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use actor_system::inspect::{Finding, Problem};
    ///
    /// let ready = vec!["/a".into()];
    /// let problem = Problem::Executor { name: "io".into(), ready, thread: None };
    /// let finding = Finding::begins("node", problem, Duration::from_secs(2));
    /// assert_eq!(finding.to_string(), "node: executor io does not turn for 2.0 s; ready: /a");
    /// ```
    #[must_use]
    pub fn begins(system: impl Into<String>, problem: Problem, lasted: Duration) -> Self {
        Self { system: system.into(), problem, lasted, is_over: false }
    }

    /// Makes the end of a problem.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use actor_system::inspect::{Finding, Problem};
    ///
    /// let problem = Problem::Executor { name: "io".into(), ready: Vec::new(), thread: None };
    /// let finding = Finding::ends("node", problem, Duration::from_secs(2));
    /// assert_eq!(finding.to_string(), "node: executor io takes its turns again after 2.0 s");
    /// ```
    #[must_use]
    pub fn ends(system: impl Into<String>, problem: Problem, lasted: Duration) -> Self {
        Self { is_over: true, ..Self::begins(system, problem, lasted) }
    }
}

impl Problem {
    /// Returns the paths of the actors of the problem.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_system::inspect::{Problem, RingPart, WaitFor};
    ///
    /// let part = |actor: &str| RingPart::new(actor, None, WaitFor::Answer);
    /// let ring = Problem::Ring { actors: vec![part("/a"), part("/b")] };
    /// assert_eq!(ring.actors(), ["/a", "/b"]);
    /// ```
    #[must_use]
    pub fn actors(&self) -> Vec<&str> {
        match self {
            Self::Handler { actor, .. } | Self::Lane { actor, .. } => vec![actor],
            Self::Ring { actors } => actors.iter().map(|part| &*part.actor).collect(),
            Self::Executor { ready, .. } => ready.iter().map(String::as_str).collect(),
        }
    }

    /// Returns the thread of the problem, if one is known.
    pub(super) fn thread_mut(&mut self) -> Option<&mut ThreadView> {
        match self {
            Self::Handler { thread, .. } | Self::Executor { thread, .. } => thread.as_mut(),
            Self::Ring { .. } | Self::Lane { .. } => None,
        }
    }

    fn thread(&self) -> Option<&ThreadView> {
        match self {
            Self::Handler { thread, .. } | Self::Executor { thread, .. } => thread.as_ref(),
            Self::Ring { .. } | Self::Lane { .. } => None,
        }
    }

    fn write_begin(&self, f: &mut fmt::Formatter<'_>, lasted: Span) -> fmt::Result {
        match self {
            Self::Handler { actor, doing, waits, .. } => {
                write!(f, "{} exceeds its budget: it {}", Shown(actor), doing.verb())?;
                write!(f, " for {lasted}")?;
                let mut waits = waits.iter();
                if let Some(first) = waits.next() {
                    write!(f, ", for {first}")?;
                }
                waits.try_for_each(|wait| write!(f, " and {wait}"))
            }
            Self::Ring { actors } => {
                f.write_str("a ring of waits: ")?;
                for part in actors {
                    write!(f, "{part} waits for {} ", part.what.of())?;
                }
                let first = actors.first().map_or("itself", |part| &part.actor);
                write!(f, "{}, for {lasted}", Shown(first))
            }
            Self::Executor { name, ready, .. } => {
                write!(f, "executor {} does not turn for {lasted}; ready: ", Shown(name))?;
                f.write_str(&listed(ready.iter().map(|path| &**path)))
            }
            Self::Lane { actor, lane, accepted, waiting } => write!(
                f,
                "lane {} of {} is only filled: {accepted} accepted and none handled \
                 for {lasted}, {waiting} waiting",
                Shown(lane),
                Shown(actor)
            ),
        }
    }

    fn write_end(&self, f: &mut fmt::Formatter<'_>, lasted: Span) -> fmt::Result {
        match self {
            Self::Handler { actor, doing, .. } => match doing.message() {
                Some(message) => {
                    let actor = Shown(actor);
                    write!(f, "{actor} is done with its handler of {message} after {lasted}")
                }
                None => write!(f, "{} goes on after {lasted}", Shown(actor)),
            },
            Self::Ring { actors } => {
                let names = listed(actors.iter().map(|part| &*part.actor));
                write!(f, "the ring of waits of {names} is over after {lasted}")
            }
            Self::Executor { name, .. } => {
                write!(f, "executor {} takes its turns again after {lasted}", Shown(name))
            }
            Self::Lane { actor, lane, .. } => {
                let (lane, actor) = (Shown(lane), Shown(actor));
                write!(f, "lane {lane} of {actor} is handled again after {lasted}")
            }
        }
    }
}

fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.map(|name| Shown(name).to_string()).collect::<Vec<_>>().join(", ")
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", Shown(&self.system))?;
        if self.is_over {
            return self.problem.write_end(f, Span(self.lasted));
        }
        self.problem.write_begin(f, Span(self.lasted))?;
        match self.problem.thread() {
            Some(thread) => write!(f, "; {thread}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for RingPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.message {
            Some(message) => write!(f, "{} in its handler of {message}", Shown(&self.actor)),
            None => Shown(&self.actor).fmt(f),
        }
    }
}
