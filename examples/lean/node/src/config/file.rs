//! The configuration in its file format.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use consensus::ValidatorIndex;
use keys::file::{self, FileError, FileKind};

/// The content of a configuration file. Paths are relative to the file's own directory.
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
    /// The address to listen on: `ADDRESS:PORT` or `/ip4/ADDRESS/udp/PORT/quic-v1`.
    pub listen: String,
    /// The file with the node's secp256k1 secret.
    pub network_key: PathBuf,
    /// The genesis file.
    pub genesis: PathBuf,
    /// Peers to stay connected to, each as a multiaddress with `/p2p/PEER_ID` at the end.
    #[serde(default)]
    pub peers: Vec<String>,
    /// Whether the node aggregates votes and publishes the aggregates.
    #[serde(default)]
    pub aggregator: bool,
    /// The runtime of the node's actors. By default: the first one compiled in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runtime: Option<String>,
    /// The CPU core for the chain's thread, counted from 0. By default: any core.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chain_core: Option<usize>,
    /// The number of threads verifying blocks and votes, 1 to 64. By default: one less than the
    /// number of cores, and at least one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verifiers: Option<usize>,
    /// Whether to speak libp2p's `identify`. The specification's Python node fails if a peer
    /// speaks it.
    #[serde(default)]
    pub identify: bool,
    /// Whether to speak libp2p's `ping`. The specification's Python node fails if a peer speaks
    /// it.
    #[serde(default)]
    pub ping: bool,
    /// The interval of gossipsub's mesh maintenance in milliseconds, 1 to 60,000. The
    /// specification's value is 700.
    #[serde(default = "specified_heartbeat")]
    pub gossip_heartbeat_ms: u64,
    /// The address of the HTTP API: `ADDRESS:PORT`, or `off`. The default is `off`, because many
    /// nodes may run on one machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http: Option<String>,
    /// The folder of the node's chain on disk. By default: a folder of the node's own in the
    /// system's folder for data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_dir: Option<PathBuf>,
    /// The node's validators. It votes and proposes for them.
    #[serde(default)]
    pub validators: Vec<ValidatorEntry>,
}

/// One of a node's validators.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ValidatorEntry {
    /// The validator's position in the genesis file, counted from 0.
    pub index: ValidatorIndex,
    /// The key file for signing votes.
    pub attestation_key: PathBuf,
    /// The key file for signing proposals.
    pub proposal_key: PathBuf,
}

impl ConfigFile {
    /// Reads this file alone. [`NodeConfig::load`](crate::config::NodeConfig::load) also reads the
    /// files named in it.
    ///
    /// # Errors
    ///
    /// Returns [`FileError`] if the file cannot be read, is not TOML, lacks a field or has an
    /// unknown field.
    pub fn load(path: &Path) -> Result<Self, FileError> {
        file::read_toml(FileKind::Config, path)
    }

    /// Writes the file without overwriting an existing one.
    ///
    /// # Errors
    ///
    /// Returns [`FileError`] if the file exists or cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), FileError> {
        file::write_toml(FileKind::Config, path, self)
    }
}

/// Returns the specification's heartbeat of gossipsub in milliseconds.
fn specified_heartbeat() -> u64 {
    700
}
