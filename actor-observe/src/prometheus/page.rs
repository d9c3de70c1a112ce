//! A page in the text format of Prometheus.

use std::fmt::{self, Display, Write as _};

/// A page in progress: metrics with their values, in the text format of Prometheus.
///
/// # Examples
///
/// ```
/// use actor_observe::prometheus::{Kind, Page};
///
/// let mut page = Page::new();
/// page.figure("node_ready", Kind::Gauge, "1 once the node is ready.", 1);
/// page.metric("node_requests_total", Kind::Counter, "Requests answered.")
///     .with(&[("path", "/metrics"), ("code", "200")], 7)
///     .with(&[("path", "/\"\\"), ("code", "404")], 1);
/// assert_eq!(
///     page.into_text().lines().collect::<Vec<_>>(),
///     [
///         "# HELP node_ready 1 once the node is ready.",
///         "# TYPE node_ready gauge",
///         "node_ready 1",
///         "# HELP node_requests_total Requests answered.",
///         "# TYPE node_requests_total counter",
///         "node_requests_total{path=\"/metrics\",code=\"200\"} 7",
///         "node_requests_total{path=\"/\\\"\\\\\",code=\"404\"} 1",
///     ]
/// );
/// ```
#[derive(Clone, Debug, Default)]
pub struct Page {
    text: String,
}

/// The type of a metric.
///
/// # Examples
///
/// ```
/// use actor_observe::prometheus::{Kind, Page};
///
/// let mut page = Page::new();
/// page.figure("node_peers", Kind::Gauge, "Connected peers.", 3);
/// assert!(page.into_text().contains("# TYPE node_peers gauge\nnode_peers 3\n"));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// A number that only grows, except at a restart. Its name ends in `_total`.
    Counter,
    /// A number that grows and falls.
    Gauge,
    /// Counts by limits. [`Metric::histogram`] writes its values.
    Histogram,
}

/// One metric of a [`Page`], ready for its values.
///
/// # Examples
///
/// ```
/// use actor_observe::prometheus::{Kind, Metric, Page};
///
/// let mut page = Page::new();
/// let metric: Metric<'_> = page.metric("node_peers", Kind::Gauge, "Peers, by direction.");
/// metric.with(&[("direction", "in")], 2).with(&[("direction", "out")], 3);
/// assert!(page.into_text().ends_with("node_peers{direction=\"out\"} 3\n"));
/// ```
#[derive(Debug)]
pub struct Metric<'a> {
    text: &'a mut String,
    name: &'a str,
}

impl Page {
    /// Creates an empty page.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_observe::prometheus::Page;
    ///
    /// assert_eq!(Page::new().into_text(), "");
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Begins a metric. Its name must be a valid one, and unique on the page. In `help`,
    /// backslashes and line ends are escaped.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_observe::prometheus::{Kind, Page};
    ///
    /// let mut page = Page::new();
    /// page.metric("node_errors_total", Kind::Counter, "Errors.").with(&[("kind", "io")], 2);
    /// assert!(page.into_text().ends_with("node_errors_total{kind=\"io\"} 2\n"));
    /// ```
    pub fn metric<'a>(&'a mut self, name: &'a str, kind: Kind, help: &str) -> Metric<'a> {
        let kind = match kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
        };
        let help = Escaped { text: help, quotes: false };
        line(&mut self.text, format_args!("# HELP {name} {help}\n# TYPE {name} {kind}"));
        Metric { text: &mut self.text, name }
    }

    /// Writes a metric with one value and no labels.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_observe::prometheus::{Kind, Page};
    ///
    /// let mut page = Page::new();
    /// page.figure("node_healthy", Kind::Gauge, "1 while all parts run.", 1);
    /// assert!(page.into_text().ends_with("node_healthy 1\n"));
    /// ```
    pub fn figure(&mut self, name: &str, kind: Kind, help: &str, value: impl Display) {
        self.metric(name, kind, help).with(&[], value);
    }

    /// Adds a text in the same format, such as the page of an [`Exporter`](crate::Exporter). No
    /// metric may be on both.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_observe::Exporter;
    /// use actor_observe::prometheus::{Kind, Page};
    ///
    /// let mut page = Page::new();
    /// page.figure("node_healthy", Kind::Gauge, "1 while all parts run.", 1);
    /// page.append(&Exporter::new().render());
    /// assert!(page.into_text().contains("# TYPE actor_lane_depth gauge"));
    /// ```
    pub fn append(&mut self, page: &str) {
        self.text.push_str(page);
    }

    /// Returns the text.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_observe::prometheus::{Kind, Page};
    ///
    /// let mut page = Page::new();
    /// page.figure("up", Kind::Gauge, "1.", 1);
    /// assert_eq!(page.into_text().lines().count(), 3);
    /// ```
    #[must_use]
    pub fn into_text(self) -> String {
        self.text
    }
}

impl Metric<'_> {
    /// Writes one value with its labels. The names of labels must be valid; their values may be any
    /// text. No two values of a metric have the same labels.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_observe::prometheus::{Kind, Page};
    ///
    /// let mut page = Page::new();
    /// page.metric("node_info", Kind::Gauge, "Always 1.").with(&[("name", "a\nb")], 1);
    /// assert!(page.into_text().ends_with("node_info{name=\"a\\nb\"} 1\n"));
    /// ```
    #[expect(clippy::return_self_not_must_use, reason = "the value has been written")]
    pub fn with(self, labels: &[(&str, &str)], value: impl Display) -> Self {
        sample(self.text, self.name, "", labels, None, value);
        self
    }

    /// Writes the values of a histogram: its limits with the number of values up to each, then the
    /// number of all values and their sum. The numbers must not fall from one limit to the next.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_observe::prometheus::{Kind, Page};
    ///
    /// let mut page = Page::new();
    /// page.metric("node_time_seconds", Kind::Histogram, "Times.")
    ///     .histogram(&[("path", "/")], [(0.1, 2), (1.0, 5)], 6, 12.5);
    /// let text = page.into_text();
    /// for line in [
    ///     "node_time_seconds_bucket{path=\"/\",le=\"0.1\"} 2",
    ///     "node_time_seconds_bucket{path=\"/\",le=\"1\"} 5",
    ///     "node_time_seconds_bucket{path=\"/\",le=\"+Inf\"} 6",
    ///     "node_time_seconds_sum{path=\"/\"} 12.5",
    ///     "node_time_seconds_count{path=\"/\"} 6",
    /// ] {
    ///     assert!(text.lines().any(|found| found == line), "{line} is not in {text}");
    /// }
    /// ```
    #[expect(clippy::return_self_not_must_use, reason = "the values have been written")]
    pub fn histogram(
        self,
        labels: &[(&str, &str)],
        up_to: impl IntoIterator<Item = (f64, u64)>,
        count: u64,
        sum: f64,
    ) -> Self {
        let Self { text, name } = self;
        for (limit, up_to) in up_to {
            sample(text, name, "_bucket", labels, Some(&limit), up_to);
        }
        sample(text, name, "_bucket", labels, Some(&"+Inf"), count);
        sample(text, name, "_sum", labels, None, sum);
        sample(text, name, "_count", labels, None, count);
        Self { text, name }
    }
}

/// Writes one line. `limit` is the label of a bucket.
fn sample(
    text: &mut String,
    name: &str,
    suffix: &str,
    labels: &[(&str, &str)],
    limit: Option<&dyn Display>,
    value: impl Display,
) {
    write(text, format_args!("{name}{suffix}"));
    let mut separator = '{';
    for (label, value) in labels {
        let value = Escaped { text: value, quotes: true };
        write(text, format_args!("{separator}{label}=\"{value}\""));
        separator = ',';
    }
    if let Some(limit) = limit {
        write(text, format_args!("{separator}le=\"{limit}\""));
        separator = ',';
    }
    let end = if separator == ',' { "}" } else { "" };
    line(text, format_args!("{end} {value}"));
}

fn line(text: &mut String, line: fmt::Arguments<'_>) {
    write(text, format_args!("{line}\n"));
}

fn write(text: &mut String, part: fmt::Arguments<'_>) {
    text.write_fmt(part).expect("a String takes whatever is written to it");
}

/// A text with its backslashes and line ends escaped, and its quotes where it is quoted.
struct Escaped<'a> {
    text: &'a str,
    quotes: bool,
}

impl Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.text.chars() {
            match c {
                '\\' => f.write_str("\\\\")?,
                '\n' => f.write_str("\\n")?,
                '"' if self.quotes => f.write_str("\\\"")?,
                c => f.write_char(c)?,
            }
        }
        Ok(())
    }
}
