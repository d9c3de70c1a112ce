//! The builder of an actor with several lives, and its start.

use std::any::type_name;
use std::fmt;
use std::future::Future;
use std::sync::Arc;

use crate::handle::{Handle, mailbox};
use crate::life::again::Again;
use crate::life::decider::Decider;
use crate::life::error::SpawnError;
use crate::life::governor::Governor;
use crate::life::made::Made;
use crate::life::named::{Named, named};
use crate::life::place::Place;
use crate::life::poison::{Hook, Poison};
use crate::life::relive::relive;
use crate::life::restart::{Restart, Restarts};
use crate::life::running::Running;
use crate::life::spawn::{Life, Spawn, spawn_on};
use crate::mailbox::Message;
use crate::mailbox::exit::ExitReason;
use crate::runtime::Executor;

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

/// Marks a [`Spawn`] of an actor with several lives.
#[doc(hidden)]
pub struct Restarting<M> {
    pub(super) decider: Decider,
    pub(super) poison: Option<Box<dyn Poison<M>>>,
}

impl<M: Message> Spawn<M> {
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
        let presence = running.presence();
        let maker = move || -> Life {
            let lives = Again::new(make, governor, poison);
            let life = relive(lives, ending, watch, decider);
            match presence {
                None => Box::pin(life),
                Some(presence) => Box::pin(Named::new(presence, life)),
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
        let presence = running.presence();
        (
            running,
            named(presence, relive(Again::new(make, governor, poison), ending, watch, decider)),
        )
    }
}

impl<M> fmt::Debug for Restarting<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Restarting")
    }
}
