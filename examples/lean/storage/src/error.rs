//! The faults of a folder and of its disk, with instructions for the operator.

use std::io;
use std::path::{Path, PathBuf};

use consensus::{Checkpoint, Root};

use crate::identity::ChainIdentity;

/// The reason why a chain cannot be opened, read or written. The file is left as it is.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// Another process has the folder open.
    #[error(
        "{} is in use by {}: stop that process first, or name another folder with --data-dir",
        path.display(), owner.as_deref().unwrap_or("another process")
    )]
    InUse {
        /// The folder's lock.
        path: PathBuf,
        /// The other process, if it has written its identity.
        owner: Option<String>,
    },
    /// The folder has the chain of another network.
    #[error(
        "{} has the chain of another network: genesis time {}, here {}; validators {}, here {}; fork {:?}, here {:?}. \
         Name another folder with --data-dir, or return to that network's genesis file",
        path.display(), found.genesis_time, expected.genesis_time, found.validators_root,
        expected.validators_root, found.fork, expected.fork
    )]
    OtherNetwork {
        /// The database.
        path: PathBuf,
        /// The network of the folder.
        found: Box<ChainIdentity>,
        /// This node's network.
        expected: Box<ChainIdentity>,
    },
    /// The folder has a chain with signatures of another scheme.
    #[error(
        "{} has a chain with the signature scheme \"{found}\", and this node has \"{expected}\": name another folder with \
         --data-dir, or set the scheme of that network",
        path.display()
    )]
    OtherScheme {
        /// The database.
        path: PathBuf,
        /// The scheme of the folder.
        found: String,
        /// This node's scheme.
        expected: String,
    },
    /// A newer version of the node has written the file.
    #[error(
        "{} has schema {found}, and this version of the node reads schemas up to {newest}: use the newer version of the \
         node, or name another folder with --data-dir",
        path.display()
    )]
    NewerVersion {
        /// The database.
        path: PathBuf,
        /// The schema of the file.
        found: u32,
        /// The newest schema known here.
        newest: u32,
    },
    /// No version of the node has written this number.
    #[error(
        "{} has schema {found}, and the first schema of a node is 1: the file is damaged, or of another program. Name the \
         right folder with --data-dir, or move the file away",
        path.display()
    )]
    UnknownVersion {
        /// The database.
        path: PathBuf,
        /// The schema of the file.
        found: u32,
    },
    /// The folder has a chain, and a chain is to be imported into it.
    #[error(
        "{} has a chain already, finalized up to slot {}, and it is not overwritten: name a new folder with --data-dir",
        path.display(), finalized.slot
    )]
    HasChain {
        /// The database.
        path: PathBuf,
        /// Its newest finalized block.
        finalized: Checkpoint,
    },
    /// The folder has no chain, or does not exist.
    #[error("{} has no chain: name the right folder with --data-dir", path.display())]
    NoChain {
        /// The folder.
        path: PathBuf,
    },
    /// The folder is a file.
    #[error("{} is not a folder: name a folder with --data-dir", path.display())]
    NotAFolder {
        /// The file.
        path: PathBuf,
    },
    /// The file is not a database of this kind.
    #[error(
        "{} is not the chain of a node: name the right folder with --data-dir, or move the file away",
        path.display()
    )]
    NotAChain {
        /// The file.
        path: PathBuf,
    },
    /// The file ends too early, or has only a part of its entries.
    #[error(
        "{} is incomplete ({what}): a copy or an import was interrupted. Copy it again, or move it away: the node then \
         fetches the chain from its peers, or from --checkpoint-sync-url",
        path.display()
    )]
    Incomplete {
        /// The database.
        path: PathBuf,
        /// The missing part.
        what: &'static str,
    },
    /// The content of the file is not what was written.
    #[error(
        "{} is damaged: {what}. Check the disk, and move the file away: the node then fetches the chain from its peers, \
         or from --checkpoint-sync-url. The signing history is another file: leave it in its place",
        path.display()
    )]
    Damaged {
        /// The database.
        path: PathBuf,
        /// The fault.
        what: String,
    },
    /// The disk has no room.
    #[error(
        "cannot {doing} {}: {error}: make room on the disk and start again. Nothing that was finalized is lost",
        path.display()
    )]
    Full {
        /// The operation.
        doing: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The error of the operating system.
        error: io::Error,
    },
    /// An operation failed.
    #[error("cannot {doing} {}: {error}{}", path.display(), hint(error))]
    Failed {
        /// The operation.
        doing: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The error of the operating system or of the database.
        error: io::Error,
    },
    /// The finalized block is not a descendant of the stored finalized block.
    #[error(
        "the chain contradicts its own finality: block {} of slot {} was finalized and stored, and block {} of slot {} is \
         not above it. A third of the validators have broken the rules, or this node has a defect: look at what other \
         nodes have finalized before you choose a chain",
        stored.root, stored.slot, new.root, new.slot
    )]
    Contradiction {
        /// The stored finalized block.
        stored: Checkpoint,
        /// The block to be finalized.
        new: Checkpoint,
    },
    /// The finalized block is not stored.
    #[error(
        "the finalized block {root} is not among the stored ones: this is a defect of the node"
    )]
    UnknownBlock {
        /// The block.
        root: Root,
    },
}

impl StorageError {
    /// Returns whether the disk is the cause: it is full, does not answer, or has lost what was
    /// written.
    pub fn is_of_disk(&self) -> bool {
        matches!(self, Self::Full { .. } | Self::Failed { .. } | Self::Damaged { .. })
    }

    /// Returns the error of an operation on a file.
    pub(crate) fn io(
        doing: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |error| match error.kind() {
            io::ErrorKind::StorageFull
            | io::ErrorKind::QuotaExceeded
            | io::ErrorKind::FileTooLarge => Self::Full { doing, path, error },
            _ => Self::Failed { doing, path, error },
        }
    }

    pub(crate) fn damaged(path: &Path, what: impl Into<String>) -> Self {
        Self::Damaged { path: path.to_owned(), what: what.into() }
    }
}

fn hint(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::ReadOnlyFilesystem
        | io::ErrorKind::PermissionDenied
        | io::ErrorKind::Unsupported => ": name a writable folder on a local disk with --data-dir",
        _ => "",
    }
}
