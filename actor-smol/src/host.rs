//! An executor as one task of the program's own local executor.
//!
//! The task polls the actors, so their sockets and timers are smol's. A `LocalExecutor` takes the
//! task as it is: it stays on its thread.

use std::io;
use std::sync::Arc;

use actor_core::Executor;
use actor_core::runtime::Timer;
use actor_embed::Embed;
use async_executor::LocalExecutor;

use crate::timer::SmolTimer;

/// Starts an executor as a task of a local executor.
pub(crate) fn start_on(tasks: &LocalExecutor<'_>) -> io::Result<Arc<dyn Executor>> {
    let make_timer = || Box::new(SmolTimer::new()) as Box<dyn Timer>;
    let (executor, task) = Embed::in_task(make_timer).named("smol").build()?;
    tasks.spawn(task).detach();
    Ok(executor)
}
