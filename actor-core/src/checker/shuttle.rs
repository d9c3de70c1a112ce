//! Random interleavings, by shuttle. A failure prints its schedule, and `shuttle::replay` runs it
//! again.

pub use shuttle::future::block_on;
pub use shuttle::thread;

use std::sync::Arc;

use shuttle::scheduler::{PctScheduler, RandomScheduler, Scheduler};
use shuttle::{Config, MaxSteps, Runner};

use crate::sync::assert_all_given_back;

/// Runs of each model with each scheduler.
const RUNS: usize = 10_000;

/// The limit on steps. A model's threads take some hundred steps; more than this is an endless
/// loop.
const STEPS: usize = 20_000;

/// Enough for the output of a failed assertion.
const STACK: usize = 256 * 1024;

/// The number of sending threads where one would suffice.
pub const CROWD: usize = 2;

/// Runs some interleavings.
pub fn check_all(model: impl Fn() + Send + Sync + 'static) {
    check(3, model);
}

/// Runs some interleavings: some decided by a coin, and some with this number of preemptions.
pub fn check(preemptions: usize, model: impl Fn() + Send + Sync + 'static) {
    let model = Arc::new(model);
    run(RandomScheduler::new(RUNS), &model);
    // PCT's depth counts the places where the order matters. The first place is the choice of the
    // first thread.
    run(PctScheduler::new(preemptions + 1, RUNS), &model);
}

/// As [`check`]: shuttle never runs all interleavings.
pub fn check_some(preemptions: usize, model: impl Fn() + Send + Sync + 'static) {
    check(preemptions, model);
}

fn run(scheduler: impl Scheduler + 'static, model: &Arc<impl Fn() + Send + Sync + 'static>) {
    let mut config = Config::new();
    config.stack_size = STACK;
    config.max_steps = MaxSteps::FailAfter(STEPS);
    // shuttle would warn that it treats every access as `SeqCst`.
    config.silence_warnings = true;
    let model = Arc::clone(model);
    Runner::new(scheduler, config).run(move || {
        model();
        assert_all_given_back();
    });
}
