//! One workload's run: the contestants take turns, round by round.

use crate::contestant::{Contestant, Run};
use crate::measure::{Quartiles, Sample, counting, now};
use crate::workload::Workload;

/// Nanoseconds that a contestant's round should not take. Who takes longer does fewer operations, or one that spins
/// against a busy machine would take the time of all others.
const LONG: u64 = 500_000_000;

/// What came of one contestant's rounds of one workload.
pub(crate) struct Outcome<'a> {
    pub(crate) contestant: &'a Contestant,
    /// `None` where it cannot do the workload.
    pub(crate) result: Option<Outcomes>,
}

/// The figures of one contestant's rounds.
pub(crate) struct Outcomes {
    /// Operations in a round.
    pub(crate) n: u64,
    /// In the order in which the workload names them.
    pub(crate) figures: Vec<Quartiles>,
    /// Per operation, of the round in which they were counted.
    pub(crate) allocations: f64,
    /// Per operation, of all threads.
    pub(crate) switches: Quartiles,
}

/// Runs a workload: one round to warm up, the timed ones, and one in which allocations are counted.
pub(crate) fn race<'a>(workload: Workload, contestants: &[&'a Contestant], rounds: usize, n: u64) -> Vec<Outcome<'a>> {
    let mut racers: Vec<Option<Racer>> =
        contestants.iter().map(|contestant| contestant.run(workload).map(|run| Racer::warm_up(run, n))).collect();
    for _ in 0..rounds {
        racers.iter_mut().flatten().for_each(Racer::round);
    }
    let results = racers.into_iter().map(|racer| racer.map(|racer| racer.finish(workload)));
    contestants.iter().zip(results).map(|(contestant, result)| Outcome { contestant, result }).collect()
}

/// One contestant's rounds so far.
struct Racer {
    run: Run,
    n: u64,
    samples: Vec<Sample>,
}

impl Racer {
    fn warm_up(run: Run, n: u64) -> Self {
        let start = now();
        run(n);
        let took = now().since(start);
        let n = if took > LONG { (n / took.div_ceil(LONG)).max(10) } else { n };
        Self { run, n, samples: Vec::new() }
    }

    fn round(&mut self) {
        self.samples.push((self.run)(self.n));
    }

    fn finish(self, workload: Workload) -> Outcomes {
        let counted = counting(|| (self.run)(self.n));
        let quartiles =
            |figure: &dyn Fn(&Sample) -> f64| Quartiles::of(&mut self.samples.iter().map(figure).collect::<Vec<f64>>());
        Outcomes {
            n: self.n,
            figures: (0..workload.figures().len()).map(|which| quartiles(&|sample| sample.figures[which])).collect(),
            allocations: counted.allocations,
            switches: quartiles(&|sample| sample.switches),
        }
    }
}
