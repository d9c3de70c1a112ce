//! Reading and writing of genesis folders in the format shared by lean clients.
//!
//! ```text
//! DIR/config.yaml                      when slot 0 begins, and the validators' public keys
//! DIR/validators.yaml                  which node has which validators
//! DIR/annotated_validators.yaml        the same, with each validator's key files;
//!                                      preferred where both are
//! DIR/nodes.yaml                       the nodes' records (ENRs), to dial them
//! DIR/NODE.key                         a node's secp256k1 secret in hexadecimal
//! DIR/hash-sig-keys/validator-keys-manifest.yaml   each validator's public keys and key files
//! DIR/hash-sig-keys/*.ssz              the key files
//! ```
//!
//! Reading is lenient about clients' additional fields, and strict about mistakes with consequences
//! for a validator's duties or keys. [`LeanFolder`] reads a folder for one node; [`LeanPlan`]
//! writes a folder for all nodes of a new network.

mod assignment;
mod chain_config;
mod error;
mod folder;
mod key_manifest;
mod node_record;
mod plan;
mod public_key_text;
mod yaml;

pub use assignment::{AnnotatedValidators, KeyFileEntry, NodeValidators};
pub use chain_config::ChainConfig;
pub use error::LeanFilesError;
pub use folder::{LeanFolder, LeanOptions};
pub use key_manifest::{KeyManifest, ManifestEntry};
pub use node_record::NodeAddressError;
pub use node_record::{MOST_NODES, parse_node_list};
pub use plan::LeanPlan;
