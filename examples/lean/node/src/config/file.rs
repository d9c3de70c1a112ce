//! The configuration as it stands in its file.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use consensus::ValidatorIndex;
use keys::file::{self, FileError, FileKind};

/// A configuration file, word for word. Paths are relative to the file's own directory.
///
/// # Examples
///
/// ```
/// use lean_node::config::ConfigFile;
///
/// let text = r#"
///     name = "node-0"
///     listen = "127.0.0.1:9000"
///     network_key = "node-0.network"
///     genesis = "genesis.toml"
/// "#;
/// let config: ConfigFile = toml::from_str(text).expect("all other fields have defaults");
/// assert_eq!(config.gossip_heartbeat_ms, 700);
/// assert!(config.validators.is_empty() && !config.aggregator);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConfigFile {
    /// The node's name in reports and logs.
    pub name: String,
    /// Where to listen: `ADDRESS:PORT` or `/ip4/ADDRESS/udp/PORT/quic-v1`.
    pub listen: String,
    /// The file with the node's secp256k1 secret.
    pub network_key: PathBuf,
    /// The genesis file.
    pub genesis: PathBuf,
    /// Peers to stay connected to, each as a multiaddress that ends in `/p2p/PEER_ID`.
    #[serde(default)]
    pub peers: Vec<String>,
    /// Whether the node aggregates votes and publishes the aggregates.
    #[serde(default)]
    pub aggregator: bool,
    /// What the node's actors run on; without one, the first that was compiled in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runtime: Option<String>,
    /// The CPU core that the chain's thread is kept on, counted from 0; without one, any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chain_core: Option<usize>,
    /// How many threads verify blocks and votes, 1 to 64; without one, one less than there are cores, and at least one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verifiers: Option<usize>,
    /// Whether to speak libp2p's `identify`; the specification's Python node breaks when one does.
    #[serde(default)]
    pub identify: bool,
    /// Whether to speak libp2p's `ping`; the specification's Python node breaks when one does.
    #[serde(default)]
    pub ping: bool,
    /// How often gossipsub tends its mesh, in milliseconds; the specification's value is 700.
    #[serde(default = "specified_heartbeat")]
    pub gossip_heartbeat_ms: u64,
    /// Where to serve the HTTP API: `ADDRESS:PORT`, or `off`, as without one: many nodes may run on one machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http: Option<String>,
    /// The validators that this node votes and proposes for.
    #[serde(default)]
    pub validators: Vec<ValidatorEntry>,
}

/// One validator that a node votes and proposes for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ValidatorEntry {
    /// Its place among the genesis file's validators, counted from 0.
    pub index: ValidatorIndex,
    /// The key file that signs its votes.
    pub attestation_key: PathBuf,
    /// The key file that signs its proposals.
    pub proposal_key: PathBuf,
}

impl ConfigFile {
    /// Reads the file alone; [`NodeConfig::load`](crate::config::NodeConfig::load) also reads what it names.
    ///
    /// # Errors
    ///
    /// [`FileError`] when the file cannot be read, is not TOML, lacks a field or has one that there is not.
    pub fn load(path: &Path) -> Result<Self, FileError> {
        file::read_toml(FileKind::Config, path)
    }

    /// Writes the file; one that exists is not overwritten.
    ///
    /// # Errors
    ///
    /// [`FileError`] when the file exists or cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), FileError> {
        file::write_toml(FileKind::Config, path, self)
    }
}

/// Returns gossipsub's heartbeat as the specification has it, in milliseconds.
fn specified_heartbeat() -> u64 {
    700
}
