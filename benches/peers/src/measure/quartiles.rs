//! The middle of several rounds, and their spread.

/// The median of the rounds, with the quarter of the rounds below and above it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Quartiles {
    pub(crate) lower: f64,
    pub(crate) median: f64,
    pub(crate) upper: f64,
}

impl Quartiles {
    /// Sorts the rounds, at least one. Interpolates between two rounds.
    pub(crate) fn of(rounds: &mut [f64]) -> Self {
        rounds.sort_by(f64::total_cmp);
        let at = |quarter: usize| {
            let (place, rest) =
                ((rounds.len() - 1) * quarter / 4, (rounds.len() - 1) * quarter % 4);
            let above = rounds[(place + 1).min(rounds.len() - 1)];
            rounds[place] + (above - rounds[place]) * [0.0, 0.25, 0.5, 0.75][rest]
        };
        Self { lower: at(1), median: at(2), upper: at(3) }
    }
}

/// Returns the figure with `percent` of the figures below it. Sorts the figures, at least one.
pub(crate) fn percentile(figures: &mut [u64], percent: usize) -> u64 {
    figures.sort_unstable();
    figures[(figures.len() - 1) * percent / 100]
}
