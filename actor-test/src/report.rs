//! The text of a failure.

use std::fmt::Write as _;
use std::time::Duration;

use actor_core::mailbox::LaneStats;

/// The columns before the content of a line.
const MARGIN: usize = 12;

/// Lines with a label and a content each.
#[derive(Debug)]
pub(crate) struct Text(String);

impl Text {
    pub(crate) fn new(first: impl Into<String>) -> Self {
        Self(first.into())
    }

    /// Adds a line. A content of several lines is indented.
    pub(crate) fn line(mut self, label: &str, content: &str) -> Self {
        let indented = content.replace('\n', &format!("\n{:MARGIN$}", ""));
        // A `String` takes every text.
        _ = write!(self.0, "\n  {label:<width$}{indented}", width = MARGIN - 2);
        self
    }

    pub(crate) fn line_if(self, label: &str, content: Option<&str>) -> Self {
        match content {
            Some(content) => self.line(label, content),
            None => self,
        }
    }

    pub(crate) fn into_string(self) -> String {
        self.0
    }
}

/// Describes the messages of each lane: queued or in hand, and with an outcome.
pub(crate) fn lanes(lanes: &[LaneStats]) -> String {
    let each = lanes.iter().map(|lane| {
        let mut text = format!("{} {} of {}", lane.name, lane.depth, lane.capacity);
        let losses = [
            (lane.handled, "handled"),
            (lane.refused, "refused"),
            (lane.over_share, "over share"),
            (lane.evicted, "evicted"),
            (lane.cancelled, "cancelled"),
            (lane.expired, "expired"),
            (lane.undelivered, "undelivered"),
        ];
        for (count, what) in losses.into_iter().filter(|&(count, _)| count > 0) {
            _ = write!(text, ", {count} {what}");
        }
        text
    });
    each.collect::<Vec<_>>().join("; ")
}

/// Describes a time from the start.
pub(crate) fn time(elapsed: Duration, steps: u64) -> String {
    format!("{elapsed:?} after the start, {steps} steps")
}

#[cfg(test)]
mod tests {
    use super::Text;

    #[test]
    fn the_lines_of_a_text_are_aligned() {
        let text = Text::new("it failed").line("expected", "one\ntwo").line_if("seed", None);
        assert_eq!(text.into_string(), "it failed\n  expected  one\n            two");
    }
}
