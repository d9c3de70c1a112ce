//! The files of a whole network: genesis, keys, and a configuration for each node.

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use consensus::{VALIDATOR_REGISTRY_LIMIT, ValidatorIndex};
use keys::file::{FileError, FileKind, FileProblem};
use keys::genesis_file::{GenesisFile, GenesisValidator, specified_fork_digest};
use keys::{self, NetworkKey, SchemeName, Seed, ValidatorKeyError, ValidatorKeyFiles};
use lean_node::config::{ConfigFile, ValidatorEntry, quic_address};

/// The longest heartbeat that gossipsub gets, in milliseconds: the specification's.
const LONGEST_HEARTBEAT_MS: u64 = 700;

/// The shortest heartbeat that gossipsub gets, in milliseconds; more often costs more than it helps.
const SHORTEST_HEARTBEAT_MS: u64 = 50;

/// Who takes part in a network: fresh keys for every node and every validator.
#[derive(Clone, Debug)]
pub struct Identities {
    scheme: SchemeName,
    nodes: Vec<NetworkKey>,
    validators: Vec<ValidatorKeyFiles>,
}

/// When a network starts, how fast it goes, and where its nodes listen.
#[derive(Clone, Debug)]
pub struct NetworkPlan {
    /// When slot 0 begins, in seconds since 1970.
    pub genesis_time: u64,
    /// How long an interval lasts, in milliseconds.
    pub interval_ms: u64,
    /// The runtime that the configurations ask for, if any.
    pub runtime: Option<String>,
    /// Where each node listens.
    pub addresses: Vec<SocketAddr>,
}

/// Says why the files of a network could not be made.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// A network without nodes or with an impossible number of validators was asked for.
    #[error("{nodes} nodes and {validators} validators make no network: both must be 1 to {VALIDATOR_REGISTRY_LIMIT}")]
    Size {
        /// How many nodes were asked for.
        nodes: usize,
        /// How many validators were asked for.
        validators: usize,
    },
    /// There are fewer addresses than nodes.
    #[error("there are {addresses} addresses for {nodes} nodes: begin with a lower port")]
    Addresses {
        /// How many nodes there are.
        nodes: usize,
        /// How many addresses there are.
        addresses: usize,
    },
    /// There is no key with these slots.
    #[error(transparent)]
    Key(#[from] ValidatorKeyError),
    /// The operating system gave no randomness.
    #[error("cannot draw random keys: {0}")]
    Randomness(io::Error),
    /// A file exists already or could not be written.
    #[error(transparent)]
    File(#[from] FileError),
}

impl Identities {
    /// Makes fresh keys, over all CPU cores. The validators' can sign in slots 0 to `key_slots` − 1.
    ///
    /// # Errors
    ///
    /// [`PlanError`] when the numbers are impossible or there is no randomness.
    pub fn generate(nodes: usize, validators: usize, scheme: SchemeName, key_slots: u64) -> Result<Self, PlanError> {
        let possible = 1..=VALIDATOR_REGISTRY_LIMIT;
        if !possible.contains(&nodes) || !possible.contains(&validators) {
            return Err(PlanError::Size { nodes, validators });
        }
        let draw = || Seed::random().map_err(PlanError::Randomness);
        let seeds =
            (0..validators).map(|_| Ok((draw()?, draw()?))).collect::<Result<Vec<(Seed, Seed)>, PlanError>>()?;
        let validators = keys::generate(scheme, &seeds, key_slots)?;
        let nodes =
            (0..nodes).map(|_| NetworkKey::random().map_err(PlanError::Randomness)).collect::<Result<_, _>>()?;
        Ok(Self { scheme, nodes, validators })
    }

    /// Returns how many nodes there are.
    pub fn nodes(&self) -> usize {
        self.nodes.len()
    }
}

impl NetworkPlan {
    /// Writes everything that `node run` needs into a directory, and returns each node's configuration file.
    ///
    /// Validators are dealt out to the nodes in turn. Every node dials every other, so that a node that comes back
    /// need not wait to be found, and every node aggregates, so that finality does not hang on one of them.
    ///
    /// # Errors
    ///
    /// [`PlanError`] when there are fewer addresses than nodes, the interval is impossible, or a file exists already or
    /// cannot be written.
    pub fn write(&self, identities: &Identities, directory: &Path) -> Result<Vec<PathBuf>, PlanError> {
        let (nodes, addresses) = (identities.nodes(), self.addresses.len());
        if addresses < nodes {
            return Err(PlanError::Addresses { nodes, addresses });
        }
        let keys = directory.join("keys");
        fs::create_dir_all(&keys).map_err(|error| FileError {
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

    fn write_node(&self, identities: &Identities, node: usize, directory: &Path) -> Result<PathBuf, FileError> {
        let network_key = format!("keys/{}-network.hex", name(node));
        identities.nodes[node].save(&directory.join(&network_key))?;
        let peer =
            |other: usize| format!("{}/p2p/{}", quic_address(self.addresses[other]), identities.nodes[other].peer_id());
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
            gossip_heartbeat_ms: self.interval_ms.clamp(SHORTEST_HEARTBEAT_MS, LONGEST_HEARTBEAT_MS),
            http: None,
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

/// Returns the name that a node has in reports, logs and file names.
pub(super) fn name(node: usize) -> String {
    format!("node-{node}")
}

fn attestation_key(index: ValidatorIndex) -> String {
    format!("keys/validator-{index}-attestation.toml")
}

fn proposal_key(index: ValidatorIndex) -> String {
    format!("keys/validator-{index}-proposal.toml")
}
