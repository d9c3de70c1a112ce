//! The command line of the example node.

mod command;

use std::process::ExitCode;

fn main() -> ExitCode {
    command::main()
}
