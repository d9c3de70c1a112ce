//! Text for a terminal: names of the node without control characters, and short numbers.

use actor_lanes::inspect::Shown;
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// Returns a text of the node, safe to print.
pub(crate) fn clean(text: &str) -> String {
    Shown(text).to_string()
}

/// Returns the text cut or filled to exactly a width. A cut text ends with `~`.
pub(crate) fn left(text: &str, width: usize) -> String {
    let mut cell = String::new();
    let mut used = 0;
    let is_cut = text.width() > width;
    let most = if is_cut { width.saturating_sub(1) } else { width };
    for c in text.chars() {
        let wide = c.width().unwrap_or(0);
        if used + wide > most {
            break;
        }
        cell.push(c);
        used += wide;
    }
    if is_cut && width > 0 {
        cell.push('~');
        used += 1;
    }
    cell.extend(std::iter::repeat_n(' ', width - used));
    cell
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
    let unit = UNITS.into_iter().find(|(unit, _)| n >= *unit);
    unit.map_or_else(
        || n.to_string(),
        |(unit, name)| match n / (unit / 10) {
            tenths @ ..100 => format!("{}.{}{name}", tenths / 10, tenths % 10),
            tenths => format!("{}{name}", tenths / 10),
        },
    )
}

/// Returns a time in at most six columns: `12ms`, `1.2s`, `3m04s`, `2h13m`, `5d02h`.
pub(crate) fn span(ms: u64) -> String {
    match ms / 1000 {
        0 => format!("{ms}ms"),
        seconds @ 1..60 => format!("{seconds}.{}s", ms % 1000 / 100),
        seconds @ 60..3_600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        seconds @ 3_600..86_400 => format!("{}h{:02}m", seconds / 3_600, seconds / 60 % 60),
        seconds => format!("{}d{:02}h", seconds / 86_400, seconds / 3_600 % 24),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_has_exactly_its_width() {
        for (text, width, cell) in [
            ("abc", 5, "abc  "),
            ("abcdef", 4, "abc~"),
            ("日本語", 4, "日~ "),
            ("日本", 4, "日本"),
            ("abc", 0, ""),
            ("", 2, "  "),
        ] {
            assert_eq!(left(text, width), cell, "{text} {width}");
        }
    }

    #[test]
    fn numbers_and_times_are_short() {
        let counts = [(0, "0"), (999, "999"), (1234, "1.2k"), (34_567, "34k"), (5_600_000, "5.6M")];
        for (n, text) in counts {
            assert_eq!(count(n), text);
        }
        assert_eq!(count(u64::MAX), "18446P");
        for (ms, text) in [(12, "12ms"), (1_260, "1.2s"), (184_000, "3m04s"), (90_000_000, "1d01h")]
        {
            assert_eq!(span(ms), text);
        }
    }
}
