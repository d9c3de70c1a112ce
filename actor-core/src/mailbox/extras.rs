//! What a life has beyond a plain one: a name, a host, restarts, the deadline of a stop, a request
//! to end one life, and marks for the depth of its lanes.
//!
//! Made with the first of them, because most actors have none.

use std::sync::{Arc, OnceLock};
use std::time::Instant;

use crate::mailbox::exit::{Exit, ExitReason};
use crate::mailbox::lazy::{FirstUse, Handover};
use crate::mailbox::marks::Marks;
use crate::mailbox::verdict::Verdict;
use crate::sync::{AtomicU64, Ordering};

/// Receives the exit, before it is published.
pub(crate) type OnEnd = Box<dyn Fn(&Exit) + Send + Sync>;

pub(crate) struct Extras {
    name: OnceLock<Arc<str>>,
    /// Set once by the first stop, before the phase is `Stopping`.
    deadline: OnceLock<Instant>,
    /// The host's and the governor's.
    on_end: [OnceLock<OnEnd>; 2],
    /// Written by the actor's task alone.
    restarts: AtomicU64,
    /// The reason of a requested end of the current life.
    pub(super) request: Handover<ExitReason>,
    verdict: Verdict,
    is_governed: OnceLock<()>,
    marks: FirstUse<Marks>,
}

impl Extras {
    pub(super) fn new() -> Self {
        Self {
            name: OnceLock::new(),
            deadline: OnceLock::new(),
            on_end: [OnceLock::new(), OnceLock::new()],
            restarts: AtomicU64::new(0),
            request: Handover::new(),
            verdict: Verdict::new(),
            is_governed: OnceLock::new(),
            marks: FirstUse::new(),
        }
    }

    pub(super) fn marks(&self) -> Option<&Marks> {
        self.marks.get()
    }

    pub(super) fn make_marks(&self) -> &Marks {
        self.marks.get_or_make(Marks::new).expect("it is never closed")
    }

    pub(crate) fn name(&self) -> Option<&Arc<str>> {
        self.name.get()
    }

    /// Sets the name, once.
    pub(crate) fn set_name(&self, name: Arc<str>) {
        drop(self.name.set(name));
    }

    /// Sets the deadline of a stop, unless there is one.
    pub(super) fn set_deadline(&self, deadline: Instant) {
        self.deadline.get_or_init(|| deadline);
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.deadline.get().copied()
    }

    /// Adds a receiver of the exit: the host, or the governor.
    pub(crate) fn add_on_end(&self, on_end: OnEnd) {
        if let Err(second) = self.on_end[0].set(on_end) {
            drop(self.on_end[1].set(second));
        }
    }

    /// Returns the receivers of the exit.
    pub(crate) fn on_end(&self) -> impl Iterator<Item = &OnEnd> {
        self.on_end.iter().filter_map(OnceLock::get)
    }

    /// Returns the decision about the next life of a governed actor.
    pub(crate) fn verdict(&self) -> &Verdict {
        &self.verdict
    }

    /// Marks the actor as governed.
    pub(crate) fn govern(&self) {
        self.is_governed.get_or_init(|| ());
    }

    pub(crate) fn is_governed(&self) -> bool {
        self.is_governed.get().is_some()
    }

    pub(crate) fn restarts(&self) -> u64 {
        self.restarts.load(Ordering::Relaxed)
    }

    /// Counts a restart.
    pub(crate) fn count_restart(&self) {
        self.restarts.fetch_add(1, Ordering::Relaxed);
    }
}
