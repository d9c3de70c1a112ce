//! The program's command line. Each command has its own file.

mod api_arguments;
mod check_config;
mod color;
mod completions;
mod contention;
mod db;
mod devnet;
mod error;
mod genesis;
mod lines;
mod log;
mod new_folder;
mod node_files;
mod panics;
mod report_lines;
mod run;
mod screen;
mod service_manager;
mod signing_arguments;
mod stop_signal;
mod vectors;
mod watch;

use std::fmt;
use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand};

use crate::command::color::ColorWhen;
use crate::command::log::LogArguments;

pub(crate) use error::CommandError;
pub(crate) use vectors::VectorsError;

/// The version, with the commit if the program was built in a checkout.
const VERSION: &str = env!("NODE_VERSION");

/// A Lean Ethereum consensus node, and whole networks of them on one machine.
#[derive(Debug, Parser)]
#[command(name = "node", version = VERSION)]
struct CommandLine {
    /// When to use colours: NO_COLOR switches them off, CLICOLOR_FORCE switches them on, and this
    /// option overrides both
    #[arg(long, global = true, value_enum, value_name = "WHEN", default_value_t)]
    color: ColorWhen,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    CheckConfig(check_config::CheckConfigArguments),
    Completions(completions::CompletionsArguments),
    Contention(::contention::ContentionArguments),
    Db(db::DbArguments),
    Devnet(devnet::DevnetArguments),
    Genesis(genesis::GenesisArguments),
    Man(completions::ManArguments),
    Run(run::RunArguments),
    Vectors(vectors::VectorsArguments),
    Watch(watch::WatchArguments),
}

impl Command {
    /// Returns the options of the command's log. A command without a log has the default ones.
    fn log(&self) -> LogArguments {
        match self {
            Self::CheckConfig(arguments) => arguments.log,
            Self::Devnet(arguments) => arguments.log,
            Self::Run(arguments) => arguments.log,
            Self::Completions(_)
            | Self::Contention(_)
            | Self::Db(_)
            | Self::Genesis(_)
            | Self::Man(_)
            | Self::Vectors(_)
            | Self::Watch(_) => LogArguments::default(),
        }
    }
}

/// Runs the command given on the command line, and returns the program's exit code: see
/// [`exit_code`](lean_node::exit_code).
///
/// Results go to standard output, errors and logs to standard error.
pub(crate) fn main() -> ExitCode {
    ColorWhen::apply_early();
    let CommandLine { color, command } = CommandLine::parse();
    color.apply();
    let log = command.log();
    let outcome = match command {
        Command::CheckConfig(arguments) => check_config::check_config(&arguments),
        Command::Completions(arguments) => {
            completions::completions(&arguments, CommandLine::command())
        }
        Command::Contention(arguments) => contention::contention(&arguments),
        Command::Db(arguments) => db::db(&arguments),
        Command::Devnet(arguments) => devnet::devnet(arguments),
        Command::Genesis(arguments) => genesis::genesis(&arguments),
        Command::Man(arguments) => completions::man(&arguments, CommandLine::command()),
        Command::Run(arguments) => run::run(&arguments),
        Command::Vectors(arguments) => vectors::vectors(&arguments),
        Command::Watch(arguments) => watch::watch(&arguments),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            if !matches!(error, CommandError::Reported(_)) {
                log.last_error(&error);
            }
            ExitCode::from(error.exit_code())
        }
    }
}

/// Writes a line for the operator to standard error. A reader that is gone is no failure.
fn say(line: fmt::Arguments<'_>) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// Writes a command's result to standard output.
fn print(result: &[u8]) -> Result<(), CommandError> {
    let mut out = io::stdout().lock();
    let written = out.write_all(result).and_then(|()| out.flush());
    written.map_err(|error| CommandError::System { doing: "write to standard output", error })
}
