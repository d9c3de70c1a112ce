//! What can be wrong with a genesis folder, in words that say what to do.

use std::path::PathBuf;

use crate::config::KeyRole;
use crate::lean_files::NodeAddressError;
use consensus::ValidatorIndex;
use keys::file::FileError;
use network::HostKeyError;
use xmss::PublicKey;

/// Says why a node cannot run from a genesis folder, or why one cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum LeanFilesError {
    /// A file is missing, unreadable or malformed.
    #[error(transparent)]
    File(#[from] FileError),
    /// There is no such folder.
    #[error(
        "there is no folder {}: name a genesis folder, or write one with `node genesis --lean {}`",
        .0.display(),
        .0.display()
    )]
    NoFolder(PathBuf),
    /// The folder lacks files.
    #[error("{} is no complete genesis folder: it lacks {}", directory.display(), missing.join("; "))]
    Incomplete {
        /// The folder.
        directory: PathBuf,
        /// The files that are missing, each with what it is for.
        missing: Vec<&'static str>,
    },
    /// The folder does not name the node.
    #[error(
        "{}: there is no node \"{node}\": choose one of {} with --node-id, or add `{node}: []` for a node without \
         validators",
        path.display(),
        known.join(", ")
    )]
    NoSuchNode {
        /// The file that names the nodes.
        path: PathBuf,
        /// The name that was asked for.
        node: String,
        /// The names that there are.
        known: Vec<String>,
    },
    /// The chain has no validator with the index.
    #[error("{}: there is no validator {index}: config.yaml has {count}, numbered from 0", path.display())]
    NoSuchValidator {
        /// The file that names the validator.
        path: PathBuf,
        /// The index that stands there.
        index: ValidatorIndex,
        /// How many validators there are.
        count: usize,
    },
    /// A validator, or one of its keys, is named twice, which would make it sign twice in a slot.
    #[error("{}: validator {index} is named twice: remove one of the two entries", path.display())]
    DuplicateValidator {
        /// The file that names the validator.
        path: PathBuf,
        /// The index that stands there twice.
        index: ValidatorIndex,
    },
    /// A key file's name does not say what the key signs.
    #[error(
        "{}: the key \"{}\" of validator {index} could be either of its two: put \"attester\" or \"proposer\" into the \
         file's name",
        path.display(),
        file.display()
    )]
    UnclearRole {
        /// The file that names the key.
        path: PathBuf,
        /// The validator's index.
        index: ValidatorIndex,
        /// The key file's name.
        file: PathBuf,
    },
    /// A validator has only one of its two keys.
    #[error("{}: validator {index} has no {role} key: add the entry for it", path.display())]
    MissingKey {
        /// The file that names the keys.
        path: PathBuf,
        /// The validator's index.
        index: ValidatorIndex,
        /// Which key is missing.
        role: KeyRole,
    },
    /// The manifest does not list a validator that is ours.
    #[error(
        "{}: it has no keys of validator {index}, which validators.yaml gives to this node: write both files anew, \
         together",
        path.display()
    )]
    NotInManifest {
        /// The manifest.
        path: PathBuf,
        /// The validator's index.
        index: ValidatorIndex,
    },
    /// A key file belongs to another public key than the chain gives the validator.
    #[error(
        "{}: this is not the {role} key of validator {index}: its public key is {found}, but config.yaml says \
         {expected}: take the key files that were made with this config.yaml",
        path.display()
    )]
    WrongKey {
        /// The key file.
        path: PathBuf,
        /// The validator that it is named for.
        index: ValidatorIndex,
        /// Which of its keys it is named for.
        role: KeyRole,
        /// The chain's public key.
        expected: Box<PublicKey>,
        /// The key file's public key.
        found: Box<PublicKey>,
    },
    /// Two keys of a node are of different schemes.
    #[error(
        "{}: this key has {found} slots in all and others of this node {expected}: all keys of a network are of one \
         scheme",
        path.display()
    )]
    MixedSchemes {
        /// The key file that differs.
        path: PathBuf,
        /// The lifetime of the other keys' scheme.
        expected: u64,
        /// The lifetime of this key's scheme.
        found: u64,
    },
    /// The listen address is none.
    #[error("--listen {0} is no address to listen on: write ADDRESS:PORT or /ip4/ADDRESS/udp/PORT/quic-v1")]
    Listen(String),
    /// A peer that the command line names is none.
    #[error("--peer: {0}")]
    Peer(#[from] NodeAddressError),
    /// A node's own key is none.
    #[error(transparent)]
    NetworkKey(#[from] HostKeyError),
    /// A node's name cannot be a file's name and a YAML key as it is.
    #[error("\"{0}\" is no name for a node: use letters, digits, - and _, and each name once")]
    Name(String),
    /// A folder cannot be written for these numbers.
    #[error("{nodes} nodes with {addresses} addresses and {validators} validators make no network")]
    Size {
        /// How many nodes there are.
        nodes: usize,
        /// How many addresses they have.
        addresses: usize,
        /// How many validators there are.
        validators: usize,
    },
}
