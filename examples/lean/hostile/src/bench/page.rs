//! The figures in a page of the documentation, between two marks.

use std::fs;
use std::io;
use std::path::Path;

use crate::bench::{Row, heading};

const BEGIN: &str = "<!-- figures -->";
const END: &str = "<!-- end of figures -->";

/// Replaces the lines between the two marks of a page with a table of these rows.
///
/// # Errors
///
/// Returns an error if the page cannot be read or written, or has no marks.
pub fn write_figures(page: &Path, rows: &[Row]) -> io::Result<()> {
    let text = fs::read_to_string(page)?;
    fs::write(page, with_figures(&text, rows).ok_or(io::ErrorKind::InvalidData)?)
}

fn with_figures(text: &str, rows: &[Row]) -> Option<String> {
    let (before, rest) = text.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    let rows: String = rows.iter().map(|row| format!("{row}\n")).collect();
    Some(format!("{before}{BEGIN}\n\n{}\n{rows}\n{END}{after}", heading()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_lines_between_the_marks_are_replaced() {
        let page = format!("a\n{BEGIN}\nold\n{END}\nb\n");
        let written = with_figures(&page, &[]).expect("the marks are there");
        assert!(written.starts_with("a\n") && written.ends_with("\nb\n"), "{written}");
        assert!(!written.contains("old") && written.contains("| attack |"), "{written}");
        assert_eq!(with_figures("no marks", &[]), None);
    }
}
