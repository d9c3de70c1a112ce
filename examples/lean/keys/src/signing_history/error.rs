//! The reasons why keys do not sign, with instructions for the operator.

use std::io;
use std::path::PathBuf;

use super::interchange::ImportError;
use super::lock::Owner;
use super::table::GenesisIdentity;
use consensus::Slot;
use xmss::PublicKey;

/// The reason why a signing history cannot be used. No key signs without one.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// An operation on a file failed.
    #[error("cannot {doing} {}: {error}{}", path.display(), hint(error))]
    Io {
        /// The operation.
        doing: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The error of the operating system.
        error: io::Error,
    },
    /// Another process signs with the same keys.
    #[error(
        "{} signs with these keys ({}): stop it first, because a key that signs twice in a slot can be forged",
        owner.as_ref().map_or_else(|| "another process".to_owned(), Owner::to_string),
        path.display()
    )]
    InUse {
        /// The lock file of the other process.
        path: PathBuf,
        /// The other process, if it has written its identity.
        owner: Option<Owner>,
    },
    /// Another process has been starting for too long.
    #[error(
        "another process has held {} for 30 s: it is still starting, or has been suspended; try again when it has started \
         or ended",
        .0.display()
    )]
    Starting(PathBuf),
    /// The keys have signed on another chain.
    #[error(
        "{} was written on another chain (genesis time {}, this chain's is {}; validators {}, this chain's are {}): a \
         key that signs on two chains can be forged. Make new keys with `node genesis`, or return to the other \
         chain's genesis file",
        path.display(), found.time, expected.time, found.validators_root, expected.validators_root
    )]
    OtherGenesis {
        /// The history.
        path: PathBuf,
        /// The chain of the history.
        found: Box<GenesisIdentity>,
        /// The node's chain.
        expected: Box<GenesisIdentity>,
    },
    /// Neither copy in the file is intact.
    #[error(
        "the signing history {} is damaged: {what}. No key signs without it. Import a newer export with \
         --import-signing-history after moving this file away, or make new keys with `node genesis`",
        path.display()
    )]
    Damaged {
        /// The history.
        path: PathBuf,
        /// The fault.
        what: &'static str,
    },
    /// The file is a copy of another file.
    #[error(
        "the signing history {} is a copy: a backup was restored, a disk was cloned or the folder was moved, and the \
         original may have signed since. Stop every other node with these keys, check this machine's clock, and start \
         once with --accept-copied-history: the node then signs from the next slot on",
        .0.display()
    )]
    Copied(PathBuf),
    /// One key has two duties.
    #[error(
        "the key {0} is named for two duties of this node: it would sign twice in a slot. Give each duty its own key"
    )]
    KeyTwice(Box<PublicKey>),
    /// A file has too many records.
    #[error("the signing history {} has too many keys: more than {most}", path.display())]
    TooManyKeys {
        /// The history.
        path: PathBuf,
        /// The limit.
        most: usize,
    },
    /// A history to be imported is unusable.
    #[error(transparent)]
    Import(#[from] ImportError),
}

impl HistoryError {
    pub(super) fn io(
        doing: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |error| Self::Io { doing, path, error }
    }
}

fn hint(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::ReadOnlyFilesystem
        | io::ErrorKind::PermissionDenied
        | io::ErrorKind::Unsupported => {
            ": keep the signing history in a writable folder on a local disk with --signing-history DIR"
        }
        io::ErrorKind::StorageFull => ": make room on the disk",
        _ => "",
    }
}

/// The reason why a key must not sign in a slot.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotReserved {
    /// The node does not hold the key.
    #[error("this node does not hold the validator's keys")]
    UnknownKey,
    /// The key may have signed in this slot or in a later one.
    #[error(
        "the signing history has slot {newest} for this key, and slot {slot} is not after it: the clock was set back, \
         or an earlier process has signed; the key signs again from slot {} on",
        newest.saturating_add(1)
    )]
    NotNewer {
        /// The newest slot in the history.
        newest: Slot,
        /// The slot of the duty.
        slot: Slot,
    },
    /// The history could not be written, so no signature may leave.
    #[error("the signing history could not be written, so nothing is signed: {0}")]
    NotWritten(String),
}
