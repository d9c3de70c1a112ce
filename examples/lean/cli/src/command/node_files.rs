//! The options that name a node's files, and the reading of these files.

use std::path::{Path, PathBuf};

use clap::{ArgGroup, Args};

use crate::command::CommandError;
use crate::command::api_arguments::ApiArguments;
use consensus::MockProofs;
use lean_node::config::NodeConfig;
use lean_node::lean_files::{LeanFilesError, LeanFolder, LeanOptions};

/// The options that `node run` and `node check-config` share.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("files").required(true))]
pub(super) struct NodeArguments {
    /// The node's configuration file; `node genesis --dir` writes such files
    #[arg(long, value_name = "FILE", group = "files")]
    config: Option<PathBuf>,
    #[command(flatten)]
    lean: LeanArguments,
    /// Accept every aggregation proof with the mock's marker, as in the mocked mode of other
    /// clients. Anyone can write the marker. By default, only the mocks of this program are
    /// accepted. They are bound to their claim, but do not prove it either
    #[arg(long)]
    mock_aggregation_proofs: bool,
    /// Keep the chain in this folder, and go on with it after a restart. Each node needs a folder
    /// of its own [default: data_dir of the configuration file, or a folder of the node in the
    /// system's folder for data, which check-config prints]
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Keep the chain in memory only: after a restart, the node fetches it from its peers again
    #[arg(long, conflicts_with = "data_dir")]
    in_memory: bool,
    /// After a start at a checkpoint, fetch the older blocks from peers, as far back as blocks are
    /// kept (3,600 slots). They are not needed to run; other nodes can then fetch them here
    #[arg(long, conflicts_with = "in_memory")]
    backfill: bool,
    #[command(flatten)]
    api: ApiArguments,
}

/// The options of a node with a genesis folder.
#[derive(Debug, Args)]
struct LeanArguments {
    /// A genesis folder: config.yaml, validators.yaml, nodes.yaml, hash-sig-keys/;
    /// `node genesis --lean` writes such folders
    #[arg(long, value_name = "DIR", group = "files", requires = "node_id")]
    genesis: Option<PathBuf>,
    /// The node's name in the genesis folder
    #[arg(long, value_name = "NAME", conflicts_with = "config")]
    node_id: Option<String>,
    /// The address to listen on: ADDRESS:PORT or /ip4/ADDRESS/udp/PORT/quic-v1 [default: the port
    /// of the node's own record in nodes.yaml, or 9000]
    #[arg(long, value_name = "ADDR", conflicts_with = "config")]
    listen: Option<String>,
    /// The file with the node's secp256k1 secret in hexadecimal [default: NAME.key in the genesis
    /// folder, or a new key]
    #[arg(long, value_name = "FILE", conflicts_with = "config")]
    node_key: Option<PathBuf>,
    /// A node to dial in addition to those of nodes.yaml: a record (enr:…) or an address with the
    /// suffix /p2p/PEER_ID; may be repeated
    #[arg(long = "peer", value_name = "NODE", conflicts_with = "config")]
    peers: Vec<String>,
    /// Aggregate votes, and publish the aggregates
    #[arg(long, alias = "is-aggregator", conflicts_with = "config")]
    aggregator: bool,
    /// The runtime of the node's actors [default: the first one compiled in]
    #[arg(long, conflicts_with = "config", value_name = lean_node::runtime::NAMES)]
    runtime: Option<String>,
    /// Speak libp2p's identify protocol (the specification's Python node closes its streams)
    #[arg(long, conflicts_with = "config")]
    identify: bool,
    /// Speak libp2p's ping protocol (the specification's Python node closes its streams)
    #[arg(long, conflicts_with = "config")]
    ping: bool,
}

impl LeanArguments {
    fn load(&self, directory: &Path) -> Result<NodeConfig, LeanFilesError> {
        LeanFolder::new(directory).load(&LeanOptions {
            node_id: self.node_id.clone().unwrap_or_default(),
            listen: self.listen.clone(),
            node_key: self.node_key.clone(),
            peers: self.peers.clone(),
            aggregator: self.aggregator,
            runtime: self.runtime.clone(),
            identify: self.identify,
            ping: self.ping,
        })
    }
}

impl NodeArguments {
    /// Returns the folder of the chain, or `None` for a chain in memory only.
    fn data_dir(&self, config: &NodeConfig) -> Result<Option<PathBuf>, CommandError> {
        if self.in_memory {
            return Ok(None);
        }
        let named = self.data_dir.as_ref().or(config.data_dir.as_ref());
        Ok(Some(named.map_or_else(|| config.default_data_dir(), |named| Ok(named.clone()))?))
    }

    /// Reads all files of the node, and applies the options of the command line.
    ///
    /// # Errors
    ///
    /// [`CommandError`] when a file is missing, unreadable, malformed or contradicts another one.
    pub(super) fn load(&self) -> Result<NodeConfig, CommandError> {
        let mut config = match (&self.config, &self.lean.genesis) {
            (Some(path), _) => NodeConfig::load(path)?,
            (None, Some(directory)) => self.lean.load(directory)?,
            (None, None) => return Err(CommandError::NoFiles),
        };
        if self.mock_aggregation_proofs {
            config.proofs = MockProofs::Marked;
        }
        config.data_dir = self.data_dir(&config)?;
        config.backfill = self.backfill;
        self.api.apply_to(&mut config);
        Ok(config)
    }
}
