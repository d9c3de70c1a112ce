//! The faults of a chain file, with instructions for the operator.

use std::path::PathBuf;

use crate::error::StorageError;

/// A chain cannot be exported or imported.
#[derive(Debug, thiserror::Error)]
pub enum ChainFileError {
    /// The folder or a disk has a fault.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The file to write is there already.
    #[error("{} exists, and is not overwritten: name another file with --to", .0.display())]
    Exists(PathBuf),
    /// The slots to export are none that can be imported again.
    #[error("these slots cannot be exported: {0}")]
    Slots(String),
    /// The file is of another kind.
    #[error("{} is not an exported chain: name a file of `node db export` with --from", .0.display())]
    NotAChainFile(PathBuf),
    /// The file is of another version.
    #[error(
        "{} has version {found} of the format, and this version of the node reads version 1: use a newer version of the \
         node",
        path.display()
    )]
    Version {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u32,
    },
    /// The file ends too early.
    #[error(
        "{} ends in record {record}: a copy or a download was interrupted. Copy it again. Nothing was imported",
        path.display()
    )]
    Cut {
        /// The file.
        path: PathBuf,
        /// The number of the record, from 1 on.
        record: u64,
    },
    /// The file was changed during the import.
    #[error("{} has changed during the import: import it again. Nothing was imported", .0.display())]
    Changed(PathBuf),
    /// A record is not what was written.
    #[error(
        "{} is damaged in record {record}: {what}. Copy or export it again. Nothing was imported",
        path.display()
    )]
    Record {
        /// The file.
        path: PathBuf,
        /// The number of the record, from 1 on.
        record: u64,
        /// The fault.
        what: String,
    },
}
