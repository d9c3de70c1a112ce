//! The keys that a node holds, and the files that keep them.
//!
//! A validator has two one-time key trees, one for votes and one for proposals. A [`KeyFile`] keeps the seed of a tree
//! and not the tree: [`regenerate`] grows the trees of a node at its start, over all CPU cores, and checks that each
//! still belongs to its public key. Keys of other lean clients come with their trees; a [`StoredKey`] is either. A
//! [`NetworkKey`] is the secp256k1 key by which peers know a node.

pub mod all_cores;
pub mod file;
pub mod genesis_file;
mod key_file;
mod network_key;
mod scheme_name;
mod seed;
mod stored_key;
mod validator_keys;

pub use file::{FileError, FileKind, FileProblem};
pub use key_file::{KeyError, KeyFile};
pub use network_key::{NetworkKey, NotASecret};
pub use scheme_name::SchemeName;
pub use seed::Seed;
pub use stored_key::StoredKey;
pub use validator_keys::{ValidatorKeyError, ValidatorKeyFiles, ValidatorKeys, generate, generate_trees, regenerate};
