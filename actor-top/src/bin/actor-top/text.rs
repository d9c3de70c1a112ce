//! Text for a terminal: names of the process without control characters, and short numbers.

use std::time::Duration;

use actor_system::inspect::Shown;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Returns a text of the process, safe to print.
pub(crate) fn clean(text: &str) -> String {
    Shown(text).to_string()
}

/// Returns the text cut to a width in columns. A cut text ends with a dot-like character.
pub(crate) fn fit(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut left = width.saturating_sub(1);
    let mut cut: String = text
        .chars()
        .take_while(|c| {
            let fits = c.width().unwrap_or(0) <= left;
            left = left.saturating_sub(c.width().unwrap_or(0));
            fits
        })
        .collect();
    if width > 0 {
        cut.push('~');
    }
    cut
}

/// Returns the text cut or filled to exactly a width, at the left.
pub(crate) fn left(text: &str, width: usize) -> String {
    let mut cell = fit(text, width);
    let missing = width.saturating_sub(cell.width());
    cell.extend(std::iter::repeat_n(' ', missing));
    cell
}

/// Returns the text cut or filled to exactly a width, at the right.
pub(crate) fn right(text: &str, width: usize) -> String {
    let cell = fit(text, width);
    let missing = width.saturating_sub(cell.width());
    std::iter::repeat_n(' ', missing).chain(cell.chars()).collect()
}

/// Returns a number in at most five columns: `999`, `1.2k`, `34k`, `5.6M`.
pub(crate) fn count(n: u64) -> String {
    const UNITS: [(u64, &str); 5] = [
        (1_000_000_000_000_000, "P"),
        (1_000_000_000_000, "T"),
        (1_000_000_000, "G"),
        (1_000_000, "M"),
        (1_000, "k"),
    ];
    for (unit, name) in UNITS {
        if n >= unit {
            let tenths = u128::from(n) * 10 / u128::from(unit);
            return if tenths < 100 {
                format!("{}.{}{name}", tenths / 10, tenths % 10)
            } else {
                format!("{}{name}", tenths / 10)
            };
        }
    }
    n.to_string()
}

/// Returns a number with its noun: `1 actor`, `2 actors`.
pub(crate) fn many(n: usize, noun: &str) -> String {
    format!("{n} {noun}{}", if n == 1 { "" } else { "s" })
}

/// Returns a rate for each second. Below ten it has one decimal, and an unknown one is a dash.
pub(crate) fn rate(rate: Option<f64>) -> String {
    match rate {
        None => "-".to_owned(),
        Some(0.0) => "0".to_owned(),
        Some(rate) if rate < 9.95 => format!("{rate:.1}"),
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a positive rate; a huge one is shown as the largest number"
        )]
        Some(rate) => count(rate.round() as u64),
    }
}

/// Returns a time in at most six columns: `12ms`, `1.2s`, `3m04s`, `2h13m`, `5d02h`.
pub(crate) fn span(time: Duration) -> String {
    match time.as_secs() {
        0 => format!("{}ms", time.as_millis()),
        1..60 => format!("{:.1}s", time.as_secs_f64()),
        seconds @ 60..3_600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        seconds @ 3_600..86_400 => format!("{}h{:02}m", seconds / 3_600, seconds / 60 % 60),
        seconds => format!("{}d{:02}h", seconds / 86_400, seconds / 3_600 % 24),
    }
}

/// Returns a time as [`span`], and one below a millisecond in microseconds.
pub(crate) fn short(time: Duration) -> String {
    if time < Duration::from_millis(1) { format!("{}us", time.as_micros()) } else { span(time) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_the_process_controls_no_terminal() {
        let hostile = "/a\u{1b}[2J\u{7}b\n\u{202e}c\u{200b}\u{9b}31m";
        let shown = clean(hostile);
        assert_eq!(shown, "/a\\u{1b}[2J\\u{7}b\\u{a}\\u{202e}c\\u{200b}\\u{9b}31m");
        assert_eq!(clean("/kette/blöcke/块"), "/kette/blöcke/块");
    }

    #[test]
    fn a_cell_has_exactly_its_width() {
        for text in ["", "a", "abcdef", "块块块块", "aé块b"] {
            for width in 0..9 {
                assert_eq!(left(text, width).width(), width, "{text} in {width}");
                assert_eq!(right(text, width).width(), width, "{text} in {width}");
            }
        }
        assert_eq!(fit("abcdef", 4), "abc~");
    }

    #[test]
    fn one_thing_is_named_in_the_singular() {
        assert_eq!([0, 1, 2].map(|n| many(n, "actor")), ["0 actors", "1 actor", "2 actors"]);
    }

    #[test]
    fn numbers_and_times_are_short() {
        let counts = [0, 999, 1_000, 9_999, 10_000, 999_999, 5_600_000, u64::MAX];
        assert_eq!(
            counts.map(count),
            ["0", "999", "1.0k", "9.9k", "10k", "999k", "5.6M", "18446P"]
        );
        let rates = [None, Some(0.0), Some(0.25), Some(9.94), Some(9.96), Some(1234.0)];
        assert_eq!(rates.map(rate), ["-", "0", "0.2", "9.9", "10", "1.2k"]);
        let times = [7, 999, 1_200, 61_000, 3_600_000, 90_000_000].map(Duration::from_millis);
        assert_eq!(
            [0, 1, 999, 1_000].map(|n| short(Duration::from_micros(n))),
            ["0us", "1us", "999us", "1ms"]
        );
        assert_eq!(times.map(span), ["7ms", "999ms", "1.2s", "1m01s", "1h00m", "1d01h"]);
    }
}
