//! The conformance suite on a program's own local executor.

use std::io;
use std::sync::Arc;
use std::task::Context;
use std::time::{Duration, Instant, SystemTime};

use actor_core::runtime::adapter::BlockingPool;
use actor_core::runtime::{ExecutorStopped, Maker, Runtime, ThreadConfig, Timer};
use actor_core::{Executor, conformance};
use actor_smol::SmolRuntime;
use async_executor::LocalExecutor;

/// Starts threads of a program: each runs a local executor, as a program would.
#[derive(Debug)]
struct Place;

impl Runtime for Place {
    fn name(&self) -> &'static str {
        "LocalExecutor"
    }

    fn start_executor(&self, config: ThreadConfig) -> io::Result<Arc<dyn Executor>> {
        let prepare = || {
            let tasks = LocalExecutor::new();
            Ok((SmolRuntime::on(&tasks)?, tasks))
        };
        let pool = BlockingPool::new(&config, |work| work())?;
        let (executor, _end) = config.start(prepare, |tasks| {
            async_io::block_on(async {
                while !tasks.is_empty() {
                    tasks.tick().await;
                }
            });
        })?;
        Ok(Arc::new(Placed { executor, pool }))
    }
}

/// The executor under test, with a pool for the limit and the cores of a [`ThreadConfig`]. A
/// program's local executor has no such configuration.
#[derive(Debug)]
struct Placed {
    executor: Arc<dyn Executor>,
    pool: BlockingPool,
}

impl Executor for Placed {
    fn spawn(&self, maker: Maker) -> Result<(), ExecutorStopped> {
        self.executor.spawn(maker)
    }

    fn timer(&self) -> Box<dyn Timer> {
        self.executor.timer()
    }

    fn now(&self) -> Instant {
        self.executor.now()
    }

    fn wall_now(&self) -> SystemTime {
        self.executor.wall_now()
    }

    fn spins(&self) -> bool {
        self.executor.spins()
    }

    fn give_way(&self, cx: &mut Context<'_>) {
        self.executor.give_way(cx);
    }

    fn run_blocking(&self, work: Box<dyn FnOnce() + Send>) {
        self.pool.run(work);
    }

    fn stop(&self) {
        self.executor.stop();
    }

    fn join(&self, timeout: Duration) -> bool {
        self.executor.join(timeout)
    }
}

#[test]
fn a_local_executor_passes_the_conformance_suite() {
    conformance::run(&Place);
}
