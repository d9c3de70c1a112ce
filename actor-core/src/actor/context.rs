//! What an actor may do besides handling its message.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::actor::offload::{Work, WorkError};
use crate::actor::timers::{Beat, TimerId, Timers};
use crate::handle::Handle;
use crate::mailbox::exit::ExitReason;
use crate::mailbox::{Closeable, Message, Shared};
use crate::runtime::Executor;

/// Gives an actor its own handle, timers, the clock, work on other threads, and its own end.
///
/// Messages made here (by timers and by [`offload`](Self::offload)) reach [`Actor::handle`](crate::Actor::handle) like
/// any other.
pub struct Context<M: Message> {
    shared: Arc<Shared<M>>,
    pub(crate) executor: Arc<dyn Executor>,
    /// Made with the first timer.
    pub(crate) timers: Option<Box<Timers<M>>>,
    /// Why the actor wants to end after the message in hand.
    pub(crate) ending: Option<Box<ExitReason>>,
}

/// A time that no program lives to see: 100 years.
const NEVER: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

impl<M: Message> Context<M> {
    pub(crate) fn new(shared: Arc<Shared<M>>, executor: Arc<dyn Executor>) -> Self {
        Self { shared, executor, timers: None, ending: None }
    }

    /// Makes a handle to this actor. Keeping it in the actor's own state keeps the actor reachable for ever,
    /// and awaiting an ask through it in a handler waits for ever.
    #[must_use]
    pub fn handle(&self) -> Handle<M> {
        Handle::first(Arc::clone(&self.shared))
    }

    /// Ends the actor after the message in hand, as [`ExitReason::Stopped`]. What is queued is not delivered.
    pub fn stop(&mut self) {
        self.end(ExitReason::Stopped);
    }

    /// Takes nothing new from now on, handles what is queued and the results of work in flight, and then ends, as
    /// [`ExitReason::Stopped`].
    pub fn stop_when_drained(&mut self) {
        self.shared.close();
        self.shared.interrupt();
    }

    /// Ends the actor after the message in hand, as [`ExitReason::Failed`].
    ///
    /// Takes any error: one of a type of its own, a `Box<dyn Error + Send + Sync>`, an `anyhow::Error`, or a text. What
    /// `anyhow` wraps keeps its text, but the reason cannot be downcast to it.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use actor_core::{Actor, Context, ExitReason, Message, Runtime, ThreadConfig, spawn};
    /// use actor_core::life::NotStarted;
    ///
    /// struct Work;
    /// impl Message for Work {}
    ///
    /// struct Reader(&'static str);
    /// impl Actor for Reader {
    ///     type Message = Work;
    ///
    ///     async fn started(&mut self, cx: &mut Context<Work>) {
    ///         if let Err(error) = std::fs::read(self.0) {
    ///             cx.fail(error);
    ///         }
    ///     }
    ///
    ///     async fn handle(&mut self, _work: Work, _cx: &mut Context<Work>) {}
    /// }
    ///
    /// let runtime = actor_smol::SmolRuntime::new();
    /// let executor = runtime.start_executor(ThreadConfig::named("reader"))?;
    /// let (_reader, running) = spawn(&executor, || Reader("no/such/file"))?;
    /// let Err(NotStarted::Ended(exit)) = running.started_blocking(Duration::from_secs(30)) else {
    ///     panic!("there is no such file")
    /// };
    /// let ExitReason::Failed(error) = exit.reason else { panic!("it has failed") };
    /// assert!(error.is::<std::io::Error>());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn fail(&mut self, error: impl Into<Box<dyn Error + Send + Sync>>) {
        self.end(ExitReason::Failed(Arc::from(error.into())));
    }

    /// Has the actor handle `message` after `delay`.
    ///
    /// A due timer waits for one message at most, or, if it was armed while a batch was handled, for the batch. Its message passes by the lanes, so it is never refused. Timers do
    /// not fire any more once the mailbox is closed. A delay past the end of the clock is as good as for ever.
    pub fn after(&mut self, delay: Duration, message: M) -> TimerId {
        let now = self.now();
        self.timers().once(now.checked_add(delay).unwrap_or(now + NEVER), message)
    }

    /// Has the actor handle a message every `period`, the first at `first` (the past is as good as now).
    ///
    /// The beats keep their schedule: one that comes late does not shift the next, and beats that are past before the
    /// actor gets to them are left out and counted in [`Beat::missed`] instead of coming in a burst.
    ///
    /// # Panics
    ///
    /// Panics if `period` is zero.
    pub fn every(&mut self, first: Instant, period: Duration, make: impl FnMut(Beat) -> M + 'static) -> TimerId {
        self.timers().every(first, period, make)
    }

    /// Cancels a timer. Tells whether it was still armed.
    pub fn cancel(&mut self, timer: TimerId) -> bool {
        self.timers().cancel(timer)
    }

    /// Tells the time of the executor that the actor runs on.
    #[must_use]
    pub fn now(&self) -> Instant {
        self.executor.now()
    }

    /// Gives the executor that the actor runs on, to spawn others beside it.
    #[must_use]
    pub fn executor(&self) -> &Arc<dyn Executor> {
        &self.executor
    }

    /// Runs heavy or blocking work on another thread and has the actor handle its result as a message.
    ///
    /// The actor goes on meanwhile, and stays reachable until the result has come. A result that finds its lane full passes
    /// it by, as a timer's message does. An actor that is asked to stop waits for the results of work in flight until its
    /// deadline ([`Running::stop`](crate::Running::stop)); those that it does not get are counted in
    /// [`Exit::lost_work`](crate::Exit::lost_work). Work itself is never interrupted.
    ///
    /// `into_message` runs on the other thread, or on any that drops the work. If it panics, there is no message, and the
    /// result is counted as lost.
    ///
    /// # Errors
    ///
    /// The message is made of a [`WorkError`] if the work panicked, or was dropped before it began: because no thread could
    /// be started for it, or because the executor has ended.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::{Actor, Context, Message, Reply};
    /// use actor_core::actor::WorkError;
    ///
    /// enum Sums {
    ///     Add(Vec<u64>, Reply<u64>),
    ///     Added(Result<u64, WorkError>, Reply<u64>),
    /// }
    /// impl Message for Sums {}
    ///
    /// struct Adder;
    /// impl Actor for Adder {
    ///     type Message = Sums;
    ///     async fn handle(&mut self, message: Sums, cx: &mut Context<Sums>) {
    ///         match message {
    ///             Sums::Add(numbers, reply) => {
    ///                 cx.offload(move || numbers.iter().sum(), |sum| Sums::Added(sum, reply));
    ///             }
    ///             Sums::Added(Ok(sum), reply) => reply.send(sum),
    ///             // Dropping the reply tells the asker that there is no answer.
    ///             Sums::Added(Err(error), _reply) => eprintln!("no sum: {error}"),
    ///         }
    ///     }
    /// }
    /// # use std::time::Duration;
    /// # use actor_core::{Runtime, ThreadConfig, spawn};
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// let executor = runtime.start_executor(ThreadConfig::named("sums"))?;
    /// let (adder, running) = spawn(&executor, || Adder)?;
    /// let sum = adder.try_ask(|reply| Sums::Add(vec![1, 2, 3], reply)).expect("there is room");
    /// // Adding is part of what a graceful stop waits for.
    /// running.stop(Duration::from_secs(30));
    /// assert_eq!(futures::executor::block_on(sum), Ok(6));
    /// let exit = running.join_blocking(Duration::from_secs(30)).expect("it ends in time");
    /// assert_eq!(exit.lost_work, 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn offload<T: 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
        into_message: impl FnOnce(Result<T, WorkError>) -> M + Send + 'static,
    ) {
        let offloaded = Work::new(self.handle(), work, into_message);
        self.executor.run_blocking(Box::new(move || offloaded.run()));
    }

    fn end(&mut self, reason: ExitReason) {
        self.shared.life().end_after_this();
        self.ending.get_or_insert_with(|| Box::new(reason));
    }

    /// Tells when the next timer is due.
    pub(crate) fn next_timer(&mut self) -> Option<Instant> {
        self.timers.as_mut()?.next()
    }

    fn timers(&mut self) -> &mut Timers<M> {
        self.timers.get_or_insert_with(|| Box::new(Timers::new()))
    }
}

impl<M: Message> fmt::Debug for Context<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("executor", &self.executor)
            .field("ending", &self.ending)
            .finish_non_exhaustive()
    }
}
