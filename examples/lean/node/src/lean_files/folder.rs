//! Reading of a genesis folder for one node.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use libp2p::Multiaddr;
use libp2p::multiaddr::Protocol;

use crate::checkpoint_sync::Patience;
use crate::config::{
    HttpAddress, KeyPaths, KeyRole, NodeConfig, SigningConfig, listen_address, quic_address,
    socket_address,
};
use crate::lean_files::node_record::{self, node_address};
use crate::lean_files::{
    AnnotatedValidators, ChainConfig, KeyFileEntry, KeyManifest, LeanFilesError, NodeValidators,
};
use consensus::{MockProofs, ValidatorIndex};
use keys::file::{self, FileError, FileKind, FileProblem};
use keys::genesis_file::one_key_for_two_duties;
use keys::{NetworkKey, SchemeName, StoredKey, ValidatorKeyFiles};
use xmss::PublicKey;

/// The default listening port, for use if neither the command line nor the node's own record has a
/// port.
const DEFAULT_PORT: u16 = 9000;

/// The command line's options besides the folder.
#[derive(Clone, Debug, Default)]
pub struct LeanOptions {
    /// The node's name in the folder.
    pub node_id: String,
    /// The address to listen on. By default: the port in the node's own record, or 9000, on all
    /// addresses.
    pub listen: Option<String>,
    /// The file with the node's secp256k1 secret. By default: `NODE.key` in the folder, or a new
    /// key.
    pub node_key: Option<PathBuf>,
    /// Nodes to dial besides those of the folder: records, or addresses with an identity at the
    /// end.
    pub peers: Vec<String>,
    /// Whether the node aggregates votes and publishes the aggregates.
    pub aggregator: bool,
    /// The name of the requested runtime.
    pub runtime: Option<String>,
    /// Whether to speak libp2p's `identify`.
    pub identify: bool,
    /// Whether to speak libp2p's `ping`.
    pub ping: bool,
}

/// A genesis folder.
#[derive(Clone, Debug)]
pub struct LeanFolder {
    directory: PathBuf,
}

impl LeanFolder {
    /// Creates a handle to a folder without reading it.
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self { directory: directory.into() }
    }

    /// Reads all files of a node and checks that they belong together.
    ///
    /// # Errors
    ///
    /// Returns [`LeanFilesError`] with the file's name and instructions for the operator in its
    /// message. For an incomplete folder, the message lists all missing files.
    pub fn load(&self, options: &LeanOptions) -> Result<NodeConfig, LeanFilesError> {
        self.check_complete(!options.peers.is_empty())?;
        let chain = ChainConfig::load(&self.path("config.yaml"))?;
        let (validators, key_paths) = self.validators(&options.node_id, &chain)?;
        let scheme = match validators.first() {
            Some(keys) => SchemeName::of(keys.attestation.scheme()),
            None => self.manifest_scheme()?,
        };
        let network_key = self.network_key(options)?;
        let mut signing = SigningConfig::on_disk(key_paths);
        signing.network_key = self.network_key_path(options);
        let nodes_path = self.path("nodes.yaml");
        let nodes = if nodes_path.exists() { node_record::load(&nodes_path)? } else { Vec::new() };
        let is_us = |address: &&Multiaddr| {
            address.iter().last() == Some(Protocol::P2p(network_key.peer_id()))
        };
        let listen = match &options.listen {
            Some(text) => {
                listen_address(text).ok_or_else(|| LeanFilesError::Listen(text.clone()))?
            }
            None => default_listen(nodes.iter().find(is_us)),
        };
        let mut peers: Vec<Multiaddr> =
            nodes.iter().filter(|address| !is_us(address)).cloned().collect();
        for text in &options.peers {
            peers.push(node_address(text)?);
        }
        Ok(NodeConfig {
            name: options.node_id.clone(),
            listen,
            peers,
            network_key,
            genesis: chain.genesis(scheme.unwrap_or(SchemeName::Production)),
            validators,
            signing,
            aggregator: options.aggregator,
            runtime: options.runtime.clone(),
            chain_core: None,
            identify: options.identify,
            ping: options.ping,
            gossip_heartbeat: Duration::from_millis(700),
            verifiers: None,
            http: HttpAddress::LEAN_CLIENTS,
            checkpoint_sync_url: None,
            checkpoint_sync_deadline: Patience::DEADLINE,
            data_dir: None,
            backfill: false,
            proofs: MockProofs::default(),
        })
    }

    fn path(&self, file: &str) -> PathBuf {
        self.directory.join(file)
    }

    fn check_complete(&self, has_peers: bool) -> Result<(), LeanFilesError> {
        if !self.directory.is_dir() {
            return Err(LeanFilesError::NoFolder(self.directory.clone()));
        }
        let is_there = |file: &str| self.path(file).exists();
        let mut missing = Vec::new();
        if !is_there("config.yaml") {
            missing.push("config.yaml (when the chain begins, and its validators' public keys)");
        }
        if !is_there("annotated_validators.yaml") && !is_there("validators.yaml") {
            missing.push(
                "annotated_validators.yaml or validators.yaml (which node has which validators)",
            );
        }
        if !has_peers && !is_there("nodes.yaml") {
            missing.push("nodes.yaml (whom to dial: a list of node records, [] for nobody)");
        }
        if missing.is_empty() {
            return Ok(());
        }
        Err(LeanFilesError::Incomplete { directory: self.directory.clone(), missing })
    }

    fn validators(
        &self,
        node: &str,
        chain: &ChainConfig,
    ) -> Result<(Vec<ValidatorKeyFiles>, Vec<KeyPaths>), LeanFilesError> {
        let annotated = self.path("annotated_validators.yaml");
        let (named_in, keys) = if annotated.exists() {
            let keys = self.annotated_keys(node, &annotated)?;
            (annotated, keys)
        } else {
            let path = self.path("validators.yaml");
            let keys = self.listed_keys(node, &path)?;
            (path, keys)
        };
        let mut loaded: Vec<ValidatorKeyFiles> = Vec::with_capacity(keys.len());
        for KeyPaths { index, attestation, proposal } in keys.iter().cloned() {
            let count = chain.validators.len();
            let known = usize::try_from(index)
                .ok()
                .and_then(|place| chain.validators.get(place))
                .ok_or_else(|| LeanFilesError::NoSuchValidator {
                path: named_in.clone(),
                index,
                count,
            })?;
            let scheme_of = loaded.first().map(|first| first.attestation.scheme());
            let attestation_key =
                load_key(&attestation, index, KeyRole::Attestation, &known.attestation_public_key)?;
            let proposal_key =
                load_key(&proposal, index, KeyRole::Proposal, &known.proposal_public_key)?;
            let expected = scheme_of.unwrap_or(attestation_key.scheme());
            for (key, path) in [(&attestation_key, attestation), (&proposal_key, proposal)] {
                let (expected, found) = (expected.lifetime(), key.scheme().lifetime());
                if expected != found {
                    return Err(LeanFilesError::MixedSchemes { path, expected, found });
                }
            }
            loaded.push(ValidatorKeyFiles {
                index,
                attestation: attestation_key,
                proposal: proposal_key,
            });
        }
        Ok((loaded, keys))
    }

    /// Reads a node's keys from `annotated_validators.yaml`.
    fn annotated_keys(&self, node: &str, path: &Path) -> Result<Vec<KeyPaths>, LeanFilesError> {
        let file = AnnotatedValidators::load(path)?;
        let entries = file.of(node).ok_or_else(|| no_such_node(path, node, file.nodes()))?;
        let mut by_index: BTreeMap<ValidatorIndex, [Option<&KeyFileEntry>; 2]> = BTreeMap::new();
        for entry in entries {
            let index = entry.index;
            let role = entry.role().ok_or_else(|| LeanFilesError::UnclearRole {
                path: path.to_owned(),
                index,
                file: entry.file.clone(),
            })?;
            let [attestation, proposal] = by_index.entry(index).or_default();
            let place = match role {
                KeyRole::Attestation => attestation,
                KeyRole::Proposal => proposal,
            };
            if place.replace(entry).is_some() {
                return Err(LeanFilesError::DuplicateValidator { path: path.to_owned(), index });
            }
        }
        let missing =
            |index, role| LeanFilesError::MissingKey { path: path.to_owned(), index, role };
        by_index
            .into_iter()
            .map(|(index, [attestation, proposal])| {
                let attestation =
                    attestation.ok_or_else(|| missing(index, KeyRole::Attestation))?;
                let proposal = proposal.ok_or_else(|| missing(index, KeyRole::Proposal))?;
                if attestation.public_key.is_some() && attestation.public_key == proposal.public_key
                {
                    let flaw = one_key_for_two_duties(index);
                    return Err(file::malformed(FileKind::LeanValidators, path, flaw).into());
                }
                Ok(KeyPaths {
                    index,
                    attestation: self.key_path(&attestation.file),
                    proposal: self.key_path(&proposal.file),
                })
            })
            .collect()
    }

    /// Reads a node's validators from `validators.yaml`, and their keys from the manifest.
    fn listed_keys(&self, node: &str, path: &Path) -> Result<Vec<KeyPaths>, LeanFilesError> {
        let file = NodeValidators::load(path)?;
        let indices = file.of(node).ok_or_else(|| no_such_node(path, node, file.nodes()))?;
        if indices.is_empty() {
            return Ok(Vec::new());
        }
        let mut sorted = indices.to_vec();
        sorted.sort_unstable();
        if let Some(pair) = sorted.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(LeanFilesError::DuplicateValidator {
                path: path.to_owned(),
                index: pair[0],
            });
        }
        let manifest_path = self.manifest_path();
        let manifest = KeyManifest::load(&manifest_path)?;
        let keys = |index| {
            let entry = manifest.of(index).ok_or_else(|| LeanFilesError::NotInManifest {
                path: manifest_path.clone(),
                index,
            })?;
            Ok(KeyPaths {
                index,
                attestation: self.key_path(&entry.attestation_private_key_file),
                proposal: self.key_path(&entry.proposal_private_key_file),
            })
        };
        sorted.into_iter().map(keys).collect()
    }

    fn manifest_path(&self) -> PathBuf {
        self.key_path(Path::new("validator-keys-manifest.yaml"))
    }

    fn key_path(&self, file: &Path) -> PathBuf {
        self.path("hash-sig-keys").join(file)
    }

    /// Returns the scheme in the manifest, for a node without keys.
    fn manifest_scheme(&self) -> Result<Option<SchemeName>, FileError> {
        let path = self.manifest_path();
        if !path.exists() {
            return Ok(None);
        }
        let lifetime = KeyManifest::load(&path)?.lifetime;
        Ok(SchemeName::ALL.into_iter().find(|name| Some(name.scheme().lifetime()) == lifetime))
    }

    fn network_key(&self, options: &LeanOptions) -> Result<NetworkKey, FileError> {
        if let Some(path) = self.network_key_path(options) {
            return NetworkKey::load(&path);
        }
        let drawn = NetworkKey::random();
        drawn.map_err(|error| FileError {
            kind: FileKind::NetworkKey,
            path: self.own_key_path(options),
            problem: FileProblem::Read(error),
        })
    }

    /// Returns the file of the node's network key, or `None` if there is none.
    fn network_key_path(&self, options: &LeanOptions) -> Option<PathBuf> {
        let in_folder = || Some(self.own_key_path(options)).filter(|path| path.exists());
        options.node_key.clone().or_else(in_folder)
    }

    fn own_key_path(&self, options: &LeanOptions) -> PathBuf {
        self.path(&format!("{}.key", options.node_id))
    }
}

fn no_such_node<'a>(
    path: &Path,
    node: &str,
    known: impl Iterator<Item = &'a str>,
) -> LeanFilesError {
    let known = known.map(str::to_owned).collect();
    LeanFilesError::NoSuchNode { path: path.to_owned(), node: node.to_owned(), known }
}

fn load_key(
    path: &Path,
    index: ValidatorIndex,
    role: KeyRole,
    expected: &PublicKey,
) -> Result<StoredKey, LeanFilesError> {
    let key = StoredKey::load_ssz(path)?;
    let found = key.public_key();
    if found == *expected {
        return Ok(key);
    }
    let (expected, found) = (Box::new(*expected), Box::new(found));
    Err(LeanFilesError::WrongKey { path: path.to_owned(), index, role, expected, found })
}

/// Returns the address to listen on for a node's own record: the record's port, on all addresses
/// unless the record names a loopback address.
fn default_listen(own: Option<&Multiaddr>) -> Multiaddr {
    let everywhere = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), DEFAULT_PORT);
    let socket = match own.and_then(socket_address) {
        Some(socket) if socket.ip().is_loopback() => socket,
        Some(socket) => SocketAddr::new(everywhere.ip(), socket.port()),
        None => everywhere,
    };
    quic_address(socket)
}
