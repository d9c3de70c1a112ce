//! Describes a tree, and starts it.

use std::sync::Arc;

use actor_core::life::{Made, OnPanic, Phase, Place, Restart, SpawnError};
use actor_core::{Handle, Running, Spawn};

use super::Strategy;
use super::child::{Child, Prepared};
use super::engine::{Engine, Number};
use super::report::{Report, Reporter, mailbox_for};
use super::tree::{Tree, Workers};

/// A supervisor and its children, before their start.
#[derive(Debug)]
#[must_use = "nothing is started until `start`"]
pub struct Supervisor<'p> {
    strategy: Strategy,
    policy: Restart,
    name: Option<Arc<str>>,
    phase: Phase,
    on_panic: OnPanic,
    children: Vec<Member<'p>>,
}

#[derive(Debug)]
enum Member<'p> {
    Worker(Prepared<'p>),
    Team(Supervisor<'p>),
}

/// What the start of each worker needs from its tree.
struct Planting<'a> {
    engine: &'a mut Engine,
    workers: &'a mut Workers,
    reports: &'a Handle<Report>,
    phase: Phase,
}

impl<'p> Supervisor<'p> {
    /// Creates a supervisor without children.
    pub fn new(strategy: Strategy) -> Self {
        Self {
            strategy,
            policy: Restart::transient(),
            name: None,
            phase: Phase::default(),
            on_panic: OnPanic::default(),
            children: Vec::new(),
        }
    }

    /// Names the supervisor.
    pub fn named(mut self, name: impl Into<Arc<str>>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Sets the policy of the children.
    pub fn restart(mut self, policy: Restart) -> Self {
        self.policy = policy;
        self
    }

    /// Sets when a shutdown of the system stops the tree.
    pub fn phase(mut self, phase: Phase) -> Self {
        self.phase = phase;
        self
    }

    /// Sets what the end of the tree after a panic ends.
    pub fn on_panic(mut self, on_panic: OnPanic) -> Self {
        self.on_panic = on_panic;
        self
    }

    /// Adds an actor as the last child.
    pub fn child<C: Child + 'p, K: 'static, R: Made<C::Message, K> + 'static>(
        mut self,
        child: C,
        place: &'p (impl Place + ?Sized),
        make: impl FnMut() -> R + Send + 'static,
    ) -> Self {
        self.children.push(Member::Worker(Prepared::new(child, place, make)));
        self
    }

    /// Adds a supervisor as the last child.
    pub fn supervisor(mut self, supervisor: Supervisor<'p>) -> Self {
        self.children.push(Member::Team(supervisor));
        self
    }

    /// Starts the supervisor, and its children in order.
    ///
    /// # Errors
    ///
    /// Fails if a place refuses the supervisor or a child.
    pub fn start(self, place: &(impl Place + ?Sized)) -> Result<Running, SpawnError> {
        let reports = mailbox_for(self.count());
        let mut engine = Engine::new(self.strategy, self.policy.clone());
        let mut workers = Workers::default();
        let (name, phase, on_panic) = (self.name.clone(), self.phase, self.on_panic);
        let mut planting = Planting {
            engine: &mut engine,
            workers: &mut workers,
            reports: &reports.handle(),
            phase,
        };
        self.plant(&mut planting, Engine::root(), "")?;
        let tree = Tree::new(engine, reports, workers);
        let (_handle, mailbox) = actor_core::mailbox();
        let spawn = Spawn::new(mailbox).phase(phase).on_panic(on_panic);
        let spawn = match name {
            Some(name) => spawn.named(name),
            None => spawn,
        };
        spawn.start(place, move || tree)
    }

    /// Starts the workers, each to wait for its first life.
    fn plant(
        self,
        planting: &mut Planting<'_>,
        team: Number,
        above: &str,
    ) -> Result<(), SpawnError> {
        let path = path_below(above, self.name.as_deref());
        for member in self.children {
            match member {
                Member::Worker(child) => {
                    let worker = planting.engine.add_worker(team, child.policy.clone());
                    let reports = planting.reports.clone();
                    let reporter = Reporter { worker, reports, team: Arc::clone(&path) };
                    let running = child.start(Arc::new(reporter), planting.phase)?;
                    planting.workers.add(worker, running);
                }
                Member::Team(below) => {
                    let (strategy, policy) = (below.strategy, below.policy.clone());
                    let number = planting.engine.add_team(team, None, strategy, policy);
                    below.plant(planting, number, &path)?;
                }
            }
        }
        Ok(())
    }

    /// The number of actors below.
    fn count(&self) -> usize {
        let of = |member: &Member<'_>| match member {
            Member::Worker(_) => 1,
            Member::Team(below) => below.count(),
        };
        self.children.iter().map(of).sum()
    }
}

fn path_below(above: &str, name: Option<&str>) -> Arc<str> {
    match (above, name) {
        (above, None) => above.into(),
        ("", Some(name)) => name.into(),
        (above, Some(name)) => format!("{above}/{name}").into(),
    }
}
