//! The sending end of a pool.

use std::fmt;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use actor_core::handle::{
    AskBlockingError, Letter, Returned, TellError, TryTellError, WeakHandle, park_for,
};
use actor_core::mailbox::LaneStats;
use actor_core::reply::{Answer, Reply};
use actor_core::{Handle, Message};

use crate::pool::ask::PoolAsk;
use crate::pool::route::Workers;
use crate::pool::tell::RoutedTell;

/// Sends messages to the workers of a [`Pool`](crate::pool::Pool), from any thread, with or without
/// a runtime. Cloning is cheap.
///
/// The methods are those of a [`Handle`]. A pool is `Full` if every worker of the message's route
/// is full, and `Closed` if all of them have ended. The workers end when no handle is left and
/// their queues are empty.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use actor_core::{Actor, Context, Message, Reply, Runtime, ThreadConfig};
/// use actor_system::pool::{Pool, PoolHandle};
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
/// # let runtime = actor_smol::SmolRuntime::new();
/// let executor = runtime.start_executor(ThreadConfig::named("squares"))?;
/// let (squares, _running) = Pool::new(2).start(&executor, |_index| Worker)?;
/// let other: PoolHandle<Square> = squares.clone();
/// drop(squares);
/// let timeout = Duration::from_secs(10);
/// assert_eq!(other.ask_blocking(|reply| Square(7, reply), timeout)?, 49);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct PoolHandle<M: Message> {
    way: Way<M>,
}

/// The way of a message to a worker.
pub(super) enum Way<M: Message> {
    Routed(Arc<Workers<M>>),
    /// By one queue in front of the workers.
    Queued(Handle<M>, Arc<[WeakHandle<M>]>),
}

/// The figures of a pool, by lane.
///
/// # Examples
///
/// ```
/// # use std::time::Duration;
/// # use actor_core::{Actor, Context, Message, Reply, Runtime, ThreadConfig};
/// # use actor_system::pool::Pool;
/// # struct Ping(Reply<()>);
/// # impl Message for Ping {}
/// # struct Worker;
/// # impl Actor for Worker {
/// #     type Message = Ping;
/// #     async fn handle(&mut self, Ping(reply): Ping, _cx: &mut Context<Ping>) {
/// #         reply.send(());
/// #     }
/// # }
/// # let runtime = actor_smol::SmolRuntime::new();
/// # let executor = runtime.start_executor(ThreadConfig::named("pings"))?;
/// let (pings, running) = Pool::new(2).start(&executor, |_index| Worker)?;
/// for _ in 0..4 {
///     pings.ask_blocking(Ping, Duration::from_secs(10))?;
/// }
/// let stats = pings.stats();
/// let accepted: Vec<_> = stats.workers.iter().map(|lanes| lanes[0].accepted).collect();
/// assert_eq!(accepted, [2, 2]);
/// assert!(stats.queue.is_none(), "it has no shared queue");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PoolStats {
    /// The lanes of the shared queue, if the pool has one.
    pub queue: Option<Vec<LaneStats>>,
    /// The lanes of each worker. Empty for a worker whose mailbox has been freed.
    pub workers: Vec<Vec<LaneStats>>,
}

impl<M: Message> PoolHandle<M> {
    pub(super) fn new(way: Way<M>) -> Self {
        Self { way }
    }

    /// Sends the message immediately, or returns it. Never waits, never allocates beyond what
    /// [`Handle::try_tell`] does, and needs no runtime.
    ///
    /// # Errors
    ///
    /// [`TryTellError::Full`] if no worker of the route has room, and [`TryTellError::Closed`] if
    /// all of them have ended. Both return the message.
    ///
    /// # Panics
    ///
    /// As [`Handle::try_tell`]. A panic in the function of [`Route::by_key`] reaches the caller as
    /// well, and nothing is sent.
    ///
    /// [`Route::by_key`]: crate::pool::Route::by_key
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::{Actor, Context, Message, Runtime, ThreadConfig, TryTellError};
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
    /// assert!(jobs.try_tell(Job).is_ok());
    /// running.kill();
    /// assert!(matches!(jobs.try_tell(Job), Err(TryTellError::Closed(Job))));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn try_tell(&self, message: M) -> Result<(), TryTellError<M>> {
        match &self.way {
            Way::Routed(workers) => post(workers, Letter::new(message)),
            Way::Queued(queue, _) => queue.try_tell(message),
        }
    }

    /// Sends the message, waiting for room at any worker of its route.
    ///
    /// # Errors
    ///
    /// [`TellError`] returns the message if all workers of its route end before there is room.
    ///
    /// # Panics
    ///
    /// The future panics as [`try_tell`](Self::try_tell) does.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future before it is ready sends nothing, and drops the message.
    ///
    /// # Examples
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
    /// let (jobs, running) = Pool::new(2).start(&executor, |_index| Worker)?;
    /// futures::executor::block_on(async {
    ///     // More messages than fit into the lanes of all workers.
    ///     for _ in 0..5000 {
    ///         jobs.tell(Job).await.expect("the workers run");
    ///     }
    /// });
    /// running.stop(Duration::from_secs(10));
    /// let exit = running.join_blocking(Duration::from_secs(10)).expect("they end in time");
    /// assert_eq!(exit.handled(), 5000);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub async fn tell(&self, message: M) -> Result<(), TellError<M>> {
        match &self.way {
            Way::Routed(workers) => RoutedTell::new(workers, Letter::new(message)).await,
            Way::Queued(queue, _) => queue.tell(message).await,
        }
    }

    /// Sends a message with a [`Reply`] in it, waiting for room, and returns the answer.
    /// [`PoolAsk::timeout`] limits the time.
    ///
    /// # Errors
    ///
    /// [`AskError::Closed`](actor_core::AskError::Closed) returns the unsent message.
    /// [`AskError::Dropped`](actor_core::AskError::Dropped) states that no answer
    /// will arrive, for instance because the worker panicked.
    ///
    /// # Panics
    ///
    /// The future panics as [`try_tell`](Self::try_tell) does.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future cancels a queued ask: no worker handles it. An ask handed to an idle
    /// worker by a shared queue is not queued any more.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::{Actor, Context, Message, Reply, Runtime, ThreadConfig};
    /// # use actor_system::pool::{Pool, Route};
    /// struct Who(u64, Reply<usize>);
    /// impl Message for Who {}
    ///
    /// struct Worker(usize);
    /// impl Actor for Worker {
    ///     type Message = Who;
    ///     async fn handle(&mut self, Who(_key, reply): Who, _cx: &mut Context<Who>) {
    ///         reply.send(self.0);
    ///     }
    /// }
    ///
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// # let executor = runtime.start_executor(ThreadConfig::named("who"))?;
    /// let pool = Pool::new(4).route(Route::by_key(|who: &Who| who.0));
    /// let (who, _running) = pool.start(&executor, Worker)?;
    /// futures::executor::block_on(async {
    ///     let first = who.ask(|reply| Who(7, reply)).await.expect("it answers");
    ///     let again = who.ask(|reply| Who(7, reply)).await.expect("it answers");
    ///     assert_eq!(first, again, "the same key has the same worker");
    /// });
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn ask<T: Send + 'static, F: FnOnce(Reply<T>) -> M>(
        &self,
        make: F,
    ) -> PoolAsk<'_, M, T, F> {
        match &self.way {
            Way::Routed(workers) => PoolAsk::routed(workers, make),
            Way::Queued(queue, _) => PoolAsk::queued(queue.ask(make)),
        }
    }

    /// Sends a message with a [`Reply`] in it immediately, and returns a future of the answer.
    ///
    /// # Errors
    ///
    /// As [`try_tell`](Self::try_tell).
    ///
    /// # Panics
    ///
    /// As [`try_tell`](Self::try_tell).
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::{Actor, Context, Message, Reply, Runtime, ThreadConfig};
    /// # use actor_system::pool::Pool;
    /// # struct Square(u64, Reply<u64>);
    /// # impl Message for Square {}
    /// # struct Worker;
    /// # impl Actor for Worker {
    /// #     type Message = Square;
    /// #     async fn handle(&mut self, Square(n, reply): Square, _cx: &mut Context<Square>) {
    /// #         reply.send(n * n);
    /// #     }
    /// # }
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// # let executor = runtime.start_executor(ThreadConfig::named("squares"))?;
    /// let (squares, _running) = Pool::new(4).start(&executor, |_index| Worker)?;
    /// // All of them are computed at the same time, if the place has several threads.
    /// let ask = |n| squares.try_ask(move |reply| Square(n, reply)).expect("there is room");
    /// let answers = futures::future::join_all([1, 2, 3].map(ask));
    /// assert_eq!(futures::executor::block_on(answers), [Ok(1), Ok(4), Ok(9)]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn try_ask<T: Send + 'static>(
        &self,
        make: impl FnOnce(Reply<T>) -> M,
    ) -> Result<Answer<T>, TryTellError<M>> {
        match &self.way {
            Way::Routed(workers) => {
                let (letter, answer) = Letter::asking(make);
                post(workers, letter)?;
                Ok(answer)
            }
            Way::Queued(queue, _) => queue.try_ask(make),
        }
    }

    /// Sends the message from a plain thread, which parks until there is room or the timeout
    /// passes.
    ///
    /// Blocks its thread. In a runtime's thread use [`tell`](Self::tell).
    ///
    /// # Errors
    ///
    /// [`TryTellError::Full`] after the timeout, and [`TryTellError::Closed`] if all workers of the
    /// route end. Both return the message.
    ///
    /// # Panics
    ///
    /// As [`try_tell`](Self::try_tell).
    ///
    /// # Examples
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
    /// let (jobs, running) = Pool::new(2).start(&executor, |_index| Worker)?;
    /// let timeout = Duration::from_secs(10);
    /// (0..5000).for_each(|_| jobs.tell_blocking(Job, timeout).expect("there is room in time"));
    /// drop(jobs);
    /// let exit = running.join_blocking(timeout).expect("nothing reaches them");
    /// assert_eq!(exit.handled(), 5000);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn tell_blocking(&self, message: M, timeout: Duration) -> Result<(), TryTellError<M>> {
        match &self.way {
            Way::Routed(workers) => send_blocking(workers, Letter::new(message), timeout),
            Way::Queued(queue, _) => queue.tell_blocking(message, timeout),
        }
    }

    /// Asks from a plain thread, which parks until the answer arrives or the timeout passes.
    ///
    /// Blocks its thread. In a runtime's thread use [`ask`](Self::ask).
    ///
    /// # Errors
    ///
    /// See [`AskBlockingError`]. The wait for room and the wait for the answer each have the whole
    /// `timeout`.
    ///
    /// # Panics
    ///
    /// As [`try_tell`](Self::try_tell).
    ///
    /// # Examples
    ///
    /// See [`PoolHandle`].
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use actor_core::{Actor, Context, Message, Reply, Runtime, ThreadConfig};
    /// # use actor_system::pool::Pool;
    /// # struct Ping(Reply<&'static str>);
    /// # impl Message for Ping {}
    /// # struct Worker;
    /// # impl Actor for Worker {
    /// #     type Message = Ping;
    /// #     async fn handle(&mut self, Ping(reply): Ping, _cx: &mut Context<Ping>) {
    /// #         reply.send("pong");
    /// #     }
    /// # }
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// # let executor = runtime.start_executor(ThreadConfig::named("pings"))?;
    /// let (pings, _running) = Pool::shared_queue(2).start(&executor, |_index| Worker)?;
    /// assert_eq!(pings.ask_blocking(Ping, Duration::from_secs(10))?, "pong");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn ask_blocking<T: Send + 'static>(
        &self,
        make: impl FnOnce(Reply<T>) -> M,
        timeout: Duration,
    ) -> Result<T, AskBlockingError<M>> {
        let workers = match &self.way {
            Way::Routed(workers) => workers,
            Way::Queued(queue, _) => return queue.ask_blocking(make, timeout),
        };
        let (letter, answer) = Letter::asking(make);
        send_blocking(workers, letter, timeout).map_err(|refused| match refused {
            TryTellError::Full(message) => AskBlockingError::Full(message),
            TryTellError::Closed(message) => AskBlockingError::Closed(message),
        })?;
        match park_for(pin!(answer), timeout) {
            Some(Ok(value)) => Ok(value),
            Some(Err(_dropped)) => Err(AskBlockingError::Dropped),
            None => Err(AskBlockingError::Timeout),
        }
    }

    /// Returns whether all workers have ended or are ending. No send succeeds after that.
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
    /// assert!(!jobs.is_closed());
    /// running.kill();
    /// assert!(jobs.is_closed());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn is_closed(&self) -> bool {
        match &self.way {
            Way::Routed(workers) => workers.handles.iter().all(Handle::is_closed),
            Way::Queued(queue, _) => queue.is_closed(),
        }
    }

    /// Waits until all workers have ended or are ending.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future has no effect.
    ///
    /// # Examples
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
    /// let (jobs, running) = Pool::new(2).start(&executor, |_index| Worker)?;
    /// std::thread::spawn(move || running.stop(Duration::from_secs(10)));
    /// futures::executor::block_on(jobs.closed());
    /// assert!(jobs.is_closed());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub async fn closed(&self) {
        match &self.way {
            Way::Routed(workers) => {
                for worker in &workers.handles {
                    worker.closed().await;
                }
            }
            Way::Queued(queue, _) => queue.closed().await,
        }
    }

    /// Returns the figures of the queue and of each worker. Cheap enough for a status line, not for
    /// every message.
    ///
    /// A message refused by all workers of its route counts as refused once, at the first one. A
    /// message of a shared queue counts twice: in the queue, and at its worker.
    ///
    /// # Examples
    ///
    /// See [`PoolStats`].
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
    /// let (jobs, _running) = Pool::shared_queue(2).start(&executor, |_index| Worker)?;
    /// jobs.try_tell(Job)?;
    /// let queue = jobs.stats().queue.expect("it has a shared queue");
    /// assert_eq!(queue[0].accepted, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn stats(&self) -> PoolStats {
        match &self.way {
            Way::Routed(workers) => PoolStats {
                queue: None,
                workers: workers.handles.iter().map(Handle::stats).collect(),
            },
            Way::Queued(queue, workers) => PoolStats {
                queue: Some(queue.stats()),
                workers: workers.iter().map(|worker| worker.stats().unwrap_or_default()).collect(),
            },
        }
    }
}

#[inline]
fn post<M: Message>(workers: &Workers<M>, letter: Letter<M>) -> Result<(), TryTellError<M>> {
    let (first, tried) = workers.choose(&letter);
    workers.post(letter, first, tried).map(drop).map_err(|returned| match returned {
        Returned::Full(letter) => {
            workers.handles[first].count_refused(&letter);
            TryTellError::Full(letter.into_message())
        }
        Returned::Closed(letter) => TryTellError::Closed(letter.into_message()),
    })
}

fn send_blocking<M: Message>(
    workers: &Workers<M>,
    letter: Letter<M>,
    timeout: Duration,
) -> Result<(), TryTellError<M>> {
    let mut telling = pin!(RoutedTell::new(workers, letter));
    match park_for(telling.as_mut(), timeout) {
        Some(sent) => sent.map_err(|TellError(message)| TryTellError::Closed(message)),
        None => post(workers, telling.give_up()),
    }
}

impl<M: Message> Clone for PoolHandle<M> {
    fn clone(&self) -> Self {
        let way = match &self.way {
            Way::Routed(workers) => Way::Routed(Arc::clone(workers)),
            Way::Queued(queue, workers) => Way::Queued(queue.clone(), Arc::clone(workers)),
        };
        Self { way }
    }
}

impl<M: Message> fmt::Debug for PoolHandle<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let workers = match &self.way {
            Way::Routed(workers) => workers.handles.len(),
            Way::Queued(_, workers) => workers.len(),
        };
        f.debug_struct("PoolHandle")
            .field("workers", &workers)
            .field("closed", &self.is_closed())
            .finish_non_exhaustive()
    }
}
