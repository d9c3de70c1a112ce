//! One actor of a system: its entry in the list, and the host of its life.
//!
//! ```text
//! mailbox -> host (Resident) -> facts            weak: the system
//! system  -> list -> Entry   -> facts, Running -> mailbox
//! ```

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};

use actor_core::life::{Host, OnPanic, Phase};
use actor_core::{Exit, ExitReason, Running};

use crate::executors::Seated;
use crate::inspect::Since;
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

/// What is known about an actor before its begin.
#[derive(Debug)]
pub(crate) struct Facts {
    pub(crate) id: ActorId,
    pub(crate) path: Arc<str>,
    pub(crate) phase: Phase,
    /// The name of its thread.
    pub(crate) thread: Arc<str>,
    /// Whether the path is in the system's list of names.
    pub(crate) is_named: bool,
    /// Whether the actor has a thread of its own, which ends with it.
    pub(crate) owns_thread: bool,
    /// The name of its system.
    pub(crate) system: Arc<str>,
    /// Whether a supervisor stops the actor, in the order of its tree.
    pub(crate) is_supervised: bool,
}

/// One running actor in the list of its system.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) facts: Arc<Facts>,
    pub(crate) running: Running,
    /// The number of the actor in this process.
    pub(crate) number: u64,
    /// For how long looks have found it at the same message.
    pub(crate) since: Since,
}

impl Entry {
    fn new(facts: &Arc<Facts>, running: &Running) -> Self {
        let (facts, running) = (Arc::clone(facts), running.clone());
        Self { number: running.seen().number, facts, running, since: Since::default() }
    }
}

/// The host of one actor's life. It is inside the system's gate from its creation to the begin.
///
/// The mailbox holds it, also after the actor's end, until the last handle is dropped. So it holds
/// neither the system nor an executor.
pub(crate) struct Resident {
    shared: Weak<Shared>,
    facts: Arc<Facts>,
    seated: Seated,
    has_left_gate: AtomicBool,
    is_released: AtomicBool,
}

impl Resident {
    /// Creates the host. The caller has entered the gate, and leaves it through this value.
    pub(crate) fn new(shared: &Arc<Shared>, facts: Facts, seated: Seated) -> Self {
        Self {
            shared: Arc::downgrade(shared),
            facts: Arc::new(facts),
            seated,
            has_left_gate: AtomicBool::new(false),
            is_released: AtomicBool::new(false),
        }
    }

    /// Leaves the gate, if it is still inside. The spawner holds the system until then.
    fn leave_gate(&self) {
        if !self.has_left_gate.swap(true, Ordering::AcqRel)
            && let Some(shared) = self.shared.upgrade()
        {
            shared.gate.leave();
        }
    }

    /// Frees the actor's entry, its name, its part of the load, and its thread.
    fn release(&self) {
        if !self.is_released.swap(true, Ordering::AcqRel) {
            self.seated.leave();
            if let Some(shared) = self.shared.upgrade() {
                shared.remove(&self.facts);
            }
        }
    }
}

impl Host for Resident {
    fn began(&self, running: &Running) {
        if let Some(shared) = self.shared.upgrade() {
            shared.add(Entry::new(&self.facts, running));
        }
        self.leave_gate();
    }

    fn ended(&self, exit: &Exit, on_panic: OnPanic) {
        self.release();
        if on_panic == OnPanic::EndSystem
            && is_failure(&exit.reason)
            && let Some(shared) = self.shared.upgrade()
        {
            let path = Arc::clone(&self.facts.path);
            let cause = Cause::Panicked { path, exit: exit.clone() };
            let report = ActorReport::ended(&self.facts, exit.clone());
            shared.begin(cause, shared.patience, Some(report));
        }
    }
}

/// Returns whether an actor has ended by a fault of its own, of its link or of its executor. A stop
/// or a kill was requested, also if it came to its deadline.
fn is_failure(reason: &ExitReason) -> bool {
    !reason.is_normal() && !matches!(reason, ExitReason::Killed | ExitReason::DeadlinePassed)
}

impl Drop for Resident {
    /// An actor that did not begin, because the spawner gave up.
    fn drop(&mut self) {
        self.release();
        self.leave_gate();
    }
}
