//! The page of metrics: that of the framework, with the chain's histograms.
//!
//! Values are read at the time of a request, so there is no registry and no lock.

use std::fmt::Display;

use actor_lanes::observe::Exporter;
pub(super) use actor_lanes::observe::prometheus::Kind;
use actor_lanes::observe::prometheus::{Metric, Page};
use chain::Histogram;

/// A page in progress.
#[derive(Debug, Default)]
pub(super) struct Exposition {
    page: Page,
}

impl Exposition {
    /// Begins a metric. The name must be a valid metric name, and unique on the page.
    pub(super) fn metric<'a>(&'a mut self, name: &'a str, kind: Kind, help: &str) -> Metric<'a> {
        self.page.metric(name, kind, help)
    }

    /// Writes a metric with one value.
    pub(super) fn figure(&mut self, name: &str, kind: Kind, help: &str, value: impl Display) {
        self.page.figure(name, kind, help, value);
    }

    /// Writes a histogram. Its values are divided by `scale` to obtain the displayed unit.
    pub(super) fn histogram(&mut self, name: &str, help: &str, histogram: &Histogram, scale: f64) {
        let shown = |value: u64| value as f64 / scale;
        let up_to = histogram.up_to().map(|(limit, count)| (shown(limit), count));
        let metric = self.page.metric(name, Kind::Histogram, help);
        metric.histogram(&[], up_to, histogram.count(), shown(histogram.sum()));
    }

    /// Adds the figures of actors.
    pub(super) fn append(&mut self, actors: &Exporter) {
        actors.write(&mut self.page);
    }

    /// Returns the finished page.
    pub(super) fn into_text(self) -> String {
        self.page.into_text()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chain::Buckets;

    #[test]
    fn a_label_cannot_break_out_of_its_quotes() {
        let mut page = Exposition::default();
        page.metric("lean_node_info", Kind::Gauge, "Node.")
            .with(&[("name", "a\"b\\c\nd"), ("version", "1")], 1);
        assert_eq!(
            page.into_text(),
            "# HELP lean_node_info Node.\n# TYPE lean_node_info gauge\n\
             lean_node_info{name=\"a\\\"b\\\\c\\nd\",version=\"1\"} 1\n"
        );
    }

    #[test]
    fn a_histogram_counts_what_is_within_each_limit_and_all() {
        let mut times = Histogram::new(Buckets::VOTE_VALIDATION);
        [1_000_000, 30_000_000, 2_000_000_000].into_iter().for_each(|time| times.observe(time));
        let mut page = Exposition::default();
        page.histogram("time", "Time.", &times, 1e9);
        let text = page.into_text();
        for line in [
            "# TYPE time histogram",
            "time_bucket{le=\"0.005\"} 1",
            "time_bucket{le=\"0.025\"} 1",
            "time_bucket{le=\"0.05\"} 2",
            "time_bucket{le=\"1\"} 2",
            "time_bucket{le=\"+Inf\"} 3",
            "time_sum 2.031",
            "time_count 3",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
        }
    }
}
