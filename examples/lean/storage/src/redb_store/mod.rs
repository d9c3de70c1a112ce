//! A store in one file of the database `redb`.

mod fault;
mod folder;
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
use redb::{Database, StorageBackend};

use crate::changes::Changes;
use crate::error::StorageError;
use crate::identity::ChainIdentity;
use crate::store::{ChainStore, Keep, Pruned};

use fault::Fault;
use folder::Folder;
pub use read::RedbReader;
pub use verify::Verified;

/// A store in one file.
#[derive(Debug)]
pub struct RedbStore {
    reader: RedbReader,
    /// The slots before this one have no blocks of other branches than the finalized one.
    scanned_to: Slot,
    /// Released after the database is closed, because fields are dropped in this order.
    _folder: Option<Folder>,
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
    /// another kind, or if the disk has a fault. Nothing is overwritten then.
    pub fn open(folder: &Path, identity: &ChainIdentity) -> Result<Self, StorageError> {
        let folder = Folder::lock(folder)?;
        let database = folder.open_or_create(identity)?;
        let path = folder.database();
        Ok(Self { _folder: Some(folder), ..Self::of(database, &path) })
    }

    /// Opens the chain in a folder, whatever its network is, for a look at it. Creates nothing.
    /// Returns it with its network.
    ///
    /// # Errors
    ///
    /// Returns [`StorageError`] as [`open`](Self::open) does, except for another network or scheme.
    pub fn open_any(folder: &Path) -> Result<(Self, ChainIdentity), StorageError> {
        let path = folder.join("chain.redb");
        fs::metadata(&path).map_err(StorageError::io("open", &path))?;
        let folder = Folder::lock(folder)?;
        let (database, identity) = folder.open_any()?;
        Ok((Self { _folder: Some(folder), ..Self::of(database, &path) }, identity))
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
        Ok(Self::of(checked.map_err(Fault::at("open", path))?, path))
    }

    fn of(database: Database, path: &Path) -> Self {
        let reader = RedbReader { database: Arc::new(database), path: Arc::from(path) };
        Self { reader, scanned_to: 0, _folder: None }
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
