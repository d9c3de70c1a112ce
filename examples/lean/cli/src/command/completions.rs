//! `node completions` and `node man`: files for shells and for `man`, made from the command line's
//! own definition.

use std::fs;
use std::path::PathBuf;

use clap::{Args, Command};
use clap_complete::Shell;
use clap_mangen::Man;

use crate::command::{CommandError, print};

/// Print the completions of a shell
///
/// For bash: node completions bash > ~/.local/share/bash-completion/completions/node
#[derive(Debug, Args)]
pub(super) struct CompletionsArguments {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

/// Print the manual page of this program, or write the pages of all its commands
///
/// To read it: node man > node.1; man ./node.1
#[derive(Debug, Args)]
pub(super) struct ManArguments {
    /// Write the pages of the program and of all its commands into this directory; pages of an
    /// earlier version are replaced
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

/// Prints the completions of a shell.
pub(super) fn completions(
    arguments: &CompletionsArguments,
    mut program: Command,
) -> Result<(), CommandError> {
    // The generator panics if its writer fails, so it writes into memory.
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut program, "node", &mut script);
    print(&script)
}

/// Prints or writes manual pages.
pub(super) fn man(arguments: &ManArguments, program: Command) -> Result<(), CommandError> {
    if let Some(directory) = &arguments.dir {
        let written = fs::create_dir_all(directory)
            .and_then(|()| clap_mangen::generate_to(program, directory));
        return written
            .map_err(|error| CommandError::Pages { directory: directory.clone(), error });
    }
    let mut page = Vec::new();
    let rendered = Man::new(program).render(&mut page);
    rendered.map_err(|error| CommandError::System { doing: "format the manual page", error })?;
    print(&page)
}
