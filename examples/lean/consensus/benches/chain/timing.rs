//! Rounds of the same work, each with its own input.

use std::hint::black_box;
use std::time::{Duration, Instant};

const WARM_UP: usize = 2;

const ROUNDS: usize = 15;

/// The median time of a round, and the lower and upper quartiles.
#[derive(Clone, Copy)]
pub(crate) struct Times {
    pub(crate) lower: Duration,
    pub(crate) median: Duration,
    pub(crate) upper: Duration,
}

/// Measures `work`, excluding the time to create its input and to drop the input and output.
pub(crate) fn time<S, T>(mut input: impl FnMut() -> S, mut work: impl FnMut(&mut S) -> T) -> Times {
    let round = |_| {
        let mut input = input();
        let (duration, output) = timed(|| work(&mut input));
        drop(black_box(output));
        duration
    };
    let mut times: Vec<_> = (0..WARM_UP + ROUNDS).map(round).skip(WARM_UP).collect();
    times.sort();
    let at = |quarter: usize| times[(times.len() - 1) * quarter / 4];
    Times { lower: at(1), median: at(2), upper: at(3) }
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures the machine's time")]
fn timed<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    let start = Instant::now();
    let output = work();
    (start.elapsed(), output)
}
