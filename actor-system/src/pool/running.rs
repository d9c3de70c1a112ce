//! The spawner's side of a pool: its stop and its end.

use std::fmt;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use actor_core::handle::park_for;
use actor_core::life::NotStarted;
use actor_core::{Exit, Running};

/// The spawner's side of a pool: stops all workers with one deadline, and waits for their exits.
///
/// Dropping it detaches the pool, which then ends when no handle is left.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use actor_core::{Actor, Context, Message, Runtime, ThreadConfig};
/// use actor_system::pool::{Pool, PoolRunning};
///
/// struct Job;
/// impl Message for Job {}
///
/// struct Worker;
/// impl Actor for Worker {
///     type Message = Job;
///     async fn handle(&mut self, _job: Job, _cx: &mut Context<Job>) {}
/// }
///
/// # let runtime = actor_smol::SmolRuntime::new();
/// let executor = runtime.start_executor(ThreadConfig::named("jobs"))?;
/// let (jobs, running): (_, PoolRunning) = Pool::new(2).start(&executor, |_index| Worker)?;
/// for _ in 0..10 {
///     jobs.try_tell(Job)?;
/// }
/// let timeout = Duration::from_secs(10);
/// running.stop(timeout);
/// let exit = running.join_blocking(timeout).expect("they end in time");
/// assert!(exit.is_normal());
/// assert_eq!((exit.handled(), exit.undelivered()), (10, 0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "the spawner of a pool decides when it stops; `drop` it to let the pool run on"]
#[derive(Clone)]
pub struct PoolRunning {
    queue: Option<Running>,
    workers: Arc<[Running]>,
}

/// How a pool ended.
///
/// # Examples
///
/// ```
/// # use std::time::Duration;
/// # use actor_core::{Actor, Context, Message, Runtime, ThreadConfig};
/// # use actor_system::pool::{Pool, PoolExit};
/// # struct Job;
/// # impl Message for Job {}
/// # struct Worker;
/// # impl Actor for Worker {
/// #     type Message = Job;
/// #     async fn handle(&mut self, _job: Job, _cx: &mut Context<Job>) {
/// #         panic!("a bad job");
/// #     }
/// # }
/// # let runtime = actor_smol::SmolRuntime::new();
/// # let executor = runtime.start_executor(ThreadConfig::named("jobs"))?;
/// // A worker that panics at its first job, and is not restarted.
/// let (jobs, running) = Pool::new(2).start(&executor, |_index| Worker)?;
/// jobs.try_tell(Job)?;
/// drop(jobs);
/// let exit: PoolExit =
///     running.join_blocking(Duration::from_secs(10)).expect("nothing reaches them");
/// let normal: Vec<_> = exit.workers.iter().map(|exit| exit.reason.is_normal()).collect();
/// assert_eq!(normal, [false, true]);
/// assert!(!exit.is_normal());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PoolExit {
    /// The exit of the shared queue, if the pool has one. A message handed to a worker counts as
    /// handled here.
    pub queue: Option<Exit>,
    /// The exit of each worker, by its index.
    pub workers: Vec<Exit>,
}

impl PoolExit {
    /// Returns whether the queue and all workers ended regularly: they stopped, or no handle was
    /// left.
    ///
    /// # Examples
    ///
    /// See [`PoolExit`].
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
    /// let (_jobs, running) = Pool::new(2).start(&executor, |_index| Worker)?;
    /// running.kill();
    /// let exit = running.join_blocking(Duration::from_secs(10)).expect("they end");
    /// assert!(!exit.is_normal());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn is_normal(&self) -> bool {
        self.exits().all(|exit| exit.reason.is_normal())
    }

    /// Returns the number of messages handled by the workers.
    ///
    /// # Examples
    ///
    /// See [`PoolRunning`].
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
    /// let exit = running.join_blocking(Duration::from_secs(10)).expect("nothing reaches them");
    /// assert_eq!(exit.handled(), 1, "at its worker");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn handled(&self) -> u64 {
        let lanes = self.workers.iter().flat_map(|exit| &exit.lanes);
        lanes.map(|lane| lane.handled).sum()
    }

    /// Returns the number of accepted messages that no worker has handled. In a pool with a shared
    /// queue, these are the messages of the queue.
    ///
    /// # Examples
    ///
    /// See [`PoolRunning`].
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
    /// #     async fn handle(&mut self, _job: Job, _cx: &mut Context<Job>) {
    /// #         std::future::pending().await
    /// #     }
    /// # }
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// # let executor = runtime.start_executor(ThreadConfig::named("jobs"))?;
    /// // A worker that never returns from its first job.
    /// let (jobs, running) = Pool::new(1).start(&executor, |_index| Worker)?;
    /// (0..3).for_each(|_| jobs.try_tell(Job).expect("there is room"));
    /// running.stop(Duration::from_millis(10));
    /// let exit = running.join_blocking(Duration::from_secs(10)).expect("it ends");
    /// assert_eq!(exit.undelivered() + exit.handled(), 3);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn undelivered(&self) -> u64 {
        match &self.queue {
            // A message undelivered at a worker went back into the queue.
            Some(queue) => queue.undelivered(),
            None => self.workers.iter().map(Exit::undelivered).sum(),
        }
    }

    fn exits(&self) -> impl Iterator<Item = &Exit> {
        self.queue.iter().chain(&self.workers)
    }
}

impl PoolRunning {
    pub(super) fn new(queue: Option<Running>, workers: Arc<[Running]>) -> Self {
        Self { queue, workers }
    }

    /// Stops the pool: it accepts nothing new, and handles its queues for at most `patience`.
    /// Returns immediately; [`join`](Self::join) waits.
    ///
    /// The deadline is the same for all workers. A shared queue hands out its messages first, and
    /// the workers stop after it. See [`Running::stop`].
    ///
    /// # Examples
    ///
    /// See [`PoolRunning`].
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
    /// (0..100).for_each(|_| jobs.try_tell(Job).expect("there is room"));
    /// running.stop(Duration::from_secs(10));
    /// assert!(jobs.try_tell(Job).is_err(), "nothing new is accepted");
    /// let exit = running.join_blocking(Duration::from_secs(10)).expect("they end in time");
    /// assert_eq!(exit.handled(), 100);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn stop(&self, patience: Duration) {
        match &self.queue {
            // It stops the workers at its own end.
            Some(queue) => queue.stop(patience),
            None => self.workers.iter().for_each(|worker| worker.stop(patience)),
        }
    }

    /// Kills the pool: no further message is handled. Returns immediately; [`join`](Self::join)
    /// waits. See [`Running::kill`].
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use actor_core::{Actor, Context, ExitReason, Message, Runtime, ThreadConfig};
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
    /// let (_jobs, running) = Pool::new(2).start(&executor, |_index| Worker)?;
    /// running.kill();
    /// let exit = running.join_blocking(Duration::from_secs(10)).expect("they end");
    /// assert!(matches!(exit.workers[0].reason, ExitReason::Killed));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn kill(&self) {
        self.all().for_each(Running::kill);
    }

    /// Waits until all workers have started.
    ///
    /// # Errors
    ///
    /// Returns the exit of the first worker that ended before its first message. The other workers
    /// run on.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future has no effect.
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
    /// let (_jobs, running) = Pool::new(2).start(&executor, |_index| Worker)?;
    /// assert!(futures::executor::block_on(running.started()).is_ok());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub async fn started(&self) -> Result<(), Exit> {
        // The queue last: it starts with its first worker, and ends with its last one.
        for running in self.workers.iter().chain(&self.queue) {
            running.started().await?;
        }
        Ok(())
    }

    /// Waits until all workers have started, parking the thread for at most `timeout`.
    ///
    /// # Errors
    ///
    /// As [`started`](Self::started), and [`NotStarted::Timeout`].
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use actor_core::life::NotStarted;
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
    /// let make = |index| if index == 1 { Err("no such key") } else { Ok(Worker) };
    /// let (_jobs, running) = Pool::new(2).start(&executor, make)?;
    /// let started = running.started_blocking(Duration::from_secs(10));
    /// assert!(matches!(started, Err(NotStarted::Ended(exit)) if !exit.reason.is_normal()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn started_blocking(&self, timeout: Duration) -> Result<(), NotStarted> {
        let started = park_for(pin!(self.started()), timeout);
        started.ok_or(NotStarted::Timeout)?.map_err(NotStarted::Ended)
    }

    /// Waits for the end of the queue and of all workers.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future has no effect.
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
    /// let (jobs, running) = Pool::new(2).start(&executor, |_index| Worker)?;
    /// // Without a handle, the workers end after their queues.
    /// drop(jobs);
    /// let exit = futures::executor::block_on(running.join());
    /// assert_eq!(exit.workers.len(), 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub async fn join(&self) -> PoolExit {
        let queue = match &self.queue {
            Some(queue) => Some(queue.join().await),
            None => None,
        };
        let mut workers = Vec::with_capacity(self.workers.len());
        for worker in self.workers.iter() {
            workers.push(worker.join().await);
        }
        PoolExit { queue, workers }
    }

    /// Waits for the end of the queue and of all workers, parking the thread. Returns `None` after
    /// `timeout`.
    ///
    /// # Examples
    ///
    /// See [`PoolRunning`].
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
    /// let (_jobs, running) = Pool::new(2).start(&executor, |_index| Worker)?;
    /// assert!(running.join_blocking(Duration::ZERO).is_none(), "it runs");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn join_blocking(&self, timeout: Duration) -> Option<PoolExit> {
        park_for(pin!(self.join()), timeout)
    }

    /// Returns the spawner's side of each worker, by its index.
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
    /// let (_jobs, running) = Pool::new(2).named("jobs").start(&executor, |_index| Worker)?;
    /// assert_eq!(running.workers()[1].name().as_deref(), Some("jobs-1"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn workers(&self) -> &[Running] {
        &self.workers
    }

    fn all(&self) -> impl Iterator<Item = &Running> {
        self.queue.iter().chain(self.workers.iter())
    }
}

impl fmt::Debug for PoolRunning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PoolRunning")
            .field("queue", &self.queue)
            .field("workers", &self.workers)
            .finish()
    }
}
