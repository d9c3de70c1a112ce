//! Interleavings in order, by loom.

pub use loom::future::block_on;
pub use loom::thread;

use std::time::Duration;

/// The time limit of a model with too many interleavings to run them all.
const PATIENCE: Duration = Duration::from_secs(20);

/// The number of sending threads where one would suffice.
pub const CROWD: usize = 1;

/// Runs every interleaving.
pub fn check_all(model: impl Fn() + Send + Sync + 'static) {
    loom::model(model);
}

/// The most steps of one interleaving. Beyond it, a model waits in a circle. loom's own bound of
/// 1,000 is less than some senders and a consumer with several sleeps need.
const MOST_STEPS: usize = 10_000;

/// Runs every interleaving with at most this number of preemptions.
pub fn check(preemptions: usize, model: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.max_branches = MOST_STEPS;
    builder.check(model);
}

/// Runs the first interleavings, for 20 seconds.
pub fn check_some(preemptions: usize, model: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.max_branches = MOST_STEPS;
    builder.max_duration = Some(PATIENCE);
    builder.check(model);
}
