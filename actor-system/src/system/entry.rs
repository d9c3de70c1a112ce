//! One actor of a system: its entry in the list, and the host of its life.
//!
//! The life owns the entry, through its host. The list holds a weak reference, because the map frees
//! a removed value late, and an entry holds the actor's executor.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use actor_core::life::{Host, OnPanic, Phase};
use actor_core::{Exit, ExitReason, Running};

use crate::executors::Seated;
use crate::system::report::{ActorReport, Cause};
use crate::system::shared::Shared;

/// The number of an actor in its system, counted from 1. It is never used again.
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
/// let one = spawn(&system, || Worker)?;
/// let other = spawn(&system, || Worker)?;
/// let ids: Vec<_> = system.actors().iter().map(|actor| actor.id.get()).collect();
/// assert_eq!(ids, [1, 2]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ActorId(pub(crate) u64);

impl ActorId {
    /// Returns the number.
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
    /// let system = actor_system::System::new("node", runtime)?;
    /// let _first = spawn(&system, || Worker)?;
    /// assert_eq!(system.actors()[0].id.get(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn get(self) -> u64 {
        self.0
    }
}

impl fmt::Display for ActorId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One actor in the list of its system.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) id: ActorId,
    pub(crate) path: Arc<str>,
    pub(crate) phase: Phase,
    pub(crate) seated: Seated,
    /// Whether the path is in the system's list of names.
    pub(crate) is_named: bool,
    /// Whether the actor has a thread of its own, which ends with it.
    pub(crate) owns_thread: bool,
    /// Set at the begin.
    running: OnceLock<Running>,
}

impl Entry {
    pub(crate) fn running(&self) -> Option<&Running> {
        self.running.get()
    }

    /// Waits for the actor's end. Without a begin there is none.
    pub(crate) async fn joined(&self) {
        if let Some(running) = self.running() {
            running.join().await;
        }
    }
}

/// What is decided about an actor before its begin.
pub(crate) struct Plan {
    pub(crate) id: ActorId,
    pub(crate) path: Arc<str>,
    pub(crate) phase: Phase,
    pub(crate) is_named: bool,
    pub(crate) owns_thread: bool,
}

/// The host of one actor's life. It is inside the system's gate from its creation to the begin.
pub(crate) struct Resident {
    shared: Arc<Shared>,
    pub(crate) entry: Arc<Entry>,
    has_left_gate: AtomicBool,
    is_released: AtomicBool,
}

impl Resident {
    /// Creates the host. The caller has entered the gate, and leaves it through this value.
    pub(crate) fn new(shared: &Arc<Shared>, plan: Plan, seated: Seated) -> Self {
        let Plan { id, path, phase, is_named, owns_thread } = plan;
        let running = OnceLock::new();
        let entry = Entry { id, path, phase, seated, is_named, owns_thread, running };
        Self {
            shared: Arc::clone(shared),
            entry: Arc::new(entry),
            has_left_gate: AtomicBool::new(false),
            is_released: AtomicBool::new(false),
        }
    }

    fn leave_gate(&self) {
        if !self.has_left_gate.swap(true, Ordering::AcqRel) {
            self.shared.gate.leave();
        }
    }

    /// Frees the actor's name, its part of the load and its thread.
    fn release(&self) {
        if !self.is_released.swap(true, Ordering::AcqRel) {
            self.shared.remove(&self.entry);
            self.entry.seated.leave();
            if self.entry.owns_thread {
                self.entry.seated.slot.executor.stop();
            }
        }
    }
}

impl Host for Resident {
    fn began(&self, running: &Running) {
        // A host has one life, so the entry is empty.
        if self.entry.running.set(running.clone()).is_ok() {
            self.shared.count_start();
        }
        self.leave_gate();
    }

    fn ended(&self, exit: &Exit, on_panic: OnPanic) {
        self.release();
        let ends_system = on_panic == OnPanic::EndSystem;
        if ends_system && matches!(exit.reason, ExitReason::Panicked(_)) {
            let path = Arc::clone(&self.entry.path);
            let cause = Cause::Panicked { path, exit: exit.clone() };
            let patience = self.shared.patience;
            let report = ActorReport::ended(&self.entry, exit.clone());
            self.shared.begin(cause, patience, Some(report));
        }
    }
}

impl Drop for Resident {
    /// An actor that did not begin, because its executor refused it.
    fn drop(&mut self) {
        self.release();
        self.leave_gate();
    }
}
