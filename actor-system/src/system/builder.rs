//! A system with options.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use actor_core::{Runtime, ThreadConfig};

use crate::executors::{Choice, Executors, Slot};
use crate::system::System;
use crate::system::shared::Shared;

/// A [`System`] with options, not yet started.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use actor_system::System;
/// use actor_system::system::SystemBuilder;
///
/// # let runtime = actor_smol::SmolRuntime::new();
/// let builder: SystemBuilder = System::builder("node").runtime(runtime).executors(2);
/// let system = builder.start()?;
/// assert!(system.stop_blocking(Duration::from_secs(10)).is_clean());
/// # Ok::<(), std::io::Error>(())
/// ```
#[must_use = "a system is not started until `start`"]
pub struct SystemBuilder {
    name: Arc<str>,
    runtime: Option<Arc<dyn Runtime>>,
    count: usize,
    apart: Vec<ThreadConfig>,
    adopted: Option<Executors>,
    choice: Option<Choice>,
    patience: Duration,
}

impl SystemBuilder {
    /// The time limit of a shutdown that names none: 10 s.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_system::system::SystemBuilder;
    ///
    /// assert_eq!(SystemBuilder::PATIENCE.as_secs(), 10);
    /// ```
    pub const PATIENCE: Duration = Duration::from_secs(10);

    pub(crate) fn new(name: Arc<str>) -> Self {
        Self {
            name,
            runtime: None,
            count: 1,
            apart: Vec::new(),
            adopted: None,
            choice: None,
            patience: Self::PATIENCE,
        }
    }

    /// Sets the runtime of the system's threads.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use actor_core::Runtime;
    /// use actor_system::System;
    ///
    /// // A runtime selected while the program runs is an `Arc<dyn Runtime>`.
    /// let runtime: Arc<dyn Runtime> = Arc::new(actor_smol::SmolRuntime::new());
    /// let system = System::builder("node").runtime(runtime).start()?;
    /// assert_eq!(system.name(), "node");
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn runtime(mut self, runtime: impl Runtime) -> Self {
        self.runtime = Some(Arc::new(runtime));
        self
    }

    /// Sets the number of executors for actors without a wish. The default is 1.
    ///
    /// With 0, each actor needs a place of its own, such as [`System::own_thread`]. A start on the
    /// system itself returns [`SpawnError::NoExecutor`](actor_core::life::SpawnError::NoExecutor).
    ///
    /// # Examples
    ///
    /// ```
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// let system = actor_system::System::builder("node").runtime(runtime).executors(2).start()?;
    /// assert_eq!(system.executors().names(), ["node-0", "node-1"]);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn executors(mut self, count: usize) -> Self {
        self.count = count;
        self
    }

    /// Adds an executor only for actors that ask for it, by [`System::executor`].
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::ThreadConfig;
    ///
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// let chain = ThreadConfig::named("chain");
    /// let system = actor_system::System::builder("node").runtime(runtime).executor(chain).start()?;
    /// assert!(system.executor("chain").is_some());
    /// assert_eq!(system.executors().names(), ["node"]);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn executor(mut self, config: ThreadConfig) -> Self {
        self.apart.push(config);
        self
    }

    /// Takes executors that exist already for actors without a wish, in place of new ones.
    ///
    /// With a [`runtime`](Self::runtime) as well, the shutdown and the actors with threads of their
    /// own have threads of that runtime. The end of the shutdown stops the executors.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use actor_core::{Runtime, ThreadConfig};
    /// use actor_system::System;
    /// use actor_system::executors::Executors;
    ///
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// let executor = runtime.start_executor(ThreadConfig::named("owner"))?;
    /// let executors = Executors::adopt("owner", executor);
    /// let system = System::builder("node").runtime(runtime).adopt(executors).start()?;
    /// assert!(system.stop_blocking(Duration::from_secs(10)).is_clean());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn adopt(mut self, executors: Executors) -> Self {
        self.adopted = Some(executors);
        self
    }

    /// Sets how the executor of the next actor is chosen. The default is [`Choice::LeastLoaded`].
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_system::System;
    /// use actor_system::executors::Choice;
    ///
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// let builder = System::builder("node").runtime(runtime).executors(2);
    /// let system = builder.choosing(Choice::RoundRobin).start()?;
    /// assert_eq!(system.executors().loads(), [0, 0]);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn choosing(mut self, choice: Choice) -> Self {
        self.choice = Some(choice);
        self
    }

    /// Sets the time limit of a shutdown that names none: after a panic with
    /// [`OnPanic::EndSystem`](actor_core::life::OnPanic::EndSystem), and after the drop of the last
    /// [`System`]. The default is [`PATIENCE`](Self::PATIENCE).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// let builder = actor_system::System::builder("node").runtime(runtime);
    /// let system = builder.patience(Duration::from_secs(1)).start()?;
    /// // Its actors have one second from here.
    /// drop(system);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Starts the executors.
    ///
    /// # Errors
    ///
    /// Returns an error if a thread cannot be started. Returns [`io::ErrorKind::InvalidInput`] if
    /// there is neither a runtime nor an adopted executor, or if the number of executors is 0.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_system::System;
    ///
    /// let error = System::builder("node").start().expect_err("it has no runtime");
    /// assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
    /// ```
    pub fn start(self) -> io::Result<System> {
        let Self { name, runtime, count, apart, adopted, choice, patience } = self;
        let needed = || runtime.as_deref().ok_or_else(no_runtime);
        let pool = match adopted {
            Some(executors) => executors,
            None if count == 0 => needed().map(|_runtime| Executors::none())?,
            None => Executors::start(needed()?, &name, count)?,
        };
        let pool = choice.into_iter().fold(pool, Executors::choosing);
        let apart = apart.into_iter().map(|config| Slot::start(needed()?, config));
        let apart = apart.collect::<io::Result<_>>()?;
        Ok(System::of(Shared::new(name, runtime, pool, apart, patience)))
    }
}

fn no_runtime() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, "a system needs a runtime or an executor")
}

impl fmt::Debug for SystemBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SystemBuilder")
            .field("name", &self.name)
            .field("runtime", &self.runtime)
            .field("executors", &self.count)
            .field("apart", &self.apart)
            .finish_non_exhaustive()
    }
}
