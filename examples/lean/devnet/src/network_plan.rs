//! The files of a whole network: genesis, keys, and a configuration for each node.

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use consensus::{VALIDATOR_REGISTRY_LIMIT, ValidatorIndex};
use keys::file::{FileError, FileKind, FileProblem};
use keys::genesis_file::{GenesisFile, GenesisValidator, specified_fork_digest};
use keys::{NetworkKey, SchemeName, Seed, ValidatorKeyError, ValidatorKeyFiles};
use lean_node::config::{ConfigFile, ValidatorEntry, quic_address};

/// The longest gossipsub heartbeat, in milliseconds. This is the specification's value.
const LONGEST_HEARTBEAT_MS: u64 = 700;

/// The shortest gossipsub heartbeat, in milliseconds. A shorter one costs more than it gains.
const SHORTEST_HEARTBEAT_MS: u64 = 50;

/// The members of a network: fresh keys for every node and every validator.
#[derive(Clone, Debug)]
pub struct Identities {
    scheme: SchemeName,
    nodes: Vec<NetworkKey>,
    validators: Vec<ValidatorKeyFiles>,
}

/// The start time, the speed and the listen addresses of a network.
#[derive(Clone, Debug)]
pub struct NetworkPlan {
    /// The start of slot 0, in seconds since 1970.
    pub genesis_time: u64,
    /// The duration of an interval, in milliseconds.
    pub interval_ms: u64,
    /// The runtime in the configurations, if any.
    pub runtime: Option<String>,
    /// The listen address of each node.
    pub addresses: Vec<SocketAddr>,
}

/// The files of a network could not be created.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// A number of nodes or validators is out of range.
    #[error(
        "{nodes} nodes and {validators} validators make no network: both must be 1 to {VALIDATOR_REGISTRY_LIMIT}"
    )]
    Size {
        /// The requested number of nodes.
        nodes: usize,
        /// The requested number of validators.
        validators: usize,
    },
    /// There are fewer addresses than nodes.
    #[error("there are {addresses} addresses for {nodes} nodes: begin with a lower port")]
    Addresses {
        /// The number of nodes.
        nodes: usize,
        /// The number of addresses.
        addresses: usize,
    },
    /// A key with this number of slots cannot be generated.
    #[error(transparent)]
    Key(#[from] ValidatorKeyError),
    /// The operating system returned no random bytes.
    #[error("cannot draw random keys: {0}")]
    Randomness(io::Error),
    /// A file exists already or could not be written.
    #[error(transparent)]
    File(#[from] FileError),
}

impl PlanError {
    /// Checks the size of a network before the work for it begins.
    ///
    /// # Errors
    ///
    /// [`PlanError::Size`] when the number of nodes or of validators is out of range.
    pub fn check_size(nodes: usize, validators: usize) -> Result<(), Self> {
        let possible = 1..=VALIDATOR_REGISTRY_LIMIT;
        if possible.contains(&nodes) && possible.contains(&validators) {
            Ok(())
        } else {
            Err(Self::Size { nodes, validators })
        }
    }
}

impl Identities {
    /// Generates fresh keys, on all CPU cores. Validator keys can sign in the slots
    /// `0..key_slots`.
    ///
    /// # Errors
    ///
    /// [`PlanError`] when a number is out of range, or when no random bytes are available.
    pub fn generate(
        nodes: usize,
        validators: usize,
        scheme: SchemeName,
        key_slots: u64,
    ) -> Result<Self, PlanError> {
        PlanError::check_size(nodes, validators)?;
        let draw = || Seed::random().map_err(PlanError::Randomness);
        let seeds = (0..validators)
            .map(|_| Ok((draw()?, draw()?)))
            .collect::<Result<Vec<(Seed, Seed)>, PlanError>>()?;
        let validators = keys::generate(scheme, &seeds, key_slots)?;
        let nodes = (0..nodes)
            .map(|_| NetworkKey::random().map_err(PlanError::Randomness))
            .collect::<Result<_, _>>()?;
        Ok(Self { scheme, nodes, validators })
    }

    /// Returns the number of nodes.
    pub fn nodes(&self) -> usize {
        self.nodes.len()
    }
}

impl NetworkPlan {
    /// Writes all files for `node run` into an existing directory, and returns the path of each
    /// node's configuration file.
    ///
    /// Each node keeps its chain in a folder beside its file. Validators are assigned to the nodes
    /// in turn. Every node dials every other node, so that a restarted node need not wait to be
    /// found. Every node is an aggregator, so that finality does not depend on a single one.
    ///
    /// # Errors
    ///
    /// [`PlanError`] when there are fewer addresses than nodes, when the interval is out of range,
    /// or when a file exists already or cannot be written.
    pub fn write(
        &self,
        identities: &Identities,
        directory: &Path,
    ) -> Result<Vec<PathBuf>, PlanError> {
        let (nodes, addresses) = (identities.nodes(), self.addresses.len());
        if addresses < nodes {
            return Err(PlanError::Addresses { nodes, addresses });
        }
        let keys = directory.join("keys");
        let made = fs::create_dir(&keys).or_else(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => Ok(()),
            _ => Err(error),
        });
        made.map_err(|error| FileError {
            kind: FileKind::ValidatorKey,
            path: keys.clone(),
            problem: FileProblem::Write(error),
        })?;
        let genesis = GenesisFile {
            genesis_time: self.genesis_time,
            interval_ms: self.interval_ms,
            scheme: identities.scheme,
            fork_digest: specified_fork_digest(),
            validators: identities
                .validators
                .iter()
                .map(|keys| GenesisValidator {
                    attestation_public_key: keys.attestation.public_key(),
                    proposal_public_key: keys.proposal.public_key(),
                })
                .collect(),
        };
        genesis.save(&directory.join("genesis.toml"))?;
        for keys in &identities.validators {
            keys.attestation.save(&directory.join(attestation_key(keys.index)))?;
            keys.proposal.save(&directory.join(proposal_key(keys.index)))?;
        }
        (0..nodes).map(|node| Ok(self.write_node(identities, node, directory)?)).collect()
    }

    fn write_node(
        &self,
        identities: &Identities,
        node: usize,
        directory: &Path,
    ) -> Result<PathBuf, FileError> {
        let network_key = format!("keys/{}-network.hex", name(node));
        identities.nodes[node].save(&directory.join(&network_key))?;
        let peer = |other: usize| {
            format!(
                "{}/p2p/{}",
                quic_address(self.addresses[other]),
                identities.nodes[other].peer_id()
            )
        };
        let config = ConfigFile {
            name: name(node),
            listen: quic_address(self.addresses[node]).to_string(),
            network_key: network_key.into(),
            genesis: "genesis.toml".into(),
            peers: (0..identities.nodes()).filter(|other| *other != node).map(peer).collect(),
            aggregator: true,
            runtime: self.runtime.clone(),
            chain_core: None,
            verifiers: None,
            identify: false,
            ping: false,
            gossip_heartbeat_ms: self
                .interval_ms
                .clamp(SHORTEST_HEARTBEAT_MS, LONGEST_HEARTBEAT_MS),
            http: None,
            data_dir: Some(format!("{}-chain", name(node)).into()),
            validators: identities
                .validators
                .iter()
                .skip(node)
                .step_by(identities.nodes())
                .map(|keys| ValidatorEntry {
                    index: keys.index,
                    attestation_key: attestation_key(keys.index).into(),
                    proposal_key: proposal_key(keys.index).into(),
                })
                .collect(),
        };
        let path = directory.join(format!("{}.toml", name(node)));
        config.save(&path)?;
        Ok(path)
    }
}

/// Returns the name of a node in reports, logs and file names.
pub(super) fn name(node: usize) -> String {
    format!("node-{node}")
}

fn attestation_key(index: ValidatorIndex) -> String {
    format!("keys/validator-{index}-attestation.toml")
}

fn proposal_key(index: ValidatorIndex) -> String {
    format!("keys/validator-{index}-proposal.toml")
}
