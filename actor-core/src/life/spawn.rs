//! Starts an actor on a mailbox, and completes its end with its exit.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{self, Poll};

use crate::actor::Actor;
use crate::handle::{Handle, mailbox};
use crate::life::running::Running;
use crate::life::serve::{Parts, serve};
use crate::life::watch::Watch;
use crate::mailbox::exit::ExitReason;
use crate::mailbox::watchers;
use crate::mailbox::{Mailbox, Message, Shared, Sleeper};
use crate::panic::{Panicked, contained, drop_contained};
use crate::runtime::Executor;

/// Starts an actor on an executor. Returns a handle and the right to stop it.
///
/// `make` runs on the executor's thread. Only `make` must be `Send`, not the state made by it.
///
/// # Errors
///
/// Fails if the executor has been stopped.
///
/// # Examples
///
/// ```
/// use std::rc::Rc;
/// use std::time::Duration;
///
/// use actor_core::{Actor, Context, Message, Reply, Runtime, ThreadConfig, spawn};
///
/// struct Read(Reply<String>);
/// impl Message for Read {}
///
/// struct Greeter(Rc<str>);
/// impl Actor for Greeter {
///     type Message = Read;
///     async fn handle(&mut self, Read(reply): Read, _cx: &mut Context<Read>) {
///         reply.send(self.0.to_string());
///     }
/// }
///
/// # let runtime = actor_smol::SmolRuntime::new();
/// let executor = runtime.start_executor(ThreadConfig::named("greeter"))?;
/// let (greeter, _running) = spawn(&executor, || Greeter("hello".into()))?;
/// assert_eq!(greeter.ask_blocking(Read, Duration::from_secs(10))?, "hello");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn spawn<A: Actor>(
    executor: &Arc<dyn Executor>,
    make: impl FnOnce() -> A + Send + 'static,
) -> Result<(Handle<A::Message>, Running), SpawnError> {
    let (handle, mailbox) = mailbox();
    Ok((handle, Spawn::new(mailbox).start(executor, make)?))
}

/// The executor has been stopped, so the actor was not started.
///
/// # Examples
///
/// ```
/// use actor_core::life::SpawnError;
/// use actor_core::{Actor, Context, Message, Runtime, ThreadConfig, spawn};
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
/// let executor = runtime.start_executor(ThreadConfig::named("worker"))?;
/// executor.stop();
/// let error: SpawnError = spawn(&executor, || Worker).map(drop).unwrap_err();
/// assert_eq!(error.to_string(), "the executor has been stopped");
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SpawnError;

/// Receives each undelivered message with its lane's name.
type Undelivered<M> = Box<dyn FnMut(&'static str, M) + Send>;

/// Starts an actor on an existing mailbox, with options.
///
/// # Examples
///
/// ```
/// use actor_core::{Actor, Context, Message, Spawn};
///
/// struct Job(u32);
/// impl Message for Job {}
///
/// struct Worker;
/// impl Actor for Worker {
///     type Message = Job;
///     async fn handle(&mut self, _job: Job, _cx: &mut Context<Job>) {}
/// }
///
/// let (handle, mailbox) = actor_core::mailbox::<Job>();
/// let (lost, found) = std::sync::mpsc::channel();
/// handle.try_tell(Job(7)).expect("there is room before the actor runs");
///
/// // An actor never started: the hook receives its messages.
/// let spawn: Spawn<Job> = Spawn::new(mailbox).on_undelivered(move |lane, job| {
///     lost.send((lane, job.0)).expect("the test still listens");
/// });
/// drop(spawn);
/// assert_eq!(found.recv(), Ok(("messages", 7)));
/// ```
#[must_use = "an actor is not started until `start`"]
pub struct Spawn<M: Message> {
    ending: Ending<M>,
}

impl<M: Message> Spawn<M> {
    /// Creates the start of an actor on this mailbox.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use actor_core::{Actor, Context, Message, Runtime, ThreadConfig, Spawn};
    /// # struct Job;
    /// # impl Message for Job {}
    /// # struct Worker;
    /// # impl Actor for Worker {
    /// #     type Message = Job;
    /// #     async fn handle(&mut self, _job: Job, _cx: &mut Context<Job>) {}
    /// # }
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// # let executor = runtime.start_executor(ThreadConfig::named("worker"))?;
    /// // The mailbox accepts messages before the actor runs.
    /// let (worker, mailbox) = actor_core::mailbox();
    /// worker.try_tell(Job)?;
    /// let running = Spawn::new(mailbox).start(&executor, || Worker)?;
    /// running.stop(Duration::from_secs(10));
    /// let exit = running.join_blocking(Duration::from_secs(10)).expect("it ends in time");
    /// assert_eq!(exit.lanes[0].handled, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn new(mailbox: Mailbox<M>) -> Self {
        Self { ending: Ending { mailbox, hook: None, reason: Reason(None) } }
    }

    /// Sets a hook for undelivered messages: accepted, and not handled when the actor ends. The
    /// hook receives each message with its lane's name.
    ///
    /// The hook runs on the actor's thread, after [`Actor::stopped`]. It also runs if the actor
    /// never started.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use actor_core::{Actor, Context, Message, Runtime, Spawn, ThreadConfig};
    /// # struct Job(u32);
    /// # impl Message for Job {}
    /// /// A worker that stops itself at its first job.
    /// struct Worker;
    /// impl Actor for Worker {
    ///     type Message = Job;
    ///     async fn handle(&mut self, _job: Job, cx: &mut Context<Job>) {
    ///         cx.stop();
    ///     }
    /// }
    ///
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// # let executor = runtime.start_executor(ThreadConfig::named("worker"))?;
    /// let (worker, mailbox) = actor_core::mailbox();
    /// // All three jobs are queued before the worker runs.
    /// worker.try_tell_all((1..=3).map(Job))?;
    /// let (sender, lost) = std::sync::mpsc::channel();
    /// let running = Spawn::new(mailbox)
    ///     .on_undelivered(move |_lane, Job(n)| sender.send(n).expect("the receiver waits"))
    ///     .start(&executor, || Worker)?;
    ///
    /// let exit = running.join_blocking(Duration::from_secs(10)).expect("the first job ends it");
    /// assert_eq!((exit.lanes[0].handled, exit.undelivered()), (1, 2));
    /// assert_eq!(Vec::from_iter(lost), [2, 3]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn on_undelivered(mut self, hook: impl FnMut(&'static str, M) + Send + 'static) -> Self {
        self.ending.hook = Some(Box::new(hook));
        self
    }

    /// Starts the actor. `make` makes its state on the executor's thread.
    ///
    /// # Errors
    ///
    /// Fails if the executor has been stopped. The mailbox is then closed, and the hook receives
    /// its messages.
    ///
    /// # Examples
    ///
    /// Two actors with handles to each other, both made before either runs:
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use actor_core::{Actor, Context, Handle, Message, Runtime, Spawn, ThreadConfig};
    ///
    /// struct Ball(u32);
    /// impl Message for Ball {}
    ///
    /// struct Player(Handle<Ball>);
    /// impl Actor for Player {
    ///     type Message = Ball;
    ///     async fn handle(&mut self, Ball(left): Ball, cx: &mut Context<Ball>) {
    ///         // The mailbox has room: there is one ball.
    ///         match left {
    ///             0 => cx.stop(),
    ///             _ => assert!(self.0.try_tell(Ball(left - 1)).is_ok()),
    ///         }
    ///     }
    /// }
    ///
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// let executor = runtime.start_executor(ThreadConfig::named("game"))?;
    /// let (one, one_mailbox) = actor_core::mailbox();
    /// let (other, other_mailbox) = actor_core::mailbox();
    /// one.try_tell(Ball(10))?;
    /// let running = Spawn::new(one_mailbox).start(&executor, move || Player(other))?;
    /// let _other_running = Spawn::new(other_mailbox).start(&executor, move || Player(one))?;
    /// let exit = running.join_blocking(Duration::from_secs(10)).expect("it ends");
    /// assert_eq!(exit.lanes[0].handled, 6);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn start<A: Actor<Message = M>>(
        self,
        executor: &Arc<dyn Executor>,
        make: impl FnOnce() -> A + Send + 'static,
    ) -> Result<Running, SpawnError> {
        let (running, ending, watch) = self.begin(executor);
        match executor.spawn(Box::new(move || Box::pin(live(make, ending, watch)))) {
            Ok(()) => Ok(running),
            Err(refused) => {
                // The panic hook has reported any panic in this drop.
                drop(drop_contained(refused));
                Err(SpawnError)
            }
        }
    }

    /// Returns the actor's whole life as a future, for a thread that runs futures of its own.
    /// Neither `make` nor the state need be `Send`.
    ///
    /// Run the future as a task of this executor, on its thread: the actor's timers are the
    /// executor's. A future dropped before its end ends the actor as
    /// [`Abandoned`](ExitReason::Abandoned).
    ///
    /// This is the base of methods such as `Driver::spawn_local` in `actor-embed`.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::rc::Rc;
    /// use std::sync::Arc;
    /// use std::time::Duration;
    ///
    /// use actor_core::{Actor, Context, Message, Runtime, Spawn, ThreadConfig};
    ///
    /// struct Job;
    /// impl Message for Job {}
    /// struct Worker(Rc<str>);
    /// impl Actor for Worker {
    ///     type Message = Job;
    ///     async fn handle(&mut self, _job: Job, _cx: &mut Context<Job>) {}
    /// }
    ///
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// # let executor = runtime.start_executor(ThreadConfig::named("worker"))?;
    /// let (sender, receiver) = std::sync::mpsc::sync_channel(1);
    /// let own = Arc::clone(&executor);
    /// // A task of the executor, on its thread. The name is not `Send`.
    /// let maker = move || -> std::pin::Pin<Box<dyn Future<Output = ()>>> {
    ///     let name: Rc<str> = "shared".into();
    ///     let (worker, mailbox) = actor_core::mailbox();
    ///     worker.try_tell(Job).expect("there is room");
    ///     let (running, life) = Spawn::new(mailbox).into_life(&own, move || Worker(name));
    ///     sender.send(running).expect("the receiver waits");
    ///     Box::pin(life)
    /// };
    /// executor.spawn(Box::new(maker)).expect("the executor runs");
    /// let exit = receiver.recv()?.join_blocking(Duration::from_secs(10)).expect("it ends");
    /// assert_eq!(exit.lanes[0].handled, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn into_life<A: Actor<Message = M>>(
        self,
        executor: &Arc<dyn Executor>,
        make: impl FnOnce() -> A + 'static,
    ) -> (Running, impl Future<Output = ()> + 'static) {
        let (running, ending, watch) = self.begin(executor);
        (running, live(make, ending, watch))
    }

    fn begin(self, executor: &Arc<dyn Executor>) -> (Running, Ending<M>, Watch) {
        let mut ending = self.ending;
        ending.mailbox.linger_if(executor.spins());
        let shared = Arc::clone(ending.mailbox.shared());
        let running = Running::new(shared, Arc::clone(executor));
        (running, ending, Watch::new(Arc::clone(executor)))
    }
}
/// One actor's whole life, from making its state to publishing its exit.
///
/// Written as one block, with each part pinned where it is made, because this future is most of an
/// actor's size and an `async fn` stores its arguments twice.
fn live<A: Actor>(
    make: impl FnOnce() -> A,
    mut ending: Ending<A::Message>,
    mut watch: Watch,
) -> impl Future<Output = ()> {
    let mut parts =
        Parts { make: Some(make), state: None, cx: watch.context(ending.mailbox.shared()) };
    async move {
        // Captured first, so dropped first with the future: the state is dropped before the exit is
        // published.
        let all = &mut parts;
        {
            let (receiver, mailbox) = ending.mailbox.receiver().split();
            let mut serving = pin!(Some(serve(all, receiver)));
            let reason = Serving { watch: &mut watch, mailbox, part: serving.as_mut() }.await;
            ending.reason.0 = Some(reason);
            // Drops a waiting handler's values. The panic hook has reported any panic in this drop,
            // and the exit reason stays the same.
            drop(contained(|| serving.set(None)));
        }
        ending.mailbox.close();
        let late = if let Some(actor) = &mut parts.state {
            let reason = ending.reason.get();
            let mut stopped = pin!(Some(async {
                actor.stopped(reason).await;
                ExitReason::Stopped
            }));
            let receiver = ending.mailbox.receiver();
            let late =
                poll_fn(|task| watch.poll_stopped(receiver.local(), stopped.as_mut(), task)).await;
            drop(contained(|| stopped.set(None)));
            Some(late)
        } else {
            None
        };
        if let Some(late) = late {
            ending.reason.also(late);
        }
        ending.reason.also_panic(drop_contained(parts.state.take()));
        ending.reason.also_panic(drop_contained(parts));
    }
}

/// Runs the actor's loop to its end. Not a closure, because the compiler does not inline the
/// closure into the actor's future.
struct Serving<'a, M: Message, P> {
    watch: &'a mut Watch,
    mailbox: Sleeper<'a, Shared<M>>,
    part: Pin<&'a mut Option<P>>,
}

impl<M: Message, P: Future<Output = ExitReason>> Future for Serving<'_, M, P> {
    type Output = ExitReason;

    #[inline(always)]
    fn poll(mut self: Pin<&mut Self>, task: &mut task::Context<'_>) -> Poll<ExitReason> {
        let Self { watch, mailbox, part } = &mut *self;
        watch.poll_serving(mailbox, part.as_mut(), task)
    }
}

/// The last steps of an actor's life, in every case: queued messages to the hook, and the exit.
struct Ending<M: Message> {
    mailbox: Mailbox<M>,
    /// Without one, undelivered messages are dropped.
    hook: Option<Undelivered<M>>,
    reason: Reason,
}

/// The exit reason. `None` until the loop returns one. A life dropped before that was abandoned by
/// its executor.
struct Reason(Option<ExitReason>);

impl Reason {
    fn get(&self) -> &ExitReason {
        static ABANDONED: ExitReason = ExitReason::Abandoned;
        self.0.as_ref().unwrap_or(&ABANDONED)
    }

    /// Records a later failure. The first cause remains the reason, unless it was a normal end.
    #[inline]
    fn also(&mut self, late: ExitReason) {
        let was_normal = self.0.as_ref().is_some_and(ExitReason::is_normal);
        if was_normal && !late.is_normal() {
            self.0 = Some(late);
        }
    }

    fn also_panic(&mut self, ran: Result<(), Panicked>) {
        if let Err(panicked) = ran {
            self.also(panicked.into());
        }
    }
}

impl<M: Message> Drop for Ending<M> {
    fn drop(&mut self) {
        let reason = self.reason.0.take().unwrap_or(ExitReason::Abandoned);
        let Self { mailbox, hook, .. } = self;
        let mut undelivered = |lane, message| match hook.as_mut() {
            Some(hook) => hook(lane, message),
            None => drop(message),
        };
        while contained(|| mailbox.drain_undelivered(&mut undelivered)).is_err() {
            // The hook panicked at one message, and the panic hook has reported it. The remaining
            // messages follow.
        }
        // Dropped before the exit is published, so a joining thread can rely on the hook's values
        // being released.
        drop(drop_contained(hook.take()));
        mailbox.shared().life().end(reason);
        watchers::end(&**mailbox.shared());
    }
}

impl<M: Message> fmt::Debug for Spawn<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Spawn").field("mailbox", &self.ending.mailbox).finish_non_exhaustive()
    }
}

impl fmt::Display for SpawnError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the executor has been stopped")
    }
}

impl std::error::Error for SpawnError {}
