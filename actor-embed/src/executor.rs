//! The sending side of a driver.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use actor_core::Executor;
use actor_core::runtime::adapter::{BlockingPool, contain};
use actor_core::runtime::{ExecutorStopped, Maker, ThreadEnd, Timer};
use concurrent_queue::ConcurrentQueue;

use crate::clock::Clock;
use crate::inbox::{Bell, Inbox};
use crate::timer::EmbedTimer;
use crate::worker::{Entry, Work};

pub(crate) struct EmbedExecutor {
    name: String,
    manner: Manner,
    /// Closed when the executor is stopped or its last owner dropped.
    makers: Arc<ConcurrentQueue<Maker>>,
    /// Rung for a new maker or new work, and when there will be no more makers.
    door: Arc<Bell>,
    blocking: Blocking,
    inbox: Arc<Inbox>,
    clock: Clock,
    end: ThreadEnd,
}

/// How actors take turns on the executor.
pub(crate) struct Manner {
    pub(crate) spins: bool,
    /// Whether the turn of an actor ends after one message.
    pub(crate) is_stepped: bool,
}

/// Where blocking work runs.
pub(crate) enum Blocking {
    Pool(BlockingPool),
    By(Box<dyn Fn(Work) + Send + Sync>),
    Turns(Arc<ConcurrentQueue<Work>>),
}

impl EmbedExecutor {
    /// Creates the executor of a worker.
    pub(crate) fn new(
        name: String,
        manner: Manner,
        blocking: Blocking,
        entry: &Entry,
        inbox: Arc<Inbox>,
        clock: Clock,
        end: ThreadEnd,
    ) -> Self {
        let (makers, door) = (Arc::clone(&entry.makers), Arc::clone(&entry.door));
        Self { name, manner, makers, door, blocking, inbox, clock, end }
    }
}

impl Executor for EmbedExecutor {
    fn spawn(&self, maker: Maker) -> Result<(), ExecutorStopped> {
        self.makers.push(maker).map_err(|refused| ExecutorStopped(refused.into_inner()))?;
        self.door.ring();
        Ok(())
    }

    fn timer(&self) -> Box<dyn Timer> {
        Box::new(EmbedTimer::new(Arc::clone(&self.inbox), self.clock.clone()))
    }

    fn now(&self) -> Instant {
        self.clock.now()
    }

    fn wall_now(&self) -> SystemTime {
        self.clock.wall_now()
    }

    fn spins(&self) -> bool {
        self.manner.spins
    }

    fn turn_time(&self) -> Option<Instant> {
        if self.manner.is_stepped { None } else { Some(self.now()) }
    }

    fn run_blocking(&self, work: Work) {
        match &self.blocking {
            Blocking::Pool(pool) => pool.run(work),
            Blocking::By(run) => _ = contain(|| run(work)),
            Blocking::Turns(queue) => match queue.push(work) {
                Ok(()) => _ = self.door.ring(),
                Err(refused) => _ = contain(|| drop(refused)),
            },
        }
    }

    fn stop(&self) {
        self.makers.close();
        self.door.ring();
    }

    fn join(&self, timeout: Duration) -> bool {
        // On the driver's own thread, a wait would keep the driver from its end.
        if self.inbox.is_home() { self.end.has_come() } else { self.end.wait(timeout) }
    }
}

impl Drop for EmbedExecutor {
    fn drop(&mut self) {
        self.stop();
    }
}

impl fmt::Debug for EmbedExecutor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EmbedExecutor").field("name", &self.name).finish_non_exhaustive()
    }
}
