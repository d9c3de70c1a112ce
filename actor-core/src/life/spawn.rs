//! Starts an actor on a mailbox, and completes its end with its exit.

use std::any::type_name;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::handle::{Handle, WeakHandle, mailbox};
use crate::life::ending::Ending;
use crate::life::error::SpawnError;
use crate::life::live::live;
use crate::life::lives::One;
use crate::life::made::Made;
use crate::life::named::{Named, named};
use crate::life::place::{OnPanic, Phase, Place, Seat, Wish};
use crate::life::running::Running;
use crate::life::watch::Watch;
use crate::mailbox::{Mailbox, Message};
use crate::panic::drop_contained;
use crate::runtime::{Executor, Maker};

/// Starts an actor on an executor, or at another [`Place`]. Returns a handle and the right to stop
/// it.
///
/// `make` runs on the executor's thread. Only `make` must be `Send`, not the state made by it. It
/// returns the actor, or a `Result` with the actor ([`Made`]).
///
/// # Errors
///
/// Fails if the executor has been stopped, or if the place refuses the actor.
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
pub fn spawn<M: Message, K: 'static, R: Made<M, K> + 'static>(
    place: &(impl Place + ?Sized),
    make: impl FnOnce() -> R + Send + 'static,
) -> Result<(Handle<M>, Running), SpawnError> {
    let (handle, mailbox) = mailbox();
    Ok((handle, Spawn::new(mailbox).start(place, make)?))
}

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
pub struct Spawn<M: Message, L = Once> {
    pub(super) ending: Ending<M>,
    pub(super) wish: Wish,
    pub(super) lives: L,
}

/// Marks a [`Spawn`] of an actor with one life.
#[doc(hidden)]
#[derive(Debug)]
pub struct Once(());

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
        Self { ending: Ending::new(mailbox), wish: Wish::default(), lives: Once(()) }
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
    pub fn start<K: 'static, R: Made<M, K> + 'static>(
        mut self,
        place: &(impl Place + ?Sized),
        make: impl FnOnce() -> R + Send + 'static,
    ) -> Result<Running, SpawnError> {
        let (running, ending, watch, _once) = {
            self.wish.kind = type_name::<R::Actor>();
            let seat = place.seat(&self.wish)?;
            self.begin(seat)
        };
        // The future is made on the executor's thread, in one place in memory.
        let presence = running.presence();
        let maker = move || -> Life {
            match presence {
                // Written twice, because a future in a variable would be moved into its box.
                None => Box::pin(live(One::new(make), ending, watch)),
                Some(presence) => {
                    Box::pin(Named::new(presence, live(One::new(make), ending, watch)))
                }
            }
        };
        spawn_on(running, Box::new(maker))
    }

    /// Returns the actor's whole life as a future, for a thread that runs futures of its own.
    /// Neither `make` nor the state need be `Send`.
    ///
    /// Run the future as a task of this executor, on its thread: the actor's timers are the
    /// executor's. A future dropped before its end ends the actor as
    /// [`Abandoned`](crate::ExitReason::Abandoned).
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
    pub fn into_life<K: 'static, R: Made<M, K> + 'static>(
        self,
        executor: &Arc<dyn Executor>,
        make: impl FnOnce() -> R + 'static,
    ) -> (Running, impl Future<Output = ()> + 'static) {
        let seat = self.seat_on(executor);
        let (running, ending, watch, _once) = self.begin(seat);
        let presence = running.presence();
        (running, named(presence, live(One::new(make), ending, watch)))
    }
}

impl<M: Message, L> Spawn<M, L> {
    /// Returns the name set by [`named`](Self::named).
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::{Message, Spawn};
    ///
    /// # struct Job;
    /// # impl Message for Job {}
    /// let (_worker, mailbox) = actor_core::mailbox::<Job>();
    /// assert_eq!(Spawn::new(mailbox).named("chain").name().map(|name| &**name), Some("chain"));
    /// ```
    #[must_use]
    pub fn name(&self) -> Option<&Arc<str>> {
        self.wish.name.as_ref()
    }

    /// Names the actor. With a system, the full name is `/name`, and under a supervisor it is
    /// longer.
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
    /// let (worker, mailbox) = actor_core::mailbox();
    /// let running = Spawn::new(mailbox).named("worker").start(&executor, || Worker)?;
    /// drop(worker);
    /// let exit = running.join_blocking(Duration::from_secs(10)).expect("nothing reaches it");
    /// assert_eq!(exit.name.as_deref(), Some("worker"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn named(mut self, name: impl Into<Arc<str>>) -> Self {
        self.wish.name = Some(name.into());
        self.wish.handle = Some(Arc::new(WeakHandle::new(self.ending.mailbox.shared())));
        self
    }

    /// Sets when a shutdown of the system stops the actor. [`Phase::Owners`] unless stated. Without
    /// a system, this has no effect.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::life::Phase;
    /// use actor_core::{Message, Spawn};
    ///
    /// struct Job;
    /// impl Message for Job {}
    ///
    /// let (_worker, mailbox) = actor_core::mailbox::<Job>();
    /// let spawn = Spawn::new(mailbox).phase(Phase::Workers);
    /// # drop(spawn);
    /// ```
    pub fn phase(mut self, phase: Phase) -> Self {
        self.wish.phase = phase;
        self
    }

    /// Sets what a panic that ends the actor ends besides it. [`OnPanic::Stop`] unless stated.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::life::OnPanic;
    /// use actor_core::{Message, Spawn};
    ///
    /// struct Job;
    /// impl Message for Job {}
    ///
    /// let (_worker, mailbox) = actor_core::mailbox::<Job>();
    /// let spawn = Spawn::new(mailbox).on_panic(OnPanic::EndSystem);
    /// # drop(spawn);
    /// ```
    pub fn on_panic(mut self, on_panic: OnPanic) -> Self {
        self.wish.on_panic = on_panic;
        self
    }

    /// Sets a hook for undelivered messages: accepted, and not handled when the actor ends. The
    /// hook receives each message with its lane's name.
    ///
    /// The hook runs on the actor's thread, after [`Actor::stopped`](crate::Actor::stopped). It
    /// also runs if the actor never started.
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
        self.ending.hook = Some(Box::new(Box::new(hook)));
        self
    }

    pub(super) fn seat_on(&self, executor: &Arc<dyn Executor>) -> Seat {
        Seat { executor: Arc::clone(executor), path: self.wish.path(), host: None }
    }

    #[inline(always)]
    pub(super) fn begin(self, seat: Seat) -> (Running, Ending<M>, Watch, L) {
        let Self { mut ending, wish, lives } = self;
        let Seat { executor, path, host } = seat;
        ending.mailbox.linger_if(executor.spins());
        let shared = Arc::clone(ending.mailbox.shared());
        let watch = Watch::new(Arc::clone(&executor));
        let running = Running::new(shared, executor);
        if path.is_some() || host.is_some() {
            running.introduce(path, host, wish.on_panic);
        }
        (running, ending, watch, lives)
    }
}

/// An actor's whole life, on its thread.
pub(super) type Life = Pin<Box<dyn Future<Output = ()>>>;

/// Spawns the life on the actor's executor.
#[inline(always)]
pub(super) fn spawn_on(running: Running, maker: Maker) -> Result<Running, SpawnError> {
    match running.executor().spawn(maker) {
        Ok(()) => Ok(running),
        Err(refused) => {
            // The panic hook has reported any panic in this drop.
            drop(drop_contained(refused));
            Err(SpawnError::ExecutorStopped)
        }
    }
}

impl<M: Message, L> fmt::Debug for Spawn<M, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Spawn")
            .field("name", &self.wish.name)
            .field("mailbox", &self.ending.mailbox)
            .finish_non_exhaustive()
    }
}
