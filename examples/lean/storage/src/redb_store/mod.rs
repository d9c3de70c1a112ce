//! A store in one file of the database `redb`.

mod fault;
mod folder;
mod overlay;
mod prune;
mod read;
mod schema;
mod stored_state;
mod tables;
#[cfg(test)]
mod tests;
mod verify;
mod write;

use std::fs;
use std::path::Path;
use std::sync::Arc;

use consensus::{Checkpoint, Slot};
use redb::{CompactionError, Database, StorageBackend};

use crate::changes::Changes;
use crate::error::StorageError;
use crate::identity::ChainIdentity;
use crate::progress::Progress;
use crate::store::{ChainStore, Keep, Pruned, ReadChain as _};

use fault::Fault;
use folder::{Folder, Purpose};
pub use read::RedbReader;
pub use verify::Verified;

/// The number of entries that an operator's command removes in one transaction.
const REMOVED_AT_ONCE: usize = 4_096;

/// A store in one file.
#[derive(Debug)]
pub struct RedbStore {
    reader: RedbReader,
    /// The slots before this one have no blocks of other branches than the finalized one.
    scanned_to: Slot,
}

impl RedbStore {
    /// Opens the chain in a folder, or creates an empty one. The folder is locked until the value
    /// and its readers are dropped.
    ///
    /// Checks all pages of a file of at most 1 GiB.
    ///
    /// # Errors
    ///
    /// Returns [`StorageError`] if another process has the folder open, if the folder has the chain
    /// of another network, scheme or newer version, if its file is incomplete, damaged or of
    /// another kind, or if the disk has a fault. A refused folder stays as it was.
    pub fn open(folder: &Path, identity: &ChainIdentity) -> Result<Self, StorageError> {
        let checking = Progress::logged("checking the file of the chain");
        let folder = Folder::lock(folder, Purpose::Node(identity), &checking)?;
        let database = folder.open_or_create(identity)?;
        let path = folder.database();
        Ok(Self::of(database, &path, Some(folder)))
    }

    /// Opens the chain in a folder for changes, whatever its network is. Creates none. Returns it
    /// with its network. `progress` receives the checked bytes of the file.
    ///
    /// # Errors
    ///
    /// Returns [`StorageError`] as [`open`](Self::open) does, except for another network or scheme.
    pub fn open_any(
        folder: &Path,
        progress: &Progress,
    ) -> Result<(Self, ChainIdentity), StorageError> {
        let path = folder.join(folder::DATABASE);
        if !folder.is_file() && !folder::is_there(&path)? {
            return Err(StorageError::NoChain { path: folder.to_owned() });
        }
        let folder = Folder::lock(folder, Purpose::Change, progress)?;
        let (database, identity) = folder.open_any()?;
        Ok((Self::of(database, &path, Some(folder)), identity))
    }

    /// Opens the chain in a folder for a look, whatever its network is, and checks all pages.
    /// Writes nothing into the folder. No node can use the folder until all readers are dropped.
    /// Returns a reader with the network. `progress` receives the checked bytes of the file.
    ///
    /// # Errors
    ///
    /// Returns [`StorageError`] as [`open`](Self::open) does, except for another network or scheme.
    pub fn look(
        folder: &Path,
        progress: &Progress,
    ) -> Result<(RedbReader, ChainIdentity), StorageError> {
        let (folder, database, identity) = Folder::look(folder, progress)?;
        let path = folder.database();
        Ok((Self::of(database, &path, Some(folder)).reader, identity))
    }

    /// Checks whether a node of this network can use a folder, and writes nothing. Returns whether
    /// the folder has a chain with a beginning.
    ///
    /// # Errors
    ///
    /// Returns [`StorageError`] as [`open`](Self::open) does.
    pub fn check(folder: &Path, identity: &ChainIdentity) -> Result<bool, StorageError> {
        match Self::look(folder, &Progress::none()) {
            Ok((reader, found)) => {
                let path = folder.join(folder::DATABASE);
                schema::check_identity(&found, &path, identity)
                    .map_err(Fault::at("open", &path))?;
                Ok(reader.figures()?.finalized.is_some())
            }
            Err(StorageError::NoChain { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Creates a chain in a folder without one, and lets `fill` write it. The chain appears in the
    /// folder when it is complete.
    ///
    /// # Errors
    ///
    /// Returns [`StorageError`] as [`open`](Self::open) does, [`StorageError::HasChain`] if the
    /// folder has a chain, and the error of `fill`. The folder has no part of the chain then.
    pub fn create_with<E: From<StorageError>>(
        folder: &Path,
        identity: &ChainIdentity,
        fill: impl FnOnce(&mut Self) -> Result<(), E>,
    ) -> Result<(), E> {
        let folder = Folder::lock(folder, Purpose::Import(identity), &Progress::none())?;
        folder.create(identity, fill)
    }

    /// Removes everything below a horizon of `slots` slots under the finalized block, and thins the
    /// states as a node does. `progress` receives the removed entries. Returns their number.
    ///
    /// # Errors
    ///
    /// [`StorageError::Full`] or [`StorageError::Failed`] if the disk does not take a change.
    pub fn prune_below(&mut self, slots: Slot, progress: &Progress) -> Result<u64, StorageError> {
        let figures = self.reader.figures()?;
        let Some(finalized) = figures.finalized else { return Ok(0) };
        let keep = Keep::below(finalized.slot, slots);
        let mut removed = 0;
        loop {
            let step = self.prune(keep, REMOVED_AT_ONCE)?;
            removed += step.removed as u64;
            progress.at(removed, figures.blocks);
            if step.is_done {
                return Ok(removed);
            }
        }
    }

    /// Makes the file as small as its content. Its readers must have been dropped.
    ///
    /// # Errors
    ///
    /// [`StorageError::Full`] or [`StorageError::Failed`] if the disk does not take the changes, or
    /// if a reader is left.
    pub fn compact(&mut self) -> Result<(), StorageError> {
        let database = Arc::get_mut(&mut self.reader.database);
        let compacted = database.map_or(Err(CompactionError::TransactionInProgress), |database| {
            database.compact().map(drop)
        });
        compacted.map_err(Fault::from).map_err(Fault::at("compact", &self.reader.path))
    }

    /// Opens or creates a chain in another file layer than the system's, and checks all its pages.
    /// `path` is its name in errors.
    ///
    /// # Errors
    ///
    /// Returns [`StorageError`] as [`open`](Self::open) does.
    pub fn in_backend(
        backend: impl StorageBackend,
        path: &Path,
        identity: &ChainIdentity,
    ) -> Result<Self, StorageError> {
        let is_new = backend.len().map_err(StorageError::io("open", path))? == 0;
        let mut builder = folder::builder();
        let opened = builder.set_check_integrity_on_open(!is_new).create_with_backend(backend);
        let opened = opened.map_err(Fault::from);
        let checked = opened.and_then(|database| {
            if is_new {
                schema::create(&database, identity)?;
            }
            schema::check(&database, path, identity, schema::MIGRATIONS)?;
            Ok(database)
        });
        Ok(Self::of(checked.map_err(Fault::at("open", path))?, path, None))
    }

    /// Closes the file in order, and returns its size. A reader that is left keeps it open.
    ///
    /// # Errors
    ///
    /// [`StorageError::Full`] or [`StorageError::Failed`] if the disk does not take the last pages.
    pub fn close(self) -> Result<u64, StorageError> {
        let RedbReader { database, path, _folder } = self.reader;
        let closed = Arc::into_inner(database).map_or(Ok(()), Database::close);
        closed.map_err(Fault::from).map_err(Fault::at("close", &path))?;
        Ok(fs::metadata(&path).map_or(0, |file| file.len()))
    }

    fn of(database: Database, path: &Path, folder: Option<Folder>) -> Self {
        let (database, path) = (Arc::new(database), Arc::from(path));
        let reader = RedbReader { database, path, _folder: folder.map(Arc::new) };
        Self { reader, scanned_to: 0 }
    }
}

impl ChainStore for RedbStore {
    type Reader = RedbReader;

    fn reader(&self) -> RedbReader {
        self.reader.clone()
    }

    fn write(&mut self, changes: &Changes) -> Result<Option<Checkpoint>, StorageError> {
        let finalized = write::write(&self.reader.database, changes)
            .map_err(Fault::at("write", &self.reader.path))?;
        let oldest = changes.blocks.iter().map(|(_, block)| block.block.slot).min();
        self.scanned_to = self.scanned_to.min(oldest.unwrap_or(Slot::MAX));
        Ok(finalized)
    }

    fn prune(&mut self, keep: Keep, most: usize) -> Result<Pruned, StorageError> {
        prune::prune(&self.reader.database, keep, most, &mut self.scanned_to)
            .map_err(Fault::at("prune", &self.reader.path))
    }
}
