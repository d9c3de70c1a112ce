//! The keys of a node, and their files.
//!
//! A validator has two trees of one-time keys, one for votes and one for proposals. A [`KeyFile`]
//! stores the seed of a tree and not the tree. At a node's start, [`regenerate`] grows its trees on
//! all CPU cores and checks each against its public key. Keys from other lean clients include their
//! trees. A [`StoredKey`] is a key of either kind. A [`NetworkKey`] is a node's secp256k1 key, its
//! identity among peers.
//!
//! A key that signs twice in a slot can be forged. The [`SigningHistory`](signing_history) keeps
//! the newest slot of each key on disk.

pub mod all_cores;
mod bounded;
pub mod file;
pub mod genesis_file;
mod key_file;
mod network_key;
mod role;
mod scheme_name;
mod seed;
pub mod signing_history;
mod stored_key;
mod validator_keys;

pub use bounded::read_at_most;
pub use file::{FileError, FileKind, FileProblem};
pub use key_file::{KeyError, KeyFile};
pub use network_key::{NetworkKey, NotASecret};
pub use role::KeyRole;
pub use scheme_name::SchemeName;
pub use seed::Seed;
pub use stored_key::StoredKey;
pub use validator_keys::{
    ValidatorKeyError, ValidatorKeyFiles, ValidatorKeys, generate, generate_trees, regenerate,
};
