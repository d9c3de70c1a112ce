//! The log of the program: its level, its format, and the subscriber that writes it.

use std::env;
use std::fmt;
use std::io::{self, Write as _};

use clap::{Args, ValueEnum};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::command::color;
use crate::command::lines::Lines;

/// The variable with a log filter in the syntax of the crate `tracing-subscriber`.
const FILTER_VARIABLE: &str = "RUST_LOG";

/// The options of the log. Logs go to standard error.
#[derive(Clone, Copy, Debug, Default, Args)]
pub(super) struct LogArguments {
    /// The least important messages in the log; overrides RUST_LOG, which sets finer filters
    /// [default: RUST_LOG, or info]
    #[arg(long, value_enum, value_name = "LEVEL")]
    log_level: Option<LogLevel>,
    /// The format of the log: lines for people, or one JSON object per line
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t)]
    log_format: LogFormat,
}

/// The levels of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum LogLevel {
    Off,
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

/// The formats of the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum LogFormat {
    /// Lines of text.
    #[default]
    Text,
    /// One JSON object per line.
    Json,
}

impl LogLevel {
    /// Returns the filter of this level.
    ///
    /// Gossipsub logs a warning for every message already published by a peer, and aggregators
    /// publish such messages regularly. The report counts the messages that could not be published.
    /// So gossipsub's warnings are shown from the level `debug` on.
    fn filter(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Error => "error",
            Self::Warn => "warn,libp2p_gossipsub=error",
            Self::Info => "info,libp2p_gossipsub=error",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }
}

impl fmt::Display for LogLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.to_possible_value().as_ref().map_or("", |value| value.get_name()))
    }
}

impl LogArguments {
    /// Installs the subscriber of the whole program. Call it once.
    ///
    /// `--log-level` overrides `RUST_LOG`. Without both, the level is `info`. An invalid `RUST_LOG`
    /// is reported in the log, and has no other effect.
    pub(super) fn install<W>(self, writer: W)
    where
        W: for<'writer> MakeWriter<'writer> + Send + Sync + 'static,
    {
        let given = env::var(FILTER_VARIABLE).ok();
        let (filter, fault) = self.filter(given.as_deref());
        let subscriber = tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_writer(writer)
            // It would report a failed write with `eprintln!`, which panics if that fails as well.
            .log_internal_errors(false);
        match self.log_format {
            LogFormat::Text => subscriber.with_ansi(color::on_stderr()).init(),
            LogFormat::Json => subscriber.json().flatten_event(true).init(),
        }
        if let Some(fault) = fault {
            tracing::warn!(%fault, "{FILTER_VARIABLE} is no log filter and is ignored");
        }
    }

    /// Returns the filter, and the fault of the variable's value if it is needed and invalid.
    fn filter(self, variable: Option<&str>) -> (EnvFilter, Option<String>) {
        let default = || EnvFilter::new(LogLevel::Info.filter());
        match (self.log_level, variable.filter(|text| !text.trim().is_empty())) {
            (Some(level), _) => (EnvFilter::new(level.filter()), None),
            (None, None) => (default(), None),
            (None, Some(text)) => match EnvFilter::builder().parse(text) {
                Ok(filter) => (filter, None),
                Err(error) => (default(), Some(error.to_string())),
            },
        }
    }

    /// Returns the options for a process of this program with the same log.
    pub(super) fn for_child(self) -> Vec<String> {
        let level = self.log_level.map(|level| format!("--log-level={level}"));
        let format = match self.log_format {
            LogFormat::Text => None,
            LogFormat::Json => Some("--log-format=json".to_owned()),
        };
        level.into_iter().chain(format).collect()
    }

    /// Writes the program's last error to standard error, in the format of the log.
    pub(super) fn last_error(self, error: &dyn fmt::Display) {
        let _ = io::stderr().write_all(&self.last_error_line(error));
    }

    /// Returns the program's last error as a line in the format of the log.
    pub(super) fn last_error_line(self, error: &dyn fmt::Display) -> Vec<u8> {
        match self.log_format {
            LogFormat::Text => format!("error: {error}\n").into_bytes(),
            // A subscriber of its own, because the program's subscriber may not be installed yet.
            LogFormat::Json => {
                let (lines, line) = Lines::for_one_line();
                let subscriber =
                    tracing_subscriber::fmt().json().flatten_event(true).with_writer(lines);
                let log = || tracing::error!("{error}");
                tracing::subscriber::with_default(subscriber.finish(), log);
                line.try_recv().unwrap_or_default()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(level: Option<LogLevel>, variable: Option<&str>) -> (String, bool) {
        let arguments = LogArguments { log_level: level, log_format: LogFormat::Text };
        let (filter, fault) = arguments.filter(variable);
        (filter.to_string(), fault.is_some())
    }

    #[test]
    fn the_level_of_the_command_line_overrides_the_environment() {
        assert_eq!(filter(Some(LogLevel::Debug), Some("chain=trace")), ("debug".to_owned(), false));
        assert_eq!(filter(None, Some("chain=trace")), ("chain=trace".to_owned(), false));
    }

    #[test]
    fn without_a_level_and_with_an_invalid_variable_the_level_is_info() {
        let (default, _) = filter(Some(LogLevel::Info), None);
        assert_eq!(filter(None, None), (default.clone(), false));
        assert_eq!(filter(None, Some("")), (default.clone(), false));
        assert_eq!(filter(None, Some("chain=loud")), (default, true));
    }

    #[test]
    fn a_child_process_gets_the_same_log() {
        let arguments =
            LogArguments { log_level: Some(LogLevel::Warn), log_format: LogFormat::Json };
        assert_eq!(arguments.for_child(), ["--log-level=warn", "--log-format=json"]);
        assert!(LogArguments::default().for_child().is_empty());
    }
}
