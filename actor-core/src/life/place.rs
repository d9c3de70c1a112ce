//! Where an actor starts: an executor, or an owner of executors.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use crate::life::error::SpawnError;
use crate::life::governor::Governor;
use crate::life::running::Running;
use crate::mailbox::exit::Exit;
use crate::panic::contained;
use crate::runtime::Executor;

/// Where an actor starts.
///
/// An `Arc<dyn Executor>` is a place. So is a system or a pool of executors, which also chooses the
/// executor and keeps a list of its actors.
///
/// # Examples
///
/// A place with two executors, used in turn:
///
/// ```
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicUsize, Ordering};
///
/// use actor_core::life::{Place, Seat, SpawnError, Wish};
/// use actor_core::{Executor, Runtime, ThreadConfig};
///
/// struct Both([Arc<dyn Executor>; 2], AtomicUsize);
///
/// impl Place for Both {
///     fn seat(&self, wish: &Wish) -> Result<Seat, SpawnError> {
///         let next = self.1.fetch_add(1, Ordering::Relaxed) % 2;
///         self.0[next].seat(wish)
///     }
/// }
///
/// # let runtime = actor_smol::SmolRuntime::new();
/// let start = |name| runtime.start_executor(ThreadConfig::named(name));
/// let both = Both([start("left")?, start("right")?], AtomicUsize::new(0));
/// let seats = [both.seat(&Wish::default())?, both.seat(&Wish::default())?];
/// assert!(Arc::ptr_eq(&seats[0].executor, &both.0[0]));
/// assert!(Arc::ptr_eq(&seats[1].executor, &both.0[1]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "no actor can be started on `{Self}`",
    label = "not a place for actors",
    note = "actors start on an `Arc<dyn Executor>`, a system, or another `Place`"
)]
pub trait Place {
    /// Returns the executor for one actor, and what its life reports to. Called by the thread that
    /// starts the actor, before anything else.
    ///
    /// # Errors
    ///
    /// Refuses the actor, for instance because its name is taken.
    fn seat(&self, wish: &Wish) -> Result<Seat, SpawnError>;
}

/// What the spawner has asked for, as a [`Place`] sees it.
///
/// # Examples
///
/// ```
/// use actor_core::life::{OnPanic, Phase, Wish};
///
/// let wish = Wish::default();
/// assert_eq!((wish.name, wish.phase, wish.on_panic), (None, Phase::Owners, OnPanic::Stop));
/// ```
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Wish {
    /// The name set by [`Spawn::named`](crate::Spawn::named).
    pub name: Option<Arc<str>>,
    /// When a shutdown stops the actor.
    pub phase: Phase,
    /// What a panic of the actor ends.
    pub on_panic: OnPanic,
    /// The type of the actor, as [`std::any::type_name`] writes it: for the path of an actor without
    /// a name.
    pub kind: &'static str,
    /// The actor's [`WeakHandle`](crate::handle::WeakHandle), for a registry. Only with a name.
    pub handle: Option<Arc<dyn Any + Send + Sync>>,
    /// The path of the actor's supervisor, such as `net` or `net/peers`, from
    /// [`Governor::path`](crate::life::Governor::path). Empty if the supervisor has no name. A
    /// shutdown stops the supervisor, which then stops the actor.
    pub parent: Option<Arc<str>>,
}

impl Wish {
    pub(super) fn govern(&mut self, governor: &dyn Governor) {
        self.parent = governor.path();
    }

    /// Returns the actor's name below the path of its supervisor. Without a name, `None`.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::life::Wish;
    ///
    /// let mut wish = Wish::default();
    /// assert_eq!(wish.path(), None);
    /// wish.name = Some("a".into());
    /// assert_eq!(wish.path().as_deref(), Some("a"));
    /// wish.parent = Some("net".into());
    /// assert_eq!(wish.path().as_deref(), Some("net/a"));
    /// ```
    #[must_use]
    #[inline]
    pub fn path(&self) -> Option<Arc<str>> {
        self.name.as_ref().map(|name| self.path_of(name))
    }

    #[cold]
    fn path_of(&self, name: &Arc<str>) -> Arc<str> {
        match &self.parent {
            Some(parent) if !parent.is_empty() => format!("{parent}/{name}").into(),
            _ => Arc::clone(name),
        }
    }
}

/// The place given to one actor.
///
/// # Examples
///
/// ```
/// use actor_core::life::Seat;
/// use actor_core::{Runtime, ThreadConfig};
///
/// # let runtime = actor_smol::SmolRuntime::new();
/// let executor = runtime.start_executor(ThreadConfig::named("chain"))?;
/// let seat = Seat::on(executor);
/// assert!(seat.path.is_none() && seat.host.is_none());
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone)]
pub struct Seat {
    /// The executor that runs the actor.
    pub executor: Arc<dyn Executor>,
    /// The actor's full name, such as `/chain/verifier-0`. Without a name, `None`.
    pub path: Option<Arc<str>>,
    /// Receives the actor's begin and its end.
    pub host: Option<Arc<dyn Host>>,
}

/// Receives the begin and the end of each actor of a [`Place`].
///
/// # Examples
///
/// A host with a count of the ended actors:
///
/// ```
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicUsize, Ordering};
/// use std::time::Duration;
///
/// use actor_core::life::{Host, OnPanic, Place, Seat, SpawnError, Wish};
/// use actor_core::{Actor, Context, Executor, Exit, Message, Running, Runtime, ThreadConfig, spawn};
///
/// #[derive(Default)]
/// struct Ended(AtomicUsize);
/// impl Host for Ended {
///     fn began(&self, _running: &Running) {}
///     fn ended(&self, _exit: &Exit, _on_panic: OnPanic) {
///         self.0.fetch_add(1, Ordering::Relaxed);
///     }
/// }
///
/// struct Hall(Arc<dyn Executor>, Arc<Ended>);
/// impl Place for Hall {
///     fn seat(&self, _wish: &Wish) -> Result<Seat, SpawnError> {
///         let host: Arc<dyn Host> = self.1.clone();
///         Ok(Seat { executor: Arc::clone(&self.0), path: None, host: Some(host) })
///     }
/// }
/// # struct Job;
/// # impl Message for Job {}
/// # struct Worker;
/// # impl Actor for Worker {
/// #     type Message = Job;
/// #     async fn handle(&mut self, _job: Job, _cx: &mut Context<Job>) {}
/// # }
/// # let runtime = actor_smol::SmolRuntime::new();
/// let hall = Hall(runtime.start_executor(ThreadConfig::named("hall"))?, Arc::default());
/// let (worker, running) = spawn(&hall, || Worker)?;
/// drop(worker);
/// running.join_blocking(Duration::from_secs(10)).expect("nothing reaches it");
/// assert_eq!(hall.1.0.load(Ordering::Relaxed), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Host: Send + Sync {
    /// An actor begins. Called by the thread that starts it, before its maker runs.
    fn began(&self, running: &Running);

    /// The actor has ended. Called once for each actor that began, on its own thread or on the
    /// thread that drops its life, before its exit is published. Must not block. A panic in it is
    /// contained.
    fn ended(&self, exit: &Exit, on_panic: OnPanic);
}

/// When a shutdown stops an actor. The phases end one after another, in this order.
///
/// # Examples
///
/// ```
/// use actor_core::life::Phase;
///
/// assert_eq!(Phase::default(), Phase::Owners);
/// assert!(Phase::Sources < Phase::Workers && Phase::Owners < Phase::Stores);
/// assert_eq!(Phase::ALL.len(), 4);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// Actors that bring messages into the program: sockets, timers.
    Sources,
    /// Actors that work for others.
    Workers,
    /// Actors that own the program's state.
    #[default]
    Owners,
    /// Actors that keep what others hand them, such as a database.
    Stores,
}

impl Phase {
    /// All phases, in the order of their end.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::life::Phase;
    ///
    /// assert!(Phase::ALL.is_sorted());
    /// ```
    pub const ALL: [Self; 4] = [Self::Sources, Self::Workers, Self::Owners, Self::Stores];
}

/// What a panic of an actor ends. An actor with a [restart policy](crate::Spawn::restart) restarts;
/// this applies to the panic that ends the actor.
///
/// # Examples
///
/// ```
/// use actor_core::life::OnPanic;
///
/// assert_eq!(OnPanic::default(), OnPanic::Stop);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OnPanic {
    /// The actor.
    #[default]
    Stop,
    /// The system of the actor: for an owner whose state may be half changed. A failed handler or
    /// maker has the same effect, and so has an executor that drops the actor. Without a system, it
    /// ends the actor.
    EndSystem,
}

impl Seat {
    /// Returns a place on this executor, without a name and without a host.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use actor_core::life::Seat;
    /// use actor_core::{Runtime, ThreadConfig};
    ///
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// let executor = runtime.start_executor(ThreadConfig::named("chain"))?;
    /// assert!(Arc::ptr_eq(&Seat::on(Arc::clone(&executor)).executor, &executor));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn on(executor: Arc<dyn Executor>) -> Self {
        Self { executor, path: None, host: None }
    }
}

impl Running {
    /// Names the actor and introduces it to its host, before its life begins.
    #[cold]
    pub(super) fn introduce(
        &self,
        path: Option<Arc<str>>,
        host: Option<Arc<dyn Host>>,
        on_panic: OnPanic,
    ) {
        if let Some(path) = path {
            self.set_name(path);
        }
        if let Some(host) = host {
            drop(contained(|| host.began(self)));
            self.on_end(move |exit| host.ended(exit, on_panic));
        }
    }
}

impl Place for Arc<dyn Executor> {
    #[inline(always)]
    fn seat(&self, wish: &Wish) -> Result<Seat, SpawnError> {
        Ok(Seat { executor: Self::clone(self), path: wish.path(), host: None })
    }
}

impl<P: Place + ?Sized> Place for &P {
    #[inline(always)]
    fn seat(&self, wish: &Wish) -> Result<Seat, SpawnError> {
        P::seat(self, wish)
    }
}

impl fmt::Debug for Seat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Seat")
            .field("executor", &self.executor)
            .field("path", &self.path)
            .field("host", &self.host.is_some())
            .finish()
    }
}
