//! The shutdown: one task, with one report.
//!
//! ```text
//! any thread, any number of times      Gate::close; the first call starts the task
//! the task                             waits until no spawn is inside the gate
//!   for each phase with actors           stops them together, with their share of the time left
//!                                        waits for their ends; kills the late ones after GRACE
//!   then                                 the same for supervised actors that are left
//!   then                                 waits GRACE for the killed ones
//!   then                                 stops the executors, and waits for their threads
//!   then                                 publishes the report
//! ```
//!
//! It runs on an executor of its own, so no handler can delay it. A system of adopted executors
//! has no runtime for another thread, and the task runs on the first of them. If that executor
//! drops its tasks, the drop of [`Shutdown`] publishes the report.

use std::sync::Arc;
use std::time::{Duration, Instant};

use actor_core::Executor;

use crate::clock::Clock;
use crate::executors::Slot;
use crate::system::System;
use crate::system::entry::Entry;
use crate::system::report::{ActorReport, Cause, Report, ThreadReport, ThreadState};
use crate::system::shared::{Begun, Shared};

/// The time for an actor to end after its deadline: `Actor::stopped`, and drops.
pub(crate) const GRACE: Duration = Duration::from_millis(250);

/// The longest time between two looks at an executor's end, on an adopted executor.
const SELDOM: Duration = Duration::from_millis(16);

impl System {
    /// Waits for the begin of the shutdown, and returns its cause: for parts of a program that are
    /// no actors and end with the system. Does not begin one.
    ///
    /// The future does not keep the system running. The drop of the last [`System`] value is a
    /// cause as well.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future has no effect.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_system::System;
    /// use actor_system::system::Cause;
    ///
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// let system = System::new("node", runtime)?;
    /// let stopping = system.stopping();
    /// drop(system);
    /// assert!(matches!(futures::executor::block_on(stopping), Cause::Dropped));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn stopping(&self) -> impl Future<Output = Cause> + Send + 'static + use<> {
        let shared = Arc::clone(self.shared());
        async move { shared.wait_for(Shared::begun).await.cause.clone() }
    }
}

pub(crate) struct Shutdown {
    shared: Arc<Shared>,
    clock: Clock,
    /// Whether the executor exists for the shutdown only.
    is_own: bool,
    began: Instant,
    /// The actors of the system when it was closed, by phase.
    members: Vec<Arc<Entry>>,
}

impl Shutdown {
    /// `members` are the actors at the begin of the shutdown, without those still starting.
    pub(crate) fn new(
        shared: Arc<Shared>,
        clock: Clock,
        is_own: bool,
        members: Vec<Arc<Entry>>,
    ) -> Self {
        let began = clock.now();
        Self { shared, clock, is_own, began, members }
    }

    pub(crate) async fn run(mut self) {
        let patience = self.shared.begun().map_or(Duration::ZERO, |begun| begun.patience);
        let deadline = self.began.checked_add(patience);
        self.clock.by(deadline, self.shared.gate.emptied()).await;
        // Those started meanwhile are added.
        self.members.extend(self.shared.members());
        self.members.sort_by_key(|entry| (entry.facts.phase, entry.facts.id));
        self.members.dedup_by_key(|entry| entry.facts.id);
        self.end_phases(deadline).await;
        let threads = self.end_threads(deadline).await;
        self.publish(threads);
    }

    /// Ends the phases, and with each supervisor the actors of its tree, in whatever phase these
    /// are. Then ends the rest: those with a supervisor outside the system, or with a late one.
    async fn end_phases(&self, deadline: Option<Instant>) {
        let (supervised, roots): (Vec<_>, Vec<_>) =
            self.members.iter().cloned().partition(|entry| entry.facts.is_supervised);
        let phases: Vec<_> = roots.chunk_by(|a, b| a.facts.phase == b.facts.phase).collect();
        for (number, phase) in phases.iter().enumerate() {
            self.end_phase(phase, self.share(deadline, phases.len() - number)).await;
        }
        self.end_phase(&supervised, self.share(deadline, 1)).await;
        let last = self.clock.after(GRACE);
        self.clock.by(last, joined(&self.members)).await;
    }

    /// The time of one of this number of phases.
    fn share(&self, deadline: Option<Instant>, phases: usize) -> Duration {
        let phases = u32::try_from(phases).unwrap_or(u32::MAX);
        deadline.map_or(Duration::MAX, |_| self.clock.left(deadline) / phases)
    }

    /// Stops the actors of one phase together. Kills those that have not ended in time.
    async fn end_phase(&self, phase: &[Arc<Entry>], share: Duration) {
        // Those of an ended supervisor have ended as well.
        phase.iter().for_each(|entry| entry.running.stop(share));
        let until = self.clock.after(share.saturating_add(GRACE));
        if self.clock.by(until, joined(phase)).await.is_none() {
            phase.iter().for_each(|entry| entry.running.kill());
        }
    }

    /// Ends the executors. Each has the rest of the time, unless an actor on it is late.
    async fn end_threads(&self, deadline: Option<Instant>) -> Vec<ThreadReport> {
        let slots = self.shared.slots();
        slots.iter().for_each(|slot| slot.executor.stop());
        let at_least = self.clock.after(GRACE);
        let until = deadline.map(|at| at_least.map_or(at, |least| at.max(least)));
        let mut threads = Vec::with_capacity(slots.len());
        for slot in &slots {
            let end = self.end_thread(slot, until).await;
            threads.push(ThreadReport { name: Arc::clone(&slot.name), end });
        }
        threads
    }

    async fn end_thread(&self, slot: &Slot, until: Option<Instant>) -> ThreadState {
        if Arc::ptr_eq(&slot.executor, &self.clock.0) {
            return ThreadState::RunsShutdown;
        }
        let until = if slot.load() == 0 { until } else { Some(self.clock.now()) };
        let has_ended = if self.is_own {
            // This thread has nothing else to do.
            slot.executor.join(self.clock.left(until))
        } else {
            self.has_ended(&slot.executor, until).await
        };
        if has_ended { ThreadState::Ended } else { ThreadState::Busy }
    }

    /// Waits for an executor's end without blocking this one.
    async fn has_ended(&self, executor: &Arc<dyn Executor>, until: Option<Instant>) -> bool {
        let mut pause = Duration::from_millis(1);
        while !executor.join(Duration::ZERO) {
            let left = self.clock.left(until);
            if left.is_zero() {
                return false;
            }
            self.clock.pause(pause.min(left)).await;
            pause = (2 * pause).min(SELDOM);
        }
        true
    }

    fn publish(&self, threads: Vec<ThreadReport>) {
        let Some(begun) = self.shared.begun() else { return };
        let mut report = Report::of(&self.shared, begun, &self.members, threads);
        report.took = self.clock.now().saturating_duration_since(self.began);
        self.shared.publish(report);
    }
}

/// Also after a panic, and when the executor drops its tasks.
impl Drop for Shutdown {
    fn drop(&mut self) {
        if let Some(begun) = self.shared.begun().filter(|_| self.shared.report().is_none()) {
            self.shared.publish(Report::draft(&self.shared, begun));
        }
        if self.is_own {
            self.clock.0.stop();
        }
    }
}

async fn joined(entries: &[Arc<Entry>]) {
    for entry in entries {
        entry.running.join().await;
    }
}

impl Report {
    /// The report of the current state, without any wait.
    pub(crate) fn draft(shared: &Shared, begun: &Begun) -> Self {
        let mut members = shared.members();
        members.sort_by_key(|entry| entry.facts.phase);
        let threads = shared.slots();
        let threads = threads.iter().map(|slot| {
            let has_ended = slot.executor.join(Duration::ZERO);
            let end = if has_ended { ThreadState::Ended } else { ThreadState::Busy };
            ThreadReport { name: Arc::clone(&slot.name), end }
        });
        Self::of(shared, begun, &members, threads.collect())
    }

    fn of(
        shared: &Shared,
        begun: &Begun,
        members: &[Arc<Entry>],
        threads: Vec<ThreadReport>,
    ) -> Self {
        let mut actors: Vec<_> = begun.ended.iter().cloned().collect();
        actors.extend(members.iter().map(|entry| ActorReport::of(entry)));
        actors.sort_by_key(|actor| (actor.phase, actor.id));
        Self {
            system: Arc::clone(&shared.name),
            cause: begun.cause.clone(),
            actors,
            threads,
            started: shared.started(),
            took: Duration::ZERO,
            is_final: true,
        }
    }
}
