//! The progress of a command that takes long: a bar on a terminal, and some lines elsewhere.

use std::io::{self, IsTerminal as _};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use crate::command::say;
use storage::Progress;

/// A shorter operation shows nothing.
const LONG: Duration = Duration::from_millis(500);

/// The unit of a progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    Blocks,
    Bytes,
}

/// Returns a receiver that shows the progress of `doing` on standard error.
pub(super) fn progress(doing: &'static str, unit: Unit) -> Progress {
    #[expect(clippy::disallowed_methods, reason = "a command has no executor to ask")]
    let begun = Instant::now();
    if io::stderr().is_terminal() {
        let bar = Bar { doing, unit, bar: OnceLock::new() };
        Progress::new(move |done, all| bar.show(done, all, begun.elapsed()))
    } else {
        let lines = Lines { doing, shown: AtomicU64::new(0) };
        Progress::new(move |done, all| {
            if let Some(line) = lines.next(done, all, begun.elapsed()) {
                say(format_args!("{line}"));
            }
        })
    }
}

/// A bar, which is created when the operation turns out to be long. Dropping it clears its line.
#[derive(Debug)]
struct Bar {
    doing: &'static str,
    unit: Unit,
    bar: OnceLock<ProgressBar>,
}

impl Bar {
    fn show(&self, done: u64, all: u64, time: Duration) {
        if time < LONG {
            return;
        }
        let bar = self.bar.get_or_init(|| {
            let amount = match self.unit {
                Unit::Blocks => "{pos} of {len}",
                Unit::Bytes => "{bytes} of {total_bytes}",
            };
            let template = format!("{{msg}} {{bar:30}} {amount}, {{eta}} left");
            let style = ProgressStyle::with_template(&template)
                .expect("the template is one of two, and both are tested");
            ProgressBar::new(all).with_style(style).with_message(self.doing)
        });
        bar.set_length(all);
        bar.set_position(done);
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        if let Some(bar) = self.bar.get() {
            bar.finish_and_clear();
        }
    }
}

/// One line for each tenth of the work.
#[derive(Debug)]
struct Lines {
    doing: &'static str,
    /// The tenths with a line. Only a counter, so its order is of no interest.
    shown: AtomicU64,
}

impl Lines {
    fn next(&self, done: u64, all: u64, time: Duration) -> Option<String> {
        let tenths = done.saturating_mul(10) / all.max(1);
        let is_new = time >= LONG && self.shown.fetch_max(tenths, Relaxed) < tenths;
        is_new.then(|| format!("{}: {} %", self.doing, 10 * tenths))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_operation_has_one_line_for_each_tenth_and_a_short_one_has_none() {
        let lines = Lines { doing: "checking", shown: AtomicU64::new(0) };
        assert_eq!((0..100).find_map(|done| lines.next(done, 100, LONG / 2)), None);
        let shown: Vec<_> = (0..=100).filter_map(|done| lines.next(done, 100, LONG)).collect();
        assert_eq!(shown.len(), 10);
        assert_eq!(shown.first().map(String::as_str), Some("checking: 10 %"));
        assert_eq!(shown.last().map(String::as_str), Some("checking: 100 %"));
        assert_eq!(lines.next(0, 0, LONG), None, "an empty operation is no error");
    }

    #[test]
    fn a_bar_shows_blocks_and_bytes() {
        for unit in [Unit::Blocks, Unit::Bytes] {
            let bar = Bar { doing: "checking", unit, bar: OnceLock::new() };
            bar.show(1, 10, LONG / 2);
            assert!(bar.bar.get().is_none(), "the operation is short yet");
            bar.show(5, 10, LONG);
            let shown = bar.bar.get().expect("the operation is long");
            assert_eq!((shown.position(), shown.length()), (5, Some(10)));
        }
    }
}
