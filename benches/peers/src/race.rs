//! One workload's run: the contestants take turns, round by round.

use std::panic::{catch_unwind, resume_unwind};

use crate::contestant::{Contestant, Run};
use crate::measure::{Quartiles, Sample, counting, now};
use crate::workload::Workload;

/// The limit on a contestant's round, in nanoseconds. A slower contestant runs fewer operations.
/// Otherwise one contestant spinning on a busy machine would use up the time of all others.
const LONG: u64 = 500_000_000;

/// The result of one contestant's rounds of one workload.
pub(crate) struct Outcome<'a> {
    pub(crate) contestant: &'a Contestant,
    /// `None` if the contestant does not support the workload.
    pub(crate) result: Option<Outcomes>,
}

/// The figures of one contestant's rounds.
pub(crate) struct Outcomes {
    /// Operations in a round.
    pub(crate) n: u64,
    /// In the order of their names in the workload.
    pub(crate) figures: Vec<Quartiles>,
    /// Per operation, from the counting round.
    pub(crate) allocations: f64,
    /// Per operation, of all threads.
    pub(crate) switches: Quartiles,
}

/// Runs a workload: one round of warm-up, the timed rounds, and one round counting allocations.
pub(crate) fn race<'a>(
    workload: Workload,
    contestants: &[&'a Contestant],
    rounds: usize,
    n: u64,
) -> Vec<Outcome<'a>> {
    let mut racers: Vec<Option<Racer>> =
        contestants.iter().map(|contestant| Racer::warm_up(contestant, workload, n)).collect();
    for _ in 0..rounds {
        racers.iter_mut().flatten().for_each(Racer::round);
    }
    let results = racers.into_iter().map(|racer| racer.map(|racer| racer.finish(workload)));
    contestants
        .iter()
        .zip(results)
        .map(|(contestant, result)| Outcome { contestant, result })
        .collect()
}

/// One contestant's rounds so far.
struct Racer {
    name: &'static str,
    run: Run,
    n: u64,
    samples: Vec<Sample>,
}

impl Racer {
    fn warm_up(contestant: &Contestant, workload: Workload, n: u64) -> Option<Self> {
        let mut racer =
            Self { name: contestant.name, run: contestant.run(workload)?, n, samples: Vec::new() };
        let start = now();
        racer.run();
        let took = now().since(start);
        if took > LONG {
            racer.n = (n / took.div_ceil(LONG)).max(10);
        }
        Some(racer)
    }

    fn round(&mut self) {
        let sample = self.run();
        self.samples.push(sample);
    }

    /// Runs a round. A failing round ends the program, after the contestant's name is printed.
    fn run(&self) -> Sample {
        catch_unwind(|| (self.run)(self.n)).unwrap_or_else(|panic| {
            eprintln!("{} failed", self.name);
            resume_unwind(panic)
        })
    }

    fn finish(self, workload: Workload) -> Outcomes {
        let counted = counting(|| self.run());
        let quartiles = |figure: &dyn Fn(&Sample) -> f64| {
            Quartiles::of(&mut self.samples.iter().map(figure).collect::<Vec<f64>>())
        };
        Outcomes {
            n: self.n,
            figures: (0..workload.figures().len())
                .map(|which| quartiles(&|sample| sample.figures[which]))
                .collect(),
            allocations: counted.allocations,
            switches: quartiles(&|sample| sample.switches),
        }
    }
}
