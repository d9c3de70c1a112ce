//! Errors of a configuration, with instructions for the operator.

use std::path::PathBuf;

use crate::config::load::{HEARTBEATS_MS, VERIFIERS};
use consensus::ValidatorIndex;
use keys::file::FileError;
use keys::{KeyRole, SchemeName};

/// The reason why a configuration is not usable.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A file is missing, unreadable or malformed: the configuration itself, or a file named in it.
    #[error(transparent)]
    File(#[from] FileError),
    /// The system has no folder for the data of programs.
    #[error("no folder for the chain is known here: name one with --data-dir, or use --in-memory")]
    NoDataDir,
    /// The listen address is not valid.
    #[error(
        "{}: listen = \"{listen}\" is no address to listen on: write ADDRESS:PORT or /ip4/ADDRESS/udp/PORT/quic-v1",
        path.display()
    )]
    Listen {
        /// The configuration file.
        path: PathBuf,
        /// The configured value.
        listen: String,
    },
    /// A peer's address is not valid, or lacks the peer's identity.
    #[error(
        "{}: the peer \"{peer}\" is no peer's address: write /ip4/ADDRESS/udp/PORT/quic-v1/p2p/PEER_ID",
        path.display()
    )]
    Peer {
        /// The configuration file.
        path: PathBuf,
        /// The configured value.
        peer: String,
    },
    /// The node cannot dial a peer's address.
    #[error("{}: the peer \"{peer}\" {fault}: write the address at which the peer listens", path.display())]
    UndialablePeer {
        /// The configuration file.
        path: PathBuf,
        /// The configured value.
        peer: String,
        /// The reason.
        fault: &'static str,
    },
    /// The address of the HTTP API is not valid.
    #[error("{}: http = \"{http}\" is no address to serve the HTTP API on: write ADDRESS:PORT, as in 127.0.0.1:5052, or off", path.display())]
    Http {
        /// The configuration file.
        path: PathBuf,
        /// The configured value.
        http: String,
    },
    /// Gossipsub cannot run with this heartbeat.
    #[error(
        "{}: gossip_heartbeat_ms must be {} to {} (the specification's is 700)",
        path.display(), HEARTBEATS_MS.start(), HEARTBEATS_MS.end()
    )]
    Heartbeat {
        /// The configuration file.
        path: PathBuf,
    },
    /// The number of verifier threads is outside the allowed range.
    #[error(
        "{}: verifiers = {verifiers} is not possible: write {} to {}, or leave it out for one less than there are cores",
        path.display(), VERIFIERS.start(), VERIFIERS.end()
    )]
    Verifiers {
        /// The configuration file.
        path: PathBuf,
        /// The configured value.
        verifiers: usize,
    },
    /// The genesis file has no validator with the index.
    #[error(
        "{}: there is no validator {index}: the genesis file has {count}, numbered from 0",
        path.display()
    )]
    NoSuchValidator {
        /// The configuration file.
        path: PathBuf,
        /// The configured index.
        index: ValidatorIndex,
        /// The number of validators.
        count: usize,
    },
    /// A validator is named twice. The node would sign twice in a slot.
    #[error("{}: validator {index} is named twice: remove one of the two entries", path.display())]
    DuplicateValidator {
        /// The configuration file.
        path: PathBuf,
        /// The repeated index.
        index: ValidatorIndex,
    },
    /// The scheme of a key file is not the network's scheme.
    #[error(
        "{}: the {role} key of validator {index} signs in the scheme \"{found}\", but the genesis file says \
         \"{expected}\": name the key file that was made with this genesis file",
        path.display()
    )]
    WrongScheme {
        /// The key file.
        path: PathBuf,
        /// The validator of the entry.
        index: ValidatorIndex,
        /// The role of the entry.
        role: KeyRole,
        /// The genesis file's scheme.
        expected: SchemeName,
        /// The key file's scheme.
        found: SchemeName,
    },
    /// The public key of a key file differs from the validator's public key in the genesis file.
    #[error(
        "{}: this is not the {role} key of validator {index}: its public key is {found}, but the genesis file says \
         {expected}: name the key file that was made for this validator",
        path.display()
    )]
    WrongKey {
        /// The key file.
        path: PathBuf,
        /// The validator of the entry.
        index: ValidatorIndex,
        /// The role of the entry.
        role: KeyRole,
        /// The genesis file's public key, in hexadecimal.
        expected: String,
        /// The key file's public key, in hexadecimal.
        found: String,
    },
}
