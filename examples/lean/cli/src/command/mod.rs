//! The program's command line. Each command has its own file.

mod api_arguments;
mod contention;
mod devnet;
mod error;
mod genesis;
mod report_lines;
mod run;
mod screen;
mod signing_arguments;
mod stop_signal;
mod vectors;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

pub(crate) use error::CommandError;
pub(crate) use vectors::VectorsError;

/// A Lean Ethereum consensus node, and whole networks of them on one machine.
#[derive(Debug, Parser)]
#[command(name = "node", version)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Contention(::contention::ContentionArguments),
    Devnet(devnet::DevnetArguments),
    Genesis(genesis::GenesisArguments),
    Run(run::RunArguments),
    Vectors(vectors::VectorsArguments),
}

/// Runs the command given on the command line, and returns the program's exit code: see
/// [`exit_code`](lean_node::exit_code).
///
/// Results go to standard output, errors and logs to standard error.
pub(crate) fn main() -> ExitCode {
    let outcome = match CommandLine::parse().command {
        Command::Contention(arguments) => contention::contention(&arguments),
        Command::Devnet(arguments) => devnet::devnet(arguments),
        Command::Genesis(arguments) => genesis::genesis(&arguments),
        Command::Run(arguments) => run::run(&arguments),
        Command::Vectors(arguments) => vectors::vectors(&arguments),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(error.exit_code())
        }
    }
}
