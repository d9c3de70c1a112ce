//! Errors of genesis folders, with instructions for the operator.

use std::path::PathBuf;

use crate::config::KeyRole;
use crate::lean_files::NodeAddressError;
use consensus::ValidatorIndex;
use keys::file::FileError;
use network::HostKeyError;
use xmss::PublicKey;

/// The reason why a node cannot run from a genesis folder, or why a folder cannot be written.
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
        /// The missing files, each with its purpose.
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
        /// The file with the nodes' names.
        path: PathBuf,
        /// The requested name.
        node: String,
        /// The existing names.
        known: Vec<String>,
    },
    /// The chain has no validator with the index.
    #[error("{}: there is no validator {index}: config.yaml has {count}, numbered from 0", path.display())]
    NoSuchValidator {
        /// The file naming the validator.
        path: PathBuf,
        /// The index in that file.
        index: ValidatorIndex,
        /// The number of validators.
        count: usize,
    },
    /// A validator or one of its keys is named twice. The node would sign twice in a slot.
    #[error("{}: validator {index} is named twice: remove one of the two entries", path.display())]
    DuplicateValidator {
        /// The file naming the validator.
        path: PathBuf,
        /// The repeated index.
        index: ValidatorIndex,
    },
    /// The name of a key file does not reveal the purpose of the key.
    #[error(
        "{}: the key \"{}\" of validator {index} could be either of its two: put \"attester\" or \"proposer\" into the \
         file's name",
        path.display(),
        file.display()
    )]
    UnclearRole {
        /// The file naming the key.
        path: PathBuf,
        /// The validator's index.
        index: ValidatorIndex,
        /// The key file's name.
        file: PathBuf,
    },
    /// A validator has only one of its two keys.
    #[error("{}: validator {index} has no {role} key: add the entry for it", path.display())]
    MissingKey {
        /// The file naming the keys.
        path: PathBuf,
        /// The validator's index.
        index: ValidatorIndex,
        /// The missing key's role.
        role: KeyRole,
    },
    /// The manifest lacks a validator of this node.
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
    /// The public key of a key file differs from the validator's public key in the chain's
    /// configuration.
    #[error(
        "{}: this is not the {role} key of validator {index}: its public key is {found}, but config.yaml says \
         {expected}: take the key files that were made with this config.yaml",
        path.display()
    )]
    WrongKey {
        /// The key file.
        path: PathBuf,
        /// The validator of the entry.
        index: ValidatorIndex,
        /// The role of the entry.
        role: KeyRole,
        /// The chain's public key.
        expected: Box<PublicKey>,
        /// The key file's public key.
        found: Box<PublicKey>,
    },
    /// Two keys of a node have different schemes.
    #[error(
        "{}: this key has {found} slots in all and others of this node {expected}: all keys of a network are of one \
         scheme",
        path.display()
    )]
    MixedSchemes {
        /// The differing key file.
        path: PathBuf,
        /// The lifetime of the other keys' scheme.
        expected: u64,
        /// The lifetime of this key's scheme.
        found: u64,
    },
    /// The listen address is not valid.
    #[error(
        "--listen {0} is no address to listen on: write ADDRESS:PORT or /ip4/ADDRESS/udp/PORT/quic-v1"
    )]
    Listen(String),
    /// A peer on the command line is not a valid address.
    #[error("--peer: {0}")]
    Peer(#[from] NodeAddressError),
    /// The node's own key is not valid.
    #[error(transparent)]
    NetworkKey(#[from] HostKeyError),
    /// A node's name is unsuitable as a file name and YAML key.
    #[error("\"{0}\" is no name for a node: use letters, digits, - and _, and each name once")]
    Name(String),
    /// The numbers of nodes, addresses and validators do not permit a network.
    #[error("{nodes} nodes with {addresses} addresses and {validators} validators make no network")]
    Size {
        /// The number of nodes.
        nodes: usize,
        /// The number of addresses.
        addresses: usize,
        /// The number of validators.
        validators: usize,
    },
}
