//! The conformance suite, on a loop of `poll(2)` and on a task of another runtime.

use std::fmt;
use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::Duration;

use actor_core::runtime::adapter::BlockingPool;
use actor_core::{Executor, Runtime, ThreadConfig};
use actor_embed::{Budget, Driver, Embed};
use futures::executor::LocalPool;
use futures::task::LocalSpawnExt;
use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};

#[test]
fn a_loop_of_poll_passes_the_conformance_suite() {
    actor_core::conformance::run(&PollLoop(
        || Budget::time(Duration::from_millis(1)),
        |embed| embed,
    ));
}

#[test]
fn a_loop_with_one_poll_in_a_turn_passes_the_conformance_suite() {
    actor_core::conformance::run(&PollLoop(|| Budget::polls(1), |embed| embed));
}

#[test]
fn a_stepped_executor_passes_the_conformance_suite() {
    actor_core::conformance::run(&PollLoop(|| Budget::polls(1), Embed::stepped));
}

#[test]
fn a_shuffled_executor_passes_the_conformance_suite() {
    actor_core::conformance::run(&PollLoop(Budget::round, |embed| embed.shuffled(7)));
}

#[test]
fn a_task_of_another_runtime_passes_the_conformance_suite() {
    let host = actor_smol::SmolRuntime::new().start_executor(ThreadConfig::named("timers"));
    actor_core::conformance::run(&InTask { host: host.expect("a thread") });
}

/// Threads that run a plain loop of `poll(2)` over an eventfd, with this budget for each turn.
struct PollLoop(fn() -> Budget, fn(Embed) -> Embed);

impl fmt::Debug for PollLoop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PollLoop").field(&self.0()).finish()
    }
}

impl Runtime for PollLoop {
    fn name(&self) -> &'static str {
        "embed"
    }

    fn start_executor(&self, config: ThreadConfig) -> io::Result<Arc<dyn Executor>> {
        let pool = BlockingPool::new(&config, |work| work())?;
        let configure = self.1;
        let prepare = move || {
            let event = Arc::new(eventfd(0, EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC)?);
            let wakes = Arc::clone(&event);
            let wake = move || {
                rustix::io::write(&*wakes, &1u64.to_ne_bytes()).expect("the counter has room");
            };
            let embed = configure(Embed::new(wake).blocking_on(pool));
            let (executor, driver) = embed.build()?;
            Ok((executor, (driver, event)))
        };
        let budget = self.0;
        let body = move |(driver, event): (Driver, Arc<OwnedFd>)| run(driver, &event, budget);
        let (executor, _end) = config.start(prepare, body)?;
        Ok(executor)
    }
}

fn run(mut driver: Driver, event: &OwnedFd, budget: fn() -> Budget) {
    loop {
        let turn = driver.turn(budget());
        if turn.has_ended {
            return;
        }
        let timeout = turn.timeout(driver.now()).map(|timeout| Timespec {
            tv_sec: timeout.as_secs().try_into().unwrap_or(i64::MAX),
            tv_nsec: timeout.subsec_nanos().into(),
        });
        let mut events = [PollFd::new(event, PollFlags::IN)];
        if poll(&mut events, timeout.as_ref()).expect("polling works") > 0 {
            rustix::io::read(event, &mut [0; 8]).expect("it was written");
        }
    }
}

/// Threads that run a pool of local tasks. One of them is an executor.
#[derive(Debug)]
struct InTask {
    /// Makes timers. They work on every thread.
    host: Arc<dyn Executor>,
}

impl Runtime for InTask {
    fn name(&self) -> &'static str {
        "embed"
    }

    fn start_executor(&self, config: ThreadConfig) -> io::Result<Arc<dyn Executor>> {
        let pool = BlockingPool::new(&config, |work| work())?;
        let host = Arc::clone(&self.host);
        let prepare = move || Embed::in_task(move || host.timer()).blocking_on(pool).build();
        let (executor, _end) = config.start(prepare, |task| {
            let mut tasks = LocalPool::new();
            let task = tasks.spawner().spawn_local_with_handle(task).expect("the pool runs");
            tasks.run_until(task);
        })?;
        Ok(executor)
    }
}
