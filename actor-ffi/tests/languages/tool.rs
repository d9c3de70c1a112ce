//! One program under one tool: as it is, under valgrind, or under a sanitizer.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::kit::{Program, has_tool, limited, run, skip, static_library, text, works};
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

    /// Compiles the program for a sanitizer, and links it with the library without instruments.
    pub(crate) fn build_beside(self, program: impl FnOnce(&str) -> Program) -> Option<PathBuf> {
        let Self::Sanitizer(sanitizer) = self else { panic!("no sanitizer: {self:?}") };
        if let Err(why) = sanitizer.library() {
            skip(why);
            return None;
        }
        Some(sanitizer.link(program("beside"), &static_library()))
    }

    /// Returns the command for this program under the tool. It fails if the tool reports.
    pub(crate) fn command(self, program: &Path) -> Command {
        match self {
            Self::Plain | Self::Sanitizer(Sanitizer::Thread) => limited(program),
            Self::Valgrind => {
                let mut command = limited("valgrind");
                command.args(["--quiet", "--error-exitcode=99", "--leak-check=full"]);
                // std keeps a record of the main thread until the process ends, by a pointer into
                // its middle. valgrind calls such memory possibly lost.
                command.args(["--show-leak-kinds=definite,indirect"]);
                command.args(["--errors-for-leak-kinds=definite,indirect"]);
                // Threads take turns: without it, one spinning thread keeps the others away.
                command.args(["--fair-sched=try", "--num-callers=20"]).arg(program);
                command
            }
            Self::Sanitizer(Sanitizer::Address) => {
                let mut command = limited(program);
                command.env("ASAN_OPTIONS", "detect_leaks=1");
                command.env("UBSAN_OPTIONS", "halt_on_error=1");
                command
            }
        }
    }

    /// Runs the program, and requires silence of it and of the tool. Returns
    /// its output, or `None` if the tool is missing.
    pub(crate) fn check(
        self,
        program: impl FnOnce(&str) -> Program,
        arguments: &[&str],
    ) -> Option<String> {
        let built = self.build(program)?;
        Some(text(&run(self.command(&built).args(arguments))))
    }
}
