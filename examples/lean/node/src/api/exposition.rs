//! Prometheus' text format, version 0.0.4.
//!
//! Values are read at the time of a request, so there is no registry and no lock.

use std::fmt::{Display, Write as _};

use chain::Histogram;

/// The type of a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Only increases.
    Counter,
    /// Increases and decreases.
    Gauge,
}

/// A page in progress.
#[derive(Debug, Default)]
pub(super) struct Exposition {
    text: String,
}

/// One metric of the page, ready for its values.
#[derive(Debug)]
pub(super) struct Metric<'a> {
    text: &'a mut String,
    name: &'a str,
}

impl Exposition {
    /// Begins a metric. The name must be a valid metric name, and unique on the page.
    pub(super) fn metric<'a>(&'a mut self, name: &'a str, kind: Kind, help: &str) -> Metric<'a> {
        let kind = match kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
        };
        self.head(name, kind, help);
        Metric { text: &mut self.text, name }
    }

    /// Writes a metric with one value.
    pub(super) fn figure(&mut self, name: &str, kind: Kind, help: &str, value: impl Display) {
        self.metric(name, kind, help).with(&[], value);
    }

    /// Writes a histogram. Its values are divided by `scale` to obtain the displayed unit.
    pub(super) fn histogram(&mut self, name: &str, help: &str, histogram: &Histogram, scale: f64) {
        self.head(name, "histogram", help);
        let shown = |value: u64| value as f64 / scale;
        let bucket = format!("{name}_bucket");
        for (limit, count) in histogram.up_to() {
            sample(&mut self.text, &bucket, &[("le", &shown(limit).to_string())], count);
        }
        sample(&mut self.text, &bucket, &[("le", "+Inf")], histogram.count());
        sample(&mut self.text, &format!("{name}_sum"), &[], shown(histogram.sum()));
        sample(&mut self.text, &format!("{name}_count"), &[], histogram.count());
    }

    /// Returns the finished page.
    pub(super) fn into_text(self) -> String {
        self.text
    }

    fn head(&mut self, name: &str, kind: &str, help: &str) {
        line(&mut self.text, format_args!("# HELP {name} {help}"));
        line(&mut self.text, format_args!("# TYPE {name} {kind}"));
    }
}

impl Metric<'_> {
    /// Writes one value with its labels.
    pub(super) fn with(self, labels: &[(&str, &str)], value: impl Display) -> Self {
        sample(self.text, self.name, labels, value);
        self
    }
}

fn sample(text: &mut String, name: &str, labels: &[(&str, &str)], value: impl Display) {
    if labels.is_empty() {
        return line(text, format_args!("{name} {value}"));
    }
    let labels: Vec<_> =
        labels.iter().map(|(label, value)| format!("{label}=\"{}\"", escaped(value))).collect();
    line(text, format_args!("{name}{{{}}} {value}", labels.join(",")));
}

fn line(text: &mut String, line: std::fmt::Arguments<'_>) {
    writeln!(text, "{line}").expect("a String takes whatever is written to it");
}

/// Returns a label's value with backslashes, quotes and line breaks escaped.
fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
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
