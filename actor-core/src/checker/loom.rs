//! Interleavings in order, by loom.

pub use loom::future::block_on;
pub use loom::thread;

use std::time::Duration;

/// For what has too many interleavings for all to be run.
const PATIENCE: Duration = Duration::from_secs(30);

/// How many threads send where one would do.
pub const CROWD: usize = 1;

/// Runs every interleaving.
pub fn check_all(model: impl Fn() + Send + Sync + 'static) {
    loom::model(model);
}

/// Runs every interleaving in which threads are preempted at most so many times.
pub fn check(preemptions: usize, model: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.check(model);
}

/// Runs those that come first in half a minute.
pub fn check_some(preemptions: usize, model: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.max_duration = Some(PATIENCE);
    builder.check(model);
}
