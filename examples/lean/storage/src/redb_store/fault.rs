//! Faults inside of a transaction, and the error of the whole operation.

use std::io;
use std::path::Path;

use crate::error::StorageError;

/// A fault of the database, or of its content.
#[derive(Debug)]
pub(super) enum Fault {
    Database(redb::Error),
    Damaged(String),
    Refused(StorageError),
}

macro_rules! from_errors_of_the_database {
    ($($error:ty),*) => {
        $(impl From<$error> for Fault {
            fn from(error: $error) -> Self {
                Self::Database(error.into())
            }
        })*
    };
}

from_errors_of_the_database!(
    redb::CommitError,
    redb::CompactionError,
    redb::DatabaseError,
    redb::StorageError,
    redb::TableError,
    redb::TransactionError
);

impl From<StorageError> for Fault {
    fn from(error: StorageError) -> Self {
        Self::Refused(error)
    }
}

impl Fault {
    pub(super) fn damaged(what: impl Into<String>) -> Self {
        Self::Damaged(what.into())
    }

    /// Returns the error of an operation on the database at `path`.
    pub(super) fn at(doing: &'static str, path: &Path) -> impl FnOnce(Self) -> StorageError {
        let path = path.to_owned();
        move |fault| match fault {
            Self::Refused(error) => error,
            Self::Damaged(what) | Self::Database(redb::Error::Corrupted(what)) => {
                StorageError::damaged(&path, what)
            }
            Self::Database(redb::Error::Io(error)) => StorageError::io(doing, path)(error),
            Self::Database(redb::Error::DatabaseAlreadyOpen) => {
                StorageError::InUse { path, owner: None }
            }
            // The tables are made with the file, in one transaction.
            Self::Database(redb::Error::TableDoesNotExist(_)) => {
                StorageError::Incomplete { path, what: "a table is missing" }
            }
            Self::Database(error) => {
                StorageError::Failed { doing, path, error: io::Error::other(error) }
            }
        }
    }
}
