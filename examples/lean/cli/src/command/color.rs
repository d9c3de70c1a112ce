//! Colours on the terminal, as requested by `--color` and by the environment.

use std::env;
use std::ffi::OsString;
use std::io;

use anstream::{AutoStream, ColorChoice};
use clap::ValueEnum;

/// The values of `--color`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum ColorWhen {
    /// On a terminal, unless `NO_COLOR` is set; with `CLICOLOR_FORCE` everywhere
    #[default]
    Auto,
    /// Everywhere, even in a file
    Always,
    /// Nowhere
    Never,
}

impl ColorWhen {
    /// Applies the choice to the whole program, including clap's help and errors.
    pub(super) fn apply(self) {
        match self {
            Self::Auto => ColorChoice::Auto,
            Self::Always => ColorChoice::Always,
            Self::Never => ColorChoice::Never,
        }
        .write_global();
    }

    /// Finds the choice in arguments that are not parsed yet. clap prints help and errors while it
    /// parses, so it must know the choice before. An invalid value is reported by clap later.
    pub(super) fn among(arguments: impl IntoIterator<Item = OsString>) -> Self {
        let mut arguments = arguments.into_iter().take_while(|argument| argument != "--");
        let mut choice = Self::default();
        while let Some(argument) = arguments.next() {
            let Some(argument) = argument.to_str() else { continue };
            let value = match argument.strip_prefix("--color") {
                Some("") => arguments.next().and_then(|value| value.into_string().ok()),
                Some(rest) => rest.strip_prefix('=').map(str::to_owned),
                None => None,
            };
            if let Some(found) = value.and_then(|value| Self::from_str(&value, false).ok()) {
                choice = found;
            }
        }
        choice
    }

    /// Applies the choice among the program's own arguments.
    pub(super) fn apply_early() {
        Self::among(env::args_os().skip(1)).apply();
    }
}

/// Returns whether standard output takes colours.
pub(super) fn on_stdout() -> bool {
    AutoStream::choice(&io::stdout()) != ColorChoice::Never
}

/// Returns whether standard error takes colours.
pub(super) fn on_stderr() -> bool {
    AutoStream::choice(&io::stderr()) != ColorChoice::Never
}

#[cfg(test)]
mod tests {
    use super::ColorWhen;

    #[test]
    fn the_last_valid_choice_before_two_dashes_counts() {
        for (arguments, expected) in [
            (&["run"][..], ColorWhen::Auto),
            (&["--color", "never", "run"], ColorWhen::Never),
            (&["run", "--color=always"], ColorWhen::Always),
            (&["--color=always", "--color", "never"], ColorWhen::Never),
            (&["--color=blue", "--colors=never"], ColorWhen::Auto),
            (&["--color"], ColorWhen::Auto),
            (&["--", "--color=never"], ColorWhen::Auto),
        ] {
            let given = arguments.iter().map(Into::into);
            assert_eq!(ColorWhen::among(given), expected, "{arguments:?}");
        }
    }
}
