//! One plain thread running actors.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actor_core::runtime::adapter::BlockingPool;
use actor_core::runtime::{ExecutorStopped, Maker, ThreadEnd, Timer};
use actor_core::{Executor, ThreadConfig};
use concurrent_queue::ConcurrentQueue;

use crate::clock;
use crate::inbox::Bell;
use crate::timer::ThreadTimer;
use crate::worker::Worker;

/// The sending side of an executor's thread.
pub(crate) struct ThreadExecutor {
    name: String,
    spins: bool,
    /// Closed when the executor is stopped or its last owner dropped. Its content is bounded by the
    /// number of futures started by the program itself.
    makers: Arc<ConcurrentQueue<Maker>>,
    /// Rung for a new maker, and when there will be no more.
    door: Arc<Bell>,
    pool: BlockingPool,
    end: ThreadEnd,
}

impl ThreadExecutor {
    pub(crate) fn start(config: ThreadConfig, spin: Duration) -> io::Result<Arc<dyn Executor>> {
        let described = config.clone();
        let makers = Arc::new(ConcurrentQueue::unbounded());
        let its_makers = Arc::clone(&makers);
        let prepare = move || {
            let worker = Worker::new(its_makers, spin);
            Ok((Arc::clone(worker.door()), worker))
        };
        let (door, end) = config.start(prepare, Worker::run)?;
        let pool = BlockingPool::new(&described, |work| work());
        let pool = pool.inspect_err(|_| stop(&makers, &door))?;
        let name = described.name().to_owned();
        Ok(Arc::new(Self { name, spins: !spin.is_zero(), makers, door, pool, end }))
    }
}

impl Executor for ThreadExecutor {
    fn spawn(&self, maker: Maker) -> Result<(), ExecutorStopped> {
        // On the executor's own thread this is cheap: the door's bell is put directly into the run
        // queue.
        self.makers.push(maker).map_err(|refused| ExecutorStopped(refused.into_inner()))?;
        self.door.ring();
        Ok(())
    }

    fn timer(&self) -> Box<dyn Timer> {
        Box::new(ThreadTimer::new(Arc::clone(self.door.inbox())))
    }

    fn now(&self) -> Instant {
        clock::now()
    }

    fn spins(&self) -> bool {
        self.spins
    }

    fn run_blocking(&self, work: Box<dyn FnOnce() + Send>) {
        self.pool.run(work);
    }

    fn stop(&self) {
        stop(&self.makers, &self.door);
    }

    fn join(&self, timeout: Duration) -> bool {
        self.end.wait(timeout)
    }
}

fn stop(makers: &ConcurrentQueue<Maker>, door: &Bell) {
    makers.close();
    door.ring();
}

impl Drop for ThreadExecutor {
    fn drop(&mut self) {
        self.stop();
    }
}

impl fmt::Debug for ThreadExecutor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ThreadExecutor").field("name", &self.name).finish_non_exhaustive()
    }
}
