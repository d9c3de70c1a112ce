//! The command line of the example node.

use std::process::ExitCode;

fn main() -> ExitCode {
    node::command::main()
}
