//! One workload's run: the contestants take turns, round by round.

use crate::contestant::{Contestant, Run};
use crate::measure::{Quartiles, Sample, counting};
use crate::workload::Workload;

/// What came of one contestant's rounds of one workload.
pub(crate) struct Outcome<'a> {
    pub(crate) contestant: &'a Contestant,
    /// `None` where it cannot do the workload.
    pub(crate) result: Option<Outcomes>,
}

/// The figures of one contestant's rounds.
pub(crate) struct Outcomes {
    /// In the order in which the workload names them.
    pub(crate) figures: Vec<Quartiles>,
    /// Per operation, of the round in which they were counted.
    pub(crate) allocations: f64,
    /// Per operation, of all threads.
    pub(crate) switches: Quartiles,
}

/// Runs a workload: one round to warm up, the timed ones, and one in which allocations are counted.
pub(crate) fn race<'a>(
    workload: Workload,
    contestants: &[&'a Contestant],
    rounds: usize,
    divisor: u64,
) -> Vec<Outcome<'a>> {
    let n = workload.n() / divisor;
    let runs: Vec<Option<Run>> = contestants.iter().map(|contestant| contestant.run(workload)).collect();
    let round = || -> Vec<Option<Sample>> { runs.iter().map(|run| run.map(|run| run(n))).collect() };
    drop(round());
    let timed: Vec<Vec<Option<Sample>>> = (0..rounds).map(|_| round()).collect();
    let counted = counting(round);
    let outcome = |index: usize| {
        let samples: Vec<Sample> = timed.iter().filter_map(|samples| samples[index]).collect();
        let quartiles = |figure: fn(&Sample, usize) -> f64, which: usize| {
            Quartiles::of(&mut samples.iter().map(|sample| figure(sample, which)).collect::<Vec<f64>>())
        };
        let result = counted[index].map(|counted| Outcomes {
            figures: (0..workload.figures().len())
                .map(|which| quartiles(|sample, which| sample.figures[which], which))
                .collect(),
            allocations: counted.allocations,
            switches: quartiles(|sample, _which| sample.switches, 0),
        });
        Outcome { contestant: contestants[index], result }
    };
    (0..contestants.len()).map(outcome).collect()
}
