//! Writing to standard output and standard error without a panic, and without blocking the node.
//!
//! The macros `println!` and `eprintln!` panic if the reader is gone or the disk is full, and they
//! wait for a slow reader. A running node uses [`Lines`] instead.

mod lines;
mod panics;

use std::fmt::Display;
use std::io::{self, Write as _};

pub(crate) use lines::{LastLine, Lines};
pub(crate) use panics::log_panics;

/// Writes a line to standard error. A line that cannot be written is dropped, because no other
/// place is left for it.
pub(crate) fn say(line: impl Display) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// Writes a line to standard output.
///
/// # Errors
///
/// Returns the operating system's error, for example if the reader is gone.
pub(crate) fn print(line: impl Display) -> io::Result<()> {
    writeln!(io::stdout(), "{line}")
}
