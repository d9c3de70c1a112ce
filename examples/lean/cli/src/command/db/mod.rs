//! `node db`: the chain on disk of a node that does not run.

mod progress;

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::command::db::progress::{Unit, progress};
use crate::command::{CommandError, print};
use lean_node::MIN_SLOTS_FOR_BLOCK_REQUESTS;
use storage::chain_file::{self, Selection};
use storage::{ChainIdentity, ChainStore as _, Figures, Progress, ReadChain as _, RedbStore};

/// Look at the chain on disk of a node that does not run, prune it, or move it
#[derive(Debug, Args)]
pub(super) struct DbArguments {
    #[command(subcommand)]
    command: DbCommand,
}

#[derive(Debug, Subcommand)]
enum DbCommand {
    /// Print the network of a folder, and the sizes of its chain. Writes nothing
    Inspect(FolderArguments),
    /// Check a folder: every page of its file, every block and state, and the links of its
    /// finalized chain. Writes nothing
    Verify(FolderArguments),
    /// Remove old blocks and states from a folder at once, and make its file smaller
    Prune(PruneArguments),
    /// Write the chain of a folder into a new file: finalized blocks and states, the blocks above
    /// them, and votes. Writes nothing into the folder
    Export(ExportArguments),
    /// Check an exported file as a whole, and import it into a folder without a chain
    Import(ImportArguments),
}

#[derive(Debug, Args)]
struct FolderArguments {
    /// The folder: that of `node run --data-dir`
    #[arg(long, value_name = "DIR")]
    data_dir: PathBuf,
}

#[derive(Debug, Args)]
struct PruneArguments {
    #[command(flatten)]
    folder: FolderArguments,
    /// Keep the finalized blocks of the last N slots. Below the default, peers miss some of them
    #[arg(long, value_name = "N", default_value_t = MIN_SLOTS_FOR_BLOCK_REQUESTS)]
    keep_slots: u64,
}

#[derive(Debug, Args)]
struct ExportArguments {
    #[command(flatten)]
    folder: FolderArguments,
    /// The file to write. It must not exist
    #[arg(long, value_name = "FILE")]
    to: PathBuf,
    /// Leave out the blocks before this slot
    #[arg(long, value_name = "SLOT")]
    from_slot: Option<u64>,
    /// Leave out the blocks after this slot. The newest kept state up to it becomes the finalized
    /// one of the file
    #[arg(long, value_name = "SLOT")]
    to_slot: Option<u64>,
}

#[derive(Debug, Args)]
struct ImportArguments {
    #[command(flatten)]
    folder: FolderArguments,
    /// A file of `node db export`
    #[arg(long, value_name = "FILE")]
    from: PathBuf,
}

pub(super) fn db(arguments: &DbArguments) -> Result<(), CommandError> {
    match &arguments.command {
        DbCommand::Inspect(folder) => inspect(folder),
        DbCommand::Verify(folder) => verify(folder),
        DbCommand::Prune(arguments) => prune(arguments),
        DbCommand::Export(arguments) => export(arguments),
        DbCommand::Import(arguments) => import(arguments),
    }
}

fn checking() -> Progress {
    progress("checking the pages of the file", Unit::Bytes)
}

fn inspect(folder: &FolderArguments) -> Result<(), CommandError> {
    let (reader, identity) = RedbStore::look(&folder.data_dir, &checking())?;
    print(description(&identity, &reader.figures()?).as_bytes())
}

fn verify(folder: &FolderArguments) -> Result<(), CommandError> {
    let (reader, _) = RedbStore::look(&folder.data_dir, &checking())?;
    let verified = reader.verify(&progress("checking blocks", Unit::Blocks))?;
    let text = format!(
        "intact: all {} bytes of the file, {} blocks, {} links of the finalized chain, {} states\n",
        reader.figures()?.file_bytes,
        verified.blocks,
        verified.links,
        verified.states
    );
    print(text.as_bytes())
}

fn prune(arguments: &PruneArguments) -> Result<(), CommandError> {
    let (mut store, _) = RedbStore::open_any(&arguments.folder.data_dir, &checking())?;
    let before = store.reader().figures()?;
    let removing = progress("removing blocks", Unit::Blocks);
    let removed = store.prune_below(arguments.keep_slots, &removing)?;
    drop(removing);
    store.compact()?;
    let oldest = store.reader().figures()?.oldest_block;
    let bytes = store.close()?;
    let oldest = oldest.map_or_else(|| "none".to_owned(), |slot| slot.to_string());
    let text = format!(
        "pruned: {removed} blocks and states removed; the oldest block is that of slot {oldest}; {} bytes before, and {} \
         now\n",
        before.file_bytes, bytes
    );
    print(text.as_bytes())
}

fn export(arguments: &ExportArguments) -> Result<(), CommandError> {
    let ExportArguments { folder, to, from_slot, to_slot } = arguments;
    let selection = Selection { from: *from_slot, to: *to_slot };
    let writing = progress("writing blocks", Unit::Blocks);
    let exported = chain_file::export(&folder.data_dir, to, selection, &checking(), &writing)?;
    let text = format!(
        "exported: {} blocks of the slots {} to {}, {} states, {} votes, {} bytes; finalized: slot {}, {}\n",
        exported.blocks,
        exported.slots.0,
        exported.slots.1,
        exported.states,
        exported.votes,
        exported.bytes,
        exported.finalized.slot,
        exported.finalized.root
    );
    print(text.as_bytes())
}

fn import(arguments: &ImportArguments) -> Result<(), CommandError> {
    let ImportArguments { folder, from } = arguments;
    let checking = progress("checking the file", Unit::Bytes);
    let writing = progress("importing", Unit::Bytes);
    let imported = chain_file::import(&folder.data_dir, from, checking, writing)?;
    let text = format!(
        "imported: {} blocks, {} votes; finalized: slot {}, {}\n",
        imported.blocks, imported.votes, imported.finalized.slot, imported.finalized.root
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
