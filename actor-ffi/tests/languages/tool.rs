//! One program under one tool: as it is, under valgrind, or under a sanitizer.

use std::path::PathBuf;
use std::process::{Command, Output};

use crate::kit::{Program, has_tool, limited, output, skip, static_library, works};
use crate::sanitizer::Sanitizer;

/// What watches a program while it runs.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Tool {
    /// Nothing: the program checks itself.
    Plain,
    /// Use of memory after its end, and leaks, in all code of the process.
    Valgrind,
    /// Instrumentation by both compilers.
    Sanitizer(Sanitizer),
}

impl Tool {
    /// Compiles the program for this tool. `None` after a printed word if the tool is missing.
    pub(crate) fn build(self, program: impl FnOnce(&str) -> Program) -> Option<PathBuf> {
        match self {
            Self::Plain => Some(program("plain").link(&static_library())),
            Self::Valgrind => {
                if !has_tool("valgrind") || !works(Command::new("valgrind").args(["-q", "true"])) {
                    skip("valgrind is missing");
                    return None;
                }
                Some(program("valgrind").link(&static_library()))
            }
            Self::Sanitizer(sanitizer) => match sanitizer.library() {
                Ok(library) => Some(sanitizer.link(program(sanitizer.name()), library)),
                Err(why) => {
                    skip(why);
                    None
                }
            },
        }
    }

    /// Returns the command that runs this program under the tool. It fails if the tool reports.
    pub(crate) fn command(self, program: PathBuf) -> Command {
        match self {
            Self::Plain => limited(program),
            Self::Valgrind => {
                let mut command = limited("valgrind");
                command.args(["--quiet", "--error-exitcode=99", "--leak-check=full"]);
                // Threads take turns: without it, one thread that spins keeps the others away.
                command.args(["--fair-sched=try", "--num-callers=20"]).arg(program);
                command
            }
            Self::Sanitizer(_) => {
                let mut command = limited(program);
                command.env("TSAN_OPTIONS", "halt_on_error=0 exitcode=66");
                command.env("ASAN_OPTIONS", "detect_leaks=1 exitcode=66");
                command.env("UBSAN_OPTIONS", "halt_on_error=1");
                command
            }
        }
    }

    /// Runs the program and returns its output, or `None` if the tool is missing.
    pub(crate) fn run(
        self,
        program: impl FnOnce(&str) -> Program,
        arguments: &[&str],
    ) -> Option<Output> {
        let built = self.build(program)?;
        Some(output(self.command(built).args(arguments)))
    }
}
