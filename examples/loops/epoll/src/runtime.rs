//! The loop as a runtime: one thread with one loop for each executor.

use std::fmt;
use std::io;
use std::sync::Arc;

use actor_core::runtime::adapter::BlockingPool;
use actor_core::{Executor, Runtime, ThreadConfig};
use actor_embed::Embed;

use crate::events::Loop;

type Furnish = dyn Fn(&mut Loop) -> io::Result<()> + Send + Sync;

/// Starts executors on threads that run a plain epoll loop.
///
/// Only the loop is real here; the thread stands in for the thread of a foreign program. A program
/// with a loop of its own calls [`Loop::host`]'s three lines there, and needs no runtime.
///
/// Timers are late by at most a millisecond and the latency of the system's wake, because
/// `epoll_wait` counts in milliseconds.
#[derive(Clone, Default)]
pub struct EpollRuntime {
    furnish: Option<Arc<Furnish>>,
}

impl EpollRuntime {
    /// Creates the runtime. Nothing runs until an executor is started.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds work of its own to the loop of each executor. `furnish` runs on the loop's thread
    /// before the first turn, and may add descriptors.
    ///
    /// An error of `furnish` is returned by `start_executor`. A panic in a callback of the loop
    /// ends its thread, and its actors are abandoned.
    #[must_use]
    pub fn beside(
        mut self,
        furnish: impl Fn(&mut Loop) -> io::Result<()> + Send + Sync + 'static,
    ) -> Self {
        self.furnish = Some(Arc::new(furnish));
        self
    }
}

impl Runtime for EpollRuntime {
    fn name(&self) -> &'static str {
        "embed"
    }

    fn start_executor(&self, config: ThreadConfig) -> io::Result<Arc<dyn Executor>> {
        // Created here, because threads started by the loop's thread would inherit its core.
        let pool = BlockingPool::new(&config, |work| work())?;
        let (name, furnish) = (config.name().to_owned(), self.furnish.clone());
        let prepare = move || {
            let mut events = Loop::new()?;
            furnish.map_or(Ok(()), |furnish| furnish(&mut events))?;
            let bell = events.bell();
            let embed = Embed::new(move || bell.ring()).named(name).blocking_on(pool);
            let (executor, driver) = embed.build()?;
            Ok((executor, (events, driver)))
        };
        // The executor's `join` waits for the drop of the driver.
        let (executor, _end) = config.start(prepare, |(mut events, mut driver)| {
            events.host(&mut driver).expect("epoll waits for descriptors that are open");
            // First, so that its descriptors are closed when a `join` returns.
            drop(events);
        })?;
        Ok(executor)
    }
}

impl fmt::Debug for EpollRuntime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EpollRuntime").field("beside", &self.furnish.is_some()).finish()
    }
}
