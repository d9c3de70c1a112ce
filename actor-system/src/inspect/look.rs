//! Takes a look at a system.

use std::time::Duration;

use actor_core::life::Phase;

use crate::inspect::data::{ActorView, Doing, ExecutorView, Inspection, LaneView};
use crate::system::System;

impl System {
    /// Returns what the system does at this moment: its executors, its actors and their lanes, and
    /// who waits for whom.
    ///
    /// Never waits, takes no lock, and runs nothing on the owners' threads: a look works as well
    /// while an owner is stuck, and during the shutdown. Its cost grows with the number of actors
    /// and lanes, a few microseconds for each actor.
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
        let shared = self.shared();
        let executors = shared.slots();
        let executors = executors.iter().map(|slot| ExecutorView {
            name: slot.name.to_string(),
            is_alive: !slot.executor.join(Duration::ZERO),
            actors: slot.load(),
            ..ExecutorView::default()
        });
        let actors = self.actors();
        let actors = actors.iter().map(|actor| ActorView {
            id: actor.id.get(),
            path: actor.path.to_string(),
            executor: actor.thread.to_string(),
            phase: phase_name(actor.phase).to_owned(),
            doing: Doing::Idle,
            lanes: actor.running.lanes().into_iter().map(LaneView::from).collect(),
            ..ActorView::default()
        });
        Inspection {
            system: self.name().to_owned(),
            process: std::process::id(),
            is_stopping: self.is_stopping(),
            started: shared.started(),
            executors: executors.collect(),
            actors: actors.collect(),
            ..Inspection::default()
        }
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
