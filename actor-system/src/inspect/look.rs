//! Takes a look at a system.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use actor_core::life::Phase;
use actor_core::mailbox::Sleep;

use crate::executors::Slot;
use crate::inspect::data::{ActorView, ExecutorView, Inspection, LaneView, WaitView};
use crate::inspect::everyone;
use crate::inspect::sight::{ActorSight, Sight, doing_of, waits_of};
use crate::system::{Shared, System};

impl System {
    /// Returns what the system does at this moment: its executors, its actors and their lanes, and
    /// who waits for whom.
    ///
    /// Never waits, takes no lock, and runs nothing on the owners' threads: a look works as well
    /// while an owner is stuck, and during the shutdown. Its cost grows with the number of actors
    /// and lanes.
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
    /// let system = actor_system::System::new("node", runtime)?;
    /// let (_worker, mailbox) = actor_core::mailbox();
    /// let _running = Spawn::new(mailbox).named("worker").start(&system, || Worker)?;
    /// let tree = system.inspect().to_string();
    /// assert!(tree.contains("/worker"), "{tree}");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn inspect(&self) -> Inspection {
        inspect(self.shared())
    }

    /// Returns a value that takes looks and does not keep the system running, for a thread or a
    /// server of the program's own.
    ///
    /// # Examples
    ///
    /// ```
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// let system = actor_system::System::new("node", runtime)?;
    /// assert_eq!(system.inspector().inspect().system, "node");
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn inspector(&self) -> Inspector {
        Inspector { shared: Arc::clone(self.shared()) }
    }
}

/// Takes looks at a system, also during its shutdown and after it. Cheap to clone. Made by
/// [`System::inspector`].
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use actor_system::System;
/// use actor_system::inspect::Inspector;
///
/// # let runtime = actor_smol::SmolRuntime::new();
/// let system = System::new("node", runtime)?;
/// let inspector: Inspector = system.inspector();
/// assert!(!inspector.inspect().is_stopping);
/// drop(system);
/// assert!(inspector.inspect().is_stopping);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone)]
pub struct Inspector {
    shared: Arc<Shared>,
}

impl Inspector {
    /// Returns what the system does at this moment, as [`System::inspect`].
    ///
    /// # Examples
    ///
    /// ```
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// let system = actor_system::System::new("node", runtime)?;
    /// assert_eq!(system.inspector().inspect().system, "node");
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn inspect(&self) -> Inspection {
        inspect(&self.shared)
    }
}

impl fmt::Debug for Inspector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inspector").field("system", &self.shared.name).finish_non_exhaustive()
    }
}

fn inspect(shared: &Shared) -> Inspection {
    let sight = Sight::of(shared);
    let mut findings: Vec<_> = shared.findings.pin().values().cloned().collect();
    findings.sort_by(|one, other| one.text.cmp(&other.text));
    Inspection {
        system: shared.name.to_string(),
        process: std::process::id(),
        uptime: shared.uptime(),
        is_stopping: shared.gate.is_closed(),
        started: shared.started(),
        executors: sight.slots.iter().map(|slot| executor(shared, &sight, slot)).collect(),
        actors: sight.actors.iter().map(|seen| actor(shared, &sight, seen)).collect(),
        findings,
    }
}

fn executor(shared: &Shared, sight: &Sight, slot: &Slot) -> ExecutorView {
    let turns = sight.on(slot).map(|actor| actor.seen.turns).sum();
    let is_ready = |actor: &ActorSight| !actor.seen.has_turn && actor.seen.sleep == Sleep::Awake;
    let waits = sight.on(slot).any(is_ready);
    let not_turned_for = slot.since.look(waits.then_some(turns), shared.uptime());
    ExecutorView {
        name: slot.name.to_string(),
        is_alive: !slot.executor.join(Duration::ZERO),
        thread: sight.thread_of(slot),
        actors: slot.load(),
        turns,
        not_turned_for: not_turned_for.filter(|time| !time.is_zero()),
    }
}

fn actor(shared: &Shared, sight: &Sight, actor: &ActorSight) -> ActorView {
    let (facts, seen) = (&actor.entry.facts, &actor.seen);
    let name = |number| {
        let own = sight.actors.iter().find(|other| other.entry.number == number);
        let entry = own.map(|own| Arc::clone(&own.entry)).or_else(|| everyone::find(number))?;
        let other = Some(&entry.facts.system).filter(|_| own.is_none());
        Some((entry.facts.path.to_string(), other.map(|name| name.to_string())))
    };
    let waits = waits_of(seen, name).into_iter().map(|wait| WaitView {
        system: wait.actor.as_ref().map(|_| wait.system.unwrap_or_else(|| shared.name.to_string())),
        actor: wait.actor,
        what: wait.what,
    });
    ActorView {
        id: facts.id.get(),
        path: facts.path.to_string(),
        executor: facts.thread.to_string(),
        phase: phase_name(facts.phase).to_owned(),
        is_supervised: facts.is_supervised,
        doing: doing_of(seen, actor.at_least),
        restarts: seen.restarts,
        turns: seen.turns,
        lanes: actor.entry.running.figures().lanes.into_iter().map(LaneView::from).collect(),
        timers: seen.timers as u64,
        in_flight: seen.work as u64,
        lost_work: seen.lost_work,
        streams: seen.streams as u64,
        waits: waits.collect(),
    }
}

/// Returns the name of a phase, as [`ActorView::phase`] has it.
fn phase_name(phase: Phase) -> &'static str {
    match phase {
        Phase::Sources => "sources",
        Phase::Workers => "workers",
        Phase::Owners => "owners",
        Phase::Stores => "stores",
    }
}
