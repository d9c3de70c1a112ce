//! Starts a pool.

use std::fmt;
use std::sync::Arc;

use actor_core::actor::BoxError;
use actor_core::life::{Made, OnPanic, Phase, Place, Restart, SpawnError};
use actor_core::{Handle, Mailbox, Message, Running, Spawn, mailbox};

use crate::pool::front::Front;
use crate::pool::handle::{PoolHandle, Way};
use crate::pool::queued::Queued;
use crate::pool::route::{Route, Workers};
use crate::pool::running::PoolRunning;
use crate::pool::slot::{Common, End, MOST_WORKERS, Slot, reports};

/// Several equal actors behind one handle.
///
/// Each worker has a mailbox of its own, is restarted by a [policy](Self::restart) with its mailbox
/// kept, and may have an executor of its own: the place of the pool decides. The
/// [route](Pool::route) chooses the worker of each message. With a
/// [shared queue](Pool::shared_queue), the first idle worker takes the next message.
///
/// # Examples
///
/// A whole program:
///
/// ```
/// use std::time::Duration;
///
/// use actor_core::{Actor, Context, Message, Reply, Runtime, ThreadConfig};
/// use actor_system::pool::Pool;
///
/// struct Square(u64, Reply<u64>);
/// impl Message for Square {}
///
/// struct Worker;
/// impl Actor for Worker {
///     type Message = Square;
///     async fn handle(&mut self, Square(n, reply): Square, _cx: &mut Context<Square>) {
///         reply.send(n * n);
///     }
/// }
///
/// fn main() -> Result<(), Box<dyn std::error::Error>> {
///     let place = actor_thread::ThreadRuntime::new().start_executor(ThreadConfig::named("pool"))?;
///     let (squares, _running) = Pool::new(4).start(&place, |_index| Worker)?;
///     assert_eq!(squares.ask_blocking(|reply| Square(7, reply), Duration::from_secs(10))?, 49);
///     Ok(())
/// }
/// ```
#[must_use = "a pool is not started until `start`"]
pub struct Pool<M: Message, W = Routed<M>> {
    workers: usize,
    name: Option<Arc<str>>,
    phase: Phase,
    on_panic: OnPanic,
    restart: Restart,
    hook: Option<Hook<M>>,
    way: W,
}

/// Receives each undelivered message with its lane's name.
type Hook<M> = Arc<dyn Fn(&'static str, M) + Send + Sync>;

/// Marks a pool with routes.
#[doc(hidden)]
#[derive(Debug)]
pub struct Routed<M>(Route<M>);

/// Marks a pool with a shared queue.
#[doc(hidden)]
#[derive(Debug)]
pub struct Shared(());

/// The handle and the spawner's side of a pool.
type Started<M> = (PoolHandle<M>, PoolRunning);

impl<M: Message> Pool<M> {
    /// Creates a pool of `workers` workers, each with a mailbox of its own. The route is
    /// [`Route::RoundRobin`], unless stated.
    ///
    /// # Panics
    ///
    /// Panics if `workers` is 0.
    ///
    /// # Examples
    ///
    /// See [`Pool`].
    ///
    /// ```
    /// use actor_core::Message;
    /// use actor_system::pool::Pool;
    ///
    /// struct Job;
    /// impl Message for Job {}
    ///
    /// let pool: Pool<Job> = Pool::new(4).named("verifier");
    /// # drop(pool);
    /// ```
    pub fn new(workers: usize) -> Self {
        Self::with(workers, Routed(Route::RoundRobin))
    }

    /// Sets the worker of each message.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use actor_core::{Actor, Context, Message, Runtime, ThreadConfig};
    /// use actor_system::pool::{Pool, Route};
    ///
    /// struct Deposit {
    ///     account: u64,
    /// }
    /// impl Message for Deposit {}
    ///
    /// # struct Teller;
    /// # impl Actor for Teller {
    /// #     type Message = Deposit;
    /// #     async fn handle(&mut self, _deposit: Deposit, _cx: &mut Context<Deposit>) {}
    /// # }
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// # let executor = runtime.start_executor(ThreadConfig::named("bank"))?;
    /// // All deposits to one account have one worker, in the order of sending.
    /// let pool = Pool::new(4).route(Route::by_key(|deposit: &Deposit| deposit.account));
    /// let (bank, running) = pool.start(&executor, |_index| Teller)?;
    /// for _ in 0..3 {
    ///     bank.try_tell(Deposit { account: 7 })?;
    /// }
    /// drop(bank);
    /// let exit = running.join_blocking(Duration::from_secs(10)).expect("nothing reaches them");
    /// let mut handled: Vec<_> = exit.workers.iter().map(|exit| exit.lanes[0].handled).collect();
    /// handled.sort_unstable();
    /// assert_eq!(handled, [0, 0, 0, 3]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn route(mut self, route: Route<M>) -> Self {
        self.way = Routed(route);
        self
    }

    /// Starts all workers. `make` makes the state of each worker, by its index from 0, on the
    /// thread of its executor. It runs once for each life of each worker.
    ///
    /// Each worker has its own seat at the place. Executors as one place therefore spread the
    /// workers over their threads.
    ///
    /// # Errors
    ///
    /// Fails if the place refuses a worker. The workers started before are killed.
    ///
    /// # Examples
    ///
    /// See [`Pool`].
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use actor_core::{Actor, Context, Message, Runtime, ThreadConfig};
    /// # use actor_system::pool::Pool;
    /// # struct Job;
    /// # impl Message for Job {}
    /// # struct Worker(usize);
    /// # impl Actor for Worker {
    /// #     type Message = Job;
    /// #     async fn handle(&mut self, _job: Job, _cx: &mut Context<Job>) {}
    /// # }
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// # let executor = runtime.start_executor(ThreadConfig::named("jobs"))?;
    /// let (jobs, _running) = Pool::new(4).start(&executor, |index| Worker(index))?;
    /// jobs.try_tell(Job)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn start<K: 'static, R: Made<M, K> + 'static>(
        self,
        place: &(impl Place + ?Sized),
        make: impl Fn(usize) -> R + Send + Sync + 'static,
    ) -> Result<Started<M>, SpawnError> {
        let make = Arc::new(make);
        let (handles, mailboxes) = mailboxes(self.workers);
        let started = start_all(mailboxes, |index, mailbox| {
            let mut spawn = self.worker(index, mailbox, self.phase);
            if let Some(hook) = self.hook.clone() {
                spawn = spawn.on_undelivered(move |lane, message| hook(lane, message));
            }
            let make = Arc::clone(&make);
            spawn.restart(self.restart.clone()).start(place, move || make(index))
        });
        let Routed(route) = self.way;
        let handle = PoolHandle::new(Way::Routed(Arc::new(Workers::new(handles, route))));
        Ok((handle, PoolRunning::new(None, started?)))
    }
}

impl<M: Message> Pool<M, Shared> {
    /// Creates a pool of `workers` workers behind one queue. The queue is a mailbox with the lanes
    /// of the message type: their order, their bounds and their evictions hold for the whole pool.
    ///
    /// The next message goes to the worker that has been idle for the longest time. At most one
    /// message is away at each worker, so a panic loses the message in its hand and no other. A
    /// worker that ends for good gives an unhandled message back. At a stop, the queue hands out
    /// its messages until the deadline, and the workers stop after it. If all workers have ended,
    /// the queue ends as well.
    ///
    /// A worker that sends messages to [itself](actor_core::Context::handle) may receive the next
    /// one from the queue before it has handled them.
    ///
    /// # Costs
    ///
    /// The queue is an actor at the place of the pool. A message is sent twice, and its worker
    /// reports to the queue. A message waits for that report only if all workers are busy.
    ///
    /// # Panics
    ///
    /// Panics if `workers` is 0 or above 65,536.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::time::Duration;
    /// use actor_core::{Actor, Context, Lane, Message, Reply, Runtime, ThreadConfig};
    /// use actor_system::pool::Pool;
    ///
    /// enum Job {
    ///     Verify(u64, Reply<bool>),
    ///     Urgent(u64, Reply<bool>),
    /// }
    /// impl Message for Job {
    ///     const LANES: &'static [Lane] = &[Lane::control("urgent", 16), Lane::fifo("jobs", 1024)];
    ///     fn lane(&self) -> usize {
    ///         usize::from(matches!(self, Self::Verify(..)))
    ///     }
    /// }
    ///
    /// struct Verifier;
    /// impl Actor for Verifier {
    ///     type Message = Job;
    ///     async fn handle(&mut self, job: Job, _cx: &mut Context<Job>) {
    ///         let (Job::Verify(n, reply) | Job::Urgent(n, reply)) = job;
    ///         reply.send(n % 2 == 0);
    ///     }
    /// }
    ///
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// let executor = runtime.start_executor(ThreadConfig::named("verifiers"))?;
    /// let (verifier, _running) = Pool::shared_queue(2).start(&executor, |_index| Verifier)?;
    /// assert!(verifier.ask_blocking(|reply| Job::Urgent(4, reply), Duration::from_secs(10))?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn shared_queue(workers: usize) -> Self {
        assert!(workers <= MOST_WORKERS, "a shared queue has at most {MOST_WORKERS} workers");
        Self::with(workers, Shared(()))
    }

    /// Starts the queue and all workers. `make` makes the state of each worker, as in a pool with
    /// routes.
    ///
    /// # Errors
    ///
    /// Fails if the place refuses the queue or a worker. The actors started before are killed.
    ///
    /// # Examples
    ///
    /// See [`shared_queue`](Self::shared_queue).
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use actor_core::{Actor, Context, Message, Runtime, ThreadConfig};
    /// # use actor_system::pool::Pool;
    /// # struct Job;
    /// # impl Message for Job {}
    /// # struct Worker;
    /// # impl Actor for Worker {
    /// #     type Message = Job;
    /// #     async fn handle(&mut self, _job: Job, _cx: &mut Context<Job>) {}
    /// # }
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// # let executor = runtime.start_executor(ThreadConfig::named("jobs"))?;
    /// let (jobs, running) = Pool::shared_queue(2).start(&executor, |_index| Worker)?;
    /// jobs.try_tell(Job)?;
    /// drop(jobs);
    /// let exit = running.join_blocking(Duration::from_secs(10)).expect("nothing reaches it");
    /// assert_eq!(exit.handled(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn start<K: 'static, R: Made<M, K> + 'static>(
        self,
        place: &(impl Place + ?Sized),
        make: impl Fn(usize) -> R + Send + Sync + 'static,
    ) -> Result<Started<M>, SpawnError> {
        let make = Arc::new(make);
        let common = Arc::new(Common::new(self.workers));
        let (handles, mailboxes) = mailboxes(self.workers);
        let weak = handles.iter().map(Handle::downgrade).collect();
        let reports = reports(self.workers);
        let (queue, queue_mailbox) = mailbox();
        let slot = |index| {
            Arc::new(Slot::new(index, reports.handle(), queue.lender(), Arc::clone(&common)))
        };
        let slots: Vec<_> = (0..self.workers).map(slot).collect();
        let workers = handles.into_iter().zip(slots.iter().cloned()).collect();
        let running = {
            let common = Arc::clone(&common);
            let mut spawn = Spawn::new(queue_mailbox).phase(self.phase).on_panic(self.on_panic);
            if let Some(name) = &self.name {
                spawn = spawn.named(Arc::clone(name));
            }
            if let Some(hook) = self.hook.clone() {
                spawn = spawn.on_undelivered(move |lane, message| hook(lane, message));
            }
            spawn.start(place, move || Front::new(workers, reports, common))?
        };
        common.set_queue(running.clone());
        let started = start_all(mailboxes, |index, mailbox| {
            let (end, slot) = (End(Arc::clone(&slots[index])), Arc::clone(&slots[index]));
            let hook = self.hook.clone();
            // The queue stops the workers. In a system, they must not stop before it.
            let spawn =
                self.worker(index, mailbox, Phase::Stores).on_undelivered(move |lane, message| {
                    if let (Some(message), Some(hook)) = (end.give_back(message), &hook) {
                        hook(lane, message);
                    }
                });
            let make = Arc::clone(&make);
            spawn.restart(self.restart.clone()).start(place, move || {
                let actor = make(index).made()?;
                Ok::<_, BoxError>(Queued { actor, slot: Arc::clone(&slot) })
            })
        });
        let started = started.inspect_err(|_refused| running.kill())?;
        common.set_workers(Arc::clone(&started));
        running.passes_on_to(&started);
        Ok((PoolHandle::new(Way::Queued(queue, weak)), PoolRunning::new(Some(running), started)))
    }
}

impl<M: Message, W> Pool<M, W> {
    fn with(workers: usize, way: W) -> Self {
        assert!(workers > 0, "a pool without a worker would refuse every message");
        Self {
            workers,
            name: None,
            phase: Phase::Workers,
            on_panic: OnPanic::Stop,
            restart: Restart::temporary(),
            hook: None,
            way,
        }
    }

    /// Names the pool. The workers are named after it, such as `verifier-0`, and a shared queue has
    /// the name itself.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::{Actor, Context, Message, Runtime, ThreadConfig};
    /// # use actor_system::pool::Pool;
    /// # struct Job;
    /// # impl Message for Job {}
    /// # struct Worker;
    /// # impl Actor for Worker {
    /// #     type Message = Job;
    /// #     async fn handle(&mut self, _job: Job, _cx: &mut Context<Job>) {}
    /// # }
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// # let executor = runtime.start_executor(ThreadConfig::named("jobs"))?;
    /// let pool = Pool::new(2).named("verifier");
    /// let (_jobs, running) = pool.start(&executor, |_index| Worker)?;
    /// assert_eq!(running.workers()[0].name().as_deref(), Some("verifier-0"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn named(mut self, name: impl Into<Arc<str>>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Sets when a shutdown of the system stops the pool. [`Phase::Workers`] unless stated. Without
    /// a system, this has no effect.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::Message;
    /// use actor_core::life::Phase;
    /// use actor_system::pool::Pool;
    ///
    /// struct Job;
    /// impl Message for Job {}
    ///
    /// let pool: Pool<Job> = Pool::new(4).phase(Phase::Sources);
    /// # drop(pool);
    /// ```
    pub fn phase(mut self, phase: Phase) -> Self {
        self.phase = phase;
        self
    }

    /// Sets what a panic that ends a worker ends besides it. [`OnPanic::Stop`] unless stated.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::Message;
    /// use actor_core::life::OnPanic;
    /// use actor_system::pool::Pool;
    ///
    /// struct Job;
    /// impl Message for Job {}
    ///
    /// let pool: Pool<Job> = Pool::new(4).on_panic(OnPanic::EndSystem);
    /// # drop(pool);
    /// ```
    pub fn on_panic(mut self, on_panic: OnPanic) -> Self {
        self.on_panic = on_panic;
        self
    }

    /// Restarts each worker by this policy, with its mailbox kept. Each worker has its own number
    /// of restarts. Without a policy, a worker is not restarted.
    ///
    /// During a delay, the messages of a worker wait in its mailbox. With a shared queue, they wait
    /// in the queue for the other workers.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use actor_core::life::Restart;
    /// use actor_core::{Actor, Context, Message, Runtime, ThreadConfig};
    /// use actor_system::pool::Pool;
    ///
    /// struct Divide(u64, u64);
    /// impl Message for Divide {}
    ///
    /// struct Worker;
    /// impl Actor for Worker {
    ///     type Message = Divide;
    ///     async fn handle(&mut self, Divide(n, by): Divide, _cx: &mut Context<Divide>) {
    ///         assert_eq!(n / by, 2);
    ///     }
    /// }
    ///
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// # let executor = runtime.start_executor(ThreadConfig::named("divide"))?;
    /// let pool = Pool::new(1).restart(Restart::up_to(5));
    /// let (divide, running) = pool.start(&executor, |_index| Worker)?;
    /// divide.try_tell(Divide(6, 0))?;
    /// divide.try_tell(Divide(6, 3))?;
    /// drop(divide);
    /// let exit = running.join_blocking(Duration::from_secs(10)).expect("nothing reaches it");
    /// assert_eq!((exit.workers[0].restarts, exit.handled()), (1, 2));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn restart(mut self, policy: Restart) -> Self {
        self.restart = policy;
        self
    }

    /// Sets a hook for undelivered messages: accepted, and not handled when their worker ends, or
    /// when their queue does. See [`Spawn::on_undelivered`].
    ///
    /// The hook runs on the threads of the workers, on several at the same time.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use actor_core::{Actor, Context, Message, Runtime, ThreadConfig};
    /// # use actor_system::pool::Pool;
    /// # struct Job(u32);
    /// # impl Message for Job {}
    /// # struct Worker;
    /// # impl Actor for Worker {
    /// #     type Message = Job;
    /// #     async fn handle(&mut self, _job: Job, cx: &mut Context<Job>) {
    /// #         std::future::pending().await
    /// #     }
    /// # }
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// # let executor = runtime.start_executor(ThreadConfig::named("jobs"))?;
    /// let (sender, lost) = std::sync::mpsc::channel();
    /// let pool = Pool::new(1).on_undelivered(move |_lane, Job(n)| {
    ///     sender.send(n).expect("the test still listens");
    /// });
    /// // A worker that never returns from its first job.
    /// let (jobs, running) = pool.start(&executor, |_index| Worker)?;
    /// (1..=2).for_each(|n| jobs.try_tell(Job(n)).expect("there is room"));
    /// running.stop(Duration::from_millis(10));
    /// running.join_blocking(Duration::from_secs(10)).expect("it ends");
    /// assert_eq!(lost.into_iter().last(), Some(2));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn on_undelivered(
        mut self,
        hook: impl Fn(&'static str, M) + Send + Sync + 'static,
    ) -> Self {
        self.hook = Some(Arc::new(hook));
        self
    }

    /// The start of one worker, with its name.
    fn worker(&self, index: usize, mailbox: Mailbox<M>, phase: Phase) -> Spawn<M> {
        let spawn = Spawn::new(mailbox).phase(phase).on_panic(self.on_panic);
        match &self.name {
            Some(name) => spawn.named(format!("{name}-{index}")),
            None => spawn,
        }
    }
}

fn mailboxes<M: Message>(workers: usize) -> (Box<[Handle<M>]>, Vec<Mailbox<M>>) {
    let (handles, mailboxes): (Vec<_>, Vec<_>) = (0..workers).map(|_| mailbox()).unzip();
    (handles.into(), mailboxes)
}

/// Starts all workers, or none: those started before a refusal are killed.
fn start_all<M: Message>(
    mailboxes: Vec<Mailbox<M>>,
    start: impl Fn(usize, Mailbox<M>) -> Result<Running, SpawnError>,
) -> Result<Arc<[Running]>, SpawnError> {
    let mut started: Vec<Running> = Vec::with_capacity(mailboxes.len());
    for (index, mailbox) in mailboxes.into_iter().enumerate() {
        match start(index, mailbox) {
            Ok(running) => started.push(running),
            Err(refused) => {
                started.iter().for_each(Running::kill);
                return Err(refused);
            }
        }
    }
    Ok(started.into())
}

impl<M: Message, W> fmt::Debug for Pool<M, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool")
            .field("workers", &self.workers)
            .field("name", &self.name)
            .field("restart", &self.restart)
            .finish_non_exhaustive()
    }
}
