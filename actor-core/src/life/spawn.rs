//! Starts an actor on a mailbox, and completes its end with its exit.

use std::any::type_name;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::handle::{Handle, WeakHandle, mailbox};
use crate::life::again::Again;
use crate::life::decider::Decider;
use crate::life::ending::Ending;
use crate::life::error::SpawnError;
use crate::life::governor::Governor;
use crate::life::live::live;
use crate::life::lives::One;
use crate::life::made::Made;
use crate::life::named::{Named, named};
use crate::life::place::{OnPanic, Phase, Place, Seat, Wish};
use crate::life::poison::{Hook, Poison};
use crate::life::relive::relive;
use crate::life::restart::{Restart, Restarts};
use crate::life::running::Running;
use crate::life::watch::Watch;
use crate::mailbox::exit::ExitReason;
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

impl<M> fmt::Debug for Restarting<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Restarting")
    }
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
    ending: Ending<M>,
    wish: Wish,
    lives: L,
}

/// The builder of an actor with several lives, from [`Spawn::restart`] or [`Spawn::governed`].
///
/// # Examples
///
/// ```
/// use actor_core::life::{Restart, SpawnRestarting};
/// use actor_core::{Message, Spawn};
///
/// struct Job;
/// impl Message for Job {}
///
/// let (_worker, mailbox) = actor_core::mailbox::<Job>();
/// let spawn: SpawnRestarting<Job> = Spawn::new(mailbox).restart(Restart::transient());
/// # drop(spawn);
/// ```
pub type SpawnRestarting<M> = Spawn<M, Restarting<M>>;

/// Marks a [`Spawn`] of an actor with one life.
#[doc(hidden)]
#[derive(Debug)]
pub struct Once(());

/// Marks a [`Spawn`] of an actor with several lives.
#[doc(hidden)]
pub struct Restarting<M> {
    decider: Decider,
    poison: Option<Box<dyn Poison<M>>>,
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
        let name = running.name();
        let maker = move || -> Life {
            match name {
                // Written twice, because a future in a variable would be moved into its box.
                None => Box::pin(live(One::new(make), ending, watch)),
                Some(name) => Box::pin(Named::new(name, live(One::new(make), ending, watch))),
            }
        };
        spawn_on(running, Box::new(maker))
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
    pub fn into_life<K: 'static, R: Made<M, K> + 'static>(
        self,
        executor: &Arc<dyn Executor>,
        make: impl FnOnce() -> R + 'static,
    ) -> (Running, impl Future<Output = ()> + 'static) {
        let seat = self.seat_on(executor);
        let (running, ending, watch, _once) = self.begin(seat);
        let name = running.name();
        (running, named(name, live(One::new(make), ending, watch)))
    }

    /// Restarts the actor by this policy: it has further lives on the same mailbox.
    ///
    /// Handles and queued messages survive. The message in hand does not: it counts as handled, and
    /// its asker sees a dropped reply. [`Actor::stopped`](crate::Actor::stopped) runs on the old
    /// state, which is dropped before the maker runs again. Timers and work in flight end with
    /// their life. During a [delay](Restart::backoff) messages wait in their lanes, and evicting
    /// lanes go on evicting.
    ///
    /// A [stop](Running::stop) ends a delay: with queued messages, a last life begins without a
    /// delay and handles them until the deadline, otherwise the actor ends. A
    /// [kill](Running::kill) ends it at once.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use actor_core::life::Restart;
    /// use actor_core::{Actor, Context, Message, Reply, Runtime, Spawn, ThreadConfig};
    ///
    /// enum Job {
    ///     Divide(u64, u64),
    ///     Sum(Reply<u64>),
    /// }
    /// impl Message for Job {}
    ///
    /// struct Divider(u64);
    /// impl Actor for Divider {
    ///     type Message = Job;
    ///     async fn handle(&mut self, job: Job, _cx: &mut Context<Job>) {
    ///         match job {
    ///             Job::Divide(dividend, divisor) => self.0 += dividend / divisor,
    ///             Job::Sum(reply) => reply.send(self.0),
    ///         }
    ///     }
    /// }
    ///
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// let executor = runtime.start_executor(ThreadConfig::named("divider"))?;
    /// let (divider, mailbox) = actor_core::mailbox();
    /// let running =
    ///     Spawn::new(mailbox).restart(Restart::up_to(5)).start(&executor, || Divider(0))?;
    /// divider.try_tell(Job::Divide(6, 2))?;
    /// divider.try_tell(Job::Divide(6, 0))?;
    /// divider.try_tell(Job::Divide(6, 3))?;
    /// // The division by zero has ended the first life, with its sum of 3.
    /// assert_eq!(divider.ask_blocking(Job::Sum, Duration::from_secs(10))?, 2);
    /// drop(divider);
    /// let exit = running.join_blocking(Duration::from_secs(10)).expect("nothing reaches it");
    /// assert_eq!((exit.restarts, exit.lanes[0].handled), (1, 4));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn restart(self, policy: Restart) -> SpawnRestarting<M> {
        self.lives(Decider::Policy(Restarts::new(policy)))
    }

    /// Restarts the actor as this governor decides, on the same mailbox. A life ends and
    /// begins as with [`restart`](Self::restart).
    ///
    /// # Examples
    ///
    /// See [`Governor`].
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use actor_core::life::Governor;
    /// # use actor_core::{ExitReason, Message, Spawn};
    /// # struct Quiet;
    /// # impl Governor for Quiet {
    /// #     fn life_ended(&self, _reason: &ExitReason) {}
    /// # }
    /// # struct Job;
    /// # impl Message for Job {}
    /// # let (_worker, mailbox) = actor_core::mailbox::<Job>();
    /// let spawn = Spawn::new(mailbox).governed(Arc::new(Quiet));
    /// # drop(spawn);
    /// ```
    pub fn governed(mut self, governor: Arc<dyn Governor>) -> SpawnRestarting<M> {
        self.wish.govern(&*governor);
        self.lives(Decider::Governor { governor, was_closed: false, waits_first: false })
    }

    fn lives(self, decider: Decider) -> SpawnRestarting<M> {
        let Self { ending, wish, .. } = self;
        Spawn { ending, wish, lives: Restarting { decider, poison: None } }
    }

    /// Starts an actor that restarts: the short form of [`restart`](Self::restart).
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use actor_core::life::Restart;
    /// use actor_core::{Actor, Context, Message, Runtime, Spawn, ThreadConfig};
    ///
    /// struct Job(bool);
    /// impl Message for Job {}
    ///
    /// struct Worker;
    /// impl Actor for Worker {
    ///     type Message = Job;
    ///     async fn handle(&mut self, Job(is_good): Job, _cx: &mut Context<Job>) {
    ///         assert!(is_good, "a bad job");
    ///     }
    /// }
    ///
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// let executor = runtime.start_executor(ThreadConfig::named("worker"))?;
    /// let (worker, running) = Spawn::supervised(&executor, Restart::up_to(5), || Worker)?;
    /// worker.try_tell_all([true, false, true].map(Job))?;
    /// drop(worker);
    /// let exit = running.join_blocking(Duration::from_secs(10)).expect("nothing reaches it");
    /// assert_eq!((exit.restarts, exit.lanes[0].handled), (1, 3));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn supervised<K: 'static, R: Made<M, K> + 'static>(
        place: &(impl Place + ?Sized),
        policy: Restart,
        make: impl FnMut() -> R + Send + 'static,
    ) -> Result<(Handle<M>, Running), SpawnError> {
        let (handle, mailbox) = mailbox();
        Ok((handle, Spawn::new(mailbox).restart(policy).start(place, make)?))
    }
}

impl<M: Message> SpawnRestarting<M> {
    /// Returns the policy, and `None` if a governor decides.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::life::Restart;
    /// use actor_core::{Message, Spawn};
    ///
    /// # struct Job;
    /// # impl Message for Job {}
    /// let (_worker, mailbox) = actor_core::mailbox::<Job>();
    /// let spawn = Spawn::new(mailbox).restart(Restart::permanent());
    /// assert_eq!(spawn.policy(), Some(&Restart::permanent()));
    /// ```
    #[must_use]
    pub fn policy(&self) -> Option<&Restart> {
        match &self.lives.decider {
            Decider::Policy(restarts) => Some(restarts.policy()),
            Decider::Governor { .. } => None,
        }
    }

    /// Lets this governor decide, in place of the policy or of another governor.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use actor_core::life::{Governor, Restart};
    /// # use actor_core::{ExitReason, Message, Spawn};
    /// # struct Quiet;
    /// # impl Governor for Quiet {
    /// #     fn life_ended(&self, _reason: &ExitReason) {}
    /// # }
    /// # struct Job;
    /// # impl Message for Job {}
    /// # let (_worker, mailbox) = actor_core::mailbox::<Job>();
    /// let spawn = Spawn::new(mailbox).restart(Restart::permanent()).governed_by(Arc::new(Quiet));
    /// assert_eq!(spawn.policy(), None);
    /// ```
    pub fn governed_by(mut self, governor: Arc<dyn Governor>) -> Self {
        self.wish.govern(&*governor);
        self.lives.decider = Decider::Governor { governor, was_closed: false, waits_first: false };
        self
    }

    /// Sets a hook for the message in hand when a life ends by anything but a normal end: by a
    /// panic, an error, a kill. The message itself is gone by then, so `summarise` makes a summary
    /// of each message before it is handled.
    ///
    /// The hook runs on the actor's thread, after the old state was dropped. In a
    /// [batch](crate::Actor::handle_batch), it receives the message taken last. A panic in the hook
    /// is contained; a panic in `summarise` ends the life.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::mpsc::channel;
    /// use std::time::Duration;
    ///
    /// use actor_core::life::Restart;
    /// use actor_core::{Actor, Context, Message, Runtime, Spawn, ThreadConfig};
    ///
    /// struct Divide(u64, u64);
    /// impl Message for Divide {}
    ///
    /// struct Divider;
    /// impl Actor for Divider {
    ///     type Message = Divide;
    ///     async fn handle(&mut self, Divide(n, by): Divide, _cx: &mut Context<Divide>) {
    ///         println!("{}", n / by);
    ///     }
    /// }
    ///
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// let executor = runtime.start_executor(ThreadConfig::named("divider"))?;
    /// let (divider, mailbox) = actor_core::mailbox();
    /// let (sender, poisons) = channel();
    /// let _running = Spawn::new(mailbox)
    ///     .restart(Restart::up_to(5))
    ///     .on_poison(
    ///         |Divide(dividend, divisor)| format!("{dividend} / {divisor}"),
    ///         move |summary, reason| drop(sender.send(format!("{summary}: {reason}"))),
    ///     )
    ///     .start(&executor, || Divider)?;
    /// divider.try_tell(Divide(6, 3))?;
    /// divider.try_tell(Divide(7, 0))?;
    /// let poison = poisons.recv_timeout(Duration::from_secs(10))?;
    /// assert_eq!(poison, "7 / 0: panicked: attempt to divide by zero");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn on_poison<S: Send + 'static>(
        mut self,
        summarise: impl FnMut(&M) -> S + Send + 'static,
        hook: impl FnMut(S, &ExitReason) + Send + 'static,
    ) -> Self {
        self.lives.poison = Some(Box::new(Hook::new(summarise, hook)));
        self
    }

    /// Starts the actor. `make` makes the state of each life on the executor's thread. It is called
    /// after the last state was dropped, and a failure of it counts as a panic of the life.
    ///
    /// # Errors
    ///
    /// As for an actor with one life: fails if the executor has been stopped, or if the place
    /// refuses the actor. The mailbox is then closed, and the hook receives its messages.
    ///
    /// # Examples
    ///
    /// A maker that fails twice:
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use actor_core::life::Restart;
    /// use actor_core::{Actor, Context, Message, Runtime, Spawn, ThreadConfig};
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
    /// let (_worker, mailbox) = actor_core::mailbox();
    /// let mut attempts = 0;
    /// let running = Spawn::new(mailbox).restart(Restart::up_to(2)).start(&executor, move || {
    ///     attempts += 1;
    ///     if attempts == 3 { Ok(Worker) } else { Err("not yet") }
    /// })?;
    /// running.started_blocking(Duration::from_secs(10))?;
    /// running.stop(Duration::from_secs(10));
    /// let exit = running.join_blocking(Duration::from_secs(10)).expect("it ends in time");
    /// assert_eq!(exit.restarts, 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn start<K: 'static, R: Made<M, K> + 'static>(
        mut self,
        place: &(impl Place + ?Sized),
        make: impl FnMut() -> R + Send + 'static,
    ) -> Result<Running, SpawnError> {
        self.wish.kind = type_name::<R::Actor>();
        let seat = place.seat(&self.wish)?;
        let (running, ending, watch, Restarting { mut decider, poison }) = self.begin(seat);
        let governor = decider.attach(&running);
        let lives = Again::new(make, governor, poison);
        let name = running.name();
        let maker = move || -> Life {
            let life = relive(lives, ending, watch, decider);
            match name {
                None => Box::pin(life),
                Some(name) => Box::pin(Named::new(name, life)),
            }
        };
        spawn_on(running, Box::new(maker))
    }

    /// Returns the actor's lives as one future, for a thread that runs futures of its own. Neither
    /// `make` nor the state need be `Send`. See [`Spawn::into_life`].
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::life::Restart;
    /// use actor_core::{Actor, Context, Message, Runtime, Spawn, ThreadConfig};
    ///
    /// struct Job;
    /// impl Message for Job {}
    /// struct Worker;
    /// impl Actor for Worker {
    ///     type Message = Job;
    ///     async fn handle(&mut self, _job: Job, _cx: &mut Context<Job>) {}
    /// }
    ///
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// # let executor = runtime.start_executor(ThreadConfig::named("worker"))?;
    /// let (_worker, mailbox) = actor_core::mailbox();
    /// let spawn = Spawn::new(mailbox).restart(Restart::transient());
    /// let (running, life) = spawn.into_life(&executor, || Worker);
    /// // Dropped before its end.
    /// drop(life);
    /// assert!(running.exit().is_some());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn into_life<K: 'static, R: Made<M, K> + 'static>(
        self,
        executor: &Arc<dyn Executor>,
        make: impl FnMut() -> R + 'static,
    ) -> (Running, impl Future<Output = ()> + 'static) {
        let seat = self.seat_on(executor);
        let (running, ending, watch, Restarting { mut decider, poison }) = self.begin(seat);
        let governor = decider.attach(&running);
        let name = running.name();
        (running, named(name, relive(Again::new(make, governor, poison), ending, watch, decider)))
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

    fn seat_on(&self, executor: &Arc<dyn Executor>) -> Seat {
        Seat { executor: Arc::clone(executor), path: self.wish.path(), host: None }
    }

    #[inline(always)]
    fn begin(self, seat: Seat) -> (Running, Ending<M>, Watch, L) {
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
type Life = Pin<Box<dyn Future<Output = ()>>>;

/// Spawns the life on the actor's executor.
#[inline(always)]
fn spawn_on(running: Running, maker: Maker) -> Result<Running, SpawnError> {
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
