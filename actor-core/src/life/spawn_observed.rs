//! The builder of an observed actor, and its start. The spawner's look at figures.

use std::any::type_name;
use std::fmt;
use std::future::Future;
use std::sync::Arc;

use crate::actor::observer::Observer;
use crate::handle::Gauge;
use crate::life::again::Again;
use crate::life::error::SpawnError;
use crate::life::governor::Governor;
use crate::life::live::live;
use crate::life::lives::{Observed, One};
use crate::life::made::Made;
use crate::life::named::named;
use crate::life::place::Place;
use crate::life::relive::relive;
use crate::life::restart::Restart;
use crate::life::running::Running;
use crate::life::spawn::{Life, Once, Spawn, spawn_on};
use crate::life::spawn_restarting::Restarting;
use crate::mailbox::{Figures, Message};
use crate::runtime::Executor;

/// Marks a [`Spawn`] of an observed actor.
#[doc(hidden)]
pub struct Seen<L, O> {
    lives: L,
    observer: O,
}

impl<M: Message, L> Spawn<M, L> {
    /// Lets this observer see each message before and after its handler. All lives of the actor
    /// have the same observer. A second call replaces it.
    ///
    /// An actor without an observer costs nothing for this.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::Arc;
    /// use std::sync::atomic::{AtomicU64, Ordering};
    /// use std::time::Duration;
    ///
    /// use actor_core::life::Restart;
    /// use actor_core::observe::{HandlerEnd, Observer};
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
    /// /// Counts the panics of handlers.
    /// struct Panics(Arc<AtomicU64>);
    /// impl Observer<Divide> for Panics {
    ///     fn ended(&mut self, end: HandlerEnd) {
    ///         self.0.fetch_add(u64::from(end == HandlerEnd::Panicked), Ordering::Relaxed);
    ///     }
    /// }
    ///
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// let executor = runtime.start_executor(ThreadConfig::named("divider"))?;
    /// let panics = Arc::new(AtomicU64::new(0));
    /// let (divider, mailbox) = actor_core::mailbox();
    /// let running = Spawn::new(mailbox)
    ///     .restart(Restart::up_to(5))
    ///     .observed(Panics(Arc::clone(&panics)))
    ///     .start(&executor, || Divider)?;
    /// divider.try_tell_all([Divide(6, 3), Divide(1, 0), Divide(2, 0)])?;
    /// drop(divider);
    /// running.join_blocking(Duration::from_secs(10)).expect("nothing reaches it");
    /// assert_eq!(panics.load(Ordering::Relaxed), 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn observed<O: Observer<M>>(self, observer: O) -> Spawn<M, L::Of<O>>
    where
        L: See,
    {
        let Self { ending, wish, lives } = self;
        Spawn { ending, wish, lives: lives.with(observer) }
    }
}

/// A kind of [`Spawn`] that can be observed.
#[doc(hidden)]
pub trait See: Sized {
    /// The same kind, observed.
    type Of<O>;

    /// Adds the observer.
    fn with<O>(self, observer: O) -> Self::Of<O>;
}

impl See for Once {
    type Of<O> = Seen<Self, O>;

    fn with<O>(self, observer: O) -> Seen<Self, O> {
        Seen { lives: self, observer }
    }
}

impl<M> See for Restarting<M> {
    type Of<O> = Seen<Self, O>;

    fn with<O>(self, observer: O) -> Seen<Self, O> {
        Seen { lives: self, observer }
    }
}

impl<L, Other> See for Seen<L, Other> {
    type Of<O> = Seen<L, O>;

    fn with<O>(self, observer: O) -> Seen<L, O> {
        Seen { lives: self.lives, observer }
    }
}

impl<M: Message, O: Observer<M>> Spawn<M, Seen<Once, O>> {
    /// Restarts the actor by this policy. As [`restart`](Spawn::restart) before `observed`.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::life::Restart;
    /// use actor_core::observe::Observer;
    /// use actor_core::{Message, Spawn};
    ///
    /// struct Job;
    /// impl Message for Job {}
    /// struct Quiet;
    /// impl Observer<Job> for Quiet {}
    ///
    /// let (_worker, mailbox) = actor_core::mailbox::<Job>();
    /// let spawn = Spawn::new(mailbox).observed(Quiet).restart(Restart::transient());
    /// # drop(spawn);
    /// ```
    pub fn restart(self, policy: Restart) -> Spawn<M, Seen<Restarting<M>, O>> {
        let Self { ending, wish, lives: Seen { lives, observer } } = self;
        Spawn { ending, wish, lives }.restart(policy).observed(observer)
    }

    /// Restarts the actor as this governor decides. As [`governed`](Spawn::governed) before
    /// `observed`.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use actor_core::life::Governor;
    /// # use actor_core::observe::Observer;
    /// # use actor_core::{ExitReason, Message, Spawn};
    /// # struct Quiet;
    /// # impl Governor for Quiet {
    /// #     fn life_ended(&self, _reason: &ExitReason) {}
    /// # }
    /// # struct Job;
    /// # impl Message for Job {}
    /// # impl Observer<Job> for Quiet {}
    /// let (_worker, mailbox) = actor_core::mailbox::<Job>();
    /// let spawn = Spawn::new(mailbox).observed(Quiet).governed(Arc::new(Quiet));
    /// # drop(spawn);
    /// ```
    pub fn governed(self, governor: Arc<dyn Governor>) -> Spawn<M, Seen<Restarting<M>, O>> {
        let Self { ending, wish, lives: Seen { lives, observer } } = self;
        Spawn { ending, wish, lives }.governed(governor).observed(observer)
    }

    /// Starts the actor. As [`start`](Spawn::start) without an observer.
    ///
    /// # Errors
    ///
    /// Fails if the executor has been stopped, or if the place refuses the actor.
    ///
    /// # Examples
    ///
    /// See [`observed`](Self::observed).
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use actor_core::observe::Observer;
    /// # use actor_core::{Actor, Context, Message, Runtime, Spawn, ThreadConfig};
    /// # struct Job;
    /// # impl Message for Job {}
    /// # struct Worker;
    /// # impl Actor for Worker {
    /// #     type Message = Job;
    /// #     async fn handle(&mut self, _job: Job, _cx: &mut Context<Job>) {}
    /// # }
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// # let executor = runtime.start_executor(ThreadConfig::named("worker"))?;
    /// struct Quiet;
    /// impl Observer<Job> for Quiet {}
    ///
    /// let (worker, mailbox) = actor_core::mailbox();
    /// let running = Spawn::new(mailbox).observed(Quiet).start(&executor, || Worker)?;
    /// worker.try_tell(Job)?;
    /// drop(worker);
    /// let exit = running.join_blocking(Duration::from_secs(10)).expect("nothing reaches it");
    /// assert_eq!(exit.lanes[0].handled, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn start<K: 'static, R: Made<M, K> + 'static>(
        mut self,
        place: &(impl Place + ?Sized),
        make: impl FnOnce() -> R + Send + 'static,
    ) -> Result<Running, SpawnError> {
        self.wish.kind = type_name::<R::Actor>();
        let seat = place.seat(&self.wish)?;
        let (running, ending, watch, Seen { observer, .. }) = self.begin(seat);
        let presence = running.presence();
        let maker = move || -> Life {
            let lives = Observed::new(One::new(make), observer);
            Box::pin(named(presence, live(lives, ending, watch)))
        };
        spawn_on(running, Box::new(maker))
    }

    /// Returns the actor's whole life as a future. As [`into_life`](Spawn::into_life) without an
    /// observer.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::observe::Observer;
    /// # use actor_core::{Actor, Context, Message, Runtime, Spawn, ThreadConfig};
    /// # struct Job;
    /// # impl Message for Job {}
    /// # struct Worker;
    /// # impl Actor for Worker {
    /// #     type Message = Job;
    /// #     async fn handle(&mut self, _job: Job, _cx: &mut Context<Job>) {}
    /// # }
    /// # struct Quiet;
    /// # impl Observer<Job> for Quiet {}
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// # let executor = runtime.start_executor(ThreadConfig::named("worker"))?;
    /// let (_worker, mailbox) = actor_core::mailbox();
    /// let (running, life) = Spawn::new(mailbox).observed(Quiet).into_life(&executor, || Worker);
    /// drop(life);
    /// assert!(running.exit().is_some());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn into_life<K: 'static, R: Made<M, K> + 'static>(
        self,
        executor: &Arc<dyn Executor>,
        make: impl FnOnce() -> R + 'static,
    ) -> (Running, impl Future<Output = ()> + 'static) {
        let seat = self.seat_on(executor);
        let (running, ending, watch, Seen { observer, .. }) = self.begin(seat);
        let presence = running.presence();
        let lives = Observed::new(One::new(make), observer);
        (running, named(presence, live(lives, ending, watch)))
    }
}

impl<M: Message, O: Observer<M>> Spawn<M, Seen<Restarting<M>, O>> {
    /// Starts the actor. As `start` of a restarting actor without an observer.
    ///
    /// # Errors
    ///
    /// Fails if the executor has been stopped, or if the place refuses the actor.
    ///
    /// # Examples
    ///
    /// See [`observed`](Self::observed).
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use actor_core::life::Restart;
    /// # use actor_core::observe::Observer;
    /// # use actor_core::{Actor, Context, Message, Runtime, Spawn, ThreadConfig};
    /// # struct Job;
    /// # impl Message for Job {}
    /// # struct Worker;
    /// # impl Actor for Worker {
    /// #     type Message = Job;
    /// #     async fn handle(&mut self, _job: Job, _cx: &mut Context<Job>) {}
    /// # }
    /// # struct Quiet;
    /// # impl Observer<Job> for Quiet {}
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// # let executor = runtime.start_executor(ThreadConfig::named("worker"))?;
    /// let (worker, mailbox) = actor_core::mailbox();
    /// let spawn = Spawn::new(mailbox).restart(Restart::transient()).observed(Quiet);
    /// let running = spawn.start(&executor, || Worker)?;
    /// drop(worker);
    /// let exit = running.join_blocking(Duration::from_secs(10)).expect("nothing reaches it");
    /// assert_eq!(exit.restarts, 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn start<K: 'static, R: Made<M, K> + 'static>(
        mut self,
        place: &(impl Place + ?Sized),
        make: impl FnMut() -> R + Send + 'static,
    ) -> Result<Running, SpawnError> {
        self.wish.kind = type_name::<R::Actor>();
        let seat = place.seat(&self.wish)?;
        let (running, ending, watch, Seen { lives, observer }) = self.begin(seat);
        let Restarting { mut decider, poison } = lives;
        let governor = decider.attach(&running);
        let presence = running.presence();
        let maker = move || -> Life {
            let lives = Observed::new(Again::new(make, governor, poison), observer);
            Box::pin(named(presence, relive(lives, ending, watch, decider)))
        };
        spawn_on(running, Box::new(maker))
    }

    /// Returns the actor's lives as one future. As [`into_life`](Spawn::into_life) without an
    /// observer.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::life::Restart;
    /// # use actor_core::observe::Observer;
    /// # use actor_core::{Actor, Context, Message, Runtime, Spawn, ThreadConfig};
    /// # struct Job;
    /// # impl Message for Job {}
    /// # struct Worker;
    /// # impl Actor for Worker {
    /// #     type Message = Job;
    /// #     async fn handle(&mut self, _job: Job, _cx: &mut Context<Job>) {}
    /// # }
    /// # struct Quiet;
    /// # impl Observer<Job> for Quiet {}
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// # let executor = runtime.start_executor(ThreadConfig::named("worker"))?;
    /// let (_worker, mailbox) = actor_core::mailbox();
    /// let spawn = Spawn::new(mailbox).restart(Restart::transient()).observed(Quiet);
    /// let (running, life) = spawn.into_life(&executor, || Worker);
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
        let (running, ending, watch, Seen { lives, observer }) = self.begin(seat);
        let Restarting { mut decider, poison } = lives;
        let governor = decider.attach(&running);
        let presence = running.presence();
        let lives = Observed::new(Again::new(make, governor, poison), observer);
        (running, named(presence, relive(lives, ending, watch, decider)))
    }
}

impl Running {
    /// Returns the figures of the actor. As [`Handle::figures`](crate::Handle::figures).
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use actor_core::{Actor, Context, Message, Runtime, ThreadConfig, spawn};
    /// # struct Job;
    /// # impl Message for Job {}
    /// # struct Worker;
    /// # impl Actor for Worker {
    /// #     type Message = Job;
    /// #     async fn handle(&mut self, _job: Job, _cx: &mut Context<Job>) {}
    /// # }
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// # let executor = runtime.start_executor(ThreadConfig::named("worker"))?;
    /// let (worker, running) = spawn(&executor, || Worker)?;
    /// worker.try_tell(Job)?;
    /// assert_eq!(running.figures().lanes[0].stats.accepted, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn figures(&self) -> Figures {
        self.mailbox.figures()
    }

    /// Returns a reader of the figures. As [`Handle::gauge`](crate::Handle::gauge).
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use actor_core::{Actor, Context, Message, Runtime, ThreadConfig, spawn};
    /// # struct Job;
    /// # impl Message for Job {}
    /// # struct Worker;
    /// # impl Actor for Worker {
    /// #     type Message = Job;
    /// #     async fn handle(&mut self, _job: Job, _cx: &mut Context<Job>) {}
    /// # }
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// # let executor = runtime.start_executor(ThreadConfig::named("worker"))?;
    /// let (_worker, running) = spawn(&executor, || Worker)?;
    /// assert!(!running.gauge().has_ended());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn gauge(&self) -> Gauge {
        Gauge::new(Arc::clone(&self.mailbox))
    }
}

impl<L, O> fmt::Debug for Seen<L, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seen")
    }
}
