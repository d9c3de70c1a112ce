//! The runtime as a value.

use std::io;
use std::sync::Arc;

use actor_core::{Executor, Runtime, ThreadConfig};
use async_executor::LocalExecutor;

use crate::executor::SmolExecutor;
use crate::host;

/// Starts executors on smol. Handlers may use every part of smol that works in a local task.
///
/// # Blocking work
///
/// A blocking handler keeps the thread from all other actors on it. Use
/// [`Context::offload`](actor_core::Context::offload) or [`Executor::run_blocking`] instead. Each
/// executor has its own threads for this work: at most [512](ThreadConfig::BLOCKING_THREADS), or
/// the limit set by [`ThreadConfig::blocking_threads`]. In contrast, `blocking::unblock` and
/// `smol::unblock` share one pool among all threads of the process.
///
/// # Time
///
/// The executor's clock is the system's. Timers use smol's reactor, and it has no tick. They are as
/// late as the operating system is in waking a thread: some ten to a hundred microseconds.
///
/// # Examples
///
/// ```
/// use actor_core::{Runtime, ThreadConfig};
/// use actor_smol::SmolRuntime;
///
/// let executor = SmolRuntime::new().start_executor(ThreadConfig::named("chain"))?;
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
pub struct SmolRuntime {
    _private: (),
}

impl SmolRuntime {
    /// Creates the runtime. No thread runs until an executor is started.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::Runtime;
    /// use actor_smol::SmolRuntime;
    ///
    /// assert_eq!(SmolRuntime::new().name(), "smol");
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Starts an executor on the program's own local executor: as one task of it, on its thread.
    ///
    /// Actors and the program's tasks take turns: each poll of the task polls each ready actor
    /// once. Run the local executor inside `async_io::block_on` or `smol::block_on`. Blocking work
    /// has threads of the executor's own, as on an executor thread.
    ///
    /// # The end
    ///
    /// The task ends once the executor was stopped or its last owner dropped it, and all its actors
    /// have ended. The drop of the `LocalExecutor` ends the actors as
    /// [`Abandoned`](actor_core::ExitReason::Abandoned), in the order of their spawns.
    ///
    /// # Threads
    ///
    /// The executor and the handles work on every thread. Calls that block cannot succeed on the
    /// local executor's own thread, because it runs the actors: `ask_blocking`, `started_blocking`
    /// and `join_blocking` return there after their timeout. [`Executor::join`] returns
    /// immediately.
    ///
    /// # Errors
    ///
    /// Never fails today. Reserved for resources of the operating system.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::{Actor, Context, Message, Reply, spawn};
    /// use actor_smol::SmolRuntime;
    /// use async_executor::LocalExecutor;
    ///
    /// struct Double(u32, Reply<u32>);
    /// impl Message for Double {}
    ///
    /// struct Doubler;
    /// impl Actor for Doubler {
    ///     type Message = Double;
    ///     async fn handle(&mut self, Double(n, reply): Double, _cx: &mut Context<Double>) {
    ///         reply.send(2 * n);
    ///     }
    /// }
    ///
    /// let tasks = LocalExecutor::new();
    /// let executor = SmolRuntime::on(&tasks)?;
    /// let (doubler, _running) = spawn(&executor, || Doubler)?;
    /// let doubled = async_io::block_on(tasks.run(doubler.ask(|reply| Double(21, reply))))?;
    /// assert_eq!(doubled, 42);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn on(tasks: &LocalExecutor<'_>) -> io::Result<Arc<dyn Executor>> {
        host::start_on(tasks)
    }
}

impl Runtime for SmolRuntime {
    fn name(&self) -> &'static str {
        "smol"
    }

    fn start_executor(&self, config: ThreadConfig) -> io::Result<Arc<dyn Executor>> {
        SmolExecutor::start(config)
    }
}
