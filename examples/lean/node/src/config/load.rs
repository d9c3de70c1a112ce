//! The configuration in its checked form, with all referenced files read.

use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Duration;

use libp2p::Multiaddr;
use libp2p::multiaddr::Protocol;

use crate::checkpoint_sync::Patience;
use crate::config::{
    ConfigError, ConfigFile, HttpAddress, KeyPaths, KeyRole, SigningConfig, ValidatorEntry,
    undialable,
};
use consensus::{MockProofs, ValidatorIndex};
use keys::genesis_file::GenesisFile;
use keys::{KeyFile, NetworkKey, StoredKey, ValidatorKeyFiles};
use xmss::PublicKey;

/// The allowed numbers of verifiers. Each is a thread with lanes for two slots of votes.
pub(crate) const VERIFIERS: RangeInclusive<usize> = 1..=64;

/// The allowed intervals of gossipsub's mesh maintenance, in milliseconds.
pub(crate) const HEARTBEATS_MS: RangeInclusive<u64> = 1..=60_000;

/// The complete input of a node at its start. No file is read after this.
#[derive(Clone, Debug)]
pub struct NodeConfig {
    /// The node's name in reports and logs.
    pub name: String,
    /// The address to listen on: `/ip4/…/udp/…/quic-v1`.
    pub listen: Multiaddr,
    /// Peers to stay connected to, each ending in `/p2p/…`.
    pub peers: Vec<Multiaddr>,
    /// The secret key of the node's network identity.
    pub network_key: NetworkKey,
    /// The network's common parameters.
    pub genesis: GenesisFile,
    /// The keys of the node's validators, not yet regenerated. Each matches the genesis file's
    /// public key.
    pub validators: Vec<ValidatorKeyFiles>,
    /// The files of these keys, and the place of their signing history.
    pub signing: SigningConfig,
    /// Whether the node aggregates votes and publishes the aggregates.
    pub aggregator: bool,
    /// The name of the requested runtime.
    pub runtime: Option<String>,
    /// The CPU core for the chain's thread.
    pub chain_core: Option<usize>,
    /// The number of threads verifying blocks and votes. `None` means one less than the number of
    /// cores, and at least one.
    pub verifiers: Option<usize>,
    /// Whether to speak libp2p's `identify`.
    pub identify: bool,
    /// Whether to speak libp2p's `ping`.
    pub ping: bool,
    /// The interval of gossipsub's mesh maintenance.
    pub gossip_heartbeat: Duration,
    /// The address of the HTTP API.
    pub http: HttpAddress,
    /// The HTTP API of another node. The chain begins at that node's finalized block, or at genesis
    /// if this is `None`.
    pub checkpoint_sync_url: Option<String>,
    /// The time for the attempts to fetch the checkpoint.
    pub checkpoint_sync_deadline: Duration,
    /// The folder of the chain on disk. `None`: the chain is kept in memory only.
    pub data_dir: Option<PathBuf>,
    /// Whether to fetch the older blocks behind a checkpoint, as far back as blocks are kept.
    pub backfill: bool,
    /// The accepted aggregation proofs. All of them are mocks; real proofs are not implemented.
    pub proofs: MockProofs,
}

impl NodeConfig {
    /// Reads a configuration file and every file named in it, and checks that they belong together.
    ///
    /// # Errors
    ///
    /// Returns [`ConfigError`] with the file's name and instructions for the operator in its
    /// message.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let file = ConfigFile::load(path)?;
        let directory = path.parent().unwrap_or(Path::new(""));
        let listen = listen_address(&file.listen).ok_or_else(|| ConfigError::Listen {
            path: path.to_owned(),
            listen: file.listen.clone(),
        })?;
        let peers =
            file.peers.iter().map(|peer| peer_address(peer, path)).collect::<Result<_, _>>()?;
        if !HEARTBEATS_MS.contains(&file.gossip_heartbeat_ms) {
            return Err(ConfigError::Heartbeat { path: path.to_owned() });
        }
        let http = http_address(file.http.as_deref(), path)?;
        if let Some(verifiers) = file.verifiers.filter(|verifiers| !VERIFIERS.contains(verifiers)) {
            return Err(ConfigError::Verifiers { path: path.to_owned(), verifiers });
        }
        let network_key = NetworkKey::load(&directory.join(&file.network_key))?;
        let genesis = GenesisFile::load(&directory.join(&file.genesis))?;
        if let Some(index) = named_twice(&file.validators) {
            return Err(ConfigError::DuplicateValidator { path: path.to_owned(), index });
        }
        let validators = file
            .validators
            .iter()
            .map(|entry| validator_keys(entry, &genesis, path, directory))
            .collect::<Result<_, _>>()?;
        let key_paths = file.validators.iter().map(|entry| KeyPaths {
            index: entry.index,
            attestation: directory.join(&entry.attestation_key),
            proposal: directory.join(&entry.proposal_key),
        });
        let mut signing = SigningConfig::on_disk(key_paths.collect());
        signing.network_key = Some(directory.join(&file.network_key));
        Ok(Self {
            name: file.name,
            listen,
            peers,
            network_key,
            genesis,
            validators,
            signing,
            aggregator: file.aggregator,
            runtime: file.runtime,
            chain_core: file.chain_core,
            verifiers: file.verifiers,
            identify: file.identify,
            ping: file.ping,
            gossip_heartbeat: Duration::from_millis(file.gossip_heartbeat_ms),
            http,
            checkpoint_sync_url: None,
            checkpoint_sync_deadline: Patience::DEADLINE,
            data_dir: file.data_dir.map(|folder| directory.join(folder)),
            backfill: false,
            proofs: MockProofs::default(),
        })
    }

    /// Returns the UDP socket address of [`listen`](Self::listen).
    ///
    /// # Panics
    ///
    /// Panics if [`listen`](Self::listen) was changed to an address refused by
    /// [`load`](Self::load).
    pub fn listen_socket(&self) -> SocketAddr {
        socket_address(&self.listen)
            .expect("load lets only addresses pass that are an IP address and a UDP port")
    }
}

/// Reads an address to listen on: `ADDRESS:PORT`, or `/ip4/…/udp/…/quic-v1`.
pub fn listen_address(text: &str) -> Option<Multiaddr> {
    if let Ok(socket) = text.parse::<SocketAddr>() {
        return Some(quic_address(socket));
    }
    let address: Multiaddr = text.parse().ok()?;
    (socket_address(&address).is_some() && address.iter().count() == 3).then_some(address)
}

/// Returns a UDP socket address in libp2p's form: `/ip4/…/udp/…/quic-v1`.
pub fn quic_address(socket: SocketAddr) -> Multiaddr {
    Multiaddr::from(socket.ip()).with(Protocol::Udp(socket.port())).with(Protocol::QuicV1)
}

/// Returns the socket address at the beginning of a QUIC address.
pub(crate) fn socket_address(address: &Multiaddr) -> Option<SocketAddr> {
    let mut parts = address.iter();
    let ip = match parts.next()? {
        Protocol::Ip4(ip) => IpAddr::V4(ip),
        Protocol::Ip6(ip) => IpAddr::V6(ip),
        _ => return None,
    };
    match (parts.next()?, parts.next()?) {
        (Protocol::Udp(port), Protocol::QuicV1) => Some(SocketAddr::new(ip, port)),
        _ => None,
    }
}

fn peer_address(text: &str, path: &Path) -> Result<Multiaddr, ConfigError> {
    let (path, peer) = (|| path.to_owned(), || text.to_owned());
    let address = text
        .parse::<Multiaddr>()
        .ok()
        .filter(|address| matches!(address.iter().last(), Some(Protocol::P2p(_))))
        .ok_or_else(|| ConfigError::Peer { path: path(), peer: peer() })?;
    match peer_fault(&address) {
        Some(fault) => Err(ConfigError::UndialablePeer { path: path(), peer: peer(), fault }),
        None => Ok(address),
    }
}

/// The reason why this node cannot dial a peer's address, in words that follow the address, or
/// `None` if nothing is known against it.
pub fn peer_fault(address: &Multiaddr) -> Option<&'static str> {
    match socket_address(address) {
        Some(socket) => undialable(socket),
        None => Some("is no QUIC address with an IP address and a UDP port"),
    }
}

fn http_address(text: Option<&str>, path: &Path) -> Result<HttpAddress, ConfigError> {
    let Some(text) = text else { return Ok(HttpAddress::Off) };
    text.parse().map_err(|_| ConfigError::Http { path: path.to_owned(), http: text.to_owned() })
}

fn named_twice(entries: &[ValidatorEntry]) -> Option<ValidatorIndex> {
    let mut indices: Vec<_> = entries.iter().map(|entry| entry.index).collect();
    indices.sort_unstable();
    indices.windows(2).find(|pair| pair[0] == pair[1]).map(|pair| pair[0])
}

fn validator_keys(
    entry: &ValidatorEntry,
    genesis: &GenesisFile,
    path: &Path,
    directory: &Path,
) -> Result<ValidatorKeyFiles, ConfigError> {
    let index = entry.index;
    let known = usize::try_from(index)
        .ok()
        .and_then(|place| genesis.validators.get(place))
        .ok_or_else(|| ConfigError::NoSuchValidator {
            path: path.to_owned(),
            index,
            count: genesis.validators.len(),
        })?;
    let key = |role, file: &Path, expected: &PublicKey| -> Result<StoredKey, ConfigError> {
        let path = directory.join(file);
        let key = KeyFile::load(&path)?;
        if key.scheme != genesis.scheme {
            let (expected, found) = (genesis.scheme, key.scheme);
            return Err(ConfigError::WrongScheme { path, index, role, expected, found });
        }
        if key.public_key != *expected {
            let (expected, found) = (expected.to_string(), key.public_key.to_string());
            return Err(ConfigError::WrongKey { path, index, role, expected, found });
        }
        Ok(key.into())
    };
    Ok(ValidatorKeyFiles {
        index,
        attestation: key(
            KeyRole::Attestation,
            &entry.attestation_key,
            &known.attestation_public_key,
        )?,
        proposal: key(KeyRole::Proposal, &entry.proposal_key, &known.proposal_public_key)?,
    })
}
