//! A thread as the loop of a driver: it spins, and then it parks.

use std::io;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use actor_core::runtime::adapter::{BlockingPool, Spin};
use actor_core::{Executor, ThreadConfig};
use actor_embed::{Budget, Driver, Embed};

/// Starts a thread with an executor. It spins for this long before it parks.
pub(crate) fn start(config: ThreadConfig, spin: Duration) -> io::Result<Arc<dyn Executor>> {
    // Created here, because the executor's thread may be pinned to a core.
    let pool = BlockingPool::new(&config, |work| work())?;
    let name = config.name().to_owned();
    let prepare = move || {
        let thread = thread::current();
        let embed = Embed::new(move || thread.unpark()).named(name);
        embed.spins(!spin.is_zero()).blocking_on(pool).build()
    };
    let (executor, _end) = config.start(prepare, move |driver| run(driver, &Spin::new(spin)))?;
    Ok(executor)
}

/// Takes turns until the executor has ended.
fn run(mut driver: Driver, spin: &Spin) {
    loop {
        // No sender makes a system call until the thread has spun.
        let turn = driver.poll(Budget::unlimited());
        if turn.has_ended {
            return;
        }
        if turn.has_more || spin.until(turn.next_deadline, || driver.is_woken()) {
            continue;
        }
        let turn = driver.turn(Budget::unlimited());
        if !turn.has_more && !turn.has_ended {
            park(&driver, turn.next_deadline);
        }
    }
}

/// Parks the thread until an event has come or, if there is a deadline, that time is reached.
fn park(driver: &Driver, deadline: Option<Instant>) {
    // A late wake of an earlier sleep may end a park.
    while !driver.is_woken() {
        match deadline.map(|at| at.saturating_duration_since(driver.now())) {
            Some(Duration::ZERO) => return,
            Some(patience) => thread::park_timeout(patience),
            None => thread::park(),
        }
    }
}
