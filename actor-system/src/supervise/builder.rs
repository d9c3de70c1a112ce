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
///
/// A supervisor starts its children in order. When one of them fails, it begins that child again,
/// alone or with others, by its [`Strategy`]. Handles and queued messages stay; the state is a new
/// one. When there are too many restarts, the supervisor ends all children and fails itself. Then
/// the supervisor above decides, or the tree ends.
///
/// The whole tree, with the supervisors in it, is one actor. It is started on a place of its own,
/// and only its children's reports and delays make it run. A supervisor ends with the last of its
/// children.
///
/// # Examples
///
/// A worker with state panics at a poisonous message, and goes on with the rest of its queue:
///
/// ```
/// use std::time::Duration;
///
/// use actor_core::{Actor, Context, Message, Reply, Runtime, Spawn, ThreadConfig};
/// use actor_system::supervise::{Strategy, Supervisor};
///
/// enum Job {
///     Divide(u64, u64),
///     Sum(Reply<u64>),
/// }
/// impl Message for Job {}
///
/// struct State(u64);
/// impl Actor for State {
///     type Message = Job;
///     async fn handle(&mut self, job: Job, _cx: &mut Context<Job>) {
///         match job {
///             Job::Divide(dividend, divisor) => self.0 += dividend / divisor,
///             Job::Sum(reply) => reply.send(self.0),
///         }
///     }
/// }
///
/// let timeout = Duration::from_secs(10);
/// let executor = actor_smol::SmolRuntime::new().start_executor(ThreadConfig::named("sums"))?;
/// let (worker, mailbox) = actor_core::mailbox();
/// let running = Supervisor::new(Strategy::OneForOne)
///     .child(Spawn::new(mailbox).named("worker"), &executor, || State(0))
///     .start(&executor)?;
/// worker.try_tell_all([(6, 2), (6, 0), (6, 3)].map(|(n, by)| Job::Divide(n, by)))?;
/// // The division by zero has ended the first life, with its sum of 3.
/// assert_eq!(worker.ask_blocking(Job::Sum, timeout)?, 2);
///
/// running.stop(timeout);
/// assert!(running.join_blocking(timeout).is_some_and(|exit| exit.reason.is_normal()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
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
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use actor_core::{Actor, Context, Message, Runtime, Spawn, ThreadConfig};
    /// # use actor_system::supervise::{Strategy, Supervisor};
    /// # struct Job;
    /// # impl Message for Job {}
    /// # struct Worker;
    /// # impl Actor for Worker {
    /// #     type Message = Job;
    /// #     async fn handle(&mut self, _job: Job, _cx: &mut Context<Job>) {}
    /// # }
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// # let executor = runtime.start_executor(ThreadConfig::named("net"))?;
    /// // Without children, there is nothing to wait for.
    /// let running = Supervisor::new(Strategy::OneForOne).start(&executor)?;
    /// let exit = running.join_blocking(Duration::from_secs(10)).expect("it ends by itself");
    /// assert!(exit.reason.is_normal());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
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

    /// Names the supervisor. The names of its children come below it: `net/a`, and in a system
    /// `/net/a`.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use actor_core::{Actor, Context, Message, Runtime, Spawn, ThreadConfig};
    /// # use actor_system::supervise::{Strategy, Supervisor};
    /// # struct Job;
    /// # impl Message for Job {}
    /// # struct Worker;
    /// # impl Actor for Worker {
    /// #     type Message = Job;
    /// #     async fn handle(&mut self, _job: Job, _cx: &mut Context<Job>) {}
    /// # }
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// # use actor_system::System;
    /// let system = System::new("node", runtime)?;
    /// let (_worker, mailbox) = actor_core::mailbox();
    /// let _running = Supervisor::new(Strategy::OneForOne)
    ///     .named("net")
    ///     .child(Spawn::new(mailbox).named("a"), &system, || Worker)
    ///     .start(&system)?;
    /// let actors = system.actors();
    /// let mut paths: Vec<_> = actors.iter().map(|actor| &*actor.path).collect();
    /// paths.sort();
    /// assert_eq!(paths, ["/net", "/net/a"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn named(mut self, name: impl Into<Arc<str>>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Sets the policy of the children: the reasons for another life, the delay before it, and the
    /// number of restarts of all of them together. [`Restart::transient`] unless stated.
    ///
    /// A child with a [policy of its own](actor_core::Spawn::restart) follows its own. Its
    /// restarts count on both accounts.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use actor_core::{Actor, Context, Message, Runtime, Spawn, ThreadConfig};
    /// # use actor_system::supervise::{Strategy, Supervisor};
    /// # struct Job;
    /// # impl Message for Job {}
    /// # struct Worker;
    /// # impl Actor for Worker {
    /// #     type Message = Job;
    /// #     async fn handle(&mut self, _job: Job, _cx: &mut Context<Job>) {}
    /// # }
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// # let executor = runtime.start_executor(ThreadConfig::named("net"))?;
    /// use actor_core::life::{Backoff, Restart};
    ///
    /// let (ms, second) = (Duration::from_millis, Duration::from_secs(1));
    /// let policy = Restart::up_to(5)
    ///     .within(60 * second)
    ///     .backoff(Backoff::exponential(ms(50), 5 * second).jitter());
    /// let (worker, mailbox) = actor_core::mailbox();
    /// let running = Supervisor::new(Strategy::OneForOne)
    ///     .restart(policy)
    ///     .child(Spawn::new(mailbox), &executor, || Worker)
    ///     .start(&executor)?;
    /// assert!(worker.try_tell(Job).is_ok());
    /// # running.kill();
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn restart(mut self, policy: Restart) -> Self {
        self.policy = policy;
        self
    }

    /// Sets when a shutdown of the system stops the tree, with all its actors in their order.
    /// [`Phase::Owners`] unless stated. The phases of the children are not used.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use actor_core::{Actor, Context, Message, Runtime, Spawn, ThreadConfig};
    /// # use actor_system::supervise::{Strategy, Supervisor};
    /// # struct Job;
    /// # impl Message for Job {}
    /// # struct Worker;
    /// # impl Actor for Worker {
    /// #     type Message = Job;
    /// #     async fn handle(&mut self, _job: Job, _cx: &mut Context<Job>) {}
    /// # }
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// # use actor_core::life::Phase;
    /// # use actor_system::System;
    /// let system = System::new("node", runtime)?;
    /// let (_worker, mailbox) = actor_core::mailbox();
    /// let _running = Supervisor::new(Strategy::OneForOne)
    ///     .phase(Phase::Sources)
    ///     .child(Spawn::new(mailbox), &system, || Worker)
    ///     .start(&system)?;
    /// assert!(system.actors().iter().all(|actor| actor.phase == Phase::Sources));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn phase(mut self, phase: Phase) -> Self {
        self.phase = phase;
        self
    }

    /// Sets the effect of an end of the tree by a child's panic, after too many restarts.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use actor_core::life::{OnPanic, Restart};
    /// use actor_core::{Actor, Context, Message, Spawn};
    /// use actor_system::System;
    /// use actor_system::supervise::{Strategy, Supervisor};
    ///
    /// struct Job;
    /// impl Message for Job {}
    /// struct Faulty;
    /// impl Actor for Faulty {
    ///     type Message = Job;
    ///     async fn handle(&mut self, _job: Job, _cx: &mut Context<Job>) {
    ///         panic!("a bad job")
    ///     }
    /// }
    ///
    /// let system = System::new("node", actor_smol::SmolRuntime::new())?;
    /// let (faulty, mailbox) = actor_core::mailbox();
    /// let _running = Supervisor::new(Strategy::OneForOne)
    ///     .restart(Restart::up_to(1))
    ///     .on_panic(OnPanic::EndSystem)
    ///     .child(Spawn::new(mailbox), &system, || Faulty)
    ///     .start(&system)?;
    /// faulty.try_tell_all([Job, Job])?;
    /// let report = system.stopped_blocking(Duration::from_secs(10)).expect("it ends");
    /// assert!(report.to_string().contains("a bad job"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn on_panic(mut self, on_panic: OnPanic) -> Self {
        self.on_panic = on_panic;
        self
    }

    /// Adds an actor as the last child. `make` makes the state of each life.
    ///
    /// The child may run on any place, on any runtime. Its `Spawn` may have a
    /// [policy](actor_core::Spawn::restart), a name and hooks of its own.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use actor_core::{Actor, Context, Message, Runtime, Spawn, ThreadConfig};
    /// # use actor_system::supervise::{Strategy, Supervisor};
    /// # struct Job;
    /// # impl Message for Job {}
    /// # struct Worker;
    /// # impl Actor for Worker {
    /// #     type Message = Job;
    /// #     async fn handle(&mut self, _job: Job, _cx: &mut Context<Job>) {}
    /// # }
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// # let executor = runtime.start_executor(ThreadConfig::named("net"))?;
    /// use actor_core::life::Restart;
    ///
    /// let (first, first_mailbox) = actor_core::mailbox();
    /// let (second, second_mailbox) = actor_core::mailbox();
    /// let running = Supervisor::new(Strategy::RestForOne)
    ///     .child(Spawn::new(first_mailbox), &executor, || Worker)
    ///     .child(Spawn::new(second_mailbox).restart(Restart::temporary()), &executor, || Worker)
    ///     .start(&executor)?;
    /// assert!(first.try_tell(Job).is_ok() && second.try_tell(Job).is_ok());
    /// # running.kill();
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn child<C: Child + 'p, K: 'static, R: Made<C::Message, K> + 'static>(
        mut self,
        child: C,
        place: &'p (impl Place + ?Sized),
        make: impl FnMut() -> R + Send + 'static,
    ) -> Self {
        self.children.push(Member::Worker(Prepared::new(child, place, make)));
        self
    }

    /// Adds a supervisor as the last child. It begins again, with all its children and their
    /// mailboxes, by the policy of this one.
    ///
    /// Its [phase](Self::phase) and its [`on_panic`](Self::on_panic) are not used: those of the
    /// root apply to the tree.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use actor_core::{Actor, Context, Message, Runtime, Spawn, ThreadConfig};
    /// # use actor_system::supervise::{Strategy, Supervisor};
    /// # struct Job;
    /// # impl Message for Job {}
    /// # struct Worker;
    /// # impl Actor for Worker {
    /// #     type Message = Job;
    /// #     async fn handle(&mut self, _job: Job, _cx: &mut Context<Job>) {}
    /// # }
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// # let executor = runtime.start_executor(ThreadConfig::named("net"))?;
    /// let (store, store_mailbox) = actor_core::mailbox();
    /// let (peer, peer_mailbox) = actor_core::mailbox();
    /// let peers = Supervisor::new(Strategy::OneForOne)
    ///     .named("peers")
    ///     .child(Spawn::new(peer_mailbox), &executor, || Worker);
    /// let running = Supervisor::new(Strategy::RestForOne)
    ///     .child(Spawn::new(store_mailbox), &executor, || Worker)
    ///     .supervisor(peers)
    ///     .start(&executor)?;
    /// running.started_blocking(Duration::from_secs(10))?;
    /// assert!(store.try_tell(Job).is_ok() && peer.try_tell(Job).is_ok());
    /// # running.kill();
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn supervisor(mut self, supervisor: Supervisor<'p>) -> Self {
        self.children.push(Member::Team(supervisor));
        self
    }

    /// Starts the tree, with its own actor at this place. Returns at once; the tree has
    /// [started](Running::started) when all its children have.
    ///
    /// [`Running::stop`] stops the children in reverse order, each within the rest of the
    /// deadline, and then ends. [`Running::kill`], and a passed deadline, kill all children left;
    /// their exits may follow the exit of the tree.
    ///
    /// After too many restarts, the exit of the tree has the reason of the last failure.
    ///
    /// In a system, all places of the tree should be of the same system: its shutdown leaves the
    /// children to their supervisor.
    ///
    /// # Errors
    ///
    /// Fails if a place refuses the supervisor or a child. Then no actor of the tree is left.
    ///
    /// # Panics
    ///
    /// Panics if the tree has more than a million actors.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use actor_core::{Actor, Context, Message, Runtime, Spawn, ThreadConfig};
    /// # use actor_system::supervise::{Strategy, Supervisor};
    /// # struct Job;
    /// # impl Message for Job {}
    /// # struct Worker;
    /// # impl Actor for Worker {
    /// #     type Message = Job;
    /// #     async fn handle(&mut self, _job: Job, _cx: &mut Context<Job>) {}
    /// # }
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// # let executor = runtime.start_executor(ThreadConfig::named("net"))?;
    /// let (worker, mailbox) = actor_core::mailbox();
    /// let running = Supervisor::new(Strategy::OneForAll)
    ///     .child(Spawn::new(mailbox), &executor, || Worker)
    ///     .start(&executor)?;
    /// running.started_blocking(Duration::from_secs(10))?;
    /// running.stop(Duration::from_secs(10));
    /// assert!(running.join_blocking(Duration::from_secs(10)).is_some());
    /// assert!(worker.is_closed());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
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
