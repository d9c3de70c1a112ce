//! The signing history as JSON, to move keys from one machine or program to another.
//!
//! The format follows EIP-3076: metadata with the chain's identity, and one entry for each key. A
//! key of this chain has one role, so an entry has one newest slot.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::table::{GenesisIdentity, MOST_RECORDS};
use crate::{KeyRole, read_at_most};
use consensus::{Root, Slot};
use xmss::PublicKey;

/// The version of the format.
const VERSION: u32 = 1;

/// The largest accepted file in bytes. An entry takes about 250.
const MOST_BYTES: u64 = 32 << 20;

/// The content of an exported signing history.
///
/// # Examples
///
/// ```
/// let text = r#"{
///   "metadata": {
///     "interchange_format_version": 1,
///     "genesis_time": 1770407233,
///     "genesis_validators_root": "0x0000000000000000000000000000000000000000000000000000000000000000"
///   },
///   "data": []
/// }"#;
/// let history: keys::signing_history::Interchange = serde_json::from_str(text)?;
/// assert!(history.data.is_empty());
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Interchange {
    /// The format and the chain.
    pub metadata: Metadata,
    /// One entry for each key that may have signed.
    pub data: Vec<KeyHistory>,
}

/// The format and the chain of an exported signing history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Metadata {
    /// The version of the format: 1.
    pub interchange_format_version: u32,
    /// The start of slot 0, in seconds since 1970.
    pub genesis_time: u64,
    /// The hash tree root of the validators' registry.
    pub genesis_validators_root: Root,
}

/// The newest slot of one key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyHistory {
    /// The public key.
    pub public_key: PublicKey,
    /// The messages signed with the key.
    pub role: KeyRole,
    /// The newest slot in which the key may have signed.
    pub newest_slot: Slot,
}

/// The reason why a history cannot be imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file cannot be read.
    #[error("cannot read the signing history to be imported, {}: {error}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The error of the operating system.
        error: io::Error,
    },
    /// The file has another format.
    #[error("{} is no exported signing history: {what}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The fault.
        what: String,
    },
    /// The file was exported on another chain.
    #[error(
        "{} was exported on another chain (genesis time {}, this chain's is {}): its slots are not slots of this chain, so \
         nothing was imported. Name the export of this chain, or make new keys with `node genesis`",
        path.display(), found.time, expected.time
    )]
    OtherGenesis {
        /// The file.
        path: PathBuf,
        /// The chain of the file.
        found: Box<GenesisIdentity>,
        /// The node's chain.
        expected: Box<GenesisIdentity>,
    },
}

impl Interchange {
    pub(super) fn new(genesis: GenesisIdentity, data: Vec<KeyHistory>) -> Self {
        let metadata = Metadata {
            interchange_format_version: VERSION,
            genesis_time: genesis.time,
            genesis_validators_root: genesis.validators_root,
        };
        Self { metadata, data }
    }

    /// Reads an exported history of this chain.
    ///
    /// # Errors
    ///
    /// Returns [`ImportError`] if the file cannot be read, is a device or a named pipe, has more
    /// than 32 MiB, has another format, or belongs to another chain.
    pub(super) fn load(path: &Path, expected: GenesisIdentity) -> Result<Self, ImportError> {
        let malformed = |what: String| ImportError::Malformed { path: path.to_owned(), what };
        let bytes = read_at_most(path, MOST_BYTES)
            .map_err(|error| ImportError::Read { path: path.to_owned(), error })?;
        let read: Self =
            serde_json::from_slice(&bytes).map_err(|error| malformed(error.to_string()))?;
        if read.metadata.interchange_format_version != VERSION {
            let found = read.metadata.interchange_format_version;
            return Err(malformed(format!("its version is {found}, and only {VERSION} is known")));
        }
        if read.data.len() > MOST_RECORDS {
            return Err(malformed(format!("it has more than {MOST_RECORDS} keys")));
        }
        let found = GenesisIdentity {
            time: read.metadata.genesis_time,
            validators_root: read.metadata.genesis_validators_root,
        };
        if found != expected {
            let (found, expected) = (Box::new(found), Box::new(expected));
            return Err(ImportError::OtherGenesis { path: path.to_owned(), found, expected });
        }
        Ok(read)
    }

    /// Writes the file, without overwriting an existing one, and waits for the disk.
    ///
    /// # Errors
    ///
    /// Returns the error of the operating system. No file is left then, unless it existed before.
    pub fn save(&self, path: &Path) -> io::Result<()> {
        let text = serde_json::to_string_pretty(self)?;
        let mut file = fs::OpenOptions::new().write(true).create_new(true).open(path)?;
        let written = file.write_all(text.as_bytes()).and_then(|()| file.write_all(b"\n"));
        let synced = written.and_then(|()| file.sync_all());
        if synced.is_err() {
            let _ = fs::remove_file(path);
        }
        synced
    }
}
