//! What can be wrong with a configuration, in words that say what to do.

use std::fmt;
use std::path::PathBuf;

use crate::config::load::VERIFIERS;
use consensus::ValidatorIndex;
use keys::SchemeName;
use keys::file::FileError;

/// Which of a validator's two keys is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyRole {
    /// The key that signs votes.
    Attestation,
    /// The key that signs proposals.
    Proposal,
}

impl fmt::Display for KeyRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Attestation => "attestation",
            Self::Proposal => "proposal",
        })
    }
}

/// Says why a configuration is not usable.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A file is missing, unreadable or malformed: the configuration itself, or one that it names.
    #[error(transparent)]
    File(#[from] FileError),
    /// The listen address is none.
    #[error(
        "{}: listen = \"{listen}\" is no address to listen on: write ADDRESS:PORT or /ip4/ADDRESS/udp/PORT/quic-v1",
        path.display()
    )]
    Listen {
        /// The configuration file.
        path: PathBuf,
        /// What stands there.
        listen: String,
    },
    /// A peer's address is none, or does not say who is to be found there.
    #[error(
        "{}: the peer \"{peer}\" is no peer's address: write /ip4/ADDRESS/udp/PORT/quic-v1/p2p/PEER_ID",
        path.display()
    )]
    Peer {
        /// The configuration file.
        path: PathBuf,
        /// What stands there.
        peer: String,
    },
    /// The address of the HTTP API is none.
    #[error("{}: http = \"{http}\" is no address to serve the HTTP API on: write ADDRESS:PORT, as in 127.0.0.1:5052, or off", path.display())]
    Http {
        /// The configuration file.
        path: PathBuf,
        /// What stands there.
        http: String,
    },
    /// Gossipsub cannot tend its mesh at this pace.
    #[error("{}: gossip_heartbeat_ms must be above 0 (the specification's is 700)", path.display())]
    Heartbeat {
        /// The configuration file.
        path: PathBuf,
    },
    /// So many threads cannot verify, or should not.
    #[error(
        "{}: verifiers = {verifiers} is not possible: write {} to {}, or leave it out for one less than there are cores",
        path.display(), VERIFIERS.start(), VERIFIERS.end()
    )]
    Verifiers {
        /// The configuration file.
        path: PathBuf,
        /// What stands there.
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
        /// The index that stands there.
        index: ValidatorIndex,
        /// How many validators there are.
        count: usize,
    },
    /// A validator is named twice, which would make it sign twice in a slot.
    #[error("{}: validator {index} is named twice: remove one of the two entries", path.display())]
    DuplicateValidator {
        /// The configuration file.
        path: PathBuf,
        /// The index that stands there twice.
        index: ValidatorIndex,
    },
    /// A key file's scheme is not the network's.
    #[error(
        "{}: the {role} key of validator {index} signs in the scheme \"{found}\", but the genesis file says \
         \"{expected}\": name the key file that was made with this genesis file",
        path.display()
    )]
    WrongScheme {
        /// The key file.
        path: PathBuf,
        /// The validator that it is named for.
        index: ValidatorIndex,
        /// Which of its keys it is named for.
        role: KeyRole,
        /// The genesis file's scheme.
        expected: SchemeName,
        /// The key file's scheme.
        found: SchemeName,
    },
    /// A key file belongs to another public key than the genesis file gives the validator.
    #[error(
        "{}: this is not the {role} key of validator {index}: its public key is {found}, but the genesis file says \
         {expected}: name the key file that was made for this validator",
        path.display()
    )]
    WrongKey {
        /// The key file.
        path: PathBuf,
        /// The validator that it is named for.
        index: ValidatorIndex,
        /// Which of its keys it is named for.
        role: KeyRole,
        /// The genesis file's public key, in hexadecimal.
        expected: String,
        /// The key file's public key, in hexadecimal.
        found: String,
    },
}
