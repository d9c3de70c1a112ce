//! The runtime as a value.

use std::io;
use std::sync::Arc;

use actor_core::{Executor, Runtime, ThreadConfig};
use tokio::runtime::Handle;
use tokio::task::LocalSet;

use crate::executor::TokioExecutor;
use crate::host::{self, NotCurrentThread};

/// Starts executors on tokio. Handlers may use everything offered by tokio's current-thread
/// runtime.
///
/// # Blocking work
///
/// A blocking handler keeps the thread from all other actors on it. Use
/// [`Context::offload`](actor_core::Context::offload) or [`Executor::run_blocking`] instead. Each
/// executor has its own threads for this work: at most [512](ThreadConfig::BLOCKING_THREADS), or
/// the limit set by [`ThreadConfig::blocking_threads`]. Work of `run_blocking` runs inside the
/// runtime's context, so it may call `Handle::current`.
///
/// `tokio::task::block_in_place` panics in a handler, as on every current-thread runtime.
/// `tokio::task::spawn_blocking` works, with a second set of threads of the same number.
///
/// # Time
///
/// The executor's clock is tokio's. A test may pause it in a handler (`tokio::time::pause`). This
/// pauses the clock for all actors of that executor, and their timers follow it. tokio advances a
/// paused clock when its tasks are idle, even while work of `run_blocking` runs on another thread.
///
/// tokio's timers have a resolution of 1 ms, and round up: a timer for 10 µs is due after 1 to 2
/// ms. The other runtimes have no such tick.
///
/// # Examples
///
/// ```
/// use actor_core::{Runtime, ThreadConfig};
/// use actor_tokio::TokioRuntime;
///
/// let executor = TokioRuntime::new().start_executor(ThreadConfig::named("chain"))?;
/// let (sender, receiver) = std::sync::mpsc::sync_channel(1);
/// executor
///     .spawn(Box::new(move || {
///         Box::pin(async move {
///             let name = std::thread::current().name().map(str::to_owned);
///             sender.send(name).expect("the receiver waits");
///         })
///     }))
///     .expect("the executor runs");
/// assert_eq!(receiver.recv().expect("the future ran").as_deref(), Some("chain"));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct TokioRuntime {
    _private: (),
}

impl TokioRuntime {
    /// Creates the runtime. No thread runs until an executor is started.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::Runtime;
    /// use actor_tokio::TokioRuntime;
    ///
    /// assert_eq!(TokioRuntime::new().name(), "tokio");
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Starts an executor on the current-thread runtime of the calling code: as one task of it, on
    /// its thread.
    ///
    /// It works in `#[tokio::main(flavor = "current_thread")]`, in `#[tokio::test]`, and inside
    /// `block_on` of a current-thread `Runtime` or a `LocalRuntime`. The runtime needs its timers:
    /// `enable_time` or `enable_all`. Within a `LocalSet`, [`in_local_set`](Self::in_local_set)
    /// also allows `spawn_local` in handlers.
    ///
    /// Actors and the program's tasks take turns: each poll of the task polls each ready actor
    /// once. The clock is the runtime's, also if it is paused. Blocking work runs on the runtime's
    /// own pool, so a paused clock stands still meanwhile; its limit and its cores are the
    /// program's choice.
    ///
    /// # The end
    ///
    /// The task ends once the executor was stopped or its last owner dropped it, and all its actors
    /// have ended. The end of the runtime ends the actors as
    /// [`Abandoned`](actor_core::ExitReason::Abandoned), in the order of their spawns.
    ///
    /// Await [`Running::join`](actor_core::Running::join) before the program leaves `block_on`, for
    /// an orderly end.
    ///
    /// # Threads
    ///
    /// The executor and the handles work on every thread. Calls that block cannot succeed on the
    /// runtime's own thread, because it runs the actors: `ask_blocking`, `started_blocking` and
    /// `join_blocking` return there after their timeout. [`Executor::join`] returns immediately.
    ///
    /// Actors stay on the thread of their first poll. If the program moves the runtime to another
    /// thread afterwards, their task ends there with a panic, reported and contained by tokio. The
    /// state of an actor is never dropped on another thread: the actors end as `Abandoned` when
    /// their own thread ends, or runs another such task for the first time. The same holds for a
    /// runtime dropped on another thread.
    ///
    /// # Errors
    ///
    /// Returns an error outside of a runtime, on a multi-thread runtime, and on one without timers.
    /// Its text names the alternatives. tokio shows missing timers by a panic only, so the panic
    /// hook reports that case as well.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::{Actor, Context, Message, Reply, spawn};
    /// use actor_tokio::TokioRuntime;
    ///
    /// struct Double(u32, Reply<u32>);
    /// impl Message for Double {}
    ///
    /// struct Doubler;
    /// impl Actor for Doubler {
    ///     type Message = Double;
    ///     async fn handle(&mut self, Double(n, reply): Double, _cx: &mut Context<Double>) {
    ///         tokio::task::yield_now().await;
    ///         reply.send(2 * n);
    ///     }
    /// }
    ///
    /// #[tokio::main(flavor = "current_thread")]
    /// async fn main() -> Result<(), Box<dyn std::error::Error>> {
    ///     let executor = TokioRuntime::current()?;
    ///     let (doubler, _running) = spawn(&executor, || Doubler)?;
    ///     assert_eq!(doubler.ask(|reply| Double(21, reply)).await?, 42);
    ///     Ok(())
    /// }
    /// ```
    pub fn current() -> Result<Arc<dyn Executor>, NotCurrentThread> {
        host::start_here()
    }

    /// Starts an executor on the current-thread runtime of this handle, from any thread. Its actors
    /// run on the thread that runs the runtime, as with [`current`](Self::current).
    ///
    /// Actors may be spawned immediately. They start when the runtime runs.
    ///
    /// # Errors
    ///
    /// Returns an error for the handle of a multi-thread runtime, or of one without timers.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::{Actor, Context, Message, Reply, spawn};
    /// use actor_tokio::TokioRuntime;
    /// use tokio::runtime::Builder;
    /// # struct Double(u32, Reply<u32>);
    /// # impl Message for Double {}
    /// # struct Doubler;
    /// # impl Actor for Doubler {
    /// #     type Message = Double;
    /// #     async fn handle(&mut self, Double(n, reply): Double, _cx: &mut Context<Double>) {
    /// #         reply.send(2 * n);
    /// #     }
    /// # }
    ///
    /// let runtime = Builder::new_current_thread().enable_all().build()?;
    /// let executor = TokioRuntime::on(runtime.handle())?;
    /// let (doubler, _running) = spawn(&executor, || Doubler)?;
    /// assert_eq!(runtime.block_on(doubler.ask(|reply| Double(21, reply)))?, 42);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn on(runtime: &Handle) -> Result<Arc<dyn Executor>, NotCurrentThread> {
        host::start_on(runtime)
    }

    /// Starts an executor as a task of a `LocalSet`, with the timers and the clock of the calling
    /// code's runtime. Any flavor will do, because a `LocalSet` stays on its thread.
    ///
    /// Handlers may use `tokio::task::spawn_local`. The actors run while the `LocalSet` runs, and
    /// end as [`Abandoned`](actor_core::ExitReason::Abandoned) when it is dropped. Everything else
    /// is as with [`current`](Self::current).
    ///
    /// # Errors
    ///
    /// Returns an error outside of a runtime, and in one without timers.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::{Actor, Context, Message, Reply, spawn};
    /// use actor_tokio::TokioRuntime;
    /// use tokio::task::{LocalSet, spawn_local};
    ///
    /// struct Double(u32, Reply<u32>);
    /// impl Message for Double {}
    ///
    /// struct Doubler;
    /// impl Actor for Doubler {
    ///     type Message = Double;
    ///     async fn handle(&mut self, Double(n, reply): Double, _cx: &mut Context<Double>) {
    ///         reply.send(spawn_local(async move { 2 * n }).await.expect("no panic"));
    ///     }
    /// }
    ///
    /// #[tokio::main]
    /// async fn main() -> Result<(), Box<dyn std::error::Error>> {
    ///     let set = LocalSet::new();
    ///     let executor = TokioRuntime::in_local_set(&set)?;
    ///     let (doubler, _running) = spawn(&executor, || Doubler)?;
    ///     let doubled = set.run_until(doubler.ask(|reply| Double(21, reply))).await?;
    ///     assert_eq!(doubled, 42);
    ///     Ok(())
    /// }
    /// ```
    pub fn in_local_set(set: &LocalSet) -> Result<Arc<dyn Executor>, NotCurrentThread> {
        host::start_in(set)
    }
}

impl Runtime for TokioRuntime {
    fn name(&self) -> &'static str {
        "tokio"
    }

    fn start_executor(&self, config: ThreadConfig) -> io::Result<Arc<dyn Executor>> {
        TokioExecutor::start(config)
    }
}
