//! Where in its system an actor starts.

use std::fmt;
use std::sync::Arc;

use actor_core::ThreadConfig;
use actor_core::life::{Place, Seat, SpawnError, Wish};

use crate::system::System;
use crate::system::shared::{Shared, Site};

/// A place in a system: one executor, or a thread of the actor's own.
///
/// It does not keep the system.
///
/// # Examples
///
/// ```
/// # use actor_core::{Actor, Context, Message, Spawn};
/// # struct Job;
/// # impl Message for Job {}
/// # struct Worker;
/// # impl Actor for Worker {
/// #     type Message = Job;
/// #     async fn handle(&mut self, _job: Job, _cx: &mut Context<Job>) {}
/// # }
/// use actor_system::System;
/// use actor_system::system::SystemPlace;
///
/// # let runtime = actor_smol::SmolRuntime::new();
/// let system = System::new("node", runtime)?;
/// let (_worker, mailbox) = actor_core::mailbox();
/// let place: SystemPlace = system.own_thread();
/// let _running = Spawn::new(mailbox).named("worker").start(&place, || Worker)?;
/// assert_eq!(&*system.actors()[0].thread, "worker");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct SystemPlace {
    shared: Arc<Shared>,
    site: Site,
}

impl System {
    /// Returns the place on the executor of this name: one of
    /// [`SystemBuilder::executor`](crate::system::SystemBuilder::executor), or of the pool.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::{Actor, Context, Message, spawn};
    /// # struct Job;
    /// # impl Message for Job {}
    /// # struct Worker;
    /// # impl Actor for Worker {
    /// #     type Message = Job;
    /// #     async fn handle(&mut self, _job: Job, _cx: &mut Context<Job>) {}
    /// # }
    /// use actor_core::ThreadConfig;
    ///
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// let chain = ThreadConfig::named("chain");
    /// let system = actor_system::System::builder("node").runtime(runtime).executor(chain).start()?;
    /// let place = system.executor("chain").ok_or("there is no such executor")?;
    /// let _worker = spawn(&place, || Worker)?;
    /// assert_eq!(&*system.actors()[0].thread, "chain");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn executor(&self, name: &str) -> Option<SystemPlace> {
        let shared = self.shared();
        let mut slots = shared.apart.iter().chain(shared.pool.slots());
        let slot = slots.find(|slot| &*slot.name == name)?;
        Some(self.place(Site::Executor(Arc::clone(slot))))
    }

    /// Returns a place where each actor has a thread of its own, with the actor's name. The thread
    /// ends with the actor.
    ///
    /// A spawn there returns `SpawnError::NoThread` if the thread cannot be started, and
    /// `SpawnError::NoExecutor` in a system without a runtime.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::{Actor, Context, Message, Spawn};
    /// # struct Job;
    /// # impl Message for Job {}
    /// # struct Worker;
    /// # impl Actor for Worker {
    /// #     type Message = Job;
    /// #     async fn handle(&mut self, _job: Job, _cx: &mut Context<Job>) {}
    /// # }
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// let system = actor_system::System::new("node", runtime)?;
    /// let (_chain, mailbox) = actor_core::mailbox();
    /// let spawn = Spawn::new(mailbox).named("chain");
    /// let _running = spawn.start(&system.own_thread(), || Worker)?;
    /// assert_eq!(&*system.actors()[0].thread, "chain");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn own_thread(&self) -> SystemPlace {
        self.place(Site::OwnThread(None))
    }

    /// Returns a place where each actor has a thread of its own with this configuration.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::{Actor, Context, Message, spawn};
    /// # struct Job;
    /// # impl Message for Job {}
    /// # struct Worker;
    /// # impl Actor for Worker {
    /// #     type Message = Job;
    /// #     async fn handle(&mut self, _job: Job, _cx: &mut Context<Job>) {}
    /// # }
    /// use actor_core::ThreadConfig;
    ///
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// let system = actor_system::System::new("node", runtime)?;
    /// let config = ThreadConfig::named("parser").stack_size(16 << 20);
    /// let _parser = spawn(&system.own_thread_with(config), || Worker)?;
    /// assert_eq!(&*system.actors()[0].thread, "parser");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn own_thread_with(&self, config: ThreadConfig) -> SystemPlace {
        self.place(Site::OwnThread(Some(config)))
    }

    fn place(&self, site: Site) -> SystemPlace {
        SystemPlace { shared: Arc::clone(self.shared()), site }
    }
}

/// On an executor of the pool.
impl Place for System {
    fn seat(&self, wish: &Wish) -> Result<Seat, SpawnError> {
        self.shared().seat(&Site::Pool, wish)
    }
}

impl Place for SystemPlace {
    fn seat(&self, wish: &Wish) -> Result<Seat, SpawnError> {
        self.shared.seat(&self.site, wish)
    }
}

impl fmt::Debug for SystemPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SystemPlace")
            .field("system", &self.shared.name)
            .field("site", &self.site)
            .finish()
    }
}
