//! The progress of a command that takes long: a bar on a terminal, and some lines elsewhere.

use std::io::{self, IsTerminal as _};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use crate::command::say;
use storage::{Progress, Tenths};

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
        let tenths = Tenths::default();
        Progress::new(move |done, all| {
            if begun.elapsed() >= LONG
                && let Some(tenth) = tenths.new_one(done, all)
            {
                say(format_args!("{doing}: {} %", 10 * tenth));
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

#[cfg(test)]
mod tests {
    use super::*;

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
