//! The ways to start work.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Instant;

use crate::actor::context::Context;
use crate::actor::work::cancel::Cancel;
use crate::actor::work::error::{Refused, WorkError, WorkId};
use crate::actor::work::local::Place;
use crate::actor::work::offload::{Job, Piece};
use crate::actor::work::pieces::Manner;
use crate::mailbox::Message;
use crate::panic::contained;

/// Threads for offloaded work, in place of those of the actor's executor.
///
/// Every closure that takes work is one. So the adapter of another crate's pool is one line.
///
/// # Examples
///
/// A pool of one thread and a bounded queue:
///
/// ```
/// use std::sync::mpsc::{SyncSender, sync_channel};
/// use std::time::Duration;
///
/// use actor_core::actor::WorkError;
/// use actor_core::{Actor, Context, Message, Runtime, ThreadConfig, spawn};
///
/// type Work = Box<dyn FnOnce() + Send>;
///
/// struct Sum(Result<u64, WorkError>);
/// impl Message for Sum {}
///
/// struct Adder(SyncSender<Work>);
/// impl Actor for Adder {
///     type Message = Sum;
///     async fn started(&mut self, cx: &mut Context<Sum>) {
///         // Refused work is dropped, and comes back as `WorkError::NotRun`.
///         let pool = |work: Work| drop(self.0.try_send(work));
///         let started = cx.offloading().on(&pool).run(|| (1..=3).sum(), Sum);
///         assert!(started.is_ok());
///     }
///     async fn handle(&mut self, Sum(sum): Sum, cx: &mut Context<Sum>) {
///         assert_eq!(sum, Ok(6));
///         cx.stop();
///     }
/// }
///
/// let (queue, work) = sync_channel::<Work>(16);
/// let thread = std::thread::spawn(move || work.iter().for_each(|work| work()));
/// # let runtime = actor_smol::SmolRuntime::new();
/// # let executor = runtime.start_executor(ThreadConfig::named("adder"))?;
/// let (_adder, running) = spawn(&executor, || Adder(queue))?;
/// let exit = running.join_blocking(Duration::from_secs(30)).expect("the sum ends it");
/// assert!(exit.reason.is_normal(), "{}", exit.reason);
/// thread.join().expect("its queue has ended");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait WorkPool {
    /// Runs the work on a thread of the pool, without waiting for it. Called on the actor's thread.
    ///
    /// Work that cannot be run is dropped. Its actor then receives
    /// [`WorkError::NotRun`](crate::actor::WorkError::NotRun).
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::actor::WorkPool;
    ///
    /// let pool = |work: Box<dyn FnOnce() + Send>| drop(std::thread::spawn(work));
    /// let (sender, receiver) = std::sync::mpsc::sync_channel(1);
    /// pool.run(Box::new(move || sender.send(7).expect("there is room")));
    /// assert_eq!(receiver.recv(), Ok(7));
    /// ```
    fn run(&self, work: Box<dyn FnOnce() + Send>);
}

impl<F: Fn(Box<dyn FnOnce() + Send>)> WorkPool for F {
    fn run(&self, work: Box<dyn FnOnce() + Send>) {
        self(work);
    }
}

/// Starts a future of the actor, with options. Created by
/// [`Context::spawning`](crate::Context::spawning).
///
/// # Examples
///
/// ```
/// # use std::time::Duration;
/// # use actor_core::{Actor, Context, Message, Runtime, ThreadConfig, spawn};
/// use actor_core::actor::WorkError;
///
/// struct Done(Result<u64, WorkError>);
/// impl Message for Done {}
///
/// struct Fetch;
/// impl Actor for Fetch {
///     type Message = Done;
///     async fn started(&mut self, cx: &mut Context<Done>) {
///         let soon = cx.now() + Duration::from_millis(1);
///         let never = std::future::pending();
///         cx.spawning().by(soon).run(never, Done).expect("nothing else is in flight");
///     }
///     async fn handle(&mut self, Done(result): Done, cx: &mut Context<Done>) {
///         assert_eq!(result, Err(WorkError::DeadlinePassed));
///         cx.stop();
///     }
/// }
/// # let runtime = actor_smol::SmolRuntime::new();
/// # let executor = runtime.start_executor(ThreadConfig::named("fetch"))?;
/// # let (_fetch, running) = spawn(&executor, || Fetch)?;
/// # let exit = running.join_blocking(Duration::from_secs(30)).expect("the deadline ends it");
/// # assert!(exit.reason.is_normal(), "{}", exit.reason);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "nothing is started until `run`"]
pub struct Spawning<'a, M: Message> {
    cx: &'a mut Context<M>,
    manner: Manner,
}

/// Starts work on another thread, with options. Created by
/// [`Context::offloading`](crate::Context::offloading).
///
/// # Examples
///
/// Results in the order of the starts, whichever work is done first:
///
/// ```
/// # use std::time::Duration;
/// # use actor_core::{Actor, Context, Message, Runtime, ThreadConfig, spawn};
/// use actor_core::actor::WorkError;
///
/// struct Square(Result<u64, WorkError>);
/// impl Message for Square {}
///
/// struct Squares(Vec<u64>);
/// impl Actor for Squares {
///     type Message = Square;
///     async fn started(&mut self, cx: &mut Context<Square>) {
///         for n in 1..=3 {
///             let started = cx.offloading().ordered().run(move || n * n, Square);
///             started.expect("fewer than the limit are in flight");
///         }
///     }
///     async fn handle(&mut self, Square(square): Square, cx: &mut Context<Square>) {
///         self.0.extend(square);
///         if self.0.len() == 3 {
///             assert_eq!(self.0, [1, 4, 9]);
///             cx.stop();
///         }
///     }
/// }
/// # let runtime = actor_smol::SmolRuntime::new();
/// # let executor = runtime.start_executor(ThreadConfig::named("squares"))?;
/// # let (_squares, running) = spawn(&executor, || Squares(Vec::new()))?;
/// # let exit = running.join_blocking(Duration::from_secs(30)).expect("the last square ends it");
/// # assert!(exit.reason.is_normal(), "{}", exit.reason);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "nothing is started until `run`"]
pub struct Offloading<'a, M: Message> {
    cx: &'a Context<M>,
    manner: Manner,
    pool: Option<&'a dyn WorkPool>,
    cancel: Option<Cancel>,
}

impl<'a, M: Message> Spawning<'a, M> {
    pub(super) fn new(cx: &'a mut Context<M>) -> Self {
        Self { cx, manner: Manner::default() }
    }

    /// Delivers the result after those of all ordered work started before, futures and offloaded
    /// work alike. It waits for them, and later ordered work waits for it.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::future::poll_fn;
    /// # use std::task::Poll;
    /// # use std::time::Duration;
    /// # use actor_core::{Actor, Context, Message, Runtime, ThreadConfig, spawn};
    /// # struct Done(u32);
    /// # impl Message for Done {}
    /// # struct Fetch(Vec<u32>);
    /// # impl Actor for Fetch {
    /// #   type Message = Done;
    ///     async fn started(&mut self, cx: &mut Context<Done>) {
    ///         // The first future is ready at its second poll, the second one at once.
    ///         let mut is_polled = false;
    ///         let later = poll_fn(move |task| {
    ///             if is_polled {
    ///                 return Poll::Ready(());
    ///             }
    ///             is_polled = true;
    ///             task.waker().wake_by_ref();
    ///             Poll::Pending
    ///         });
    ///         cx.spawning().ordered().run(later, |_| Done(1)).expect("there is room");
    ///         cx.spawning().ordered().run(async {}, |_| Done(2)).expect("there is room");
    ///     }
    ///     async fn handle(&mut self, Done(n): Done, cx: &mut Context<Done>) {
    ///         self.0.push(n);
    ///         if n == 2 {
    ///             assert_eq!(self.0, [1, 2]);
    ///             cx.stop();
    ///         }
    ///     }
    /// # }
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// # let executor = runtime.start_executor(ThreadConfig::named("fetch"))?;
    /// # let (fetch, running) = spawn(&executor, || Fetch(Vec::new()))?;
    /// # let exit = running.join_blocking(Duration::from_secs(30)).expect("it ends");
    /// # assert_eq!(exit.reason.to_string(), "stopped", "{exit:?}");
    /// # drop(fetch);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn ordered(mut self) -> Self {
        self.manner.is_ordered = true;
        self
    }

    /// Sets the deadline, on the executor's clock. At the deadline the future is dropped, and its
    /// result is [`WorkError::DeadlinePassed`].
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use actor_core::{Actor, Context, Message, Runtime, ThreadConfig, spawn};
    /// # struct Done(u64);
    /// # impl Message for Done {}
    /// # struct Owner;
    /// # impl Actor for Owner {
    /// #   type Message = Done;
    ///     async fn started(&mut self, cx: &mut Context<Done>) {
    ///         let soon = cx.now() + Duration::from_millis(1);
    ///         let never = std::future::pending();
    ///         let started = cx.spawning().by(soon).run(never, |n| Done(n.unwrap_or(7)));
    ///         assert!(started.is_ok(), "nothing else is in flight");
    ///     }
    ///     async fn handle(&mut self, Done(n): Done, cx: &mut Context<Done>) {
    ///         assert_eq!(n, 7);
    ///         cx.stop();
    ///     }
    /// # }
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// # let executor = runtime.start_executor(ThreadConfig::named("doc"))?;
    /// # let (_owner, running) = spawn(&executor, || Owner)?;
    /// # let exit = running.join_blocking(Duration::from_secs(30)).expect("it ends");
    /// # assert!(exit.reason.is_normal(), "{}", exit.reason);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn by(mut self, deadline: Instant) -> Self {
        self.manner.deadline = Some(deadline);
        self
    }

    /// Starts the future, as [`Context::spawn`](crate::Context::spawn).
    ///
    /// # Errors
    ///
    /// Returns the future if as much work is in flight as
    /// [`Context::work_limit`](crate::Context::work_limit) allows.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use actor_core::{Actor, Context, Message, Runtime, ThreadConfig, spawn};
    /// # struct Done(u64);
    /// # impl Message for Done {}
    /// # struct Owner;
    /// # impl Actor for Owner {
    /// #   type Message = Done;
    ///     async fn started(&mut self, cx: &mut Context<Done>) {
    ///         let started = cx.spawning().run(async { 7 }, |n| Done(n.unwrap_or(0)));
    ///         assert!(started.is_ok(), "nothing else is in flight");
    ///     }
    ///     async fn handle(&mut self, Done(n): Done, cx: &mut Context<Done>) {
    ///         assert_eq!(n, 7);
    ///         cx.stop();
    ///     }
    /// # }
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// # let executor = runtime.start_executor(ThreadConfig::named("doc"))?;
    /// # let (_owner, running) = spawn(&executor, || Owner)?;
    /// # let exit = running.join_blocking(Duration::from_secs(30)).expect("it ends");
    /// # assert!(exit.reason.is_normal(), "{}", exit.reason);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn run<F, I>(self, future: F, into_message: I) -> Result<WorkId, Refused<F, I>>
    where
        F: Future + 'static,
        I: FnOnce(Result<F::Output, WorkError>) -> M + 'static,
    {
        let Self { cx, manner } = self;
        cx.with_work(|work| {
            if !work.has_room() {
                return Err(Refused { work: future, into_message });
            }
            let id = work.number();
            work.add_local(id, manner, Place::new(future, into_message));
            Ok(WorkId(id))
        })
    }
}

impl<'a, M: Message> Offloading<'a, M> {
    pub(super) fn new(cx: &'a Context<M>) -> Self {
        Self { cx, manner: Manner::default(), pool: None, cancel: None }
    }

    /// Delivers the result after those of all ordered work started before. It waits for them, and
    /// later ordered work waits for it.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use actor_core::{Actor, Context, Message, Runtime, ThreadConfig, spawn};
    /// # struct Done(u64);
    /// # impl Message for Done {}
    /// # struct Owner;
    /// # impl Actor for Owner {
    /// #   type Message = Done;
    ///     async fn started(&mut self, cx: &mut Context<Done>) {
    ///         // The second result waits for the first one.
    ///         cx.offloading().ordered().run(|| (), |_| Done(7)).expect("there is room");
    ///         cx.offloading().ordered().run(|| (), |_| Done(8)).expect("there is room");
    ///     }
    ///     async fn handle(&mut self, Done(n): Done, cx: &mut Context<Done>) {
    ///         assert_eq!(n, 7);
    ///         cx.stop();
    ///     }
    /// # }
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// # let executor = runtime.start_executor(ThreadConfig::named("doc"))?;
    /// # let (_owner, running) = spawn(&executor, || Owner)?;
    /// # let exit = running.join_blocking(Duration::from_secs(30)).expect("it ends");
    /// # assert!(exit.reason.is_normal(), "{}", exit.reason);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn ordered(mut self) -> Self {
        self.manner.is_ordered = true;
        self
    }

    /// Sets the deadline, on the executor's clock. At the deadline the work is
    /// [cancelled](Cancel), and its result is [`WorkError::DeadlinePassed`]. Work in progress is
    /// not interrupted; its own result is dropped.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use actor_core::{Actor, Context, Message, Runtime, ThreadConfig, spawn};
    /// use actor_core::actor::WorkError;
    ///
    /// struct Done(Result<(), WorkError>);
    /// impl Message for Done {}
    ///
    /// struct Search;
    /// impl Actor for Search {
    ///     type Message = Done;
    ///     async fn started(&mut self, cx: &mut Context<Done>) {
    ///         let mut work = cx.offloading().by(cx.now() + Duration::from_millis(1));
    ///         let cancel = work.cancel();
    ///         let search = move || while !cancel.is_cancelled() {};
    ///         work.run(search, Done).expect("nothing else is in flight");
    ///     }
    ///     async fn handle(&mut self, Done(result): Done, cx: &mut Context<Done>) {
    ///         assert_eq!(result, Err(WorkError::DeadlinePassed));
    ///         cx.stop();
    ///     }
    /// }
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// # let executor = runtime.start_executor(ThreadConfig::named("search"))?;
    /// # let (_search, running) = spawn(&executor, || Search)?;
    /// # let exit = running.join_blocking(Duration::from_secs(30)).expect("the deadline ends it");
    /// # assert!(exit.reason.is_normal(), "{}", exit.reason);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn by(mut self, deadline: Instant) -> Self {
        self.manner.deadline = Some(deadline);
        self
    }

    /// Runs the work on a pool of the program's own.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use actor_core::{Actor, Context, Message, Runtime, ThreadConfig, spawn};
    /// # struct Done(u64);
    /// # impl Message for Done {}
    /// # struct Owner;
    /// # impl Actor for Owner {
    /// #   type Message = Done;
    ///     async fn started(&mut self, cx: &mut Context<Done>) {
    ///         let pool = |work: Box<dyn FnOnce() + Send>| drop(std::thread::spawn(work));
    ///         cx.offloading().on(&pool).run(|| 7, |n| Done(n.unwrap_or(0))).expect("there is
    ///         room");
    ///     }
    ///     async fn handle(&mut self, Done(n): Done, cx: &mut Context<Done>) {
    ///         assert_eq!(n, 7);
    ///         cx.stop();
    ///     }
    /// # }
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// # let executor = runtime.start_executor(ThreadConfig::named("doc"))?;
    /// # let (_owner, running) = spawn(&executor, || Owner)?;
    /// # let exit = running.join_blocking(Duration::from_secs(30)).expect("it ends");
    /// # assert!(exit.reason.is_normal(), "{}", exit.reason);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn on(mut self, pool: &'a (impl WorkPool + 'a)) -> Self {
        self.pool = Some(pool);
        self
    }

    /// Returns the token of the work, for the work itself.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use actor_core::{Actor, Context, Message, Runtime, ThreadConfig, spawn};
    /// # struct Done(u64);
    /// # impl Message for Done {}
    /// # struct Owner;
    /// # impl Actor for Owner {
    /// #   type Message = Done;
    ///     async fn started(&mut self, cx: &mut Context<Done>) {
    ///         let mut work = cx.offloading();
    ///         let cancel = work.cancel();
    ///         let id = work.run(|| (), |_| Done(0)).expect("there is room");
    ///         assert!(cx.abort(id) && cancel.is_cancelled());
    ///         cx.stop();
    ///     }
    /// #   async fn handle(&mut self, _done: Done, _cx: &mut Context<Done>) {}
    /// # }
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// # let executor = runtime.start_executor(ThreadConfig::named("doc"))?;
    /// # let (_owner, running) = spawn(&executor, || Owner)?;
    /// # let exit = running.join_blocking(Duration::from_secs(30)).expect("it ends");
    /// # assert!(exit.reason.is_normal(), "{}", exit.reason);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn cancel(&mut self) -> Cancel {
        self.cancel.get_or_insert_default().clone()
    }

    /// Starts the work, as [`Context::offload`](crate::Context::offload).
    ///
    /// # Errors
    ///
    /// Returns the work if as much work is in flight as
    /// [`Context::work_limit`](crate::Context::work_limit) allows.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use actor_core::{Actor, Context, Message, Runtime, ThreadConfig, spawn};
    /// # struct Done(u64);
    /// # impl Message for Done {}
    /// # struct Owner;
    /// # impl Actor for Owner {
    /// #   type Message = Done;
    ///     async fn started(&mut self, cx: &mut Context<Done>) {
    ///         let started = cx.offloading().run(|| 7, |n| Done(n.unwrap_or(0)));
    ///         assert!(started.is_ok(), "nothing else is in flight");
    ///     }
    ///     async fn handle(&mut self, Done(n): Done, cx: &mut Context<Done>) {
    ///         assert_eq!(n, 7);
    ///         cx.stop();
    ///     }
    /// # }
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// # let executor = runtime.start_executor(ThreadConfig::named("doc"))?;
    /// # let (_owner, running) = spawn(&executor, || Owner)?;
    /// # let exit = running.join_blocking(Duration::from_secs(30)).expect("it ends");
    /// # assert!(exit.reason.is_normal(), "{}", exit.reason);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn run<T, W, I>(self, work: W, into_message: I) -> Result<WorkId, Refused<W, I>>
    where
        T: 'static,
        W: FnOnce() -> T + Send + 'static,
        I: FnOnce(Result<T, WorkError>) -> M + Send + 'static,
    {
        let Self { cx, manner, pool, cancel } = self;
        let (id, job) = cx.with_work(|pieces| {
            if !pieces.has_room() {
                return Err(Refused { work, into_message });
            }
            let id = pieces.number();
            let piece = Piece::new(id, into_message, cancel, Arc::clone(pieces.returns()));
            pieces.add_remote(id, manner, Arc::clone(&piece) as _);
            Ok((id, Job::new(work, piece)))
        })?;
        let run = Box::new(move || job.run());
        match pool {
            // A pool is foreign code. A panic there drops the work, which then settles.
            Some(pool) => drop(contained(|| pool.run(run))),
            None => cx.executor.run_blocking(run),
        }
        Ok(WorkId(id))
    }
}

impl<M: Message> fmt::Debug for Spawning<'_, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Spawning").field("manner", &self.manner).finish_non_exhaustive()
    }
}

impl<M: Message> fmt::Debug for Offloading<'_, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Offloading")
            .field("manner", &self.manner)
            .field("cancel", &self.cancel)
            .finish_non_exhaustive()
    }
}
