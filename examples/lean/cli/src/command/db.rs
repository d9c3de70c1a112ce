//! `node db`: a look at the chain on disk of a node that does not run.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::command::{CommandError, print, say};
use storage::{ChainIdentity, ChainStore as _, Figures, ReadChain as _, RedbStore};

/// The number of checked blocks between two lines of progress.
const PROGRESS: u64 = 1_000;

/// Look at the chain on disk of a node that does not run
#[derive(Debug, Args)]
pub(super) struct DbArguments {
    #[command(subcommand)]
    command: DbCommand,
}

#[derive(Debug, Subcommand)]
enum DbCommand {
    /// Print the network of a folder, and the sizes of its chain
    Inspect(FolderArguments),
    /// Check every block and every state of a folder, and the links of its finalized chain
    Verify(FolderArguments),
}

#[derive(Debug, Args)]
struct FolderArguments {
    /// The folder: that of `node run --data-dir`
    #[arg(long, value_name = "DIR")]
    data_dir: PathBuf,
}

pub(super) fn db(arguments: &DbArguments) -> Result<(), CommandError> {
    match &arguments.command {
        DbCommand::Inspect(folder) => inspect(folder),
        DbCommand::Verify(folder) => verify(folder),
    }
}

fn inspect(folder: &FolderArguments) -> Result<(), CommandError> {
    let (store, identity) = RedbStore::open_any(&folder.data_dir)?;
    let figures = store.reader().figures()?;
    print(description(&identity, &figures).as_bytes())
}

fn verify(folder: &FolderArguments) -> Result<(), CommandError> {
    let (store, _) = RedbStore::open_any(&folder.data_dir)?;
    let verified = store.reader().verify(|done, all| {
        if done % PROGRESS == 0 {
            say(format_args!("{done} of {all} blocks are intact …"));
        }
    })?;
    let text = format!(
        "intact: {} blocks, {} links of the finalized chain, {} states\n",
        verified.blocks, verified.links, verified.states
    );
    print(text.as_bytes())
}

fn description(identity: &ChainIdentity, figures: &Figures) -> String {
    let ChainIdentity { genesis_time, validators_root, fork, scheme } = identity;
    let mut lines = String::new();
    let mut line = |name: &str, value: String| {
        writeln!(lines, "{name:18}{value}").expect("writing to a String does not fail");
    };
    line("genesis time", genesis_time.to_string());
    line("validators", validators_root.to_string());
    line("fork", fork.clone());
    line("scheme", scheme.clone());
    let finalized = figures.finalized.map_or_else(
        || "nothing".to_owned(),
        |finalized| format!("slot {}, {}", finalized.slot, finalized.root),
    );
    line("finalized", finalized);
    line("blocks", figures.blocks.to_string());
    let oldest = figures.oldest_block.map_or_else(|| "none".to_owned(), |slot| slot.to_string());
    line("oldest block", oldest);
    line("states", figures.states.to_string());
    line("votes", figures.votes.to_string());
    line("bytes", figures.file_bytes.to_string());
    lines
}
