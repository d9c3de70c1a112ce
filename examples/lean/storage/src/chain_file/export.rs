//! Writing a chain into a file.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;

use consensus::{Checkpoint, Root, SignedBlock, Slot, State};
use libssz::SszEncode as _;
use tempfile::{Builder, NamedTempFile};

use super::contents::{MOST_STATES, encode_identity};
use super::error::ChainFileError;
use super::records::{Kind, RecordWriter};
use crate::error::StorageError;
use crate::identity::ChainIdentity;
use crate::progress::Progress;
use crate::redb_store::{RedbReader, RedbStore};
use crate::store::ReadChain as _;

/// The number of blocks in memory.
const BLOCKS_AT_ONCE: usize = 64;

/// The slots to export. Without limits, everything that can be imported again.
#[derive(Clone, Copy, Debug, Default)]
pub struct Selection {
    /// Blocks before this slot are left out.
    pub from: Option<Slot>,
    /// Blocks after this slot are left out. The newest kept state up to it is that of the file's
    /// finalized block.
    pub to: Option<Slot>,
}

/// The content of a written file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exported {
    /// The network of the chain.
    pub identity: ChainIdentity,
    /// The finalized block of the file.
    pub finalized: Checkpoint,
    /// The slots of the first and of the last block.
    pub slots: (Slot, Slot),
    /// The number of blocks.
    pub blocks: u64,
    /// The number of states.
    pub states: u64,
    /// The number of votes.
    pub votes: u64,
    /// The size of the file.
    pub bytes: u64,
}

/// Writes the chain of a folder into a new file. The file appears when it is complete.
///
/// `checking` receives the checked bytes of the folder's database, and `writing` the written
/// blocks.
///
/// # Errors
///
/// Returns [`ChainFileError`] if the file exists, if the folder cannot be opened, or if it has no
/// state in the selected slots.
pub fn export(
    folder: &Path,
    to: &Path,
    selection: Selection,
    checking: &Progress,
    writing: &Progress,
) -> Result<Exported, ChainFileError> {
    let failed = |error| ChainFileError::from(StorageError::io("write", to)(error));
    if to.symlink_metadata().is_ok() {
        return Err(ChainFileError::Exists(to.to_owned()));
    }
    let (reader, identity) = RedbStore::look(folder, checking)?;
    let plan = Plan::of(&reader, selection)?;
    let parent = to.parent().filter(|parent| !parent.as_os_str().is_empty());
    let parent = parent.unwrap_or(Path::new("."));
    let file = temporary(parent).map_err(failed)?;
    let records = RecordWriter::begin(file).map_err(failed)?;
    let (records, exported) = plan.write(&reader, identity, records, writing, to)?;
    let (file, bytes) = records.end().map_err(failed)?;
    file.as_file().sync_all().map_err(failed)?;
    file.persist_noclobber(to).map_err(|error| match error.error.kind() {
        io::ErrorKind::AlreadyExists => ChainFileError::Exists(to.to_owned()),
        _ => failed(error.error),
    })?;
    File::open(parent).and_then(|folder| folder.sync_all()).map_err(failed)?;
    Ok(Exported { bytes, ..exported })
}

fn temporary(parent: &Path) -> io::Result<NamedTempFile> {
    let mut builder = Builder::new();
    builder.prefix(".chain-export-");
    #[cfg(unix)]
    {
        use std::fs::Permissions;
        use std::os::unix::fs::PermissionsExt as _;
        // As for any new file. A chain is no secret.
        builder.permissions(Permissions::from_mode(0o666));
    }
    builder.tempfile_in(parent)
}

/// What a file will hold.
#[derive(Debug)]
struct Plan {
    finalized: Checkpoint,
    states: Vec<Slot>,
    from: Slot,
    to: Slot,
    /// Whether the file ends where the folder does, with its branches and votes.
    is_newest: bool,
}

impl Plan {
    fn of(reader: &RedbReader, selection: Selection) -> Result<Self, ChainFileError> {
        let newest = reader.figures()?.finalized;
        let newest = newest.ok_or_else(|| slots("the folder has no finalized block yet"))?;
        let (from, to) = (selection.from.unwrap_or(0), selection.to.unwrap_or(Slot::MAX));
        let mut states = Vec::new();
        for slot in reader.states()? {
            // Without its block, a state cannot be checked.
            let root = reader.finalized_root(slot)?;
            if root.map(|root| reader.block(&root)).transpose()?.flatten().is_some() {
                states.push(slot);
            }
        }
        let Some(last) = states.iter().copied().rfind(|slot| *slot <= to) else {
            let oldest = states.first().copied().unwrap_or(newest.slot);
            return Err(slots(&format!(
                "the oldest kept state is that of slot {oldest}: choose --to-slot {oldest} or later"
            )));
        };
        if from > last {
            return Err(slots(&format!(
                "the finalized block of slot {last} must be among them: choose --from-slot {last} or earlier"
            )));
        }
        let root = reader.finalized_root(last)?.ok_or_else(|| slots("a block is missing"))?;
        let kept = states.into_iter().filter(|slot| (from..=last).contains(slot));
        let mut states: Vec<_> = kept.collect();
        states.drain(..states.len().saturating_sub(MOST_STATES));
        let finalized = Checkpoint { root, slot: last };
        Ok(Self { finalized, states, from, to, is_newest: last == newest.slot })
    }

    fn write<W: io::Write>(
        &self,
        reader: &RedbReader,
        identity: ChainIdentity,
        mut records: RecordWriter<W>,
        progress: &Progress,
        to: &Path,
    ) -> Result<(RecordWriter<W>, Exported), ChainFileError> {
        let failed = |error| ChainFileError::from(StorageError::io("write", to)(error));
        records.write(Kind::Network, &encode_identity(&identity)).map_err(failed)?;
        records.write(Kind::Finalized, &self.finalized.to_ssz()).map_err(failed)?;
        for slot in &self.states {
            let state = self.state(reader, *slot)?;
            records.write(Kind::State, &state.to_ssz()).map_err(failed)?;
        }
        let mut exported = Exported {
            identity,
            finalized: self.finalized,
            slots: (self.finalized.slot, self.finalized.slot),
            blocks: 0,
            states: self.states.len() as u64,
            votes: 0,
            bytes: 0,
        };
        let all = reader.figures()?.blocks;
        let mut write = |blocks: &[Arc<SignedBlock>]| {
            for block in blocks {
                records.write(Kind::Block, &block.to_ssz()).map_err(failed)?;
                let slot = block.block.slot;
                exported.slots = (exported.slots.0.min(slot), exported.slots.1.max(slot));
                exported.blocks += 1;
                progress.at(exported.blocks, all);
            }
            Ok::<_, ChainFileError>(())
        };
        let mut from = self.from;
        // Above its own finalized block, the file has the rest of the folder's finalized chain.
        let end = self.to.saturating_add(1);
        loop {
            let blocks = reader.blocks(from..end, BLOCKS_AT_ONCE)?;
            let Some(last) = blocks.last() else { break };
            from = last.block.slot + 1;
            write(&blocks)?;
        }
        let loaded = reader.load()?.ok_or_else(|| slots("the folder has no chain"))?;
        if self.is_newest {
            let tree: Vec<_> =
                loaded.blocks.into_iter().filter(|block| block.block.slot <= self.to).collect();
            write(&tree)?;
            for vote in loaded.votes.iter().filter(|vote| vote.data.slot <= self.to) {
                records.write(Kind::Vote, &vote.to_ssz()).map_err(failed)?;
                exported.votes += 1;
            }
        }
        Ok((records, exported))
    }

    /// Reads a state, and checks that it is the one in its block.
    fn state(&self, reader: &RedbReader, slot: Slot) -> Result<State, ChainFileError> {
        let damaged = || {
            let what = format!("the state of slot {slot} is not the one in its block");
            StorageError::damaged(&reader.path, what)
        };
        let root = reader.finalized_root(slot)?.ok_or_else(damaged)?;
        let block = reader.block(&root)?.ok_or_else(damaged)?;
        let state = reader.state(slot)?.ok_or_else(damaged)?;
        let is_right = Root::of(&state) == block.block.state_root;
        if is_right { Ok(state) } else { Err(damaged().into()) }
    }
}

fn slots(what: &str) -> ChainFileError {
    ChainFileError::Slots(what.to_owned())
}
