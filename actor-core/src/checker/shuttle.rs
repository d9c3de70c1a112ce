//! Interleavings by chance, by shuttle. What fails is printed as a schedule, by which `shuttle::replay` runs it again.

pub use shuttle::future::block_on;
pub use shuttle::thread;

use std::sync::Arc;

use shuttle::scheduler::{PctScheduler, RandomScheduler, Scheduler};
use shuttle::{Config, MaxSteps, Runner};

use crate::sync::assert_all_given_back;

/// Runs of each model for each way of choosing.
const RUNS: usize = 10_000;

/// A model's threads take some hundred steps: who takes so many goes round for ever.
const STEPS: usize = 20_000;

/// Enough for what a failed assertion prints.
const STACK: usize = 256 * 1024;

/// How many threads send where one would do.
pub const CROWD: usize = 2;

/// Runs some interleavings.
pub fn check_all(model: impl Fn() + Send + Sync + 'static) {
    check(3, model);
}

/// Runs some interleavings: some that a coin makes, and some with so many preemptions.
pub fn check(preemptions: usize, model: impl Fn() + Send + Sync + 'static) {
    let model = Arc::new(model);
    run(RandomScheduler::new(RUNS), &model);
    // Its depth counts the places where the order matters, the first of which is who begins.
    run(PctScheduler::new(preemptions + 1, RUNS), &model);
}

/// As [`check`]: there are always some only.
pub fn check_some(preemptions: usize, model: impl Fn() + Send + Sync + 'static) {
    check(preemptions, model);
}

fn run(scheduler: impl Scheduler + 'static, model: &Arc<impl Fn() + Send + Sync + 'static>) {
    let mut config = Config::new();
    config.stack_size = STACK;
    config.max_steps = MaxSteps::FailAfter(STEPS);
    // What it warns of is that all accesses are `SeqCst` to it.
    config.silence_warnings = true;
    let model = Arc::clone(model);
    Runner::new(scheduler, config).run(move || {
        model();
        assert_all_given_back();
    });
}
