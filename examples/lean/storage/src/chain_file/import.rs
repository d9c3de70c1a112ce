//! Reading a chain from a file into an empty folder.

use std::io::Read;
use std::path::Path;

use consensus::Checkpoint;

use super::contents::{Contents, Part};
use super::error::ChainFileError;
use super::records::RecordReader;
use crate::changes::Changes;
use crate::identity::ChainIdentity;
use crate::progress::Progress;
use crate::redb_store::RedbStore;
use crate::store::ChainStore as _;

/// The number of blocks in one transaction.
const BLOCKS_AT_ONCE: usize = 64;

/// The content of an imported file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imported {
    /// The network of the chain, and of the folder.
    pub identity: ChainIdentity,
    /// The finalized block.
    pub finalized: Checkpoint,
    /// The number of blocks.
    pub blocks: u64,
    /// The number of votes.
    pub votes: u64,
}

/// Imports a file into a folder without a chain, of the same network.
///
/// The whole file is checked first: checksums, roots, parents and states. `checking` receives the
/// checked bytes of the file, and `writing` those that are in the folder. The chain appears in the
/// folder when it is complete. A refused file or folder leaves the folder as it was.
///
/// # Errors
///
/// Returns [`ChainFileError`] with the first fault of the file, or with the fault of the folder.
pub fn import(
    folder: &Path,
    from: &Path,
    checking: Progress,
    writing: Progress,
) -> Result<Imported, ChainFileError> {
    let imported = read(RecordReader::open(from, checking)?, |_| Ok(()))?;
    RedbStore::create_with(folder, &imported.identity, |store| {
        let again = read(RecordReader::open(from, writing)?, |changes| {
            store.write(&changes)?;
            Ok(())
        })?;
        let is_same = again == imported;
        if is_same { Ok(()) } else { Err(ChainFileError::Changed(from.to_owned())) }
    })?;
    Ok(imported)
}

/// Checks the bytes of a chain file, without a folder.
///
/// # Errors
///
/// Returns [`ChainFileError`] with the first fault.
pub fn check(bytes: &[u8]) -> Result<Imported, ChainFileError> {
    let path = Path::new("the chain file");
    let records = RecordReader::begin(path, bytes, bytes.len() as u64, Progress::none())?;
    read(records, |_| Ok(()))
}

/// Reads a file, and calls `write` with some parts of the chain at a time.
fn read<R: Read>(
    records: RecordReader<R>,
    mut write: impl FnMut(Changes) -> Result<(), ChainFileError>,
) -> Result<Imported, ChainFileError> {
    let mut contents = Contents::read(records)?;
    let (mut blocks, mut votes) = (0, 0);
    let mut changes = Changes::default();
    while let Some(part) = contents.part()? {
        match part {
            Part::Block(root, block, finalized) => {
                blocks += 1;
                changes.blocks.push((root, block));
                changes.finalized = finalized;
                if changes.finalized.is_some() || changes.blocks.len() == BLOCKS_AT_ONCE {
                    write(std::mem::take(&mut changes))?;
                }
            }
            Part::Vote(vote) => {
                votes += 1;
                changes.votes.push(vote);
            }
        }
    }
    write(changes)?;
    let (identity, finalized) = (contents.identity, contents.finalized);
    Ok(Imported { identity, finalized, blocks, votes })
}
